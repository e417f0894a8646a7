//! The published Kokoro file holds one operator of another runtime's making, `FusedMatMul` (a product with the transposed
//! first factor), that rten 0.27 does not know. `Einsum` says the same; the node is rewritten where it stands, with the
//! same length, so that the file on disk stays the publisher's own.

use std::ops::Range;

const UNKNOWN: &[u8] = b"FusedMatMul";
const KNOWN: &[u8] = b"Einsum";
/// Rows of the first factor against rows of the second.
const EQUATION: &[u8] = b"bij,ik->bjk";

// Field numbers of onnx.proto.
const MODEL_GRAPH: u64 = 7;
const GRAPH_NODE: u64 = 1;
const NODE_INPUT: u64 = 1;
const NODE_OUTPUT: u64 = 2;
const NODE_NAME: u64 = 3;
const NODE_OPERATOR: u64 = 4;

/// Rewrites such nodes; none if the bytes are not an ONNX model, or one whose node leaves no room.
pub(super) fn replace_fused_matmul(model: &mut [u8]) -> Option<()> {
    let graph = fields(model, 0..model.len())?
        .into_iter()
        .find(|field| field.number == MODEL_GRAPH)?
        .body;
    let nodes = fields(model, graph)?
        .into_iter()
        .filter(|field| field.number == GRAPH_NODE);
    for node in nodes.map(|field| field.body).collect::<Vec<_>>() {
        let parts = fields(model, node.clone())?;
        let is_unknown =
            |part: &Field| part.number == NODE_OPERATOR && &model[part.body.clone()] == UNKNOWN;
        if parts.iter().any(is_unknown) {
            let rewritten = einsum(model, &parts, node.len())?;
            model[node].copy_from_slice(&rewritten);
        }
    }
    Some(())
}

/// The node with the known operator, filled up to `length` with a doc string.
fn einsum(model: &[u8], parts: &[Field], length: usize) -> Option<Vec<u8>> {
    let mut node = Vec::with_capacity(length);
    let kept = |part: &&Field| [NODE_INPUT, NODE_OUTPUT, NODE_NAME].contains(&part.number);
    for part in parts.iter().filter(kept) {
        node.extend_from_slice(&model[part.whole.clone()]);
    }
    push(&mut node, 0x22, KNOWN);
    let mut equation = Vec::new();
    push(&mut equation, 0x0a, b"equation");
    push(&mut equation, 0x22, EQUATION);
    equation.extend([0xa0, 0x01, 3]); // type: string
    push(&mut node, 0x2a, &equation);
    let rest = length.checked_sub(node.len() + 3)?;
    let (low, high) = (
        u8::try_from(rest & 0x7f).ok()?,
        u8::try_from(rest >> 7).ok().filter(|high| *high < 0x80)?,
    );
    node.extend([0x32, 0x80 | low, high]); // doc string, its length in two bytes whatever it is
    node.resize(length, b' ');
    Some(node)
}

fn push(bytes: &mut Vec<u8>, tag: u8, body: &[u8]) {
    bytes.push(tag);
    bytes.push(u8::try_from(body.len()).expect("the names above are short"));
    bytes.extend_from_slice(body);
}

/// A field of a protocol buffer; for one without a length the body is empty.
struct Field {
    number: u64,
    whole: Range<usize>,
    body: Range<usize>,
}

fn fields(bytes: &[u8], within: Range<usize>) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    let mut at = within.start;
    while at < within.end {
        let start = at;
        let tag = varint(bytes, &mut at)?;
        let length = match tag & 7 {
            0 => {
                varint(bytes, &mut at)?;
                0
            }
            1 => 8,
            2 => usize::try_from(varint(bytes, &mut at)?).ok()?,
            5 => 4,
            _ => return None,
        };
        let end = at.checked_add(length).filter(|end| *end <= within.end)?;
        fields.push(Field {
            number: tag >> 3,
            whole: start..end,
            body: at..end,
        });
        at = end;
    }
    Some(fields)
}

fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rewritten_node_keeps_its_length_and_its_ends() {
        let mut node = Vec::new();
        push(&mut node, 0x0a, b"rows");
        push(&mut node, 0x0a, b"weights");
        push(&mut node, 0x12, b"product");
        push(&mut node, 0x22, UNKNOWN);
        push(&mut node, 0x2a, b"\x0a\x06transA\x18\x01\xa0\x01\x02");
        push(&mut node, 0x3a, b"com.microsoft");
        let mut graph = Vec::new();
        push(&mut graph, 0x0a, &node);
        let mut model = vec![0x08, 0x0a];
        push(&mut model, 0x3a, &graph);
        let length = model.len();
        replace_fused_matmul(&mut model).expect("a model");
        assert_eq!(model.len(), length);
        let text = String::from_utf8_lossy(&model);
        assert!(
            text.contains("Einsum") && text.contains("product") && !text.contains("microsoft"),
            "{text}"
        );
    }

    #[test]
    fn bytes_that_are_no_model_are_refused() {
        assert_eq!(
            replace_fused_matmul(&mut b"not a model at all".to_vec()),
            None
        );
        assert_eq!(replace_fused_matmul(&mut Vec::new()), None);
    }
}
