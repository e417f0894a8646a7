//! What end-to-end tests and benches share: servers and programs to call, telephones to call them with, engines that fail,
//! a browser with a microphone, callers who speak, and how to count what was misheard.

pub mod api;
pub mod bench;
pub mod browser;
pub mod caller_voice;
pub mod calls;
pub mod faulty;
pub mod figures;
pub mod line;
pub mod listen;
pub mod page;
pub mod phone;
pub mod program;
pub mod python;
pub mod server;
pub mod soak;
pub mod stack;
pub mod wer;
