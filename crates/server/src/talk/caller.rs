//! Who is at the phone: a script, or (in `sound`) a person at a microphone. A caller is asked every 20 ms what it does,
//! knowing only what one hears at a phone; the socket is the client's affair.

use std::{collections::VecDeque, time::Duration};

use voiceos_audio::{Frame, mix};

/// What can be heard of the agent, 20 ms after 20 ms.
#[derive(Clone, Debug, Default)]
pub struct Agent {
    /// The server says that the agent is speaking.
    pub speaking: bool,
    /// How long the stretch of sound that is being heard has lasted; zero in silence.
    pub audible: Duration,
    /// How long the agent has neither been heard nor said to be speaking.
    pub quiet: Duration,
    silent: Duration,
}

/// Breaks in a stretch of sound that do not end it.
const BREATH: Duration = Duration::from_millis(300);
/// Softer is no sound of the agent's.
const AUDIBLE: f32 = -55.0;
/// Louder is the caller's voice and not the room.
const VOICED: f32 = -45.0;

impl Agent {
    /// The next 20 ms for the loudspeaker, of which `waiting` tells that more has been received.
    pub fn hear(&mut self, samples: &[i16], waiting: bool) {
        let loud = mix::dbfs(samples) > AUDIBLE;
        self.silent = if loud {
            Duration::ZERO
        } else {
            self.silent + Frame::LASTS
        };
        self.audible = match self.audible {
            Duration::ZERO if !loud => Duration::ZERO,
            _ if self.silent >= BREATH => Duration::ZERO,
            audible => audible + Frame::LASTS,
        };
        let active = self.speaking || waiting || loud;
        self.quiet = if active {
            Duration::ZERO
        } else {
            self.quiet + Frame::LASTS
        };
    }
}

/// What the caller does in the next 20 ms.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Exactly one frame of samples at the call's rate.
    Speak(Vec<i16>),
    Silence,
    Press(char),
    HangUp,
    /// The connection breaks without a word.
    Vanish,
}

pub trait Caller: Send {
    /// Asked once every 20 ms.
    fn act(&mut self, agent: &Agent) -> Act;
}

/// One step of a scripted call.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Samples at the call's rate.
    Say(Vec<i16>),
    Wait(Duration),
    /// Until the agent has said something and been quiet for [`DONE`]; at most the given time for it to begin.
    UntilAgentDone(Duration),
    /// Until a stretch of the agent's has been heard for this long: the moment to interrupt.
    UntilAgentSpeaks(Duration),
    Press(char),
    HangUp,
    /// Drop the connection.
    Vanish,
}

/// Quiet for this long, the agent is taken to have finished.
pub const DONE: Duration = Duration::from_millis(700);
/// How long a script waits for an agent that says nothing.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A caller that does one step after the other and then hangs up.
pub struct Script {
    frame: usize,
    steps: VecDeque<Step>,
    said: usize,
    waited: Duration,
    answered: bool,
    unanswered: u32,
}

impl Script {
    /// `rate` of the call in Hz.
    pub fn new(rate: u32, steps: impl IntoIterator<Item = Step>) -> Self {
        let steps = steps.into_iter().collect();
        Self {
            frame: Frame::len_at(rate),
            steps,
            said: 0,
            waited: Duration::ZERO,
            answered: false,
            unanswered: 0,
        }
    }

    /// The usual call: hear the greeting, then say each of `lines` and hear the answer out.
    pub fn conversation(rate: u32, lines: impl IntoIterator<Item = Vec<i16>>) -> Self {
        let turn = |line| [Step::Say(line), Step::UntilAgentDone(PATIENCE)];
        let greeting = Step::UntilAgentDone(Duration::from_secs(5));
        Self::new(
            rate,
            std::iter::once(greeting).chain(lines.into_iter().flat_map(turn)),
        )
    }

    /// Waits that ended without a word of the agent's.
    pub fn unanswered(&self) -> u32 {
        self.unanswered
    }

    fn next_step(&mut self) {
        // What the agent says in the silence at the end of a recording is the answer to it.
        self.answered &= matches!(self.steps.pop_front(), Some(Step::Say(_)));
        (self.said, self.waited) = (0, Duration::ZERO);
    }

    fn waits(&mut self, over: bool, patience: Duration) -> bool {
        self.waited += Frame::LASTS;
        let given_up = !over && !self.answered && self.waited >= patience;
        self.unanswered += given_up as u32;
        if over || given_up {
            self.next_step();
        }
        !(over || given_up)
    }

    fn say(&mut self, agent: &Agent) -> Option<Act> {
        let Some(Step::Say(samples)) = self.steps.front() else {
            return None;
        };
        let mut frame = samples.get(self.said..).unwrap_or_default().to_vec();
        frame.truncate(self.frame);
        if frame.is_empty() {
            self.next_step();
            return None;
        }
        self.said += frame.len();
        self.answered = mix::dbfs(&frame) < VOICED && (self.answered || agent.quiet.is_zero());
        frame.resize(self.frame, 0);
        Some(Act::Speak(frame))
    }
}

impl Caller for Script {
    fn act(&mut self, agent: &Agent) -> Act {
        loop {
            let waits = match self.steps.front() {
                None | Some(Step::HangUp) => return Act::HangUp,
                Some(Step::Vanish) => return Act::Vanish,
                Some(&Step::Press(key)) => {
                    self.next_step();
                    return Act::Press(key);
                }
                Some(Step::Say(_)) => match self.say(agent) {
                    Some(act) => return act,
                    None => false,
                },
                Some(&Step::Wait(time)) => self.waits(self.waited >= time, Duration::MAX),
                Some(&Step::UntilAgentDone(patience)) => {
                    self.answered |= agent.quiet.is_zero();
                    self.waits(self.answered && agent.quiet >= DONE, patience)
                }
                Some(&Step::UntilAgentSpeaks(time)) => self.waits(agent.audible >= time, PATIENCE),
            };
            if waits {
                return Act::Silence;
            }
        }
    }
}

#[cfg(test)]
mod tests;
