//! What a sentence means, as 384 numbers: all-MiniLM-L6-v2, a BERT of six layers. Texts that mean the same point the same
//! way, whatever their words. What is near enough for an answer is decided in `model/grounding.rs`.

use std::{collections::HashMap, path::Path};

use rten::ThreadPool;
use rten_gemm::{BiasVector, GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix};
use rten_tensor::NdTensorView;
use rten_text::Tokenizer;
use serde::Deserialize;

use crate::{LoadError, load};

const WEIGHTS: &str = "minilm-l6-v2.safetensors";
const TOKENS: &str = "minilm-l6-v2-tokenizer.json";
const LAYERS: usize = 6;
const WIDTH: usize = 384;
const HEADS: usize = 12;
const HEAD: usize = WIDTH / HEADS;
const INNER: usize = 1536;
/// Tokens of the longest text; the rest of a longer one is not read.
const LONGEST: usize = 128;

/// The meaning of a text; of length 1.
pub(crate) type Meaning = Vec<f32>;

/// How much two meanings are alike: 1 for the same, about 0 for strangers.
pub(crate) fn alike(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The model in memory and the threads that it computes with.
pub(crate) struct Embedding {
    tokens: Tokenizer,
    words: Vec<f32>,
    places: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
    gemm: GemmExecutor,
    pool: ThreadPool,
}

struct Layer {
    /// Queries, keys and values side by side.
    attention: Linear,
    attended: Linear,
    attended_norm: Norm,
    wide: Linear,
    narrow: Linear,
    narrow_norm: Norm,
}

struct Linear {
    weights: PackedBMatrix<f32>,
    bias: Vec<f32>,
}

struct Norm {
    scale: Vec<f32>,
    shift: Vec<f32>,
}

impl Embedding {
    /// Reads both files from `dir`; some 100 ms.
    ///
    /// # Errors
    /// One of the files is missing or corrupt.
    pub fn load(dir: &Path, threads: usize) -> Result<Self, LoadError> {
        let path = dir.join(TOKENS);
        let text = load::read(&path)?;
        let text = std::str::from_utf8(&text).map_err(|why| LoadError::corrupt(&path, why))?;
        let tokens = Tokenizer::from_json(text).map_err(|why| LoadError::corrupt(&path, why))?;
        let path = dir.join(WEIGHTS);
        let bytes = load::read(&path)?;
        Self::read(tokens, &bytes, threads).map_err(|why| LoadError::corrupt(&path, why))
    }

    fn read(tokens: Tokenizer, bytes: &[u8], threads: usize) -> Result<Self, String> {
        let file = Tensors::read(bytes)?;
        let gemm = GemmExecutor::new();
        let mut words = file.numbers("embeddings.word_embeddings.weight")?;
        // Every text is the first of one, so that kind counts for all words.
        let kind = file.numbers("embeddings.token_type_embeddings.weight")?;
        for word in words.chunks_mut(WIDTH) {
            add(word, kind.get(..WIDTH).ok_or("too few kinds of text")?);
        }
        let places = file.numbers("embeddings.position_embeddings.weight")?;
        if words.len() < WIDTH || places.len() < LONGEST * WIDTH {
            return Err("too few words or places".into());
        }
        let layers = (0..LAYERS).map(|layer| Layer::read(&file, &gemm, layer));
        Ok(Self {
            tokens,
            words,
            places,
            norm: Norm::read(&file, "embeddings.LayerNorm")?,
            layers: layers.collect::<Result<_, _>>()?,
            gemm,
            pool: ThreadPool::with_num_threads(threads),
        })
    }

    /// Some milliseconds for a sentence, so under a turn of the CPU. A text that cannot be read means nothing: zeros.
    pub fn meaning(&self, text: &str) -> Meaning {
        let Ok(encoded) = self.tokens.encode(text, None) else {
            return vec![0.0; WIDTH];
        };
        let mut rows = Vec::new();
        for (place, token) in encoded.token_ids().iter().take(LONGEST).enumerate() {
            let at = *token as usize * WIDTH;
            let Some(word) = self.words.get(at..at + WIDTH) else {
                continue;
            };
            let mut row = word.to_vec();
            add(&mut row, &self.places[place * WIDTH..][..WIDTH]);
            rows.extend(row);
        }
        self.norm.apply(&mut rows);
        let (layers, gemm) = (&self.layers, &self.gemm); // the tokenizer does not go with them: it stays on its thread
        self.pool.run(|| {
            for layer in layers {
                layer.apply(gemm, &mut rows);
            }
        });
        let mut sum = vec![0.0; WIDTH];
        rows.chunks(WIDTH).for_each(|row| add(&mut sum, row));
        let length = alike(&sum, &sum).sqrt().max(f32::MIN_POSITIVE);
        sum.iter_mut().for_each(|value| *value /= length);
        sum
    }
}

impl Layer {
    fn read(file: &Tensors, gemm: &GemmExecutor, layer: usize) -> Result<Self, String> {
        let name = |part: &str| format!("encoder.layer.{layer}.{part}");
        let linear = |parts: &[&str], width| {
            let names: Vec<String> = parts.iter().map(|part| name(part)).collect();
            Linear::read(file, gemm, &names, width)
        };
        let own = [
            "attention.self.query",
            "attention.self.key",
            "attention.self.value",
        ];
        Ok(Self {
            attention: linear(&own, WIDTH)?,
            attended: linear(&["attention.output.dense"], WIDTH)?,
            attended_norm: Norm::read(file, &name("attention.output.LayerNorm"))?,
            wide: linear(&["intermediate.dense"], WIDTH)?,
            narrow: linear(&["output.dense"], INNER)?,
            narrow_norm: Norm::read(file, &name("output.LayerNorm"))?,
        })
    }

    fn apply(&self, gemm: &GemmExecutor, rows: &mut [f32]) {
        let mixed = attend(&self.attention.apply(gemm, rows));
        add(rows, &self.attended.apply(gemm, &mixed));
        self.attended_norm.apply(rows);
        let mut wide = self.wide.apply(gemm, rows);
        wide.iter_mut().for_each(|value| *value = gelu(*value));
        add(rows, &self.narrow.apply(gemm, &wide));
        self.narrow_norm.apply(rows);
    }
}

/// Each token looks at all others; a row of `joint` holds a token's query, key and value.
fn attend(joint: &[f32]) -> Vec<f32> {
    let count = joint.len() / (3 * WIDTH);
    let part = |token: usize, part: usize, head: usize| {
        &joint[token * 3 * WIDTH + part * WIDTH + head * HEAD..][..HEAD]
    };
    let mut mixed = vec![0.0; count * WIDTH];
    for head in 0..HEADS {
        for asking in 0..count {
            let query = part(asking, 0, head);
            let scores = (0..count).map(|token| alike(query, part(token, 1, head)));
            let mut scores: Vec<f32> = scores.map(|score| score / (HEAD as f32).sqrt()).collect();
            let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            scores.iter_mut().for_each(|s| *s = (*s - most).exp());
            let whole: f32 = scores.iter().sum();
            let into = &mut mixed[asking * WIDTH + head * HEAD..][..HEAD];
            for (token, score) in scores.iter().enumerate() {
                for (value, seen) in into.iter_mut().zip(part(token, 2, head)) {
                    *value += score / whole * seen;
                }
            }
        }
    }
    mixed
}

impl Linear {
    fn read(
        file: &Tensors,
        gemm: &GemmExecutor,
        names: &[String],
        width: usize,
    ) -> Result<Self, String> {
        let (mut weights, mut bias) = (Vec::new(), Vec::new());
        for name in names {
            weights.extend(file.numbers(&format!("{name}.weight"))?);
            bias.extend(file.numbers(&format!("{name}.bias"))?);
        }
        if bias.is_empty() || weights.len() != bias.len() * width {
            return Err(format!("`{}` has another shape", names[0]));
        }
        let stored = NdTensorView::from_data([bias.len(), width], weights.as_slice());
        Ok(Self {
            weights: gemm.prepack_b(stored.transposed()),
            bias,
        })
    }

    fn apply(&self, gemm: &GemmExecutor, rows: &[f32]) -> Vec<f32> {
        let width = self.weights.rows();
        let count = rows.len() / width;
        let mut out = vec![0.0; count * self.bias.len()];
        gemm.gemm(
            &mut out,
            GemmInputA::Unpacked(NdTensorView::from_data([count, width], rows)),
            GemmInputB::Packed(&self.weights),
            GemmOptions {
                bias: Some(BiasVector::Row(&self.bias)),
                ..GemmOptions::default()
            },
        )
        .expect("the shapes were checked when the file was read");
        out
    }
}

impl Norm {
    fn read(file: &Tensors, name: &str) -> Result<Self, String> {
        let scale = file.numbers(&format!("{name}.weight"))?;
        let shift = file.numbers(&format!("{name}.bias"))?;
        if scale.len() != WIDTH || shift.len() != WIDTH {
            return Err(format!("`{name}` has another shape"));
        }
        Ok(Self { scale, shift })
    }

    fn apply(&self, rows: &mut [f32]) {
        for row in rows.chunks_mut(WIDTH) {
            let mean = row.iter().sum::<f32>() / WIDTH as f32;
            row.iter_mut().for_each(|value| *value -= mean);
            let spread = (alike(row, row) / WIDTH as f32 + 1e-12).sqrt();
            for ((value, scale), shift) in row.iter_mut().zip(&self.scale).zip(&self.shift) {
                *value = *value / spread * scale + shift;
            }
        }
    }
}

fn add(to: &mut [f32], more: &[f32]) {
    to.iter_mut().zip(more).for_each(|(to, more)| *to += more);
}

/// By a fraction that is within 1.5e-7 of the error function (Abramowitz and Stegun 7.1.26).
fn gelu(x: f32) -> f32 {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let series = ((((1.061_405_4 * t - 1.453_152) * t + 1.421_413_7) * t - 0.284_496_74) * t
        + 0.254_829_6)
        * t;
    let erf = (1.0 - series * (-z * z).exp()).copysign(x);
    0.5 * x * (1.0 + erf)
}

/// A safetensors file: the length of a JSON table, the table, the numbers.
struct Tensors<'a> {
    table: HashMap<String, serde_json::Value>,
    numbers: &'a [u8],
}

