//! Writes an ONNX model: the few protobuf messages it takes (onnx.proto3, opset 17), a graph under construction, and the
//! dynamic int8 form of a matrix product. The bytes depend on the calls alone, so a model has one checksum.

use std::collections::HashSet;

use crate::ct2::Tensor;

const OPSET: u64 = 17;
const IR_VERSION: u64 = 8;

/// Element types of onnx.proto3.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Float = 1,
    Int8 = 3,
    Int64 = 7,
}

/// A protobuf message under construction.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn int(&mut self, field: u64, value: u64) -> &mut Self {
        self.varint(field << 3);
        self.varint(value);
        self
    }

    fn float(&mut self, field: u64, value: f32) -> &mut Self {
        self.varint(field << 3 | 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) -> &mut Self {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }
}

/// The value of a node's attribute.
pub(crate) enum Attribute<'a> {
    Int(i64),
    Float(f32),
    Ints(&'a [i64]),
}

/// A length of an input or output, known or named.
pub(crate) enum Dim<'a> {
    Fixed(usize),
    Named(&'a str),
}

/// A graph under construction. Values are known by name.
#[derive(Default)]
pub(crate) struct Graph {
    nodes: Message,
    initializers: Message,
    ends: Message,
    known: HashSet<String>,
    count: usize,
}

