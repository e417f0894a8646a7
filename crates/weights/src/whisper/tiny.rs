//! A made-up Whisper in CTranslate2's format, small enough to write down: width 64, one layer, five tokens.

/// A `model.bin` with these tensors in float32.
pub(crate) fn file(tensors: &[(&str, &[u32], &[f32])]) -> Vec<u8> {
    let text = |text: &str| {
        let mut bytes = (text.len() as u16 + 1).to_le_bytes().to_vec();
        bytes.extend(text.as_bytes());
        bytes.push(0);
        bytes
    };
    let mut bytes = 6u32.to_le_bytes().to_vec();
    bytes.extend(text("WhisperSpec"));
    bytes.extend(3u32.to_le_bytes());
    bytes.extend((tensors.len() as u32).to_le_bytes());
    for (name, dims, values) in tensors {
        bytes.extend(text(name));
        bytes.push(dims.len() as u8);
        dims.iter().for_each(|dim| bytes.extend(dim.to_le_bytes()));
        bytes.push(0);
        bytes.extend((values.len() as u32 * 4).to_le_bytes());
        values
            .iter()
            .for_each(|value| bytes.extend(value.to_le_bytes()));
    }
    bytes.extend(0u32.to_le_bytes());
    bytes
}

/// The shapes of the made-up model's tensors.
pub(crate) fn shapes() -> Vec<(String, Vec<u32>)> {
    let mut shapes = Vec::new();
    let mut add = |name: String, dims: &[u32]| shapes.push((name, dims.to_vec()));
    add("encoder/conv1/weight".into(), &[64, 80, 3]);
    add("encoder/conv1/bias".into(), &[64]);
    add("encoder/conv2/weight".into(), &[64, 64, 3]);
    add("encoder/conv2/bias".into(), &[64]);
    add("decoder/embeddings/weight".into(), &[5, 64]);
    for side in ["encoder", "decoder"] {
        add(format!("{side}/position_encodings/encodings"), &[7, 64]);
        let mut norms = vec![format!("{side}/layer_norm")];
        let layer = format!("{side}/layer_0");
        let mut linears = vec![
            ("self_attention/linear_0", 192, 64),
            ("self_attention/linear_1", 64, 64),
        ];
        linears.extend([("ffn/linear_0", 256, 64), ("ffn/linear_1", 64, 256)]);
        norms.extend([
            format!("{layer}/self_attention/layer_norm"),
            format!("{layer}/ffn/layer_norm"),
        ]);
        if side == "decoder" {
            norms.push(format!("{layer}/attention/layer_norm"));
            linears.extend([
                ("attention/linear_0", 64, 64),
                ("attention/linear_1", 128, 64),
            ]);
            linears.push(("attention/linear_2", 64, 64));
        }
        for name in norms {
            add(format!("{name}/gamma"), &[64]);
            add(format!("{name}/beta"), &[64]);
        }
        for (name, outputs, inputs) in linears {
            add(format!("{layer}/{name}/weight"), &[outputs, inputs]);
            add(format!("{layer}/{name}/bias"), &[outputs]);
        }
    }
    shapes
}

/// The made-up model, with some value or other in every place.
pub(crate) fn model() -> Vec<u8> {
    let shapes = shapes();
    let values: Vec<Vec<f32>> = shapes
        .iter()
        .map(|(_, dims)| {
            (0..dims.iter().product::<u32>())
                .map(|at| (at % 13) as f32 / 13.0 - 0.5)
                .collect()
        })
        .collect();
    let tensors: Vec<_> = shapes
        .iter()
        .zip(&values)
        .map(|((name, dims), values)| (name.as_str(), &dims[..], &values[..]))
        .collect();
    file(&tensors)
}
