//! When something is due next, computed from the state, and what happens then.

use super::{Conversation, Out, tell};
use crate::conversation::{At, Event, Line, Port, Reason, turn::User};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Due {
    Limit,
    Goodbye,
    Endpoint,
    Noise,
    Stall(Port),
    /// A tool whose answer was interrupted never returned.
    LostTool(u32),
    Idle,
}

impl Conversation {
    /// When to call again at the latest; `None` once the call has ended. Derived from the state, never stored.
    pub fn deadline(&self) -> Option<At> {
        if self.ended {
            None
        } else {
            self.due().map(|(at, _)| at)
        }
    }

    pub(super) fn due(&self) -> Option<(At, Due)> {
        let mut next: Option<(At, Due)> = None;
        let mut at = |t: At, due| {
            if next.is_none_or(|(earliest, _)| t < earliest) {
                next = Some((t, due));
            }
        };
        if let Some(limit) = self.rules.limit_seconds {
            at(At::from_secs(limit), Due::Limit);
        }
        if let Some(closing) = &self.closing {
            at(
                closing.since.saturating_add(self.rules.goodbye),
                Due::Goodbye,
            );
        }
        match self.user {
            User::Paused {
                since,
                verdict,
                covered,
                ..
            } => {
                at(
                    self.turn.endpoint(&self.rules, since, verdict, covered),
                    Due::Endpoint,
                );
            }
            User::Speaking { words, .. } => at(words.saturating_add(self.rules.noise), Due::Noise),
            User::Silent | User::Noisy if self.reply.is_none() => {
                at(self.lively.saturating_add(self.rules.idle), Due::Idle);
            }
            User::Silent | User::Noisy => {}
        }
        if let Some(reply) = &self.reply
            && let Some((port, stall)) = reply.waits_for(&self.rules)
        {
            at(reply.progressed.saturating_add(stall), Due::Stall(port));
        }
        if let Some((called, call)) = self.lost_tool() {
            at(
                called.saturating_add(self.rules.tool_stall),
                Due::LostTool(call),
            );
        }
        next
    }

    /// The first tool without a result that no reply waits for: the messages behind it are waiting to be told.
    pub(super) fn lost_tool(&self) -> Option<(At, u32)> {
        self.history[self.told..]
            .iter()
            .find_map(|entry| match &entry.line {
                Line::Tool {
                    call, output: None, ..
                } if !self.reply.as_ref().is_some_and(|x| x.tools.contains(call)) => {
                    Some((entry.from, *call))
                }
                _ => None,
            })
    }

    pub(super) fn expire(&mut self, due: Due, out: &mut Out) {
        match due {
            Due::Limit => self.end(Reason::TimeLimit, out),
            Due::Goodbye => {
                let reason = self
                    .closing
                    .as_ref()
                    .map_or(Reason::Fault, |closing| closing.reason);
                self.end(reason, out);
            }
            Due::Endpoint => self.user = User::Silent,
            Due::Noise => self.user = User::Noisy,
            Due::Stall(Port::Tool) => {
                let late = self.reply.as_ref().map(|x| x.tools.clone());
                self.tools_stalled(late.unwrap_or_default(), out);
            }
            Due::LostTool(call) => self.tools_stalled(vec![call], out),
            Due::Stall(port) => {
                tell(
                    out,
                    Event::Faulted {
                        port,
                        stalled: true,
                    },
                );
                self.fail(port, out);
            }
            Due::Idle => self.idle(out),
        }
    }

    /// The model is told that there is no result, and goes on from there: the caller is not left in silence.
    pub(super) fn tools_stalled(&mut self, late: Vec<u32>, out: &mut Out) {
        tell(
            out,
            Event::Faulted {
                port: Port::Tool,
                stalled: true,
            },
        );
        for call in late {
            self.tool_returned(call, "error: no answer in time".to_owned(), out);
        }
    }

    pub(super) fn idle(&mut self, out: &mut Out) {
        self.lively = self.now;
        let prompt = self.rules.idle_prompts.get(self.idles as usize).cloned();
        self.idles += 1;
        if let Some(text) = prompt {
            tell(out, Event::IdlePrompted { count: self.idles });
            return self.say(text, true);
        }
        if let Some(text) = self.rules.idle_goodbye.clone() {
            self.say(text, true);
        }
        self.close(Reason::Idle);
    }
}
