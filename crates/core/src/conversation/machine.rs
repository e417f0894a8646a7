//! The machine. `handle` takes a fact and its time; deadlines that have passed fire first, each at its own time, so a late
//! wake-up changes nothing; then `settle` makes the transitions that follow from the state alone.

use std::collections::VecDeque;
use std::time::Duration;

use super::{
    At, Command, Entry, Event, Input, Line, Mark, Port, Reason, ReplyId, Role, Rules,
    reply::{Reply, Stage, Tool, Wanted, is_audible},
    turn::{Turn, User},
    words,
};
use crate::spoken::spoken;

struct Say {
    text: String,
    interruptible: bool,
}

struct Closing {
    reason: Reason,
    since: At,
}

/// One conversation. See the module's prose; [`Conversation::handle`] and [`Conversation::deadline`] are all there is.
pub struct Conversation {
    rules: Rules,
    now: At,
    user: User,
    /// The caller's words that nobody answers yet.
    turn: Turn,
    reply: Option<Reply>,
    /// What is to be said as soon as the floor is free; bounded by [`MAX_SAYS`].
    says: VecDeque<Say>,
    history: Vec<Entry>,
    /// Lines of the history that have been told as final.
    told: usize,
    replies: u32,
    turns: u32,
    /// The newest utterance of a turn that is closed: what comes of it now is an echo, not a question.
    closed: Option<u32>,
    asked: u32,
    idles: u32,
    /// When a word was last said by either side: a noise does not put off the idle prompt.
    lively: At,
    faults: u32,
    deaf: u32,
    closing: Option<Closing>,
    ended: bool,
}

/// More waiting announcements than this are a runaway caller of the API: the oldest stays, the newest is refused.
const MAX_SAYS: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Due {
    Limit,
    Goodbye,
    Endpoint,
    Noise,
    Stall(Port),
    /// A tool whose answer was interrupted never returned.
    LostTool(u32),
    Idle,
}

type Out = Vec<Command>;

