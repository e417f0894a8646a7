//! Whisper: from columns of a mel picture to words, greedily. It decides how much silence the model is shown after the
//! sound, when an answer is a loop, and when to look again at a longer stretch. Whether the words were said at all is
//! left to `doubt.rs`.
//!
//! Whisper was trained on 30 s. Shown less it is many times faster, and loses its way when the sound fills what it is
//! shown; so at least [`TAIL`] of silence follows, and a loop or too many tokens are tried again on the next length.

use std::{collections::VecDeque, path::Path, sync::Arc};

use rten::{NodeId, RunError, ThreadPool, Value};
use rten_tensor::{NdTensor, Tensor, prelude::*};

use crate::{
    LoadError,
    mel::{self, BANDS},
    onnx::{Onnx, Pools},
    vocabulary::Vocabulary,
};

/// Columns that the model is shown: 8, 15 or 30 s.
const LENGTHS: [usize; 3] = [800, 1500, 3000];
/// Columns of silence after the sound, at least: 2 s.
const TAIL: usize = 200;
/// Tokens read before the first word.
const PROMPT: usize = 2;
const LAYERS: usize = 4;
const HEADS: usize = 6;
const WIDTH: usize = 64;

pub(crate) struct Whisper {
    encoder: Onnx,
    mel: NodeId,
    crossed: Vec<NodeId>,
    decoder: Onnx,
    inputs: Inputs,
    outputs: Vec<NodeId>,
    /// Whether the decoder scores what follows each token it reads; else only what follows the last.
    scores_all: bool,
    pools: Pools,
    pub words: Vocabulary,
}

struct Inputs {
    tokens: NodeId,
    positions: NodeId,
    mask: NodeId,
    past: Vec<NodeId>,
    crossed: Vec<NodeId>,
}

