//! The machine. `handle` takes a fact and its time; deadlines that have passed fire first, each at its own time, so a late
//! wake-up changes nothing; then `settle` makes the transitions that follow from the state alone. What the caller does is
//! in `caller`, what becomes of an answer in `answer`, what time does in `deadlines`.

mod answer;
mod caller;
mod deadlines;

use std::{collections::VecDeque, time::Duration};

use super::{
    At, Command, Entry, Event, Input, Line, Mark, Reason, Rules,
    reply::{Reply, Tool, is_audible},
    turn::{Turn, User},
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

    /// Lines that can no longer change. The last user line can while nobody has heard a word of an answer to it.
    fn tell_messages(&mut self, out: &mut Out) {
        let open = self.reply.as_ref().is_some_and(|x| {
            x.heard().is_empty()
                && !x.over()
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
        // What is said unasked has its line from its first sound; an answer that nobody heard leaves none.
        let heard = self
            .reply
            .as_ref()
            .is_some_and(|x| !x.heard().is_empty() || (x.began.is_some() && x.answers.is_none()));
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
