//! The one thread that computes: takes requests, gives every conversation its share, token by token, and asks for the
//! cores before each short evaluation. A request whose stream was dropped is gone before its next token.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        mpsc::{Receiver, TryRecvError},
    },
};

use llama_cpp_2::sampling::LlamaSampler;
use tokio::sync::{mpsc, oneshot};
use voiceos_providers::{Delta, Fault, Kind, Prompt, Usage};

use super::{
    VENDOR,
    grounding::Grounding,
    guard::{Guard, Passed},
    llama::{self, BATCH, Context, Evaluation, Loaded, SEQUENCES},
    slots::Slots,
    template::Joiner,
};
use crate::{Cpu, Urgency};

/// Tokens of a prompt evaluated at once while other answers are being given: these wait as long.
const SHARED_RUN: usize = 32;
/// Prompts that may wait to be warmed.
const COLD: usize = 32;
/// Lines are dropped in groups of so many, so that the beginning of a long conversation stays the same for some turns.
const DROPPED_LINES: usize = 8;

pub(super) enum Request {
    Reply {
        prompt: Prompt,
        out: mpsc::Sender<Result<Delta, Fault>>,
    },
    Warm {
        prompt: Prompt,
        done: oneshot::Sender<()>,
    },
}

impl Request {
    fn abandoned(&self) -> bool {
        match self {
            Self::Reply { out, .. } => out.is_closed(),
            Self::Warm { done, .. } => done.is_closed(),
        }
    }
}

/// A request under way.
struct Task {
    request: Request,
    slot: usize,
    /// Of the prompt, then of the answer; those that the slot holds have been evaluated.
    tokens: Vec<i32>,
    asked: usize,
    cached: usize,
    /// Of the answer, at most.
    limit: usize,
    guard: Guard,
    joiner: Joiner,
    sampler: Option<LlamaSampler>,
    spoken: bool,
}

/// What became of a task in a step.
enum Progress {
    On,
    Over,
    Failed(Fault),
}

pub(super) struct Worker<'a> {
    loaded: &'a Loaded,
    context: Context<'a>,
    grounding: Grounding,
    cpu: Arc<Cpu>,
    slots: Slots,
    tasks: Vec<Task>,
    /// Taken from the channel, not yet begun. Holds at most one that finds no free sequence.
    waiting: VecDeque<Request>,
    /// Prompts to be warmed after the one that is: it may well share its beginning with them. When full, more are not warmed.
    cold: VecDeque<Request>,
    /// Tokens of a prompt to be warmed at once: about 30 ms, since somebody may come who is waited for.
    warm_run: usize,
    prompt_next: bool,
}

impl<'a> Worker<'a> {
    pub(super) fn new(
        loaded: &'a Loaded,
        context: Context<'a>,
        grounding: Grounding,
        cpu: Arc<Cpu>,
    ) -> Self {
        Self {
            warm_run: loaded.tokens_in_30_ms(),
            loaded,
            context,
            grounding,
            cpu,
            slots: Slots::new(SEQUENCES),
            tasks: Vec::new(),
            waiting: VecDeque::new(),
            cold: VecDeque::new(),
            prompt_next: true,
        }
    }

