//! What the caller does: speech begins and ends, words come and change, a turn is taken or given up. Who may speak
//! follows in `settle`.

use super::{Conversation, Out, tell};
use crate::conversation::{
    At, Command, Entry, Event, Reason, Role,
    reply::Stage,
    turn::{Turn, User},
    words,
};

impl Conversation {
    pub(super) fn speech_started(&mut self, at: At, out: &mut Out) {
        if matches!(self.user, User::Speaking { .. } | User::Noisy) {
            return;
        }
        let words = match self.user {
            User::Paused { noise, .. } => noise.unwrap_or(self.now),
            _ => self.now,
        };
        let noisy = words.saturating_add(self.rules.noise) <= self.now;
        self.user = if noisy {
            User::Noisy
        } else {
            User::Speaking {
                words,
                wordless: true,
            }
        };
        self.turn.from.get_or_insert(at.min(self.now));
        tell(out, Event::SpeechStarted { who: Role::User });
        if noisy {
            return;
        }
        match &mut self.reply {
            Some(x) if x.speculative => self.cancel(out), // the caller goes on
            Some(x) if x.stage == Stage::Speaking && x.interruptible && self.closing.is_none() => {
                x.stage = Stage::Yielding;
                out.push(Command::Pause { reply: x.id });
            }
            _ => {}
        }
    }

    pub(super) fn speech_stopped(&mut self, at: At, out: &mut Out) {
        let since = at.min(self.now);
        let noise = match self.user {
            User::Speaking { words, wordless } => wordless.then_some(words),
            User::Noisy => Some(since.saturating_sub(self.rules.noise)),
            User::Silent | User::Paused { .. } => return,
        };
        self.user = User::Paused {
            since,
            verdict: None,
            covered: false,
            noise,
        };
        self.turn.to = since; // a transcript may have reached into the silence: the speech ended here
        (self.turn.silence, self.turn.verdict) = (Some(self.now), None);
        self.asked += 1;
        tell(out, Event::SpeechEnded { who: Role::User });
        out.push(Command::AskTurn { asked: self.asked });
    }

    pub(super) fn hear(&mut self, id: u32, text: &str, until: At, is_final: bool, out: &mut Out) {
        self.deaf = 0;
        if self.is_taken(id) {
            if !self.reopened(id, text, out) {
                return;
            }
        } else if !self.turn.has(id) && self.closed.is_some_and(|closed| id <= closed) {
            return;
        }
        let changed = self.turn.hear(id, text);
        if let User::Paused { since, covered, .. } = &mut self.user
            && is_final
            && until >= *since
        {
            *covered = true;
            self.turn.transcript = Some(self.now);
        }
        if changed {
            self.words_changed(until, is_final, out);
        }
    }

    /// The words belong to a turn that has been taken.
    pub(super) fn is_taken(&self, id: u32) -> bool {
        self.reply
            .as_ref()
            .and_then(|x| x.taken.as_ref())
            .is_some_and(|taken| taken.has(id))
    }

    /// Late words of a taken turn open it again, unless its answer is already being heard. True when it is open now.
    pub(super) fn reopened(&mut self, id: u32, text: &str, out: &mut Out) -> bool {
        let unheard = self.reply.as_ref().is_some_and(|x| x.began.is_none());
        let known = self.reply.as_ref().and_then(|x| x.taken.clone());
        let news = known.is_some_and(|mut taken| taken.hear(id, text));
        if unheard && news {
            self.cancel(out);
        }
        unheard && news
    }

    pub(super) fn words_changed(&mut self, until: At, is_final: bool, out: &mut Out) {
        let text = self.turn.text();
        if !text.is_empty() {
            self.words_came(&text, until, is_final, out);
        }
        self.tell_understood(out);
    }

    /// The open turn's words so far, on the line that they will have.
    pub(super) fn tell_understood(&self, out: &mut Out) {
        let (line, text) = (self.next_line(), self.turn.text());
        tell(out, Event::Understood { line, text });
    }

