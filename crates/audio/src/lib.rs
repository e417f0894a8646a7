//! Samples. What a call's sound is made of and what can be told from the sound alone: frames, codecs, rates, files,
//! tones, where speech starts and stops. Pure: no clock, no task, no I/O but what a `Read` or `Write` is handed in
//! for, and no judgement about a conversation.

pub mod dtmf;
pub mod flac;
mod frame;
pub mod g711;
pub mod measure;
pub mod mix;
pub mod resample;
pub mod speech_gate;
pub mod wav;

pub use frame::{Frame, Framer};
pub use resample::Resampler;
pub use speech_gate::{Edge, GateRules, SpeechGate};
