//! The program through its public API: in this process with scripted or failing engines, as a process of its own that is
//! killed and starved, and with the real engines on real audio. One binary, so that it is linked once.

mod barge_in;
mod client;
mod crash;
mod disk;
mod docs;
mod endings;
mod faults;
mod lines;
mod live;
mod models;
mod page;
mod process;
mod refusals;
mod soak;
mod talk;
mod web_call;
