//! A call's log: its rules, then each fact with its time and what the machine made of it. Replaying the facts must give
//! the same commands, bit for bit; after a crash the log tells what had been heard.

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};

use crate::{At, Command, Conversation, Input, Reason, Rules, conversation::micros};

/// The version written in the first line; a reader refuses others.
pub const VERSION: u32 = 1;

/// The first line of a log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    pub version: u32,
    pub conversation: String,
    /// The wall clock when the call was answered, in milliseconds since 1970. The machine never sees it.
    pub began_ms: i64,
    pub rules: Rules,
}

/// Every further line: one call of [`Conversation::handle`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    #[serde(with = "micros")]
    pub at: At,
    #[serde(rename = "in")]
    pub input: Input,
    #[serde(rename = "out")]
    pub commands: Vec<Command>,
}

#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error("the log cannot be read")]
    Unreadable(#[source] io::Error),
    #[error("the log is empty")]
    Empty,
    #[error("line {line} of the log is not understood; was it written by another version?")]
    Malformed {
        line: usize,
        #[source]
        cause: serde_json::Error,
    },
    #[error("the log has version {0}, this program reads version {VERSION}")]
    Version(u32),
}

/// Where a replay first took another way than the call.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Counts steps from 1.
    pub step: usize,
    pub at: At,
    pub logged: Vec<Command>,
    pub replayed: Vec<Command>,
}

/// A log that has been played again.
pub struct Replayed {
    pub head: Head,
    pub conversation: Conversation,
    pub steps: Vec<Step>,
    pub difference: Option<Difference>,
    /// The last line was cut off: the program died while writing it.
    pub truncated: bool,
}

impl Replayed {
    /// Ends a call whose program died: what the machine would have told had the leg closed then.
    pub fn close(&mut self, reason: Reason) -> Vec<Command> {
        let at = self.steps.last().map_or(At::ZERO, |step| step.at);
        let mut out = vec![];
        self.conversation
            .handle(at, Input::Closed { reason }, &mut out);
        out
    }
}

pub fn write_head(mut to: impl Write, head: &Head) -> io::Result<()> {
    serde_json::to_writer(&mut to, head)?;
    to.write_all(b"\n")
}

/// Plays a log again, step by step.
pub fn replay(log: impl BufRead) -> Result<Replayed, ReplayError> {
    let lines: Vec<Vec<u8>> = log
        .split(b'\n')
        .collect::<Result<_, _>>()
        .map_err(ReplayError::Unreadable)?;
    let (first, rest) = lines.split_first().ok_or(ReplayError::Empty)?;
    let head: Head =
        serde_json::from_slice(first).map_err(|cause| ReplayError::Malformed { line: 1, cause })?;
    if head.version != VERSION {
        return Err(ReplayError::Version(head.version));
    }
    let mut replayed = Replayed {
        conversation: Conversation::new(head.rules.clone()),
        head,
        steps: Vec::with_capacity(rest.len()),
        difference: None,
        truncated: false,
    };
    for (index, line) in rest.iter().enumerate() {
        match serde_json::from_slice::<Step>(line) {
            Ok(step) => replayed.play(step),
            Err(_) if index + 1 == rest.len() => replayed.truncated = true,
            Err(cause) => {
                return Err(ReplayError::Malformed {
                    line: index + 2,
                    cause,
                });
            }
        }
    }
    Ok(replayed)
}

impl Replayed {
    fn play(&mut self, step: Step) {
        let mut out = vec![];
        self.conversation
            .handle(step.at, step.input.clone(), &mut out);
        if out != step.commands && self.difference.is_none() {
            let (number, logged) = (self.steps.len() + 1, step.commands.clone());
            self.difference = Some(Difference {
                step: number,
                at: step.at,
                logged,
                replayed: out,
            });
        }
        self.steps.push(step);
    }
}
