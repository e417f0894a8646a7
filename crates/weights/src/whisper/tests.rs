use std::collections::HashSet;

use super::*;

/// The fields of a protobuf message: number, and the bytes or the number in it.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Vec<u8>, u64)> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let byte = bytes[0];
            *bytes = &bytes[1..];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        value
    }
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let (content, value) = match key & 7 {
            0 => (Vec::new(), varint(&mut bytes)),
            2 => {
                let length = varint(&mut bytes) as usize;
                let (content, rest) = bytes.split_at(length);
                bytes = rest;
                (content.to_vec(), 0)
            }
            5 => {
                bytes = &bytes[4..];
                (Vec::new(), 0)
            }
            wire => panic!("unexpected wire type {wire}"),
        };
        fields.push((key >> 3, content, value));
    }
    fields
}

fn all(bytes: &[u8], field: u64) -> Vec<Vec<u8>> {
    fields(bytes)
        .into_iter()
        .filter(|found| found.0 == field)
        .map(|found| found.1)
        .collect()
}

fn text(bytes: &[u8], field: u64) -> String {
    String::from_utf8(all(bytes, field).remove(0)).unwrap()
}

/// Inputs, outputs and operators of a model, after checking that every node uses only what is known before it.
fn outline(model: &[u8]) -> (Vec<String>, Vec<String>, Vec<String>) {
    let graph = all(model, 7).remove(0);
    let names = |field| {
        all(&graph, field)
            .iter()
            .map(|end| text(end, 1))
            .collect::<Vec<_>>()
    };
    let (inputs, outputs) = (names(11), names(12));
    let mut known: HashSet<String> = inputs.iter().cloned().collect();
    for tensor in all(&graph, 5) {
        let dims: Vec<_> = fields(&tensor)
            .iter()
            .filter(|found| found.0 == 1)
            .map(|found| found.2)
            .collect();
        let kind = fields(&tensor).iter().find(|found| found.0 == 2).unwrap().2;
        let width = match kind {
            1 => 4,
            3 => 1,
            7 => 8,
            kind => panic!("unexpected element type {kind}"),
        };
        assert_eq!(
            all(&tensor, 9)[0].len() as u64,
            dims.iter().product::<u64>() * width,
            "{}",
            text(&tensor, 8)
        );
        assert!(known.insert(text(&tensor, 8)), "{} twice", text(&tensor, 8));
    }
    let mut operators = Vec::new();
    for node in all(&graph, 1) {
        for input in all(&node, 1) {
            let input = String::from_utf8(input).unwrap();
            assert!(known.contains(&input), "{} needs {input}", text(&node, 3));
        }
        for output in all(&node, 2) {
            assert!(known.insert(String::from_utf8(output).unwrap()));
        }
        operators.push(text(&node, 4));
    }
    assert!(
        outputs.iter().all(|output| known.contains(output)),
        "{outputs:?}"
    );
    (inputs, outputs, operators)
}

fn count(operators: &[String], operator: &str) -> usize {
    operators.iter().filter(|found| *found == operator).count()
}

#[test]
fn the_encoder_of_a_made_up_model_reads_back() {
    let (inputs, outputs, operators) = outline(&encoder(&tiny::model()).unwrap());
    assert_eq!(inputs, ["mel"]);
    assert_eq!(outputs, ["xk0", "xv0"]);
    // Query, key, value, attention's end, two of the feed-forward, and the two for the decoder.
    assert_eq!(count(&operators, "MatMulInteger"), 8);
    // One for each input of a product, however many products share it.
    assert_eq!(count(&operators, "DynamicQuantizeLinear"), 5);
    assert_eq!(count(&operators, "Conv"), 2);
}

#[test]
fn the_decoder_of_a_made_up_model_reads_back() {
    let (inputs, outputs, operators) = outline(&decoder(&tiny::model()).unwrap());
    assert_eq!(
        inputs,
        ["tokens", "positions", "mask", "pk0", "pv0", "xk0", "xv0"]
    );
    assert_eq!(outputs, ["logits", "nk0", "nv0"]);
    assert_eq!(count(&operators, "MatMulInteger"), 9);
    // The token, its scale, the position.
    assert_eq!(count(&operators, "Gather"), 3);
}

#[test]
fn the_same_weights_give_the_same_bytes() {
    assert_eq!(
        decoder(&tiny::model()).unwrap(),
        decoder(&tiny::model()).unwrap()
    );
}

#[test]
fn a_model_without_a_tensor_is_refused_by_its_name() {
    let shapes = tiny::shapes();
    let zeros = vec![0.0; 256 * 80];
    let without = "encoder/layer_0/ffn/linear_1/weight";
    let kept = shapes.iter().filter(|(name, _)| name != without);
    let tensors: Vec<_> = kept
        .map(|(name, dims)| {
            (
                name.as_str(),
                &dims[..],
                &zeros[..dims.iter().product::<u32>() as usize],
            )
        })
        .collect();
    assert_eq!(
        encoder(&tiny::file(&tensors)),
        Err(Malformed::Missing(without.into()))
    );
}

#[test]
fn the_vocabulary_is_one_token_a_line_whatever_is_in_it() {
    let json = vocabulary("!\n\"\n\u{2028}Ġa\n\r\n".as_bytes()).unwrap();
    let tokens: Vec<String> = serde_json::from_slice(&json).unwrap();
    assert_eq!(tokens, ["!", "\"", "\u{2028}Ġa", "\r"]);
}
