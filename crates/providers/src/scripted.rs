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

/// Says its answers one after the other, again and again. An answer of which nothing was heard is said again: which one
/// comes next depends on what was said, not on how often it was asked.
pub struct ScriptedModel {
    answers: Arc<[String]>,
}

/// The caller's lines that the agent said something to.
fn answered(lines: &[Line]) -> usize {
    let answers = |pair: &&[Line]| matches!(pair, [Line::User(_), Line::Agent(_)]);
    lines.windows(2).filter(answers).count()
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
        let answered = answered(&prompt.lines);
        let answer = self
            .answers
            .get(answered % self.answers.len().max(1))
            .cloned()
            .unwrap_or_default();
        let tokens: Vec<String> = answer.split_inclusive(' ').map(str::to_owned).collect();
        let usage = Usage {
            input_tokens: 10 * (answered as u64 + 1),
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

#[cfg(test)]
mod tests {
    use super::*;

    async fn says(lines: &[Line]) -> String {
        let model = ScriptedModel::new(vec!["First.".into(), "Second.".into()]);
        let prompt = Prompt {
            lines: lines.to_vec(),
            ..Prompt::default()
        };
        let deltas: Vec<Delta> = model.reply(prompt).map(Result::unwrap).collect().await;
        let texts = deltas.iter().filter_map(|delta| match delta {
            Delta::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    #[tokio::test]
    async fn an_answer_that_nobody_heard_is_said_again_and_the_next_one_after_it_was_heard() {
        let (user, agent) = (Line::User("Hello?".into()), Line::Agent("First.".into()));
        let greeting = Line::Agent("Good morning!".into());
        assert_eq!(says(&[greeting.clone(), user.clone()]).await, "First.");
        assert_eq!(says(&[user.clone(), user.clone()]).await, "First.");
        assert_eq!(
            says(&[greeting, user.clone(), agent, user]).await,
            "Second."
        );
    }
}
