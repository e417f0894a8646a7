//! One answer of the agent: its text, its pieces of audio, and how much of it the caller has heard.

use std::time::Duration;

use super::{At, Mark, Port, ReplyId, Rules, Timings, turn::Turn};
use crate::{
    sentence::{PieceRules, Pieces},
    spoken::{Spoken, spoken},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing of it may be played yet: it is being made, or the caller speaks.
    Thinking,
    Speaking,
    /// Held back because the caller made a sound.
    Yielding,
}

/// A tool call of a speculative answer waits here: nothing with an effect is done for a turn that is not taken.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tool {
    pub call: u32,
    pub name: String,
    pub arguments: String,
}

/// Consecutive text that is spoken in one go.
struct Piece {
    /// In characters of the reply's text.
    start: usize,
    end: usize,
    spoken: Spoken,
    length: Duration,
    marks: Vec<Mark>,
    done: bool,
}

/// What a leg plays at least.
const FRAME: Duration = Duration::from_millis(20);

/// Characters a second, for a piece of which neither word times nor the length are known yet: unhurried English.
const PACE: f64 = 14.0;

impl Piece {
    /// Characters of the source said after `into` of the piece's audio.
    fn said(&self, into: Duration) -> usize {
        if self.done && into >= self.length {
            return self.end;
        }
        let spoken = if self.marks.is_empty() && self.done {
            let all = self.spoken.text.chars().count() as f64;
            (all * into.as_secs_f64() / self.length.as_secs_f64()) as u32 // `into` is less than `length` here
        } else if self.marks.is_empty() {
            (into.as_secs_f64() * PACE) as u32
        } else {
            self.marks
                .iter()
                .filter(|mark| mark.until <= into)
                .map(|mark| mark.chars)
                .max()
                .unwrap_or(0)
        };
        (self.start + self.spoken.heard(spoken) as usize).min(self.end)
    }
}

pub(super) struct Reply {
    pub id: ReplyId,
    pub stage: Stage,
    pub interruptible: bool,
    /// The turn it answers is still open.
    pub speculative: bool,
    /// The caller's words it answers; empty for what the agent says unasked.
    pub asked: String,
    /// The turn as it was taken, to be opened again if nobody hears the answer.
    pub taken: Option<Turn>,
    /// Where the user's line stands in the history once the turn is taken.
    pub answers: Option<usize>,
    pub tools: Vec<u32>,
    pub held: Vec<Tool>,
    pub generated: bool,
    /// Counts answers, for timings.
    pub turn: u32,
    pub timings: Timings,
    /// When a provider last got on with it.
    pub progressed: At,
    pub began: Option<At>,
    pub heard_at: At,
    text: String,
    chars: usize,
    cutter: Pieces,
    pieces: Vec<Piece>,
    played: Duration,
}

/// False for what has no sound: an emoji, a lone dash.
pub(super) fn is_audible(spoken: &str) -> bool {
    spoken.chars().any(char::is_alphanumeric)
}

/// A piece that is to be handed to the voice.
pub(super) struct Wanted {
    pub piece: u32,
    pub words: String,
}

