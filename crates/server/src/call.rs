//! One call, from the answered leg to the stored end: the driver around the conversation core, the audio paths, the
//! recording and the log.

mod ears;
mod log;
mod playout;
mod recorder;
mod runner;
mod teller;
mod usage;
pub mod web_leg;

pub use log::CallLog;
pub use recorder::{Recorded, Recorder};
pub use runner::{Control, Outcome, Setup, run};
pub use teller::{Record, Teller, ended_reason, records};
pub use usage::Meter;
