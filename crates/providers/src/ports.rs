//! The ports. Times are [`Duration`]s since the call was answered (the call's clock) unless a field says otherwise.

use std::{sync::Arc, time::Duration};

use futures::{future::BoxFuture, stream::BoxStream};
use voiceos_audio::Frame;

use crate::Fault;

/// What every port answers with: items in order, a fault at most once and last.
pub type Flow<T> = BoxStream<'static, Result<T, Fault>>;

/// What a transcriber is given: the caller's audio and what the speech gate makes of it, in order.
#[derive(Clone, Debug)]
pub enum Hearing {
    /// 20 ms of the caller, 16 kHz mono, whether or not it holds speech.
    Frame { frame: Frame, at: Duration },
    /// The gate opened; the speech began at `at`, up to some hundred milliseconds ago.
    SpeechStarted { at: Duration },
    /// The gate closed; the last voiced frame ended at `at`. A good moment to finalize.
    SpeechStopped { at: Duration },
    /// The conversation has taken the turn: what comes next belongs to a new utterance with a new id.
    TurnTaken,
}

/// What has been understood of the caller. A later utterance with the same `id` replaces the earlier one.
#[derive(Clone, Debug, PartialEq)]
pub struct Utterance {
    /// Rises by one for each new utterance; never reused within a call.
    pub id: u32,
    /// The whole text of this utterance so far; empty when the sound held no words.
    pub text: String,
    /// Audio up to here is accounted for.
    pub until: Duration,
    /// False while more audio of the same stretch of speech may still change the words.
    pub is_final: bool,
}

pub trait Transcriber: Send + Sync {
    fn transcribe(&self, hearing: BoxStream<'static, Hearing>) -> Flow<Utterance>;
}

/// The caller's turn so far, for the turn detector.
#[derive(Clone, Debug)]
pub struct TurnAudio {
    /// Mono 16 kHz in −1..1, at most the last 8 s, ending with the silence heard so far.
    pub samples: Vec<f32>,
}

pub trait TurnDetector: Send + Sync {
    /// How likely the caller has finished, 0..1.
    fn finished(&self, turn: TurnAudio) -> BoxFuture<'static, Result<f32, Fault>>;
}

/// One line of what a language model is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    User(String),
    Agent(String),
    Tool {
        call: u32,
        name: String,
        arguments: String,
        output: Option<String>,
    },
}

/// What a language model is asked to answer.
#[derive(Clone, Debug, Default)]
pub struct Prompt {
    /// The agent's own instructions.
    pub system: String,
    /// Short texts that answers must rest on; may be empty.
    pub knowledge: Arc<[String]>,
    /// The conversation, oldest first. Ends with the caller's words that are to be answered.
    pub lines: Vec<Line>,
    /// 0..2.
    pub temperature: f32,
    pub max_tokens: u32,
}

/// One step of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// The next characters, to be appended as they are.
    Text(String),
    /// A function the model wants run; `arguments` is a JSON text.
    Tool { name: String, arguments: String },
    /// Sent once, last.
    Usage(Usage),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub input_tokens: u64,
    pub cached_tokens: u64,
    pub output_tokens: u64,
}

pub trait LanguageModel: Send + Sync {
    fn reply(&self, prompt: Prompt) -> Flow<Delta>;
    /// Evaluates what is already known of the next prompt, so that the answer starts sooner. Best effort, may be dropped.
    fn warm(&self, _prompt: Prompt) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// One stretch of text to be spoken without a break, already in words (no digits, no markdown).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Counts from 0 within a reply.
    pub index: u32,
    pub text: String,
}

/// What a voice makes of the pieces, in the order of the pieces.
#[derive(Clone, Debug)]
pub enum Speech {
    /// Mono samples in −1..1 at the voice's own rate ([`Voice::sample_rate`]), any length.
    Audio { piece: u32, samples: Vec<f32> },
    /// Once per piece, after its last audio: when each word of it ends.
    Done { piece: u32, timings: Vec<Timing> },
}

/// The first `chars` characters of the piece's text have been spoken once `until` of its audio has been played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    pub chars: u32,
    /// From the start of the piece's audio.
    pub until: Duration,
}

pub trait Voice: Send + Sync {
    /// Hz of the samples in [`Speech::Audio`].
    fn sample_rate(&self) -> u32;
    fn speak(&self, pieces: BoxStream<'static, Piece>) -> Flow<Speech>;
}

/// Scores one frame; keeps the state of one call's one direction.
pub trait SpeechDetector: Send {
    /// How likely the frame (16 kHz mono, 20 ms) holds speech, 0..1.
    fn speech(&mut self, frame: &Frame) -> f32;
}

/// Everything one conversation talks with.
#[derive(Clone)]
pub struct Engines {
    pub transcriber: Arc<dyn Transcriber>,
    pub turn_detector: Arc<dyn TurnDetector>,
    pub language_model: Arc<dyn LanguageModel>,
    pub voice: Arc<dyn Voice>,
    /// Makes the detector of one call.
    pub speech_detector: Arc<dyn Fn() -> Box<dyn SpeechDetector> + Send + Sync>,
    /// Names of what really runs, for the conversation's `engine` fields: transcriber, language model, voice.
    pub names: [String; 3],
}
