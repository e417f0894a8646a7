//! One call, from the answered leg to the stored end: the driver around the conversation core, the audio paths, the
//! recording and the log.

mod ears;
mod hold;
mod journal;
mod log;
mod places;
mod playout;
mod recorder;
mod recovery;
mod runner;
mod teller;
mod usage;
pub(crate) mod warm;
pub mod web_leg;

pub use hold::{Answered, engine, hold, rules_of};
pub use log::CallLog;
pub use places::Places;
pub use recorder::{Recorded, Recorder};
pub use recovery::recover;
pub use runner::{Control, Outcome, Setup, run};
pub use teller::{Record, Teller, ended_reason, records};
pub use usage::Meter;