#[derive(Deserialize)]
struct Entry {
    dtype: String,
    data_offsets: [usize; 2],
}

impl<'a> Tensors<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, String> {
        let (length, rest) = bytes.split_first_chunk::<8>().ok_or("it is empty")?;
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let (table, numbers) = rest.split_at_checked(length).ok_or("it is cut off")?;
        let table = serde_json::from_slice(table).map_err(|why| why.to_string())?;
        Ok(Self { table, numbers })
    }

    fn numbers(&self, name: &str) -> Result<Vec<f32>, String> {
        let entry = self.table.get(name).ok_or(format!("no `{name}`"))?;
        let entry = Entry::deserialize(entry).map_err(|why| why.to_string())?;
        let [from, until] = entry.data_offsets;
        let bytes = self
            .numbers
            .get(from..until)
            .filter(|bytes| entry.dtype == "F32" && bytes.len() % 4 == 0)
            .ok_or(format!("`{name}` is cut off"))?;
        let (numbers, _) = bytes.as_chunks::<4>();
        Ok(numbers
            .iter()
            .map(|four| f32::from_le_bytes(*four))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{empty_dir, models};

    #[test]
    fn a_missing_or_broken_file_is_named() {
        let dir = empty_dir("embedding");
        let told = |dir: &Path| Embedding::load(dir, 1).err().expect("an error").to_string();
        assert!(told(&dir).contains(TOKENS), "{}", told(&dir));
        std::fs::write(dir.join(TOKENS), "{").unwrap();
        assert!(told(&dir).contains("corrupt"), "{}", told(&dir));
        std::fs::copy(models().join(TOKENS), dir.join(TOKENS)).unwrap();
        assert!(told(&dir).contains(WEIGHTS), "{}", told(&dir));
        let whole = std::fs::read(models().join(WEIGHTS)).expect("run `make models`");
        let mut cases = vec![Vec::new(), vec![0xff; 40], whole[..60_000_000].to_vec()];
        let mut other = whole[..20_000].to_vec();
        other[8..40].fill(b'x');
        cases.push(other);
        for bytes in cases {
            std::fs::write(dir.join(WEIGHTS), bytes).unwrap();
            assert!(told(&dir).contains("safetensors is"), "{}", told(&dir));
        }
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn meanings_are_those_of_the_published_model() {
        // By a plain numpy BERT in the publisher's precision, with the publisher's tokenizer.
        const TEXTS: [&str; 4] = [
            "When does breakfast start?",
            "Breakfast is served every day from 7 am to 10:30 am in the garden room.",
            "Is there any place to work out?",
            "We have a small gym. It is free for guests and open from 6 am to 10 pm.",
        ];
        const FIRST: [f32; 4] = [-0.056_884_46, 0.014_526_22, -0.008_528_57, 0.046_115_47];
        let model = Embedding::load(&models(), 1).expect("it loads: run `make models`");
        let meanings = TEXTS.map(|text| model.meaning(text));
        for (ours, theirs) in meanings[0].iter().zip(FIRST) {
            assert!((ours - theirs).abs() < 1e-4, "{ours} {theirs}");
        }
        for (a, b, theirs) in [
            (0, 1, 0.669_13),
            (0, 2, 0.189_44),
            (0, 3, 0.301_36),
            (1, 3, 0.400_07),
            (2, 3, 0.397_81),
            (3, 3, 1.0),
        ] {
            let ours = alike(&meanings[a], &meanings[b]);
            assert!((ours - theirs).abs() < 2e-4, "{a} {b}: {ours}");
        }
    }

    #[test]
    fn empty_strange_and_endless_texts_have_a_meaning_too() {
        let model = Embedding::load(&models(), 1).expect("it loads: run `make models`");
        for text in ["", "  ", "\u{0}\u{1F600}", "日本語", &"very ".repeat(5000)] {
            assert!(model.meaning(text).iter().all(|value| value.is_finite()));
        }
    }
}
