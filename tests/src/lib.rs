//! What end-to-end tests and benches share: a browser with a microphone, callers who speak, the whole server in this
//! process, and how to count what was misheard.

pub mod bench;
pub mod browser;
pub mod caller_voice;
pub mod calls;
pub mod figures;
pub mod listen;
pub mod page;
pub mod stack;
pub mod wer;
