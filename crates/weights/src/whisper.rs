//! Whisper from CTranslate2 weights to two ONNX graphs in dynamic int8: an encoder that answers the cross-attention keys
//! and values of every decoder layer, and a decoder of one step (or several) with its caches as inputs and outputs.
//!
//! Encoder: `mel` (1, 80, F) -> `xk{i}` (1, H, 64, T), `xv{i}` (1, H, T, 64), T = F / 2 up to 1500.
//! Decoder: `tokens` (1, n), `positions` (n), `mask` (n, m), and per layer `pk{i}`, `pv{i}` (1, H, p, 64), `xk{i}`,
//! `xv{i}` -> `logits` of the last token (1, 1, V), `nk{i}`, `nv{i}` (1, H, m, 64), m = p + n.

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod tiny;

use crate::ct2::{Malformed, Tensor, Weights};
use crate::onnx::{Attribute, Dim, Graph, Kind};

/// Width of an attention head; the same in every Whisper.
const HEAD: usize = 64;
/// Bands of the mel spectrogram.
const BANDS: usize = 80;

/// The encoder as an ONNX file.
pub(crate) fn encoder(model: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut net = Net::new(model, "encoder/position_encodings/encodings")?;
    net.graph.input(
        "mel",
        Kind::Float,
        &[Dim::Fixed(1), Dim::Fixed(BANDS), Dim::Named("F")],
    );
    let mut x = "mel".to_owned();
    for (index, stride) in [(1, 1), (2, 2)] {
        x = net.convolution(&x, index, stride)?;
    }
    x = net
        .graph
        .op("Transpose", &[&x], &[("perm", Attribute::Ints(&[0, 2, 1]))]);
    let (zero, one) = (net.graph.ints(&[0]), net.graph.ints(&[1]));
    let shape = net.graph.op("Shape", &[&x], &[]);
    let length = net
        .graph
        .op("Gather", &[&shape, &one], &[("axis", Attribute::Int(0))]);
    let positions = net.weights.tensor("encoder/position_encodings/encodings")?;
    let positions = net.graph.tensor("positions", &positions);
    let positions = net
        .graph
        .op("Slice", &[&positions, &zero, &length, &zero], &[]);
    x = net.graph.op("Add", &[&x, &positions], &[]);
    for layer in net.layers("encoder") {
        let y = net.norm(&x, &format!("{layer}/self_attention/layer_norm"))?;
        let [q, k, v] = net.projections(&y, &format!("{layer}/self_attention/linear_0"))?;
        let (q, k, v) = (
            net.heads(&q, None),
            net.turned_heads(&k, None),
            net.heads(&v, None),
        );
        let attended = net.attention(&q, &k, &v, None);
        let attended = net.linear(&attended, &format!("{layer}/self_attention/linear_1"))?;
        x = net.graph.op("Add", &[&x, &attended], &[]);
        x = net.feed_forward(&x, &layer)?;
    }
    x = net.norm(&x, "encoder/layer_norm")?;
    for (index, layer) in net.layers("decoder").into_iter().enumerate() {
        let [k, v] = net.cross_projections(&x, &format!("{layer}/attention/linear_1"))?;
        net.turned_heads(&k, Some(&format!("xk{index}")));
        net.heads(&v, Some(&format!("xv{index}")));
        let heads = Dim::Fixed(net.heads);
        net.graph.output(
            &format!("xk{index}"),
            Kind::Float,
            &[Dim::Fixed(1), heads, Dim::Fixed(HEAD), Dim::Named("T")],
        );
        net.output_rows(&format!("xv{index}"), "T");
    }
    Ok(net.graph.model("whisper-encoder"))
}

