//! Samples. Pure: no clock, no task, no I/O but what a `Write` is handed in for.
mod frame;
pub use frame::Frame;