impl Graph {
    /// Adds a node with one output and answers the output's name.
    pub fn op(
        &mut self,
        op: &str,
        inputs: &[&str],
        attributes: &[(&str, Attribute<'_>)],
    ) -> String {
        self.count += 1;
        let name = format!("{op}_{}", self.count);
        self.node(op, inputs, &[&name], attributes);
        name
    }

    /// Adds a node whose outputs have these names; its own is that of the first.
    pub fn node(
        &mut self,
        op: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: &[(&str, Attribute<'_>)],
    ) {
        let mut node = Message::default();
        for input in inputs {
            node.bytes(1, input.as_bytes());
        }
        for output in outputs {
            node.bytes(2, output.as_bytes());
        }
        node.bytes(3, outputs[0].as_bytes()).bytes(4, op.as_bytes());
        for (name, value) in attributes {
            let mut attribute = Message::default();
            attribute.bytes(1, name.as_bytes());
            match value {
                Attribute::Float(value) => attribute.float(2, *value).int(20, 1),
                Attribute::Int(value) => attribute.int(3, *value as u64).int(20, 2),
                Attribute::Ints(values) => {
                    for value in *values {
                        attribute.int(8, *value as u64);
                    }
                    attribute.int(20, 7)
                }
            };
            node.bytes(5, &attribute.0);
        }
        self.nodes.bytes(1, &node.0);
    }

    fn initializer(
        &mut self,
        name: &str,
        kind: Kind,
        dims: &[usize],
        content: impl FnOnce() -> Vec<u8>,
    ) {
        if !self.known.insert(name.to_owned()) {
            return;
        }
        let mut tensor = Message::default();
        for dim in dims {
            tensor.int(1, *dim as u64);
        }
        tensor
            .int(2, kind as u64)
            .bytes(8, name.as_bytes())
            .bytes(9, &content());
        self.initializers.bytes(5, &tensor.0);
    }

    /// A constant of 32-bit floats; the same name again is the same constant.
    pub fn floats(&mut self, name: &str, dims: &[usize], values: &[f32]) -> String {
        self.initializer(name, Kind::Float, dims, || {
            values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect()
        });
        name.to_owned()
    }

    pub fn tensor(&mut self, name: &str, tensor: &Tensor) -> String {
        self.floats(name, &tensor.dims, &tensor.values)
    }

    /// A constant of one float.
    pub fn float(&mut self, value: f32) -> String {
        self.floats(&format!("float_{value}"), &[1], &[value])
    }

    /// A constant vector of 64-bit integers.
    pub fn ints(&mut self, values: &[i64]) -> String {
        let words: Vec<_> = values.iter().map(i64::to_string).collect();
        let name = format!("ints_{}", words.join("_"));
        let content = || {
            values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect()
        };
        self.initializer(&name, Kind::Int64, &[values.len()], content);
        name
    }

    fn bytes(&mut self, name: &str, dims: &[usize], values: &[i8]) -> String {
        self.initializer(name, Kind::Int8, dims, || {
            values.iter().map(|value| *value as u8).collect()
        });
        name.to_owned()
    }

    /// `input` x `weight` transposed, in int8: the input is quantized as it comes, the weight once, by output channel.
    /// `weight` is (outputs, inputs); the product goes by the name `output`, or by a new one.
    pub fn product(
        &mut self,
        input: &str,
        name: &str,
        weight: &Tensor,
        output: Option<&str>,
    ) -> String {
        let (outputs, inputs) = (weight.dims[0], weight.dims[1]);
        let quantized: Vec<_> = weight
            .values
            .chunks_exact(inputs)
            .map(Quantized::from)
            .collect();
        let mut columns = vec![0; outputs * inputs];
        for (column, channel) in quantized.iter().enumerate() {
            for (row, value) in channel.values.iter().enumerate() {
                columns[row * outputs + column] = *value;
            }
        }
        let weights = self.bytes(&format!("{name}_quantized"), &[inputs, outputs], &columns);
        let zeros = self.bytes(&format!("{name}_zero_point"), &[outputs], &vec![0; outputs]);
        let scales: Vec<_> = quantized.iter().map(|channel| channel.scale).collect();
        let scale = self.floats(&format!("{name}_scale"), &[outputs], &scales);
        let of_input = [
            format!("{input}_quantized"),
            format!("{input}_scale"),
            format!("{input}_zero_point"),
        ];
        if self.known.insert(of_input[0].clone()) {
            let outputs = [of_input[0].as_str(), &of_input[1], &of_input[2]];
            self.node("DynamicQuantizeLinear", &[input], &outputs, &[]);
        }
        let sum = self.op(
            "MatMulInteger",
            &[&of_input[0], &weights, &of_input[2], &zeros],
            &[],
        );
        let sum = self.op(
            "Cast",
            &[&sum],
            &[("to", Attribute::Int(Kind::Float as i64))],
        );
        let scale = self.op("Mul", &[&of_input[1], &scale], &[]);
        match output {
            None => self.op("Mul", &[&sum, &scale], &[]),
            Some(output) => {
                self.node("Mul", &[&sum, &scale], &[output], &[]);
                output.to_owned()
            }
        }
    }

    /// Rows of a table in int8, each with its own scale.
    pub fn rows(&mut self, name: &str, table: &Tensor, indices: &str) -> String {
        let width = table.dims[1];
        let quantized: Vec<_> = table
            .values
            .chunks_exact(width)
            .map(Quantized::from)
            .collect();
        let values: Vec<_> = quantized
            .iter()
            .flat_map(|row| row.values.iter().copied())
            .collect();
        let scales: Vec<_> = quantized.iter().map(|row| row.scale).collect();
        let values = self.bytes(&format!("{name}_rows"), &table.dims, &values);
        let scales = self.floats(&format!("{name}_rows_scale"), &[scales.len(), 1], &scales);
        let row = self.op(
            "Gather",
            &[&values, indices],
            &[("axis", Attribute::Int(0))],
        );
        let scale = self.op(
            "Gather",
            &[&scales, indices],
            &[("axis", Attribute::Int(0))],
        );
        let row = self.op(
            "Cast",
            &[&row],
            &[("to", Attribute::Int(Kind::Float as i64))],
        );
        self.op("Mul", &[&row, &scale], &[])
    }

    pub fn input(&mut self, name: &str, kind: Kind, dims: &[Dim<'_>]) {
        self.end(11, name, kind, dims);
    }

    pub fn output(&mut self, name: &str, kind: Kind, dims: &[Dim<'_>]) {
        self.end(12, name, kind, dims);
    }

    fn end(&mut self, field: u64, name: &str, kind: Kind, dims: &[Dim<'_>]) {
        let mut shape = Message::default();
        for dim in dims {
            let mut length = Message::default();
            match dim {
                Dim::Fixed(value) => length.int(1, *value as u64),
                Dim::Named(name) => length.bytes(2, name.as_bytes()),
            };
            shape.bytes(1, &length.0);
        }
        let (mut tensor, mut kind_of, mut end) =
            (Message::default(), Message::default(), Message::default());
        tensor.int(1, kind as u64).bytes(2, &shape.0);
        kind_of.bytes(1, &tensor.0);
        end.bytes(1, name.as_bytes()).bytes(2, &kind_of.0);
        self.ends.bytes(field, &end.0);
    }

    /// The whole model as a file.
    pub fn model(self, name: &str) -> Vec<u8> {
        let mut graph = self.nodes;
        graph.bytes(2, name.as_bytes());
        graph.0.extend(self.initializers.0);
        graph.0.extend(self.ends.0);
        let (mut opset, mut model) = (Message::default(), Message::default());
        opset.bytes(1, b"").int(2, OPSET);
        model
            .int(1, IR_VERSION)
            .bytes(2, b"voiceos")
            .bytes(7, &graph.0)
            .bytes(8, &opset.0);
        model.0
    }
}

/// Values in symmetric int8: the largest magnitude becomes 127.
struct Quantized {
    values: Vec<i8>,
    scale: f32,
}

impl From<&[f32]> for Quantized {
    fn from(values: &[f32]) -> Self {
        let largest = values
            .iter()
            .fold(0f32, |largest, value| largest.max(value.abs()));
        let scale = (f64::from(largest) / 127.0) as f32;
        let scale = if scale < f32::MIN_POSITIVE {
            1.0
        } else {
            scale
        };
        let values = values
            .iter()
            .map(|value| (value / scale).round_ties_even() as i8)
            .collect();
        Self { values, scale }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_magnitude_becomes_127_and_halves_go_to_the_even_side() {
        let quantized = Quantized::from([1.27, -0.635, 0.0, -1.27, 0.005].as_slice());
        assert_eq!(quantized.values, [127, -64, 0, -127, 0]);
        assert_eq!(Quantized::from([0.0, 0.0].as_slice()).scale, 1.0);
    }

    #[test]
    fn varints_are_little_endian_groups_of_seven() {
        let mut message = Message::default();
        message.int(1, 300).bytes(2, b"ab").float(3, 1.0);
        assert_eq!(
            message.0,
            [
                0x08, 0xac, 0x02, 0x12, 2, b'a', b'b', 0x1d, 0, 0, 0x80, 0x3f
            ]
        );
    }
}
