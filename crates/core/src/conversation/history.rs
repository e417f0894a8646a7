//! The lines of a conversation: what the caller said and what the caller heard.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{At, micros};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    User,
    Agent,
}

/// What a language model is shown of one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    User(String),
    Agent(String),
    Tool {
        call: u32,
        name: String,
        arguments: String,
        output: Option<String>,
    },
}

/// A line with its times on the call's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub line: Line,
    /// Where its sound began.
    #[serde(with = "micros")]
    pub from: At,
    /// Where its sound ended, or broke off.
    #[serde(with = "micros")]
    pub to: At,
    /// True when the agent had more to say than was heard.
    pub interrupted: bool,
}

impl Entry {
    pub(super) fn user(text: String, from: At, to: At) -> Self {
        Self {
            line: Line::User(text),
            from,
            to: to.max(from),
            interrupted: false,
        }
    }

    pub(super) fn tool(call: u32, name: String, arguments: String, at: Duration) -> Self {
        Self {
            line: Line::Tool {
                call,
                name,
                arguments,
                output: None,
            },
            from: at,
            to: at,
            interrupted: false,
        }
    }
}
