//! What the end-to-end tests share: a browser with a microphone, and how to count what was misheard.

pub mod browser;
pub mod page;
pub mod wer;
