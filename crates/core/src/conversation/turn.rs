//! The caller: silent, speaking, pausing, or mere noise; and the words of the turn that is still open.

use super::{At, Rules, words};

/// What the caller is doing. Each state carries the moment from which its deadline is computed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum User {
    Silent,
    /// `words`: when speech began or last brought a new word; `wordless`: it brought none yet.
    Speaking {
        words: At,
        wordless: bool,
    },
    /// Speech ended at `since`. `covered`: a transcript of all of it is there. `noise`: since when sounds and pauses
    /// have alternated without a word.
    Paused {
        since: At,
        verdict: Option<u8>,
        covered: bool,
        noise: Option<At>,
    },
    /// The gate is open, but nothing has been said for long: music, a fan, a street.
    Noisy,
}

impl User {
    /// Nobody would be talked over.
    pub(super) fn quiet(self) -> bool {
        matches!(self, User::Silent | User::Noisy)
    }
}

/// The caller's words since the agent last took the floor.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Turn {
    /// Words of a turn that was taken but never answered audibly, then the utterances in their order.
    utterances: Vec<(Option<u32>, String)>,
    pub(super) from: Option<At>,
    pub(super) to: At,
    pub(super) silence: Option<At>,
    pub(super) transcript: Option<At>,
    pub(super) verdict: Option<At>,
}

impl Turn {
    pub(super) fn is_empty(&self) -> bool {
        self.utterances.iter().all(|(_, text)| text.is_empty())
    }

    pub(super) fn text(&self) -> String {
        let said: Vec<&str> = self
            .utterances
            .iter()
            .map(|(_, text)| text.as_str())
            .filter(|t| !t.is_empty())
            .collect();
        said.join(" ")
    }

    pub(super) fn has(&self, id: u32) -> bool {
        self.utterances.iter().any(|(known, _)| *known == Some(id))
    }

    /// The newest of its utterances.
    pub(super) fn newest(&self) -> Option<u32> {
        self.utterances.iter().filter_map(|(id, _)| *id).max()
    }

    /// Nothing that is heard from now on replaces these words.
    pub(super) fn seal(&mut self) {
        for (id, _) in &mut self.utterances {
            *id = None;
        }
    }

    /// Sets the words of one utterance; true when they changed.
    pub(super) fn hear(&mut self, id: u32, text: &str) -> bool {
        match self
            .utterances
            .iter_mut()
            .find(|(known, _)| *known == Some(id))
        {
            Some((_, old)) if old == text => false,
            Some((_, old)) => {
                text.clone_into(old);
                true
            }
            None => {
                self.utterances.push((Some(id), text.to_owned()));
                !text.is_empty()
            }
        }
    }

    /// Puts words back in front: nobody heard an answer to them, so the question is still open.
    pub(super) fn reopen(&mut self, taken: Turn) {
        let later = std::mem::replace(self, taken);
        self.utterances.extend(later.utterances);
        self.from = self.from.or(later.from);
        self.to = self.to.max(later.to);
        self.silence = later.silence.or(self.silence);
        self.transcript = later.transcript.or(self.transcript);
        self.verdict = later.verdict.or(self.verdict);
    }

    /// When a pause that began at `since` becomes the end of the turn.
    pub(super) fn endpoint(
        &self,
        rules: &Rules,
        since: At,
        verdict: Option<u8>,
        covered: bool,
    ) -> At {
        let mut wait = rules.wait(verdict);
        let text = self.text();
        if words::is_dangling(&text) {
            wait = wait.max(rules.long_silence);
        } else if text.ends_with('?') {
            wait = wait.min(rules.unjudged_silence); // a question is an end, whatever it sounded like
        } else if words::is_closing(&text) {
            wait = wait.min(rules.likely_silence);
        }
        if words::is_greeting(&text) {
            wait = wait.max(rules.likely_silence); // "Hello?", a breath, and then the question
        }
        if !covered {
            wait = wait.max(rules.transcriber_stall);
        }
        since.saturating_add(wait)
    }
}