impl Reply {
    pub(super) fn new(id: ReplyId, now: At) -> Self {
        Self {
            id,
            stage: Stage::Thinking,
            interruptible: true,
            speculative: false,
            asked: String::new(),
            taken: None,
            answers: None,
            tools: vec![],
            held: vec![],
            generated: false,
            turn: 0,
            timings: Timings::default(),
            progressed: now,
            began: None,
            heard_at: now,
            text: String::new(),
            chars: 0,
            cutter: Pieces::new(PieceRules::default()),
            pieces: vec![],
            played: Duration::ZERO,
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Adds what the model said; returns what can be spoken now.
    pub(super) fn push(&mut self, text: &str) -> Vec<Wanted> {
        self.generated = false;
        self.text.push_str(text);
        let mut cut = vec![];
        self.cutter.push(text, &mut cut);
        self.pronounce(cut)
    }

    /// The model has ended: the rest can be spoken.
    pub(super) fn finish(&mut self) -> Vec<Wanted> {
        self.generated = true;
        let mut cut = vec![];
        self.cutter.finish(&mut cut);
        self.pronounce(cut)
    }

    fn pronounce(&mut self, cut: Vec<String>) -> Vec<Wanted> {
        let mut wanted = vec![];
        for source in cut {
            let start = self.chars;
            self.chars += source.chars().count();
            let spoken = spoken(&source);
            let silent = !is_audible(&spoken.text);
            if !silent {
                wanted.push(Wanted {
                    piece: self.pieces.len() as u32,
                    words: spoken.text.clone(),
                });
            }
            let (length, marks) = (Duration::ZERO, vec![]);
            self.pieces.push(Piece {
                start,
                end: self.chars,
                spoken,
                length,
                marks,
                done: silent,
            });
        }
        wanted
    }

    pub(super) fn synthesized(&mut self, piece: u32, length: Duration) {
        if let Some(piece) = self.pieces.get_mut(piece as usize) {
            piece.length = piece.length.max(length);
        }
    }

    pub(super) fn pronounced(&mut self, piece: u32, marks: Vec<Mark>) {
        if let Some(piece) = self.pieces.get_mut(piece as usize) {
            (piece.marks, piece.done) = (marks, true);
        }
    }

    /// True when the played position moved on.
    pub(super) fn played(&mut self, until: Duration) -> bool {
        let moved = until > self.played;
        self.played = self.played.max(until);
        moved
    }

    /// There is audio that could be played.
    pub(super) fn has_audio(&self) -> bool {
        self.length() > self.played
    }

    /// There is a whole frame to play, or the reply's last short one: a shorter rest waits for what comes after it.
    fn owed_by_leg(&self) -> bool {
        let left = self.length().saturating_sub(self.played);
        let whole = self.generated && self.pieces.iter().all(|piece| piece.done);
        left >= FRAME || (whole && !left.is_zero())
    }

    fn length(&self) -> Duration {
        self.pieces.iter().map(|piece| piece.length).sum()
    }

    /// Only what the caller can have heard.
    pub(super) fn heard(&self) -> &str {
        let (mut before, mut chars) = (Duration::ZERO, 0);
        for piece in &self.pieces {
            if self.played <= before && !(piece.done && piece.length.is_zero() && chars > 0) {
                break;
            }
            chars = piece.said(self.played - before.min(self.played));
            if chars < piece.end {
                break;
            }
            before += piece.length;
        }
        let end = self
            .text
            .char_indices()
            .nth(chars)
            .map_or(self.text.len(), |(at, _)| at);
        self.text[..end].trim_end()
    }

    /// Nothing is left to make, to play or to wait for.
    pub(super) fn over(&self) -> bool {
        self.generated
            && self.settled()
            && self.pieces.iter().all(|piece| piece.done)
            && self.played >= self.length()
    }

    fn settled(&self) -> bool {
        self.tools.is_empty() && self.held.is_empty()
    }

    /// The model ended without a word, so there is nothing to be heard.
    pub(super) fn empty(&self) -> bool {
        self.generated && self.settled() && self.text.trim().is_empty()
    }

    /// Nearly all of it has been played, or what was heard asks the caller something: a "yeah" is an answer then.
    pub(super) fn awaits_answer(&self) -> bool {
        let left = self.length().saturating_sub(self.played);
        let whole = self.generated && self.pieces.iter().all(|piece| piece.done);
        (whole && left < Duration::from_millis(400)) || self.heard().ends_with('?')
    }

    /// Whose move it is, and how long that may take; `None` while the reply is merely held back.
    pub(super) fn waits_for(&self, rules: &Rules) -> Option<(Port, Duration)> {
        let voice = self.pieces.iter().any(|piece| !piece.done);
        match self.stage {
            Stage::Yielding => None,
            Stage::Speaking if self.owed_by_leg() => Some((Port::Leg, rules.leg_stall)),
            _ if voice => Some((Port::Voice, rules.voice_stall)),
            _ if !self.tools.is_empty() => Some((Port::Tool, rules.tool_stall)),
            _ if !self.generated => Some((Port::LanguageModel, rules.model_stall)),
            _ => None,
        }
    }
}
