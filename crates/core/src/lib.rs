//! Decisions. What a conversation does next, given what has happened and when; pure: no clock, task, socket or random
//! number, so that a logged call replays anywhere and a million calls are simulated in seconds.
//!
//! [`Conversation::handle`] is the whole interface: a fact and its time go in, commands come out. Samples stay outside;
//! the core hears that speech started, what was understood, how much of a reply was played.

pub mod conversation;
pub mod replay;
pub mod sentence;
pub mod spoken;

pub use conversation::{
    At, Command, Conversation, Event, Input, Line, Port, Reason, ReplyId, Role, Rules, Timings,
};
