//! Models on this machine's CPU, behind the ports of `voiceos-providers`; the only crate with an inference runtime.
//!
//! All engines share the cores through [`Cpu`]: short jobs take turns, so that two calls wait fairly for each other and
//! nothing spins against anything else. No job runs on an async thread.

mod cpu;
mod g2p;
mod load;
mod voice;

pub use cpu::{Cpu, Turn, Urgency};
pub use load::LoadError;
pub use voice::{PiperSettings, PiperVoice};