/// The decoder as an ONNX file.
pub(crate) fn decoder(model: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut net = Net::new(model, "decoder/position_encodings/encodings")?;
    let embeddings = net.weights.tensor("decoder/embeddings/weight")?;
    net.decoder_ends(embeddings.dims[0]);
    let tokens = net.graph.rows("embeddings", &embeddings, "tokens");
    let positions = net.weights.tensor("decoder/position_encodings/encodings")?;
    let positions = net.graph.tensor("position_embeddings", &positions);
    let positions = net.graph.op(
        "Gather",
        &[&positions, "positions"],
        &[("axis", Attribute::Int(0))],
    );
    let mut x = net.graph.op("Add", &[&tokens, &positions], &[]);
    for (index, layer) in net.layers("decoder").into_iter().enumerate() {
        let y = net.norm(&x, &format!("{layer}/self_attention/layer_norm"))?;
        let [q, k, v] = net.projections(&y, &format!("{layer}/self_attention/linear_0"))?;
        let (q, k, v) = (
            net.heads(&q, None),
            net.heads(&k, None),
            net.heads(&v, None),
        );
        let (keys, values) = (format!("nk{index}"), format!("nv{index}"));
        let along = [("axis", Attribute::Int(2))];
        net.graph
            .node("Concat", &[&format!("pk{index}"), &k], &[&keys], &along);
        net.graph
            .node("Concat", &[&format!("pv{index}"), &v], &[&values], &along);
        let keys = net.graph.op(
            "Transpose",
            &[&keys],
            &[("perm", Attribute::Ints(&[0, 1, 3, 2]))],
        );
        let attended = net.attention(&q, &keys, &values, Some("mask"));
        let attended = net.linear(&attended, &format!("{layer}/self_attention/linear_1"))?;
        x = net.graph.op("Add", &[&x, &attended], &[]);

        let y = net.norm(&x, &format!("{layer}/attention/layer_norm"))?;
        let [q] = net.projections(&y, &format!("{layer}/attention/linear_0"))?;
        let q = net.heads(&q, None);
        let attended = net.attention(&q, &format!("xk{index}"), &format!("xv{index}"), None);
        let attended = net.linear(&attended, &format!("{layer}/attention/linear_2"))?;
        x = net.graph.op("Add", &[&x, &attended], &[]);
        x = net.feed_forward(&x, &layer)?;
    }
    x = net.norm(&x, "decoder/layer_norm")?;
    let (last, end, axis) = (
        net.graph.ints(&[-1]),
        net.graph.ints(&[1 << 30]),
        net.graph.ints(&[1]),
    );
    x = net.graph.op("Slice", &[&x, &last, &end, &axis], &[]);
    net.graph.product(&x, "logits", &embeddings, Some("logits"));
    Ok(net.graph.model("whisper-decoder"))
}

/// The vocabulary, one token a line, as a JSON array.
pub(crate) fn vocabulary(lines: &[u8]) -> Result<Vec<u8>, Malformed> {
    let text = std::str::from_utf8(lines).map_err(|_| Malformed::Text)?;
    let tokens: Vec<_> = text
        .strip_suffix('\n')
        .unwrap_or(text)
        .split('\n')
        .collect();
    serde_json::to_vec(&tokens).map_err(|_| Malformed::Text)
}

/// A graph under construction and the weights it is made of.
struct Net<'a> {
    graph: Graph,
    weights: Weights<'a>,
    width: usize,
    heads: usize,
}

impl<'a> Net<'a> {
    fn new(model: &'a [u8], positions: &str) -> Result<Self, Malformed> {
        let weights = Weights::read(model)?;
        let width = *weights.tensor(positions)?.dims.last().unwrap_or(&0);
        if width == 0 || !width.is_multiple_of(HEAD) {
            return Err(Malformed::Tensor(positions.to_owned()));
        }
        Ok(Self {
            graph: Graph::default(),
            weights,
            width,
            heads: width / HEAD,
        })
    }

    fn layers(&self, side: &str) -> Vec<String> {
        let name = |index| format!("{side}/layer_{index}");
        let exists = |layer: &String| {
            self.weights
                .has(&format!("{layer}/self_attention/linear_0/weight"))
        };
        (0..).map(name).take_while(exists).collect()
    }