impl Conversation {
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            now: At::ZERO,
            user: User::Silent,
            turn: Turn::default(),
            reply: None,
            says: VecDeque::new(),
            history: vec![],
            told: 0,
            replies: 0,
            turns: 0,
            closed: None,
            asked: 0,
            idles: 0,
            lively: At::ZERO,
            faults: 0,
            deaf: 0,
            closing: None,
            ended: false,
        }
    }

    /// All lines so far, the open turn and the reply in the air excepted.
    pub fn history(&self) -> &[Entry] {
        &self.history
    }

    pub fn ended(&self) -> bool {
        self.ended
    }

    /// What the caller has said in the turn that is still open.
    pub fn open_turn(&self) -> String {
        self.turn.text()
    }

    /// What a language model would be shown now, if the caller had said `words` and nothing else since.
    pub fn lines_with(&self, words: &str) -> Vec<Line> {
        let mut lines: Vec<Line> = self
            .history
            .iter()
            .map(|entry| entry.line.clone())
            .collect();
        if let Some(reply) = &self.reply
            && !reply.heard().is_empty()
        {
            lines.push(Line::Agent(reply.heard().to_owned()));
        }
        if !words.is_empty() {
            lines.push(Line::User(words.to_owned()));
        }
        lines
    }

    /// When to call again at the latest; `None` once the call has ended. Derived from the state, never stored.
    pub fn deadline(&self) -> Option<At> {
        if self.ended {
            None
        } else {
            self.due().map(|(at, _)| at)
        }
    }

    fn due(&self) -> Option<(At, Due)> {
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
    fn lost_tool(&self) -> Option<(At, u32)> {
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

    /// Takes a fact that happened at `now` and appends what is to be done. Facts must come in the order of their times;
    /// an earlier `now` counts as the latest seen.
    pub fn handle(&mut self, now: At, input: Input, out: &mut Out) {
        while !self.ended
            && let Some((at, due)) = self.due()
            && at <= now
        {
            self.now = self.now.max(at);
            self.expire(due, out);
            self.settle(out);
        }
        self.now = self.now.max(now);
        if self.ended {
            return;
        }
        self.take_in(input, out);
        self.settle(out);
    }

    fn take_in(&mut self, input: Input, out: &mut Out) {
        let now = self.now;
        match input {
            Input::Answered => self.answered(),
            Input::SpeechStarted { at } => self.speech_started(at, out),
            Input::SpeechStopped { at } => self.speech_stopped(at, out),
            Input::Utterance {
                id,
                text,
                until,
                is_final,
            } => self.hear(id, text.trim(), until, is_final, out),
            Input::Verdict { asked, percent } if asked == self.asked => {
                if let User::Paused { verdict, .. } = &mut self.user {
                    *verdict = Some(percent);
                    self.turn.verdict = Some(now);
                }
            }
            Input::Token { reply, text } => {
                if let Some(x) = self.current(reply) {
                    x.timings.first_token.get_or_insert(now);
                    let wanted = x.push(&text);
                    self.speak(wanted, out);
                }
            }
            Input::Generated { reply } => {
                if let Some(x) = self.current(reply) {
                    let wanted = x.finish();
                    let text = x.text().to_owned();
                    self.speak(wanted, out);
                    tell(out, Event::Generated { reply, text });
                }
            }
            Input::ToolCalled {
                reply,
                call,
                name,
                arguments,
            } => self.tool_called(
                reply,
                Tool {
                    call,
                    name,
                    arguments,
                },
                out,
            ),
            Input::ToolReturned { call, output } => self.tool_returned(call, output, out),
            Input::Synthesized {
                reply,
                piece,
                length,
            } => {
                if let Some(x) = self.current(reply) {
                    x.timings.first_speech.get_or_insert(now);
                    x.synthesized(piece, length);
                }
            }
            Input::Pronounced {
                reply,
                piece,
                marks,
            } => {
                if let Some(x) = self.current(reply) {
                    x.pronounced(piece, marks);
                }
            }
            Input::Began { reply } => self.began(reply, out),
            Input::Played { reply, until } => self.played(reply, until, out),
            Input::Faulted { port, reply } => self.faulted(port, reply, out),
            Input::Say {
                text,
                interruptible,
            } => self.say(text, interruptible),
            Input::Dtmf { digit } => {
                (self.idles, self.lively) = (0, now);
                tell(out, Event::DtmfReceived { digit });
            }
            Input::HangUp { reason } => self.close(reason),
            Input::Closed { reason } => self.end(reason, out),
            Input::Verdict { .. } | Input::Wake => {}
        }
    }

    fn answered(&mut self) {
        self.lively = self.now;
        if let Some(text) = self.rules.initial_message.clone() {
            self.say(text, self.rules.initial_message_interruptible);
        }
    }

    fn say(&mut self, text: String, interruptible: bool) {
        if is_audible(&spoken(&text).text) && self.closing.is_none() && self.says.len() < MAX_SAYS {
            self.says.push_back(Say {
                text,
                interruptible,
            });
        }
    }

    fn close(&mut self, reason: Reason) {
        let since = self.now;
        self.closing.get_or_insert(Closing { reason, since });
    }

    // ── the caller ────────────────────────────────────────────────────────────────────────────────────────────────

    fn speech_started(&mut self, at: At, out: &mut Out) {
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

    fn speech_stopped(&mut self, at: At, out: &mut Out) {
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

    fn hear(&mut self, id: u32, text: &str, until: At, is_final: bool, out: &mut Out) {
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
    fn is_taken(&self, id: u32) -> bool {
        self.reply
            .as_ref()
            .and_then(|x| x.taken.as_ref())
            .is_some_and(|taken| taken.has(id))
    }

    /// Late words of a taken turn open it again, unless its answer is already being heard. True when it is open now.
    fn reopened(&mut self, id: u32, text: &str, out: &mut Out) -> bool {
        let unheard = self.reply.as_ref().is_some_and(|x| x.began.is_none());
        let known = self.reply.as_ref().and_then(|x| x.taken.clone());
        let news = known.is_some_and(|mut taken| taken.hear(id, text));
        if unheard && news {
            self.cancel(out);
        }
        unheard && news
    }

    fn words_changed(&mut self, until: At, is_final: bool, out: &mut Out) {
        let text = self.turn.text();
        let line = self.next_line();
        tell(
            out,
            Event::Understood {
                line,
                text: text.clone(),
            },
        );
        if text.is_empty() {
            return;
        }
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
        self.yield_to(&text, out);
    }

    /// Words make a barge-in real; a cough, a fan or an "mm-hm" never do.
    fn yield_to(&mut self, text: &str, out: &mut Out) {
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

    // ── the reply ─────────────────────────────────────────────────────────────────────────────────────────────────

    /// The only door for provider results: whatever is not about the current reply is stale and ends here.
    fn current(&mut self, id: ReplyId) -> Option<&mut Reply> {
        let now = self.now;
        let reply = self.reply.as_mut().filter(|x| x.id == id)?;
        reply.progressed = now;
        Some(reply)
    }

    fn speak(&mut self, wanted: Vec<Wanted>, out: &mut Out) {
        let now = self.now;
        if let Some(x) = &mut self.reply {
            for Wanted { piece, words } in wanted {
                x.timings.first_piece.get_or_insert(now);
                out.push(Command::Speak {
                    reply: x.id,
                    piece,
                    words,
                });
            }
        }
    }

    fn began(&mut self, id: ReplyId, out: &mut Out) {
        let now = self.now;
        let Some(x) = self.current(id) else { return };
        if x.began.is_some() {
            return;
        }
        x.began = Some(now);
        x.timings.first_audio = Some(now);
        let (turn, timings) = (x.turn, x.timings);
        tell(out, Event::SpeechStarted { who: Role::Agent });
        if turn > 0 {
            tell(out, Event::TurnAnswered { turn, timings });
        }
    }

    fn played(&mut self, id: ReplyId, until: Duration, out: &mut Out) {
        let (now, line) = (self.now, self.history.len() as u32);
        let Some(x) = self.reply.as_mut().filter(|x| x.id == id) else {
            return;
        };
        let before = x.heard().len();
        if !x.played(until) {
            return; // a repeated mark is no progress
        }
        (x.progressed, x.heard_at) = (now, now);
        x.began.get_or_insert(now);
        if x.heard().len() > before {
            let text = x.heard().to_owned();
            tell(out, Event::Heard { line, text });
        }
    }

    fn tool_called(&mut self, id: ReplyId, tool: Tool, out: &mut Out) {
        let Some(x) = self.current(id) else { return };
        if x.speculative {
            x.held.push(tool);
        } else {
            x.tools.push(tool.call);
            self.run(tool, out);
        }
    }

    fn run(
        &mut self,
        Tool {
            call,
            name,
            arguments,
        }: Tool,
        out: &mut Out,
    ) {
        self.history
            .push(Entry::tool(call, name.clone(), arguments.clone(), self.now));
        out.push(Command::RunTool {
            call,
            name,
            arguments,
        });
    }

    /// A fact about the world: kept, whoever holds the floor.
    fn tool_returned(&mut self, returned: u32, result: String, out: &mut Out) {
        let now = self.now;
        for entry in &mut self.history {
            if let Line::Tool { call, output, .. } = &mut entry.line
                && *call == returned
                && output.is_none()
            {
                (*output, entry.to) = (Some(result.clone()), now);
            }
        }
        let Some(x) = &mut self.reply else { return };
        if !x.tools.contains(&returned) {
            return;
        }
        x.tools.retain(|call| *call != returned);
        x.progressed = now;
        if x.tools.is_empty() {
            x.generated = false;
            let (reply, said, after) = (x.id, x.text().trim_end().to_owned(), x.answers);
            let mut lines: Vec<Line> = self
                .history
                .iter()
                .map(|entry| entry.line.clone())
                .collect();
            // What it said before it called is still to be heard: the model must not say it again.
            if !said.is_empty() {
                let place = after.map_or(lines.len(), |index| index + 1);
                lines.insert(place, Line::Agent(said));
            }
            out.push(Command::Generate { reply, lines });
        }
    }

    /// Takes the reply out of the air and keeps what was heard of it.
    fn cancel(&mut self, out: &mut Out) {
        if let Some(x) = self.reply.take() {
            out.push(Command::Drop { reply: x.id });
            self.retire(x, out);
        }
    }

    fn retire(&mut self, x: Reply, out: &mut Out) {
        self.lively = self.now;
        let (heard, over) = (x.heard().to_owned(), x.over());
        if let Some(from) = x.began {
            tell(out, Event::SpeechEnded { who: Role::Agent });
            if !heard.is_empty() {
                let (line, to) = (Line::Agent(heard), x.heard_at.max(from));
                self.history.push(Entry {
                    line,
                    from,
                    to,
                    interrupted: !over,
                });
                return;
            }
        }
        // Nobody heard an answer, so the question is still open: the next words belong to it.
        if let (Some(index), Some(taken)) = (x.answers, x.taken)
            && index + 1 == self.history.len()
            && index >= self.told
        {
            self.history.pop();
            self.turn.reopen(taken);
        }
    }

    fn faulted(&mut self, port: Port, reply: Option<ReplyId>, out: &mut Out) {
        match port {
            Port::TurnDetector => {} // the turn then ends by silence alone
            Port::Transcriber => {
                self.deaf += 1;
                self.seal();
                if self.deaf >= self.rules.max_faults {
                    self.close(Reason::Fault);
                }
            }
            _ => {
                if reply.is_some() && self.reply.as_ref().map(|x| x.id) == reply {
                    self.fail(port, out);
                }
            }
        }
        tell(
            out,
            Event::Faulted {
                port,
                stalled: false,
            },
        );
    }

    /// A provider failed the current reply: free the floor, try once more, then say so, then end.
    fn fail(&mut self, port: Port, out: &mut Out) {
        let speculative = self.reply.as_ref().is_some_and(|x| x.speculative);
        let audible = self.reply.as_ref().is_some_and(|x| x.began.is_some());
        self.faults += 1;
        self.cancel(out);
        if self.faults >= self.rules.max_faults {
            return self.close(Reason::Fault);
        }
        let again = !audible && self.faults == 1 && !self.turn.is_empty(); // settle() asks once more
        if again || speculative {
            return;
        }
        self.give_up_turn(out);
        if port != Port::Voice
            && let Some(text) = self.rules.fault_message.clone()
        {
            self.say(text, true);
        }
    }

    /// The next transcriber may count its utterances from one again: they are none of those that are known.
    fn seal(&mut self) {
        self.closed = None;
        self.turn.seal();
        if let Some(taken) = self.reply.as_mut().and_then(|x| x.taken.as_mut()) {
            taken.seal();
        }
    }

    /// Files the open turn without an answer.
    fn give_up_turn(&mut self, out: &mut Out) {
        if !self.turn.is_empty() {
            let turn = self.close_turn(out);
            let from = turn.from.unwrap_or(turn.to);
            self.history.push(Entry::user(turn.text(), from, turn.to));
        }
    }

    /// No further words belong to this turn.
    fn close_turn(&mut self, out: &mut Out) -> Turn {
        out.push(Command::TakeTurn);
        self.closed = self.closed.max(self.turn.newest());
        std::mem::take(&mut self.turn)
    }

    // ── time ──────────────────────────────────────────────────────────────────────────────────────────────────────

    fn expire(&mut self, due: Due, out: &mut Out) {
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
    fn tools_stalled(&mut self, late: Vec<u32>, out: &mut Out) {
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

    fn idle(&mut self, out: &mut Out) {
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

    /// The transitions that follow from the state alone; run after every input and every deadline.
    fn settle(&mut self, out: &mut Out) {
        if self.ended {
            return;
        }
        self.finish_reply(out);
        if matches!(self.user, User::Paused { covered: true, .. }) && self.turn.is_empty() {
            self.user = User::Silent; // it was only noise
        }
        self.drop_vain_speculation(out);
        self.resume(out);
        self.take_turn(out);
        self.finish_reply(out); // an answer in advance may have no sound
        self.start_say(out);
        self.speculate(out);
        self.begin(out);
        self.tell_messages(out);
        if self.reply.is_none()
            && self.says.is_empty()
            && let Some(closing) = &self.closing
        {
            self.end(closing.reason, out);
        }
    }

    fn finish_reply(&mut self, out: &mut Out) {
        if self.reply.as_ref().is_some_and(Reply::empty) {
            tell(
                out,
                Event::Faulted {
                    port: Port::LanguageModel,
                    stalled: false,
                },
            );
            return self.fail(Port::LanguageModel, out);
        }
        let over = |x: &mut Reply| !x.speculative && x.over();
        if let Some(mut x) = self.reply.take_if(over) {
            if x.answers.is_some() {
                self.faults = 0; // an apology that was heard proves nothing about the model
            }
            x.taken = None; // it is answered, if only by an emoji that nobody can hear
            self.retire(x, out);
        }
    }

    /// An answer in advance to words that turned out to be none, or that nobody will answer any more.
    fn drop_vain_speculation(&mut self, out: &mut Out) {
        let vain = self.turn.is_empty() || self.closing.is_some();
        if vain && self.reply.as_ref().is_some_and(|x| x.speculative) {
            self.cancel(out);
        }
    }

    /// What paused for a sound goes on when the sound was nothing; an "mm-hm" is nobody's turn.
    fn resume(&mut self, out: &mut Out) {
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
    fn take_turn(&mut self, out: &mut Out) {
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

    /// A likely end of the turn: think ahead, so that the answer is ready when the end is sure.
    fn speculate(&mut self, out: &mut Out) {
        let User::Paused { covered: true, .. } = self.user else {
            return;
        };
        if !self.rules.speculate
            || self.reply.is_some()
            || self.turn.is_empty()
            || self.closing.is_some()
        {
            return;
        }
        if !self.says.is_empty() || self.faults > 0 {
            return;
        }
        let turn = self.turn.clone();
        self.generate(&turn, true, out);
    }

    fn generate(&mut self, turn: &Turn, speculative: bool, out: &mut Out) {
        self.replies += 1;
        let mut x = Reply::new(ReplyId(self.replies), self.now);
        (x.speculative, x.asked) = (speculative, turn.text());
        let lines = self.lines_with(&x.asked);
        out.push(Command::Generate { reply: x.id, lines });
        self.reply = Some(x);
    }

    fn start_say(&mut self, out: &mut Out) {
        if !self.user.quiet() || self.reply.as_ref().is_some_and(|x| !x.speculative) {
            return;
        }
        let Some(say) = self.says.pop_front() else {
            return;
        };
        self.cancel(out);
        self.replies += 1;
        let mut x = Reply::new(ReplyId(self.replies), self.now);
        x.interruptible = say.interruptible;
        let mut wanted = x.push(&say.text);
        wanted.extend(x.finish());
        let (reply, text) = (x.id, say.text);
        self.reply = Some(x);
        self.speak(wanted, out);
        tell(out, Event::Generated { reply, text });
    }

    /// The first audio may be heard once the turn is taken and nobody would be talked over.
    fn begin(&mut self, out: &mut Out) {
        let quiet = self.user.quiet();
        if let Some(x) = &mut self.reply
            && quiet
            && !x.speculative
            && x.stage == Stage::Thinking
            && x.has_audio()
        {
            (x.stage, x.progressed) = (Stage::Speaking, self.now);
            out.push(Command::Play { reply: x.id });
        }
    }

    /// Lines that can no longer change. The last user line can while nobody has heard an answer to it.
    fn tell_messages(&mut self, out: &mut Out) {
        let open = self.reply.as_ref().is_some_and(|x| {
            x.began.is_none()
                && x.answers
                    .is_some_and(|index| index + 1 == self.history.len())
        });
        let firm = self.history.len() - usize::from(open);
        while self.told < firm {
            let entry = self.history[self.told].clone();
            if matches!(&entry.line, Line::Tool { output: None, .. }) && !self.ended {
                break; // told with its result
            }
            tell(
                out,
                Event::Message {
                    line: self.told as u32,
                    entry,
                },
            );
            self.told += 1;
        }
    }

    fn next_line(&self) -> u32 {
        let heard = self.reply.as_ref().is_some_and(|x| x.began.is_some());
        self.history.len() as u32 + u32::from(heard)
    }

    fn end(&mut self, reason: Reason, out: &mut Out) {
        if self.ended {
            return;
        }
        self.cancel(out);
        self.give_up_turn(out);
        self.ended = true;
        self.tell_messages(out);
        tell(out, Event::Ended { reason });
        out.push(Command::HangUp { reason });
    }
}

fn tell(out: &mut Out, event: Event) {
    out.push(Command::Tell { event });
}

impl Mark {
    pub fn new(chars: u32, until: Duration) -> Self {
        Self { chars, until }
    }
}
