//! Vendors behind four ports. A port is a stream in and a stream out: a session is the stream, dropping it is the cancel.
//!
//! This crate decides how words, audio and verdicts travel between a conversation and whoever makes them; it refuses to
//! know what a conversation does with them. The engines on this machine's CPU implement the same ports in `voiceos-local`.

mod fault;
mod ports;
pub mod scripted;

pub use fault::{Fault, Kind};
pub use ports::{
    Delta, Engines, Flow, Hearing, LanguageModel, Line, Piece, Prompt, Speech, SpeechDetector,
    Timing, Transcriber, TurnAudio, TurnDetector, Usage, Utterance, Voice,
};