    fn decoder_ends(&mut self, tokens: usize) {
        let layers = self.layers("decoder").len();
        let graph = &mut self.graph;
        graph.input("tokens", Kind::Int64, &[Dim::Fixed(1), Dim::Named("n")]);
        graph.input("positions", Kind::Int64, &[Dim::Named("n")]);
        graph.input("mask", Kind::Float, &[Dim::Named("n"), Dim::Named("m")]);
        graph.output(
            "logits",
            Kind::Float,
            &[Dim::Fixed(1), Dim::Fixed(1), Dim::Fixed(tokens)],
        );
        let rows = |length| {
            [
                Dim::Fixed(1),
                Dim::Fixed(self.heads),
                Dim::Named(length),
                Dim::Fixed(HEAD),
            ]
        };
        let columns = || {
            [
                Dim::Fixed(1),
                Dim::Fixed(self.heads),
                Dim::Fixed(HEAD),
                Dim::Named("T"),
            ]
        };
        for index in 0..layers {
            graph.input(&format!("pk{index}"), Kind::Float, &rows("p"));
            graph.input(&format!("pv{index}"), Kind::Float, &rows("p"));
            graph.input(&format!("xk{index}"), Kind::Float, &columns());
            graph.input(&format!("xv{index}"), Kind::Float, &rows("T"));
        }
        for index in 0..layers {
            graph.output(&format!("nk{index}"), Kind::Float, &rows("m"));
            graph.output(&format!("nv{index}"), Kind::Float, &rows("m"));
        }
    }

    fn output_rows(&mut self, name: &str, length: &str) {
        let dims = [
            Dim::Fixed(1),
            Dim::Fixed(self.heads),
            Dim::Named(length),
            Dim::Fixed(HEAD),
        ];
        self.graph.output(name, Kind::Float, &dims);
    }

    fn convolution(&mut self, x: &str, index: usize, stride: i64) -> Result<String, Malformed> {
        let name = format!("encoder/conv{index}");
        let (weight, bias) = (format!("{name}/weight"), format!("{name}/bias"));
        self.graph.tensor(&weight, &self.weights.tensor(&weight)?);
        self.graph.tensor(&bias, &self.weights.tensor(&bias)?);
        let attributes = [
            ("kernel_shape", Attribute::Ints(&[3])),
            ("pads", Attribute::Ints(&[1, 1])),
            ("strides", Attribute::Ints(&[stride])),
        ];
        let y = self.graph.op("Conv", &[x, &weight, &bias], &attributes);
        Ok(self.gelu(&y))
    }

    fn gelu(&mut self, x: &str) -> String {
        let graph = &mut self.graph;
        let (root, one, half) = (
            graph.float(std::f32::consts::SQRT_2),
            graph.float(1.0),
            graph.float(0.5),
        );
        let y = graph.op("Div", &[x, &root], &[]);
        let y = graph.op("Erf", &[&y], &[]);
        let y = graph.op("Add", &[&y, &one], &[]);
        let y = graph.op("Mul", &[x, &y], &[]);
        graph.op("Mul", &[&y, &half], &[])
    }

    fn norm(&mut self, x: &str, name: &str) -> Result<String, Malformed> {
        let (gamma, beta) = (format!("{name}/gamma"), format!("{name}/beta"));
        self.graph.tensor(&gamma, &self.weights.tensor(&gamma)?);
        self.graph.tensor(&beta, &self.weights.tensor(&beta)?);
        let attributes = [
            ("axis", Attribute::Int(-1)),
            ("epsilon", Attribute::Float(1e-5)),
        ];
        Ok(self
            .graph
            .op("LayerNormalization", &[x, &gamma, &beta], &attributes))
    }

    fn linear(&mut self, x: &str, name: &str) -> Result<String, Malformed> {
        let [y] = self.split(x, name, [(1.0, true)])?;
        Ok(y)
    }

    /// A fused projection as its equal pieces, the first of which are the queries. They carry the attention's scale, which
    /// is a power of two and so costs no precision. Keys have no bias in Whisper.
    fn projections<const N: usize>(
        &mut self,
        x: &str,
        name: &str,
    ) -> Result<[String; N], Malformed> {
        let scale = (HEAD as f32).powf(-0.5);
        let piece = |index| {
            if index == 0 {
                (scale, true)
            } else {
                (1.0, index != 1)
            }
        };
        self.split(x, name, std::array::from_fn(piece))
    }

