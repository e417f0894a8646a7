//! What becomes of a reply: what providers send of it, what was heard of it, its tools, its failures; and when the next one
//! is begun.

use std::time::Duration;

use super::{Conversation, Out, tell};
use crate::conversation::{
    Command, Entry, Event, Line, Port, Reason, ReplyId, Role,
    reply::{Reply, Stage, Tool, Wanted},
    turn::{Turn, User},
};

impl Conversation {
    /// The only door for provider results: whatever is not about the current reply is stale and ends here.
    pub(super) fn current(&mut self, id: ReplyId) -> Option<&mut Reply> {
        let now = self.now;
        let reply = self.reply.as_mut().filter(|x| x.id == id)?;
        reply.progressed = now;
        Some(reply)
    }

    pub(super) fn speak(&mut self, wanted: Vec<Wanted>, out: &mut Out) {
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

    pub(super) fn began(&mut self, id: ReplyId, out: &mut Out) {
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

    pub(super) fn played(&mut self, id: ReplyId, until: Duration, out: &mut Out) {
        let (now, line) = (self.now, self.history.len() as u32);
        let Some(x) = self.reply.as_mut().filter(|x| x.id == id) else {
            return;
        };
        let (before, answers) = (x.heard().len(), x.answers.is_some());
        if !x.played(until) {
            return; // a repeated mark is no progress
        }
        (x.progressed, x.heard_at) = (now, now);
        x.began.get_or_insert(now);
        if x.heard().len() > before {
            let text = x.heard().to_owned();
            tell(out, Event::Heard { line, text });
            if before == 0 && answers && !self.turn.is_empty() {
                self.tell_understood(out); // a line further down now
            }
        }
    }

    pub(super) fn tool_called(&mut self, id: ReplyId, tool: Tool, out: &mut Out) {
        let Some(x) = self.current(id) else { return };
        if x.speculative {
            x.held.push(tool);
        } else {
            x.tools.push(tool.call);
            self.run(tool, out);
        }
    }

    pub(super) fn run(
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
    pub(super) fn tool_returned(&mut self, returned: u32, result: String, out: &mut Out) {
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
    pub(super) fn cancel(&mut self, out: &mut Out) {
        if let Some(x) = self.reply.take() {
            out.push(Command::Drop { reply: x.id });
            self.retire(x, out);
        }
    }

    pub(super) fn retire(&mut self, x: Reply, out: &mut Out) {
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

    pub(super) fn faulted(&mut self, port: Port, reply: Option<ReplyId>, out: &mut Out) {
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
    pub(super) fn fail(&mut self, port: Port, out: &mut Out) {
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

    pub(super) fn finish_reply(&mut self, out: &mut Out) {
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
    pub(super) fn drop_vain_speculation(&mut self, out: &mut Out) {
        let vain = self.turn.is_empty() || self.closing.is_some();
        if vain && self.reply.as_ref().is_some_and(|x| x.speculative) {
            self.cancel(out);
        }
    }

    /// A likely end of the turn: think ahead, so that the answer is ready when the end is sure.
    pub(super) fn speculate(&mut self, out: &mut Out) {
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

    pub(super) fn generate(&mut self, turn: &Turn, speculative: bool, out: &mut Out) {
        self.replies += 1;
        let mut x = Reply::new(ReplyId(self.replies), self.now);
        (x.speculative, x.asked) = (speculative, turn.text());
        let lines = self.lines_with(&x.asked);
        out.push(Command::Generate { reply: x.id, lines });
        self.reply = Some(x);
    }

    pub(super) fn start_say(&mut self, out: &mut Out) {
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
    pub(super) fn begin(&mut self, out: &mut Out) {
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
}