    /// Until the last asker is gone.
    pub(super) fn run(&mut self, requests: &Receiver<Request>) {
        loop {
            self.reap();
            if self.tasks.is_empty() && self.waiting.is_empty() && self.cold.is_empty() {
                match requests.recv() {
                    Ok(request) => self.waiting.push_back(request),
                    Err(_) => return,
                }
            }
            self.admit();
            while self.waiting.is_empty() {
                match requests.try_recv() {
                    Ok(request) => self.waiting.push_back(request),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
                self.admit();
            }
            self.step();
        }
    }

    /// Forgets what nobody waits for any more; what was evaluated for it stays for the next.
    fn reap(&mut self) {
        let slots = &mut self.slots;
        self.tasks.retain(|task| {
            let keep = !task.request.abandoned();
            if !keep {
                slots.release(task.slot, false);
            }
            keep
        });
        self.waiting.retain(|request| !request.abandoned());
        self.cold.retain(|request| !request.abandoned());
    }

    fn admit(&mut self) {
        while self.tasks.len() < SEQUENCES
            && let Some(request) = self.waiting.pop_front()
        {
            if request.abandoned() {
                continue;
            }
            match request {
                Request::Warm { .. } if self.cold.len() < COLD => self.cold.push_back(request),
                Request::Warm { .. } => {} // dropping it tells the asker
                Request::Reply { .. } => self.start(request),
            }
        }
        let warming = |task: &Task| matches!(task.request, Request::Warm { .. });
        if self.tasks.len() < SEQUENCES
            && !self.tasks.iter().any(warming)
            && let Some(request) = self.cold.pop_front()
        {
            self.start(request);
        }
    }

    fn start(&mut self, request: Request) {
        let (prompt, warm) = match &request {
            Request::Reply { prompt, .. } => (prompt, false),
            Request::Warm { prompt, .. } => (prompt, true),
        };
        let limit = (prompt.max_tokens as usize).clamp(1, super::MOST_TOKENS);
        let room = self.context.longest - limit.min(self.context.longest / 2);
        let Some((tokens, stem)) = self.tokens(prompt, warm, room) else {
            let told = format!(
                "the agent's instructions and knowledge are longer than {room} tokens: shorten them"
            );
            return refuse(&request, Fault::new(VENDOR, Kind::Refused, told));
        };
        let bounds = if warm {
            self.grounding.warm(prompt);
            None
        } else {
            self.grounding.bounds(prompt)
        };
        let sampler =
            (prompt.temperature > 0.0).then(|| llama::sampler(prompt.temperature, rand::random()));
        let Some(place) = self.slots.place(&tokens, stem) else {
            let told = "all conversations' places are taken";
            return refuse(&request, Fault::new(VENDOR, Kind::Busy, told));
        };
        let kept = match place.share {
            Some(from) => {
                self.context.cut(place.slot, 0);
                self.context.share(from, place.slot, place.known)
            }
            None => self.context.cut(place.slot, place.known),
        };
        if !kept {
            self.slots.all[place.slot].tokens.clear();
        }
        self.tasks.push(Task {
            asked: tokens.len(),
            request,
            slot: place.slot,
            tokens,
            cached: if kept { place.known } else { 0 },
            limit,
            guard: Guard::new(bounds),
            joiner: Joiner::default(),
            sampler,
            spoken: false,
        });
    }

    /// The prompt's tokens and how many come before the caller's last words. Old lines are left out until it fits;
    /// none when even the instructions do not.
    fn tokens(&self, prompt: &Prompt, warm: bool, room: usize) -> Option<(Vec<i32>, usize)> {
        let chat = self.grounding.chat(prompt);
        let (shown, tokens) = fit(chat, room, |shown| self.rendered(shown, warm))?;
        let stem = self.stem(&shown, &tokens);
        (!tokens.is_empty()).then_some((tokens, stem))
    }

    fn rendered(&self, chat: &[(&'static str, String)], warm: bool) -> Vec<i32> {
        let asks = chat.last().is_some_and(|(role, _)| *role == "user");
        let tokens = self.loaded.tokens(&self.loaded.render(chat, asks || !warm));
        if !(warm && asks) {
            return tokens;
        }
        // Of words that may go on, only what stays the same when they do.
        let mut longer = chat.to_vec();
        if let Some((_, text)) = longer.last_mut() {
            *text += " and";
        }
        let longer = self.loaded.tokens(&self.loaded.render(&longer, true));
        let same = common(&tokens, &longer);
        tokens[..same].to_vec()
    }

    fn stem(&self, chat: &[(&'static str, String)], tokens: &[i32]) -> usize {
        if chat.last().is_none_or(|(role, _)| *role != "user") {
            return tokens.len();
        }
        let before = &chat[..chat.len() - 1];
        common(
            tokens,
            &self.loaded.tokens(&self.loaded.render(before, false)),
        )
    }

    /// One evaluation: a run of somebody's prompt, or the next token of every answer; by turns if both wait.
    fn step(&mut self) {
        let slots = &self.slots;
        let reads = |task: &Task| slots.all[task.slot].tokens.len() < task.asked;
        let warms = |task: &Task| matches!(task.request, Request::Warm { .. });
        let find = |test: &dyn Fn(&Task) -> bool| self.tasks.iter().position(test);
        let prompt = find(&|task| reads(task) && !warms(task));
        let warm = find(&|task| reads(task) && warms(task));
        let answers: Vec<usize> = (0..self.tasks.len())
            .filter(|at| !reads(&self.tasks[*at]) && !warms(&self.tasks[*at]))
            .collect();
        self.prompt_next = !self.prompt_next || answers.is_empty();
        if let Some(at) = prompt.filter(|_| self.prompt_next) {
            let most = if answers.is_empty() {
                BATCH
            } else {
                SHARED_RUN
            };
            self.read(at, most, Urgency::Now);
        } else if !answers.is_empty() {
            self.speak(&answers);
        } else if let Some(at) = warm {
            self.read(at, self.warm_run, Urgency::Later);
        }
        self.finish_warm();
    }

    fn finish_warm(&mut self) {
        let slots = &mut self.slots;
        self.tasks.retain(|task| {
            let reads = slots.all[task.slot].tokens.len() < task.asked;
            if matches!(task.request, Request::Reply { .. }) || reads {
                return true;
            }
            slots.release(task.slot, false);
            false // dropping the request tells the asker
        });
    }

    /// Evaluates the next tokens of a prompt; after the last one the answer begins.
    fn read(&mut self, at: usize, most: usize, urgency: Urgency) {
        let task = &self.tasks[at];
        let slot = task.slot;
        let from = self.slots.all[slot].tokens.len();
        let until = task.asked.min(from + most);
        let run = task.tokens[from..until].to_vec();
        let evaluation = self.evaluate(&[(slot, from, &run)], urgency);
        if evaluation != Evaluation::Done {
            return self.fail(&[at], evaluation);
        }
        self.slots.all[slot].tokens.extend(&run);
        let task = &self.tasks[at];
        if until == task.asked && matches!(task.request, Request::Reply { .. }) {
            let progress = self.next(at, run.len() - 1);
            self.settle(vec![(at, progress)]);
        }
    }

    /// The next token of each answer, all in one evaluation.
    fn speak(&mut self, answers: &[usize]) {
        let lasts: Vec<(usize, usize, [i32; 1])> = answers
            .iter()
            .map(|at| {
                let task = &self.tasks[*at];
                let position = self.slots.all[task.slot].tokens.len();
                (task.slot, position, [task.tokens[position]])
            })
            .collect();
        let runs: Vec<(usize, usize, &[i32])> = lasts
            .iter()
            .map(|(slot, position, token)| (*slot, *position, token.as_slice()))
            .collect();
        let first = answers.iter().any(|at| !self.tasks[*at].spoken);
        let urgency = if first { Urgency::Now } else { Urgency::Soon };
        let evaluation = self.evaluate(&runs, urgency);
        if evaluation != Evaluation::Done {
            return self.fail(answers, evaluation);
        }
        let mut settled = Vec::new();
        for (index, at) in answers.iter().enumerate() {
            let (slot, _, token) = lasts[index];
            self.slots.all[slot].tokens.extend(token);
            settled.push((*at, self.next(*at, index)));
        }
        self.settle(settled);
    }

    /// Evaluates on this machine's cores, forgetting old conversations as room is needed.
    fn evaluate(&mut self, runs: &[(usize, usize, &[i32])], urgency: Urgency) -> Evaluation {
        loop {
            let turn = self.cpu.take(urgency);
            let evaluation = self.context.evaluate(runs);
            drop(turn);
            if evaluation != Evaluation::Full {
                return evaluation;
            }
            let Some(slot) = self.slots.forget_one() else {
                return Evaluation::Full;
            };
            self.context.cut(slot, 0);
        }
    }

    /// Chooses the token after the `index`th of the last evaluation, and sends what can be said.
    fn next(&mut self, at: usize, index: usize) -> Progress {
        let task = &mut self.tasks[at];
        let token = match &mut task.sampler {
            Some(sampler) => self.context.drawn(sampler, index),
            None => self.context.likeliest(index),
        };
        if self.loaded.ends(token) {
            return task.close();
        }
        task.tokens.push(token);
        let (text, ended) = task.joiner.push(&self.loaded.bytes(token));
        match task.guard.push(&text) {
            Passed::On(text) => task.say(text),
            Passed::Over(text) => {
                task.say(text);
                return Progress::Over;
            }
        }
        let given = task.tokens.len() - task.asked;
        if ended || given >= task.limit || task.tokens.len() >= self.context.longest {
            return task.close();
        }
        Progress::On
    }

    /// Lets go of the tasks that are over. `settled` is in ascending order.
    fn settle(&mut self, settled: Vec<(usize, Progress)>) {
        for (at, progress) in settled.into_iter().rev() {
            let end = match progress {
                Progress::On => continue,
                Progress::Over => Ok(Delta::Usage(self.tasks[at].usage())),
                Progress::Failed(fault) => Err(fault),
            };
            let task = self.tasks.remove(at);
            self.slots.release(task.slot, end.is_ok());
            task.send(end);
        }
    }

    fn fail(&mut self, tasks: &[usize], evaluation: Evaluation) {
        let fault = match evaluation {
            Evaluation::Full => {
                let told = "the conversations under way fill the memory";
                Fault::new(VENDOR, Kind::Busy, told)
            }
            _ => Fault::new(
                VENDOR,
                Kind::Gone,
                "llama.cpp could not evaluate the prompt",
            ),
        };
        for at in tasks {
            // The store may hold part of the run: back to what is known of it.
            let slot = self.tasks[*at].slot;
            let known = self.slots.all[slot].tokens.len();
            if !self.context.cut(slot, known) {
                self.slots.all[slot].tokens.clear();
            }
        }
        let failed = |at: &usize| (*at, Progress::Failed(fault.clone()));
        self.settle(tasks.iter().map(failed).collect());
    }
}

impl Task {
    fn say(&mut self, text: String) {
        if !text.is_empty() {
            self.spoken = true;
            self.send(Ok(Delta::Text(text)));
        }
    }

    fn close(&mut self) -> Progress {
        let rest = self.joiner.finish();
        match self.guard.push(&rest) {
            Passed::On(text) => {
                let text = text + &self.guard.finish();
                self.say(text);
            }
            Passed::Over(text) => self.say(text),
        }
        Progress::Over
    }

    fn usage(&self) -> Usage {
        Usage {
            input_tokens: self.asked as u64,
            cached_tokens: self.cached as u64,
            output_tokens: (self.tokens.len() - self.asked) as u64,
        }
    }

    fn send(&self, item: Result<Delta, Fault>) {
        if let Request::Reply { out, .. } = &self.request {
            // The channel has room for the longest answer; a closed one is noticed before the next token.
            let _ = out.try_send(item);
        }
    }
}

type Chat = Vec<(&'static str, String)>;

/// As much of the chat as `tokens` says fits into `room`: the instructions, which come first, and the latest lines.
/// None when not even the last line fits.
fn fit(chat: Chat, room: usize, tokens: impl Fn(&Chat) -> Vec<i32>) -> Option<(Chat, Vec<i32>)> {
    let mut shown = chat;
    loop {
        let read = tokens(&shown);
        if read.len() <= room {
            return Some((shown, read));
        }
        let spare = shown.len().checked_sub(2).filter(|lines| *lines > 0)?;
        shown.drain(1..=spare.min(DROPPED_LINES));
    }
}

fn refuse(request: &Request, fault: Fault) {
    if let Request::Reply { out, .. } = request {
        let _ = out.try_send(Err(fault)); // the channel is still empty
    }
}

fn common(a: &[i32], b: &[i32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(lines: usize) -> Chat {
        let mut chat = vec![("system", "rules".to_owned())];
        chat.extend((0..lines).map(|line| ("user", line.to_string())));
        chat
    }

    #[test]
    fn a_conversation_longer_than_the_memory_loses_its_oldest_lines_only() {
        let count = |shown: &Chat| vec![0; shown.len() * 10];
        let (shown, tokens) = fit(chat(100), 500, count).expect("it fits");
        assert_eq!(
            (
                shown[0].1.as_str(),
                shown.last().map(|line| line.1.as_str())
            ),
            ("rules", Some("99"))
        );
        assert!((400..=500).contains(&tokens.len()));
        // The same beginning for some turns, so that it need not be read again.
        let (later, _) = fit(chat(102), 500, count).expect("it fits");
        assert_eq!(later[1], shown[1]);
    }

    #[test]
    fn instructions_that_do_not_fit_are_not_cut() {
        assert!(fit(chat(9), 5, |shown| vec![0; shown.len() * 10]).is_none());
    }
}
