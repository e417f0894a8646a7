//! Call legs: one side of a call, whatever carries it. Wire codecs are pure; whoever owns the socket joins them to it.

mod leg;
pub mod web;

pub use leg::{Leg, LegEvent, LegOrder};
