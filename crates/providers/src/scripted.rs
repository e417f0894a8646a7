//! Deterministic engines without a model, for load tests and for tests of everything around the engines.
//!
//! The transcriber understands "question 1", "question 2", … in any sound that the speech gate lets through, the model
//! answers from a script, and the voice hums: each word is a tone, each pause is silence.

use std::{f32::consts::TAU, sync::Arc, time::Duration};

use futures::{StreamExt, future::BoxFuture, stream, stream::BoxStream};
use voiceos_audio::Frame;

use crate::{
    Delta, Engines, Fault, Flow, Hearing, LanguageModel, Line, Piece, Prompt, Speech,
    SpeechDetector, Timing, Transcriber, TurnAudio, TurnDetector, Usage, Utterance, Voice,
};

/// All scripted engines together. The model says the answers one after the other, again and again.
pub fn engines(answers: Vec<String>) -> Engines {
    Engines {
        transcriber: Arc::new(ScriptedTranscriber),
        turn_detector: Arc::new(AlwaysFinished),
        language_model: Arc::new(ScriptedModel::new(answers)),
        voice: Arc::new(Humming),
        speech_detector: Arc::new(|| Box::new(Loudness)),
        names: ["scripted".into(), "scripted".into(), "scripted".into()],
    }
}

/// Speech is what is louder than −40 dBFS.
pub struct Loudness;

impl SpeechDetector for Loudness {
    fn speech(&mut self, frame: &Frame) -> f32 {
        let energy: f64 = frame.samples.iter().map(|s| f64::from(*s).powi(2)).sum();
        let rms = (energy / frame.samples.len().max(1) as f64).sqrt();
        if rms > 327.0 { 1.0 } else { 0.0 }
    }
}

pub struct ScriptedTranscriber;

impl Transcriber for ScriptedTranscriber {
    fn transcribe(&self, hearing: BoxStream<'static, Hearing>) -> Flow<Utterance> {
        let mut id = 1;
        let utterances = hearing.filter_map(move |heard| {
            let utterance = match heard {
                Hearing::SpeechStopped { at } => Some(Ok(Utterance {
                    id,
                    text: format!("question {id}"),
                    until: at,
                    is_final: true,
                })),
                Hearing::TurnTaken => {
                    id += 1;
                    None
                }
                _ => None,
            };
            std::future::ready(utterance)
        });
        utterances.boxed()
    }
}

pub struct AlwaysFinished;

impl TurnDetector for AlwaysFinished {
    fn finished(&self, _turn: TurnAudio) -> BoxFuture<'static, Result<f32, Fault>> {
        Box::pin(std::future::ready(Ok(1.0)))
    }
}

pub struct ScriptedModel {
    answers: Arc<[String]>,
}

impl ScriptedModel {
    pub fn new(answers: Vec<String>) -> Self {
        Self {
            answers: answers.into(),
        }
    }
}

impl LanguageModel for ScriptedModel {
    fn reply(&self, prompt: Prompt) -> Flow<Delta> {
        let asked = prompt
            .lines
            .iter()
            .filter(|line| matches!(line, Line::User(_)))
            .count()
            .max(1);
        let answer = self
            .answers
            .get((asked - 1) % self.answers.len().max(1))
            .cloned()
            .unwrap_or_default();
        let tokens: Vec<String> = answer.split_inclusive(' ').map(str::to_owned).collect();
        let usage = Usage {
            input_tokens: 10 * asked as u64,
            cached_tokens: 0,
            output_tokens: tokens.len() as u64,
        };
        let deltas = tokens
            .into_iter()
            .map(Delta::Text)
            .chain([Delta::Usage(usage)]);
        stream::iter(deltas.map(Ok).collect::<Vec<_>>()).boxed()
    }
}

/// 50 ms a character, a tone for each word.
pub struct Humming;

const HUM_RATE: u32 = 16_000;
const HUM_SAMPLES: usize = (HUM_RATE / 20) as usize;

impl Humming {
    fn hum(piece: &Piece) -> [Result<Speech, Fault>; 2] {
        let mut samples = Vec::with_capacity(piece.text.chars().count() * HUM_SAMPLES);
        let mut timings = vec![];
        for (index, letter) in piece.text.chars().enumerate() {
            let loud = if letter.is_alphanumeric() { 0.3 } else { 0.0 };
            let from = samples.len();
            samples.extend(
                (from..from + HUM_SAMPLES)
                    .map(|n| loud * (TAU * 330.0 * n as f32 / HUM_RATE as f32).sin()),
            );
            let next_is_space = piece
                .text
                .chars()
                .nth(index + 1)
                .is_none_or(char::is_whitespace);
            if next_is_space {
                let until = Duration::from_millis(50 * (index as u64 + 1));
                timings.push(Timing {
                    chars: index as u32 + 1,
                    until,
                });
            }
        }
        let piece = piece.index;
        [
            Ok(Speech::Audio { piece, samples }),
            Ok(Speech::Done { piece, timings }),
        ]
    }
}

impl Voice for Humming {
    fn sample_rate(&self) -> u32 {
        HUM_RATE
    }

    fn speak(&self, pieces: BoxStream<'static, Piece>) -> Flow<Speech> {
        pieces
            .flat_map(|piece| stream::iter(Self::hum(&piece)))
            .boxed()
    }
}
