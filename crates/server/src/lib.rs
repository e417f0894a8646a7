//! The program `voiceos`: the HTTP interface, the calls, and the command line around both.
//!
//! This crate decides how the parts come together; what to say when, how to hear and speak, and how to keep records are
//! the business of the crates below it.

pub mod app;
mod auth;
pub mod call;
pub mod calls;
pub mod cli;
pub mod config;
pub mod engines;
mod first_start;
pub mod live;
mod problem;
mod rates;
pub mod replay;
mod request;
mod routes;
mod serve;
mod signer;
pub mod talk;
mod telemetry;
mod view;
mod welcome;

pub use first_start::Furnished;
pub use routes::{Operation, operations};
pub use serve::{Ready, ServeError, serve};