/// What the model made of a sound.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    pub tokens: Vec<u32>,
    pub text: String,
    /// Mean logarithm of the probability of the tokens, the end included.
    pub certainty: f32,
    /// How likely there was no speech at all, 0..1.
    pub nothing: f32,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stopped {
    #[error("no longer wanted")]
    Abandoned,
    #[error("the model failed")]
    Failed(#[from] RunError),
    #[error("the model answered in another shape than expected")]
    Shape,
}

impl Whisper {
    pub fn load(dir: &Path, threads: usize) -> Result<Self, LoadError> {
        let words = Vocabulary::load(&dir.join("whisper-vocabulary.json"))?;
        let encoder = Onnx::load(&dir.join("whisper-tiny.en-encoder.onnx"))?;
        let decoder = Onnx::load(&dir.join("whisper-tiny.en-decoder.onnx"))?;
        let nodes = |model: &Onnx, kinds: [&str; 2]| {
            let names = (0..LAYERS).flat_map(|i| kinds.map(|kind| format!("{kind}{i}")));
            names
                .map(|name| model.node(&name))
                .collect::<Result<Vec<_>, _>>()
        };
        let inputs = Inputs {
            tokens: decoder.node("tokens")?,
            positions: decoder.node("positions")?,
            mask: decoder.node("mask")?,
            past: nodes(&decoder, ["pk", "pv"])?,
            crossed: nodes(&decoder, ["xk", "xv"])?,
        };
        let mut outputs = vec![decoder.node("logits")?];
        outputs.extend(nodes(&decoder, ["nk", "nv"])?);
        let (mel, crossed) = (encoder.node("mel")?, nodes(&encoder, ["xk", "xv"])?);
        let pools = Pools::new(threads);
        let mut whisper = Self {
            encoder,
            mel,
            crossed,
            decoder,
            inputs,
            outputs,
            scores_all: false,
            pools,
            words,
        };
        let warm = whisper.warm();
        whisper.scores_all =
            warm.map_err(|why| LoadError::cannot_run(whisper.decoder.path(), why))?;
        Ok(whisper)
    }

    /// The first run prepares what all later ones reuse. Tells whether the decoder scores every token.
    fn warm(&self) -> Result<bool, Stopped> {
        self.pools.with(|threads| {
            let crossed = self.encode(&[], LENGTHS[0], threads)?;
            let scores = Decoding::new(self, &crossed, 1, threads)
                .step(&[self.words.start, self.words.no_times])?;
            Ok(scores.len() == PROMPT)
        })
    }

    /// The words in `columns`. `draft` is what was heard of a shorter stretch of the same sound, a guess that saves time
    /// where it holds. Asks `go_on` between steps of some milliseconds.
    pub fn hear(
        &self,
        columns: &[f32],
        draft: &[u32],
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<Heard, Stopped> {
        self.pools.with(|threads| {
            let count = columns.len() / BANDS;
            let shortest = LENGTHS
                .iter()
                .position(|length| count + TAIL <= *length)
                .unwrap_or(LENGTHS.len() - 1);
            let mut heard = Heard::default();
            for length in &LENGTHS[shortest..] {
                let crossed = self.encode(columns, *length, threads)?;
                let most = (count * 6 / 100 + 10).min(200);
                let whole;
                (heard, whole) = Decoding::new(self, &crossed, most, threads).run(draft, go_on)?;
                if whole && !loops(&heard.tokens) && !doubled(&heard.tokens) {
                    break;
                }
                tracing::debug!(
                    length,
                    text = heard.text,
                    "the transcript loops or does not end, trying a longer stretch"
                );
            }
            heard.tokens.truncate(before_loop(&heard.tokens));
            heard.text = self.words.text(&heard.tokens);
            Ok(heard)
        })
    }

    fn encode(
        &self,
        columns: &[f32],
        length: usize,
        threads: &Arc<ThreadPool>,
    ) -> Result<Vec<Value>, Stopped> {
        let features = NdTensor::from_data([1, BANDS, length], mel::features(columns, length));
        Ok(self.encoder.run(
            threads,
            vec![(self.mel, features.view().into())],
            &self.crossed,
        )?)
    }
}

/// One pass of the decoder over one encoded sound.
struct Decoding<'a> {
    whisper: &'a Whisper,
    crossed: &'a [Value],
    threads: &'a Arc<ThreadPool>,
    most: usize,
    /// Keys and values of what has been read so far, two tensors a layer.
    past: Vec<Value>,
    read: usize,
}

impl<'a> Decoding<'a> {
    fn new(
        whisper: &'a Whisper,
        crossed: &'a [Value],
        most: usize,
        threads: &'a Arc<ThreadPool>,
    ) -> Self {
        // With room for all tokens, so that no step copies what came before.
        let room = || {
            Value::from(Tensor::<f32>::with_capacity(
                &[1, HEADS, 2 * most + 8, WIDTH],
                2,
            ))
        };
        let past = (0..2 * LAYERS).map(|_| room()).collect();
        Self {
            whisper,
            crossed,
            threads,
            most,
            past,
            read: 0,
        }
    }

    /// The words, and whether they came to an end.
    fn run(
        mut self,
        draft: &[u32],
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<(Heard, bool), Stopped> {
        let words = &self.whisper.words;
        let mut heard = Heard::default();
        let mut scores = self.begin(&draft[..draft.len().min(self.most)], &mut heard)?;
        let mut sum = 0.0;
        loop {
            let score = scores.pop_front().ok_or(Stopped::Shape)?;
            let (token, log) = best(&score, |token| {
                words.may_follow(token, heard.tokens.is_empty())
            });
            sum += log;
            if token == words.end || heard.tokens.len() == self.most {
                heard.certainty = sum / (heard.tokens.len() + 1) as f32;
                return Ok((heard, token == words.end));
            }
            let guessed = !scores.is_empty() && draft.get(heard.tokens.len()) == Some(&token);
            heard.tokens.push(token);
            if !go_on() {
                return Err(Stopped::Abandoned);
            }
            if !guessed {
                self.unread(PROMPT + heard.tokens.len() - 1);
                scores = self.step(&[token])?;
            }
        }
    }

    /// Reads the prompt, and the draft with it if the decoder tells what follows each token and not the last one only.
    fn begin(&mut self, draft: &[u32], heard: &mut Heard) -> Result<VecDeque<Vec<f32>>, Stopped> {
        let words = &self.whisper.words;
        let mut scores = if self.whisper.scores_all {
            let prompt: Vec<u32> = [words.start, words.no_times]
                .iter()
                .chain(draft)
                .copied()
                .collect();
            self.step(&prompt)?
        } else {
            let mut scores = self.step(&[words.start])?;
            scores.append(&mut self.step(&[words.no_times])?);
            scores
        };
        let first = scores.pop_front().ok_or(Stopped::Shape)?;
        heard.nothing = probability(&first, words.nothing);
        Ok(scores)
    }

    /// Forgets what was read after the first `count` tokens.
    fn unread(&mut self, count: usize) {
        if count == self.read {
            return;
        }
        self.read = count;
        for value in &mut self.past {
            if let Value::FloatTensor(tensor) = value {
                tensor.clip_dim(2, 0..count);
            }
        }
    }

    /// Reads `tokens` and returns the scores of what may follow each of them, or the last only.
    fn step(&mut self, tokens: &[u32]) -> Result<VecDeque<Vec<f32>>, Stopped> {
        let count = tokens.len();
        let all = self.read + count;
        let numbers = |from: &mut dyn Iterator<Item = usize>| -> Vec<i32> {
            from.map(|i| i as i32).collect()
        };
        let positions = NdTensor::from_data([count], numbers(&mut (self.read..all)));
        let tokens =
            NdTensor::from_data([1, count], numbers(&mut tokens.iter().map(|t| *t as usize)));
        let hidden = |i: usize| {
            if i % all > self.read + i / all {
                f32::NEG_INFINITY
            } else {
                0.0
            }
        };
        let mask = NdTensor::from_data(
            [count, all],
            (0..count * all).map(hidden).collect::<Vec<f32>>(),
        );
        let names = &self.whisper.inputs;
        let mut inputs = vec![
            (names.tokens, tokens.view().into()),
            (names.positions, positions.view().into()),
        ];
        inputs.push((names.mask, mask.view().into()));
        inputs.extend(
            names
                .past
                .iter()
                .zip(self.past.drain(..))
                .map(|(id, value)| (*id, value.into())),
        );
        inputs.extend(
            names
                .crossed
                .iter()
                .zip(self.crossed)
                .map(|(id, value)| (*id, value.into())),
        );
        let mut made = self
            .whisper
            .decoder
            .run(self.threads, inputs, &self.whisper.outputs)?;
        self.past = made.split_off(1);
        self.read = all;
        let logits = made
            .pop()
            .and_then(|logits| logits.into_tensor::<f32>())
            .ok_or(Stopped::Shape)?;
        let logits = logits.into_data();
        Ok(logits
            .chunks_exact(self.whisper.words.len())
            .map(<[f32]>::to_vec)
            .collect())
    }
}

/// The likeliest token of those allowed, and the logarithm of its probability among all.
fn best(logits: &[f32], allowed: impl Fn(u32) -> bool) -> (u32, f32) {
    let mut found = (0, f32::NEG_INFINITY);
    for (token, score) in (0u32..).zip(logits) {
        if *score > found.1 && allowed(token) {
            found = (token, *score);
        }
    }
    (found.0, found.1 - log_sum(logits))
}

fn probability(logits: &[f32], token: u32) -> f32 {
    logits
        .get(token as usize)
        .map_or(0.0, |score| (score - log_sum(logits)).exp())
}

fn log_sum(logits: &[f32]) -> f32 {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    // What is e¹⁶ times less likely than the best does not count.
    let sum: f32 = logits
        .iter()
        .filter(|score| **score > top - 16.0)
        .map(|score| (score - top).exp())
        .sum();
    top + sum.ln()
}

/// Whether the end of the tokens repeats itself as no speaker does.
fn loops(tokens: &[u32]) -> bool {
    before_loop(tokens) < tokens.len()
}

/// Whether a whole sentence stands there twice: rarely said, often an answer that went on past the end of the sound.
fn doubled(tokens: &[u32]) -> bool {
    let (first, second) = tokens.split_at(tokens.len() / 2);
    first.len() > 4 && first == second
}

/// How many tokens there are before the second of at least three equal groups, or all.
fn before_loop(tokens: &[u32]) -> usize {
    let period = (1..=tokens.len() / 3).find(|period| {
        let needed = (period * 2).max(9);
        let same = tokens
            .iter()
            .rev()
            .zip(tokens.iter().rev().skip(*period))
            .take_while(|(a, b)| a == b)
            .count();
        same >= needed
    });
    let Some(period) = period else {
        return tokens.len();
    };
    let same = tokens
        .iter()
        .rev()
        .zip(tokens.iter().rev().skip(period))
        .take_while(|(a, b)| a == b)
        .count();
    tokens.len() - same
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_equal_groups_are_a_loop() {
        let said = [5, 6, 7];
        let looped: Vec<u32> = [1, 2, 3].into_iter().chain(said.repeat(5)).collect();
        assert!(loops(&looped));
        assert_eq!(before_loop(&looped), 6);
        assert!(
            !loops(&[1, 2, 3, 4, 5, 6, 7, 5, 6, 7]),
            "once more is emphasis"
        );
        assert!(!loops(&[9, 9, 9]), "no, no, no");
        assert_eq!(before_loop(&[]), 0);
        assert!(doubled(&[1, 2, 3, 4, 5, 1, 2, 3, 4, 5]) && !doubled(&[1, 2, 1, 2]));
    }

    #[test]
    fn the_best_token_is_an_allowed_one() {
        let (token, log) = best(&[0.0, 3.0, 1.0], |token| token != 1);
        assert_eq!(token, 2);
        assert!(log < -1.9 && log > -2.3, "{log}");
    }
}
