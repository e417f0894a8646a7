//! Models on this machine's CPU, behind the ports of `voiceos-providers`; the only crate with an inference runtime.
//!
//! All engines share the cores through [`Cpu`]: short jobs take turns, so that two calls wait fairly for each other and
//! nothing spins against anything else. No job runs on an async thread.

mod caller_turn;
mod cpu;
mod doubt;
#[cfg(feature = "llama")]
mod embedding;
mod engines;
#[cfg(test)]
mod fixtures;
mod g2p;
mod load;
mod mel;
#[cfg(feature = "llama")]
mod model;
mod onnx;
mod transcriber;
mod turn_detector;
mod vad;
mod vocabulary;
mod voice;
mod whisper;

pub use cpu::{Cpu, Turn, Urgency};
pub use engines::{VoiceChoice, engines};
pub use load::LoadError;
#[cfg(feature = "llama")]
pub use model::{LlamaModel, demo};
pub use transcriber::WhisperTranscriber;
pub use turn_detector::SmartTurn;
pub use vad::EarshotDetector;
pub use voice::{KokoroVoice, PiperSettings, PiperVoice};

/// Threads that an engine keeps for itself: as many as can compute at once, see [`Cpu::of_this_machine`].
fn workers() -> usize {
    (std::thread::available_parallelism().map_or(1, usize::from) / 2).max(1)
}
