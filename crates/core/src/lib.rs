//! core
pub mod sentence;
pub mod spoken;