    fn cross_projections(&mut self, x: &str, name: &str) -> Result<[String; 2], Malformed> {
        self.split(x, name, [(1.0, false), (1.0, true)])
    }

    /// Cuts a linear layer by rows into equal pieces, each with its scale and with or without its bias.
    fn split<const N: usize>(
        &mut self,
        x: &str,
        name: &str,
        pieces: [(f32, bool); N],
    ) -> Result<[String; N], Malformed> {
        let malformed = || Malformed::Tensor(name.to_owned());
        let weight = self.weights.tensor(&format!("{name}/weight"))?;
        let bias = self.weights.tensor(&format!("{name}/bias"))?;
        if weight.dims.len() != 2
            || weight.dims[0] != bias.values.len()
            || !weight.dims[0].is_multiple_of(N)
        {
            return Err(malformed());
        }
        let rows = weight.dims[0] / N;
        let mut outputs = std::array::from_fn(|_| String::new());
        for (index, (scale, biased)) in pieces.into_iter().enumerate() {
            let cut = |of: &Tensor| {
                of.rows(index * rows, (index + 1) * rows)
                    .map(|rows| rows.scaled(scale))
            };
            let piece = format!("{name}/{index}");
            let y = self
                .graph
                .product(x, &piece, &cut(&weight).ok_or_else(malformed)?, None);
            outputs[index] = y.clone();
            if biased {
                let bias = self
                    .graph
                    .tensor(&format!("{piece}/bias"), &cut(&bias).ok_or_else(malformed)?);
                outputs[index] = self.graph.op("Add", &[&y, &bias], &[]);
            }
        }
        Ok(outputs)
    }

    /// (1, T, width) to (1, H, T, 64).
    fn heads(&mut self, x: &str, output: Option<&str>) -> String {
        self.cut_heads(x, &[0, 2, 1, 3], output)
    }

    /// (1, T, width) to (1, H, 64, T).
    fn turned_heads(&mut self, x: &str, output: Option<&str>) -> String {
        self.cut_heads(x, &[0, 2, 3, 1], output)
    }

    fn cut_heads(&mut self, x: &str, order: &[i64], output: Option<&str>) -> String {
        let shape = self.graph.ints(&[0, 0, self.heads as i64, HEAD as i64]);
        let y = self.graph.op("Reshape", &[x, &shape], &[]);
        let attributes = [("perm", Attribute::Ints(order))];
        match output {
            None => self.graph.op("Transpose", &[&y], &attributes),
            Some(output) => {
                self.graph.node("Transpose", &[&y], &[output], &attributes);
                output.to_owned()
            }
        }
    }

    fn attention(&mut self, queries: &str, keys: &str, values: &str, mask: Option<&str>) -> String {
        let shape = self.graph.ints(&[0, 0, self.width as i64]);
        let mut scores = self.graph.op("MatMul", &[queries, keys], &[]);
        if let Some(mask) = mask {
            scores = self.graph.op("Add", &[&scores, mask], &[]);
        }
        let scores = self
            .graph
            .op("Softmax", &[&scores], &[("axis", Attribute::Int(-1))]);
        let mixed = self.graph.op("MatMul", &[&scores, values], &[]);
        let mixed = self.graph.op(
            "Transpose",
            &[&mixed],
            &[("perm", Attribute::Ints(&[0, 2, 1, 3]))],
        );
        self.graph.op("Reshape", &[&mixed, &shape], &[])
    }

    fn feed_forward(&mut self, x: &str, layer: &str) -> Result<String, Malformed> {
        let y = self.norm(x, &format!("{layer}/ffn/layer_norm"))?;
        let y = self.linear(&y, &format!("{layer}/ffn/linear_0"))?;
        let y = self.gelu(&y);
        let y = self.linear(&y, &format!("{layer}/ffn/linear_1"))?;
        Ok(self.graph.op("Add", &[x, &y], &[]))
    }
}
