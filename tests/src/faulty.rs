//! Engines that fail as providers do: in the middle of a word, at once, every time, never answering.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures::{StreamExt, stream, stream::BoxStream};
use voiceos_audio::Frame;
use voiceos_providers::{
    Delta, Fault, Flow, Hearing, Kind, LanguageModel, Piece, Prompt, Speech, Transcriber,
    Utterance, Voice, scripted,
};

fn gone(vendor: &'static str) -> Fault {
    Fault::new(vendor, Kind::Gone, "the connection is gone")
}

/// A voice whose connection breaks after the first tenth of a second, the first `times` times that it speaks.
pub struct BreakingVoice {
    times: usize,
    spoken: AtomicUsize,
    whole: scripted::Humming,
}

impl BreakingVoice {
    pub fn new(times: usize) -> Self {
        Self {
            times,
            spoken: AtomicUsize::new(0),
            whole: scripted::Humming,
        }
    }
}

impl Voice for BreakingVoice {
    fn sample_rate(&self) -> u32 {
        self.whole.sample_rate()
    }

    fn speak(&self, pieces: BoxStream<'static, Piece>) -> Flow<Speech> {
        if self.spoken.fetch_add(1, Ordering::Relaxed) >= self.times {
            return self.whole.speak(pieces);
        }
        let tenth = self.whole.sample_rate() as usize / 10;
        let broken = pieces.take(1).flat_map(move |piece| {
            let start = Speech::Audio {
                piece: piece.index,
                samples: vec![0.3; tenth],
            };
            stream::iter([Ok(start), Err(gone("breaking voice"))])
        });
        broken.boxed()
    }
}

/// A language model that dies in the middle of a word, the first `times` times that it is asked.
pub struct BreakingModel {
    times: usize,
    asked: AtomicUsize,
    whole: scripted::ScriptedModel,
}

impl BreakingModel {
    /// Answers `answer` when it does not break.
    pub fn new(times: usize, answer: &str) -> Self {
        Self {
            times,
            asked: AtomicUsize::new(0),
            whole: scripted::ScriptedModel::new(vec![answer.to_owned()]),
        }
    }
}

impl LanguageModel for BreakingModel {
    fn reply(&self, prompt: Prompt) -> Flow<Delta> {
        if self.asked.fetch_add(1, Ordering::Relaxed) >= self.times {
            return self.whole.reply(prompt);
        }
        stream::iter([
            Ok(Delta::Text("Break".to_owned())),
            Err(gone("breaking model")),
        ])
        .boxed()
    }
}

/// A language model that never says a word.
pub struct SilentModel;

impl LanguageModel for SilentModel {
    fn reply(&self, _prompt: Prompt) -> Flow<Delta> {
        stream::pending().boxed()
    }
}

/// A transcriber whose connection breaks at the end of the first speech it hears; the next one works.
#[derive(Default)]
pub struct BreakingTranscriber {
    opened: AtomicUsize,
}

impl Transcriber for BreakingTranscriber {
    fn transcribe(&self, hearing: BoxStream<'static, Hearing>) -> Flow<Utterance> {
        if self.opened.fetch_add(1, Ordering::Relaxed) > 0 {
            return scripted::ScriptedTranscriber.transcribe(hearing);
        }
        let broken = hearing.filter_map(|heard| {
            let over = matches!(heard, Hearing::SpeechStopped { .. });
            std::future::ready(over.then(|| Err(gone("breaking transcriber"))))
        });
        broken.take(1).boxed()
    }
}

/// A speech detector that panics at its first frame: a bug in an engine.
pub struct Buggy;

impl voiceos_providers::SpeechDetector for Buggy {
    fn speech(&mut self, _frame: &Frame) -> f32 {
        panic!("a bug in an engine, on purpose")
    }
}

/// Scripted engines that answer `answer`.
pub fn engines(answer: &str) -> voiceos_providers::Engines {
    scripted::engines(vec![answer.to_owned()])
}

/// The same with another detector for every call.
pub fn buggy() -> voiceos_providers::Engines {
    voiceos_providers::Engines {
        speech_detector: Arc::new(|| Box::new(Buggy)),
        ..engines("Yes.")
    }
}
