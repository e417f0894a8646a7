//! What the benches measure and how they show it. The calls themselves are in `calls`.

pub mod chart;
pub mod demo;
pub mod lines;
pub mod page;
pub mod voice;