    fn words_came(&mut self, text: &str, until: At, is_final: bool, out: &mut Out) {
        (self.idles, self.lively) = (0, self.now);
        // Someone is there after all: a goodbye to nobody is taken back, any other end stays decided.
        self.closing
            .take_if(|closing| closing.reason == Reason::Idle);
        self.turn.from.get_or_insert(until.min(self.now));
        if !matches!(self.user, User::Paused { .. }) {
            self.turn.to = self.turn.to.max(until.min(self.now));
        }
        match &mut self.user {
            User::Speaking { .. } | User::Noisy => {
                self.user = User::Speaking {
                    words: self.now,
                    wordless: false,
                };
            }
            User::Silent => {
                self.user = User::Paused {
                    since: until.min(self.now),
                    verdict: None,
                    covered: is_final,
                    noise: None,
                };
            }
            User::Paused { noise, .. } => *noise = None,
        }
        self.yield_to(text, out);
    }

    /// Words make a barge-in real; a cough, a fan or an "mm-hm" never do.
    pub(super) fn yield_to(&mut self, text: &str, out: &mut Out) {
        let enough = words::count(text) >= self.rules.barge_in_words as usize;
        let closing = self.closing.is_some();
        let Some(x) = &self.reply else { return };
        let (id, audible, answer) = (x.id, x.began.is_some(), x.answers.is_some());
        let real = match x.stage {
            Stage::Thinking => true,
            _ => enough && (x.awaits_answer() || !words::is_backchannel(text)),
        };
        if real && (x.interruptible || x.speculative) && !closing {
            if audible {
                tell(out, Event::BargedIn { reply: id });
            }
            if audible && answer {
                self.faults = 0;
            }
            self.cancel(out);
        }
    }

    /// What paused for a sound goes on when the sound was nothing; an "mm-hm" is nobody's turn.
    pub(super) fn resume(&mut self, out: &mut Out) {
        if !self.user.quiet() {
            return;
        }
        let Some(x) = self.reply.as_mut().filter(|x| x.stage != Stage::Thinking) else {
            return;
        };
        let held_back = x.stage == Stage::Yielding;
        let id = x.id;
        if held_back {
            (x.stage, x.progressed) = (Stage::Speaking, self.now);
        }
        if !x.awaits_answer() && words::is_backchannel(&self.turn.text()) {
            self.close_turn(out);
        }
        if held_back {
            out.push(Command::Play { reply: id });
            tell(out, Event::Resumed { reply: id });
        }
    }

    /// The caller has finished and the floor is free: file the turn and have it answered.
    pub(super) fn take_turn(&mut self, out: &mut Out) {
        if !self.user.quiet() || self.turn.is_empty() || self.closing.is_some() {
            return;
        }
        let text = self.turn.text();
        match &self.reply {
            Some(x) if !x.speculative => return, // it will be answered after what is being said
            Some(x) if x.asked != text => self.cancel(out),
            _ => {}
        }
        let turn = self.close_turn(out);
        let from = turn.from.unwrap_or(turn.to);
        if self.reply.is_none() {
            self.generate(&turn, false, out);
        }
        self.history.push(Entry::user(text, from, turn.to));
        self.turns += 1;
        let (now, turns, answers) = (self.now, self.turns, self.history.len() - 1);
        let Some(x) = &mut self.reply else { return };
        (x.speculative, x.answers, x.turn) = (false, Some(answers), turns);
        x.timings.ended = turn.to;
        (x.timings.silence, x.timings.transcript) = (turn.silence, turn.transcript);
        (x.timings.verdict, x.timings.endpoint) = (turn.verdict, Some(now));
        x.taken = Some(turn);
        let held = std::mem::take(&mut x.held);
        x.tools.extend(held.iter().map(|tool| tool.call));
        for tool in held {
            self.run(tool, out);
        }
    }

    /// Files the open turn without an answer.
    pub(super) fn give_up_turn(&mut self, out: &mut Out) {
        if !self.turn.is_empty() {
            let turn = self.close_turn(out);
            let from = turn.from.unwrap_or(turn.to);
            self.history.push(Entry::user(turn.text(), from, turn.to));
        }
    }

    /// No further words belong to this turn.
    pub(super) fn close_turn(&mut self, out: &mut Out) -> Turn {
        out.push(Command::TakeTurn);
        self.closed = self.closed.max(self.turn.newest());
        std::mem::take(&mut self.turn)
    }

    /// The next transcriber may count its utterances from one again: they are none of those that are known.
    pub(super) fn seal(&mut self) {
        self.closed = None;
        self.turn.seal();
        if let Some(taken) = self.reply.as_mut().and_then(|x| x.taken.as_mut()) {
            taken.seal();
        }
    }
}
