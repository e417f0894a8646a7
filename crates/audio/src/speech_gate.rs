//! From a detector's scores to edges: speech started, speech stopped. Decides with hysteresis, a short confirmation
//! and a floor that follows steady noise; what an edge means for the conversation is decided elsewhere.

use std::{collections::VecDeque, time::Duration};

use crate::Frame;

/// When the gate opens and closes. The defaults suit a detector that scores 0..1 on frames of 20 ms.
#[derive(Clone, Debug, PartialEq)]
pub struct GateRules {
    /// A frame that scores at least this is voiced while the gate is closed.
    pub open: f32,
    /// A frame that scores at least this is voiced while the gate is open or about to open.
    pub close: f32,
    /// Voiced frames in a row that open the gate: what is shorter is a click.
    pub confirm: u32,
    /// Silence after the last voiced frame that closes the gate.
    pub hangover: Duration,
    /// Decibels above the noise floor that a frame needs to be voiced.
    pub margin: f32,
    /// The floor is never believed to be below this, in dBFS: softer than floor and margin is not for us.
    pub quietest: f32,
}

impl Default for GateRules {
    fn default() -> Self {
        Self {
            open: 0.5,
            close: 0.35,
            confirm: 3,
            hangover: Duration::from_millis(100),
            margin: 6.0,
            quietest: -66.0,
        }
    }
}

/// A change, told as early as it is certain. Times are on the call's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// `at`: the start of the first voiced frame, [`SpeechGate::confirmation`] or more ago.
    Started { at: Duration },
    /// `at`: the end of the last voiced frame, the hangover or more ago.
    Stopped { at: Duration },
}

enum State {
    Closed,
    Opening {
        since: Duration,
        voiced: u32,
        last: Duration,
    },
    Open {
        last: Duration,
    },
}

pub struct SpeechGate {
    rules: GateRules,
    state: State,
    floor: Floor,
}

impl SpeechGate {
    pub fn new(rules: GateRules) -> Self {
        let floor = Floor::new(rules.quietest);
        Self {
            rules,
            state: State::Closed,
            floor,
        }
    }

    /// One frame of 20 ms that ended `at`: the detector's score (0..1), its level ([`crate::mix::dbfs`]).
    /// Frames come in order; a gap in `at` counts as silence.
    pub fn push(&mut self, score: f32, dbfs: f32, at: Duration) -> Option<Edge> {
        self.floor.push(dbfs);
        let loud = dbfs > self.floor.level() + self.rules.margin;
        let start = at.saturating_sub(Frame::LASTS);
        match &mut self.state {
            State::Closed if loud && score >= self.rules.open => {
                self.state = State::Opening {
                    since: start,
                    voiced: 1,
                    last: at,
                };
                self.confirm()
            }
            State::Closed => None,
            State::Opening { voiced, last, .. }
                if loud && score >= self.rules.close && start <= *last + Frame::LASTS =>
            {
                *voiced += (score >= self.rules.open) as u32;
                *last = at;
                self.confirm()
            }
            State::Opening { .. } => {
                self.state = State::Closed;
                None
            }
            State::Open { last }
                if loud
                    && score >= self.rules.close
                    && start.saturating_sub(*last) < self.rules.hangover =>
            {
                *last = at;
                None
            }
            State::Open { last } if at.saturating_sub(*last) >= self.rules.hangover => {
                let edge = Edge::Stopped { at: *last };
                self.state = State::Closed;
                Some(edge)
            }
            State::Open { .. } => None,
        }
    }

    fn confirm(&mut self) -> Option<Edge> {
        let State::Opening {
            since,
            voiced,
            last,
        } = self.state
        else {
            return None;
        };
        if voiced < self.rules.confirm {
            return None;
        }
        self.state = State::Open { last };
        Some(Edge::Started { at: since })
    }

    /// How long speech must last before the gate opens: what any reaction to it is late by.
    pub fn confirmation(&self) -> Duration {
        Frame::LASTS * self.rules.confirm.max(1)
    }

    /// How long it must be quiet before the gate closes.
    pub fn hangover(&self) -> Duration {
        self.rules.hangover
    }

    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// The noise floor as it is believed now, in dBFS.
    pub fn floor(&self) -> f32 {
        self.floor.level()
    }
}

/// The quietest 60 ms of the last three seconds: speech has gaps in three seconds, a fan has none.
struct Floor {
    quietest: f32,
    recent: VecDeque<f32>,
    /// Minima of the last half seconds.
    minima: VecDeque<f32>,
    minimum: f32,
    frames: u32,
}

impl Floor {
    const FRAMES: u32 = 25;
    const MINIMA: usize = 6;

    fn new(quietest: f32) -> Self {
        let (recent, minima) = (
            VecDeque::with_capacity(4),
            VecDeque::with_capacity(Self::MINIMA + 1),
        );
        Self {
            quietest,
            recent,
            minima,
            minimum: f32::INFINITY,
            frames: 0,
        }
    }

    fn push(&mut self, dbfs: f32) {
        self.recent.push_back(dbfs);
        if self.recent.len() > 3 {
            self.recent.pop_front();
        }
        let smooth = self
            .recent
            .iter()
            .copied()
            .fold(f32::NEG_INFINITY, f32::max);
        self.minimum = self.minimum.min(smooth);
        self.frames += 1;
        if self.frames == Self::FRAMES {
            self.minima.push_back(self.minimum);
            if self.minima.len() > Self::MINIMA {
                self.minima.pop_front();
            }
            (self.minimum, self.frames) = (f32::INFINITY, 0);
        }
    }

    /// Nothing is believed before the window is full: the caller may have spoken at once and without a gap.
    fn level(&self) -> f32 {
        if self.minima.len() < Self::MINIMA {
            return self.quietest;
        }
        self.minima
            .iter()
            .copied()
            .fold(self.minimum, f32::min)
            .max(self.quietest)
    }
}

#[cfg(test)]
mod tests;
