//! Reads a CTranslate2 `model.bin`: named tensors, float16 or float32. Decides nothing about what they are for.

use std::collections::HashMap;

/// Why a file is not what it should be.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum Malformed {
    #[error("it ends in the middle")]
    Truncated,
    #[error("the tensor {0} is missing")]
    Missing(String),
    #[error("the tensor {0} has an unexpected type or shape")]
    Tensor(String),
    #[error("it is not text")]
    Text,
}

/// A matrix or vector, row by row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tensor {
    pub dims: Vec<usize>,
    pub values: Vec<f32>,
}

impl Tensor {
    /// Rows `from..to` of a matrix, or elements of a vector.
    pub fn rows(&self, from: usize, to: usize) -> Option<Self> {
        let width: usize = self.dims.iter().skip(1).product();
        let values = self.values.get(from * width..to * width)?.to_vec();
        let mut dims = self.dims.clone();
        *dims.first_mut()? = to - from;
        Some(Self { dims, values })
    }

    pub fn scaled(mut self, factor: f32) -> Self {
        self.values.iter_mut().for_each(|value| *value *= factor);
        self
    }
}

/// Where a tensor lies in the file.
#[derive(Clone)]
struct Place {
    dims: Vec<usize>,
    kind: u8,
    at: usize,
    bytes: usize,
}

const FLOAT32: u8 = 0;
const FLOAT16: u8 = 4;

pub(crate) struct Weights<'a> {
    file: &'a [u8],
    places: HashMap<String, Place>,
}

impl<'a> Weights<'a> {
    pub fn read(file: &'a [u8]) -> Result<Self, Malformed> {
        let mut cursor = Cursor { file, at: 0 };
        let _version = cursor.u32()?;
        let _specification = cursor.string()?;
        let _revision = cursor.u32()?;
        let mut places: HashMap<String, Place> = HashMap::new();
        for _ in 0..cursor.u32()? {
            let name = cursor.string()?;
            let rank = cursor.take(1)?[0];
            let dims = (0..rank)
                .map(|_| cursor.u32().map(|dim| dim as usize))
                .collect::<Result<_, _>>()?;
            let kind = cursor.take(1)?[0];
            let bytes = cursor.u32()? as usize;
            let at = cursor.at;
            cursor.take(bytes)?;
            places.insert(
                name,
                Place {
                    dims,
                    kind,
                    at,
                    bytes,
                },
            );
        }
        for _ in 0..cursor.u32()? {
            let (alias, name) = (cursor.string()?, cursor.string()?);
            let place = places.get(&name).cloned().ok_or(Malformed::Missing(name))?;
            places.insert(alias, place);
        }
        Ok(Self { file, places })
    }

    pub fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    pub fn tensor(&self, name: &str) -> Result<Tensor, Malformed> {
        let place = self
            .places
            .get(name)
            .ok_or_else(|| Malformed::Missing(name.to_owned()))?;
        let bytes = &self.file[place.at..place.at + place.bytes];
        let values: Vec<f32> = match place.kind {
            FLOAT32 => bytes
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect(),
            FLOAT16 => bytes
                .chunks_exact(2)
                .map(|b| half(u16::from_le_bytes([b[0], b[1]])))
                .collect(),
            _ => return Err(Malformed::Tensor(name.to_owned())),
        };
        if values.len() != place.dims.iter().product::<usize>() {
            return Err(Malformed::Tensor(name.to_owned()));
        }
        Ok(Tensor {
            dims: place.dims.clone(),
            values,
        })
    }
}

struct Cursor<'a> {
    file: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, bytes: usize) -> Result<&'a [u8], Malformed> {
        let end = self.at.checked_add(bytes).ok_or(Malformed::Truncated)?;
        let taken = self.file.get(self.at..end).ok_or(Malformed::Truncated)?;
        self.at = end;
        Ok(taken)
    }

    fn u32(&mut self) -> Result<u32, Malformed> {
        self.take(4)
            .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }

    /// A length that counts the closing zero, then the text.
    fn string(&mut self) -> Result<String, Malformed> {
        let length = self.take(2).map(|b| u16::from_le_bytes([b[0], b[1]]))?;
        let text = self.take(length.into())?;
        let text = text.strip_suffix(b"\0").unwrap_or(text);
        String::from_utf8(text.to_vec()).map_err(|_| Malformed::Text)
    }
}

/// IEEE 754 binary16 to binary32; exact.
fn half(bits: u16) -> f32 {
    let (sign, exponent, fraction) = (
        u32::from(bits >> 15) << 31,
        u32::from(bits >> 10 & 31),
        u32::from(bits & 1023),
    );
    let magnitude = match exponent {
        0 => return f32::from_bits(sign | (fraction as f32 * 2f32.powi(-24)).to_bits()),
        31 => 0x7f80_0000 | fraction << 13,
        _ => (exponent + 112) << 23 | fraction << 13,
    };
    f32::from_bits(sign | magnitude)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::whisper::tiny::file;

    #[test]
    fn halves_become_what_they_stand_for() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 5.960_464_5e-8),
        ] {
            assert_eq!(half(bits), value);
        }
        assert_eq!(half(0x7c00), f32::INFINITY);
        assert!(half(0x7e00).is_nan());
        assert_eq!(half(0x8000).to_bits(), (-0.0f32).to_bits());
    }

    #[test]
    fn a_tensor_comes_back_with_its_shape() {
        let bytes = file(&[("a", &[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])]);
        let weights = Weights::read(&bytes).unwrap();
        let a = weights.tensor("a").unwrap();
        assert_eq!(a.dims, [2, 3]);
        assert_eq!(a.rows(1, 2).unwrap().values, [4.0, 5.0, 6.0]);
        assert_eq!(weights.tensor("b"), Err(Malformed::Missing("b".into())));
    }

    #[test]
    fn a_file_cut_anywhere_is_refused_without_a_panic() {
        let bytes = file(&[("a", &[2], &[1.0, 2.0]), ("b", &[1], &[3.0])]);
        for end in 0..bytes.len() {
            assert!(Weights::read(&bytes[..end]).is_err(), "cut at {end}");
        }
    }
}
