//! A hundred thousand random calls: speech, words, tokens, audio, tools, faults, silence and hang-ups at random times,
//! some of them stale or out of place. Whatever happens, the promises of the conversation core hold.

use std::{collections::BTreeMap, time::Duration};

use voiceos_core::{
    At, Command, Conversation, Event, Input, Line, Port, Reason, ReplyId, Rules, conversation::Mark,
};

/// How many calls, unless `VOICEOS_RANDOM_CALLS` says otherwise: for a test of the tests, a few thousand will do.
const CALLS: u64 = 100_000;
const STEPS: u32 = 110;

/// xorshift64*: the same calls on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.roll(n) == 0
    }
}

#[derive(Default)]
struct Audio {
    pieces: BTreeMap<u32, (usize, Duration)>,
    pronounced: Vec<u32>,
    generated: bool,
    played: Duration,
    playing: bool,
    began: bool,
    dropped: bool,
}

impl Audio {
    fn length(&self) -> Duration {
        self.pieces.values().map(|(_, length)| *length).sum()
    }

    fn is_heard(&self) -> bool {
        self.playing && self.played < self.length()
    }
}

/// The world around the machine, and what it must never see.
struct World {
    seed: u64,
    dice: Dice,
    rules: Rules,
    call: Conversation,
    now: At,
    gate_open: bool,
    /// Since when there was sound without words, short pauses included.
    last_news: At,
    /// The last moment at which the caller's voice was heard or a word was understood.
    last_sound: At,
    replies: BTreeMap<ReplyId, Audio>,
    newest: ReplyId,
    asked: u32,
    utterance: u32,
    /// Words said in the open utterance, and each word's fate.
    said: Vec<String>,
    words: u32,
    tools: Vec<u32>,
    tool_runs: BTreeMap<u32, u32>,
    calls: u32,
    messages: Vec<(u32, Line)>,
    hang_ups: u32,
    log: Vec<Command>,
}

fn rules(dice: &mut Dice) -> Rules {
    Rules {
        initial_message: dice
            .one_in(2)
            .then(|| "Hello there, how can I help you?".to_owned()),
        initial_message_interruptible: dice.one_in(2),
        speculate: !dice.one_in(4),
        limit_seconds: (!dice.one_in(4)).then_some(90 + dice.roll(600)),
        idle_prompts: (0..dice.roll(3)).map(|n| format!("Prompt {n}.")).collect(),
        idle_goodbye: dice.one_in(2).then(|| "Goodbye then.".to_owned()),
        fault_message: dice.one_in(2).then(|| "Sorry, once more?".to_owned()),
        ..Rules::default()
    }
}

impl World {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let rules = rules(&mut dice);
        Self {
            seed,
            dice,
            call: Conversation::new(rules.clone()),
            rules,
            now: At::ZERO,
            gate_open: false,
            last_news: At::ZERO,
            last_sound: At::ZERO,
            replies: BTreeMap::new(),
            newest: ReplyId(0),
            asked: 0,
            utterance: 1,
            said: vec![],
            words: 0,
            tools: vec![],
            tool_runs: BTreeMap::new(),
            calls: 0,
            messages: vec![],
            hang_ups: 0,
            log: vec![],
        }
    }

    fn give(&mut self, input: Input) {
        let mut out = vec![];
        let ended = self.call.ended();
        self.call.handle(self.now, input, &mut out);
        assert!(
            !ended || out.is_empty(),
            "seed {}: it spoke after the end",
            self.seed
        );
        assert_eq!(
            self.call.deadline().is_none(),
            self.call.ended(),
            "seed {}: a state without a deadline",
            self.seed
        );
        for command in &out {
            self.check(command);
        }
        self.log.extend(out);
    }

    fn check(&mut self, command: &Command) {
        let seed = self.seed;
        assert_eq!(
            self.hang_ups, 0,
            "seed {seed}: {command:?} after the hang-up"
        );
        match command {
            Command::Generate { reply, lines } => {
                assert!(
                    matches!(
                        lines.last(),
                        Some(Line::User(_) | Line::Tool { .. } | Line::Agent(_))
                    ),
                    "seed {seed}"
                );
                assert!(
                    !self.audio(*reply).dropped,
                    "seed {seed}: generates for a dropped reply"
                );
                self.newest = *reply;
            }
            Command::Speak {
                reply,
                piece,
                words,
            } => {
                self.newest = *reply;
                assert!(
                    words.chars().any(char::is_alphanumeric),
                    "seed {seed}: speaks nothing"
                );
                let audio = self.audio(*reply);
                assert!(!audio.dropped, "seed {seed}: speaks for a dropped reply");
                let old = audio
                    .pieces
                    .insert(*piece, (words.chars().count(), Duration::ZERO));
                assert!(old.is_none(), "seed {seed}: piece {piece} twice");
            }
            Command::Play { reply } => {
                let silent = self.now.saturating_sub(self.last_news) >= self.rules.noise;
                assert!(
                    !self.gate_open || silent,
                    "seed {seed}: spoke over the caller"
                );
                assert!(
                    !self.replies.values().any(Audio::is_heard),
                    "seed {seed}: two replies at once"
                );
                let audio = self.audio(*reply);
                assert!(
                    !audio.dropped && !audio.playing,
                    "seed {seed}: plays what is dropped or played"
                );
                audio.playing = true;
            }
            Command::Pause { reply } => {
                let audio = self.audio(*reply);
                assert!(audio.playing, "seed {seed}: pauses what does not play");
                audio.playing = false;
            }
            Command::Drop { reply } => {
                let audio = self.audio(*reply);
                assert!(!audio.dropped, "seed {seed}: drops twice");
                (audio.dropped, audio.playing) = (true, false);
            }
            Command::AskTurn { asked } => {
                assert_eq!(*asked, self.asked + 1, "seed {seed}");
                self.asked = *asked;
            }
            Command::TakeTurn => {
                self.utterance += 1;
                self.said.clear();
            }
            Command::RunTool { call, .. } => {
                *self.tool_runs.entry(*call).or_default() += 1;
                self.tools.push(*call);
            }
            Command::Tell { event } => self.told(event),
            Command::HangUp { .. } => self.hang_ups += 1,
        }
    }

    fn told(&mut self, event: &Event) {
        if let Event::Message { line, entry } = event {
            assert_eq!(
                *line as usize,
                self.messages.len(),
                "seed {}: a message out of order",
                self.seed
            );
            assert!(
                entry.from <= entry.to && entry.to <= self.now,
                "seed {}: {entry:?}",
                self.seed
            );
            self.messages.push((*line, entry.line.clone()));
        }
        if let Event::SpeechEnded {
            who: voiceos_core::Role::Agent,
        } = event
        {
            for audio in self.replies.values_mut() {
                audio.playing = false; // it ran out or is dropped
            }
        }
    }

    fn audio(&mut self, reply: ReplyId) -> &mut Audio {
        self.replies.entry(reply).or_default()
    }

    /// Mostly the reply in the air, sometimes one long gone or never made.
    fn some_reply(&mut self) -> ReplyId {
        if self.dice.one_in(12) {
            ReplyId(self.dice.roll(6) as u32)
        } else {
            self.newest
        }
    }

    fn step(&mut self) {
        let longest = if self.dice.one_in(25) { 6000 } else { 250 };
        self.now += Duration::from_millis(self.dice.roll(longest));
        // Time alone may already do something.
        self.give(Input::Wake);
        if self.call.ended() {
            return;
        }
        let input = self.random_input();
        self.give(input);
    }

    fn random_input(&mut self) -> Input {
        match self.dice.roll(30) {
            0..=1 if !self.gate_open => {
                self.gate_open = true;
                if self.now >= self.last_sound + self.rules.transcriber_stall {
                    self.last_news = self.now;
                }
                Input::SpeechStarted {
                    at: self.now.saturating_sub(Duration::from_millis(60)),
                }
            }
            0..=4 if self.gate_open => {
                self.gate_open = false;
                self.last_sound = self.now.saturating_sub(Duration::from_millis(100));
                Input::SpeechStopped {
                    at: self.last_sound,
                }
            }
            5..=6 => self.words(),
            7..=8 => Input::Verdict {
                asked: self.asked,
                percent: self.dice.roll(101) as u8,
            },
            9..=11 => self.token(),
            12..=14 => {
                let reply = self.some_reply();
                self.audio(reply).generated = true;
                Input::Generated { reply }
            }
            15..=19 => self.synthesized(),
            20..=24 => self.played(),
            25 if self.dice.one_in(3) => self.tool(),
            25 if !self.tools.is_empty() => {
                let index = self.dice.roll(self.tools.len() as u64) as usize;
                Input::ToolReturned {
                    call: self.tools[index],
                    output: "done".into(),
                }
            }
            26 if self.dice.one_in(12) => self.fault(),
            27 if self.dice.one_in(6) => Input::Say {
                text: "An announcement.".into(),
                interruptible: self.dice.one_in(2),
            },
            28 if self.dice.one_in(30) => Input::HangUp {
                reason: Reason::AgentHungUp,
            },
            29 if self.dice.one_in(60) => Input::Closed {
                reason: Reason::CallerHungUp,
            },
            _ => Input::Wake,
        }
    }

    /// The caller says one more word that nobody ever said before, or nothing new is understood.
    fn words(&mut self) -> Input {
        if !self.dice.one_in(4) {
            self.words += 1;
            self.said.push(format!("w{}", self.words));
            (self.last_news, self.last_sound) = (self.now, self.now);
        }
        let (id, text, until) = (self.utterance, self.said.join(" "), self.now);
        Input::Utterance {
            id,
            text,
            until,
            is_final: !self.dice.one_in(3),
        }
    }

    fn token(&mut self) -> Input {
        let text = [
            "Well, ",
            "the room is free. ",
            "it costs 80 dollars",
            " and 🙂 ",
            "yes! ",
        ];
        let text = text[self.dice.roll(text.len() as u64) as usize].to_owned();
        Input::Token {
            reply: self.some_reply(),
            text,
        }
    }

    fn synthesized(&mut self) -> Input {
        let reply = self.some_reply();
        let more = Duration::from_millis(self.dice.roll(1500));
        let done = self.dice.one_in(2);
        let wild = self.dice.roll(4) as u32;
        let audio = self.audio(reply);
        let piece = (0..8)
            .find(|piece| !audio.pronounced.contains(piece))
            .unwrap_or(wild);
        let Some((chars, length)) = audio.pieces.get_mut(&piece) else {
            return Input::Wake;
        };
        if audio.pronounced.contains(&piece) {
            return Input::Wake;
        }
        if done {
            audio.pronounced.push(piece);
            let mark = Mark::new(*chars as u32, *length);
            return Input::Pronounced {
                reply,
                piece,
                marks: vec![mark],
            };
        }
        *length += more;
        Input::Synthesized {
            reply,
            piece,
            length: *length,
        }
    }

    fn played(&mut self) -> Input {
        let reply = self.some_reply();
        let step = Duration::from_millis(self.dice.roll(2500));
        let audio = self.audio(reply);
        let length = audio.length();
        if !audio.playing {
            return Input::Wake;
        }
        if audio.began {
            audio.played = (audio.played + step).min(length);
        }
        let until = audio.played;
        if audio.began {
            Input::Played { reply, until }
        } else {
            audio.began = true;
            Input::Began { reply }
        }
    }

    fn tool(&mut self) -> Input {
        self.calls += 1;
        let (call, arguments) = (self.calls, "{}".to_owned());
        Input::ToolCalled {
            reply: self.some_reply(),
            call,
            name: "look_up".into(),
            arguments,
        }
    }

    fn fault(&mut self) -> Input {
        let ports = [
            Port::Transcriber,
            Port::TurnDetector,
            Port::LanguageModel,
            Port::Voice,
            Port::Tool,
            Port::Leg,
        ];
        let port = ports[self.dice.roll(6) as usize];
        if port == Port::Transcriber {
            (self.utterance, self.said) = (1, vec![]); // a new one hears what comes from now on
        }
        Input::Faulted {
            port,
            reply: Some(self.some_reply()),
        }
    }

    /// Nothing comes any more: time alone must end the call, in bounded steps.
    fn run_out(&mut self) {
        let mut steps = 0;
        while let Some(deadline) = self.call.deadline() {
            steps += 1;
            assert!(steps < 500, "seed {}: no progress", self.seed);
            self.now = self.now.max(deadline);
            self.give(Input::Wake);
        }
    }

    fn finish(mut self) -> (Vec<Command>, u32) {
        let seed = self.seed;
        self.run_out();
        assert_eq!(self.hang_ups, 1, "seed {seed}: not exactly one hang-up");
        assert!(
            matches!(self.log.last(), Some(Command::HangUp { .. })),
            "seed {seed}"
        );
        assert!(
            self.tool_runs.values().all(|runs| *runs == 1),
            "seed {seed}: a tool ran twice"
        );
        let told: Vec<&Line> = self.messages.iter().map(|(_, line)| line).collect();
        let kept: Vec<&Line> = self
            .call
            .history()
            .iter()
            .map(|entry| &entry.line)
            .collect();
        assert_eq!(told, kept, "seed {seed}: messages and history differ");
        let words = self.every_word_is_kept_once();
        (self.log, words)
    }

    fn every_word_is_kept_once(&self) -> u32 {
        let mut found: BTreeMap<&str, u32> = BTreeMap::new();
        for (_, line) in &self.messages {
            if let Line::User(text) = line {
                for word in text.split(' ') {
                    *found.entry(word).or_default() += 1;
                }
            }
        }
        assert!(
            found.values().all(|times| *times == 1),
            "seed {}: a word twice: {found:?}",
            self.seed
        );
        found.len() as u32
    }
}

fn run(seed: u64) -> (Vec<Command>, u32, u32) {
    let mut world = World::new(seed);
    world.give(Input::Answered);
    let mut delivered = 0;
    for _ in 0..STEPS {
        if world.call.ended() {
            break;
        }
        let before = world.words;
        world.step();
        if world.words > before && !(world.call.ended() && world.hang_ups == 1) {
            delivered = world.words;
        }
    }
    let ended_early = world.call.ended();
    let (log, kept) = world.finish();
    if !ended_early {
        assert_eq!(
            kept, delivered,
            "seed {seed}: words of the caller were lost"
        );
    }
    (log, kept, delivered)
}

#[test]
fn random_calls_keep_every_promise() {
    let calls = std::env::var("VOICEOS_RANDOM_CALLS").map_or(CALLS, |n| {
        n.parse().expect("VOICEOS_RANDOM_CALLS is a number")
    });
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let seen = std::thread::scope(|scope| {
        let share = |from: u64| {
            scope.spawn(move || {
                let mut seen = Seen::default();
                for seed in (1 + from..=calls).step_by(threads as usize) {
                    let (log, kept, _) = run(seed);
                    seen.words += u64::from(kept);
                    seen.count(&log);
                    if seed % 10 == 0 {
                        assert!(run(seed).0 == log, "seed {seed}: not deterministic");
                    }
                }
                seen
            })
        };
        let parts: Vec<_> = (0..threads).map(share).collect();
        let all = parts
            .into_iter()
            .map(|part| part.join().expect("a promise was broken; see above"));
        all.fold(Seen::default(), Seen::plus)
    });
    println!("{calls} calls: {seen:?}");
    let dull = seen.words < calls
        || [seen.answers, seen.barge_ins, seen.resumed]
            .iter()
            .any(|n| *n < calls / 20);
    assert!(
        !dull,
        "the random calls have become too dull to prove anything: {seen:?}"
    );
}

/// What the calls were made of, so that they do not silently become trivial.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    words: u64,
    answers: u64,
    barge_ins: u64,
    resumed: u64,
    faults: u64,
    tools: u64,
}

impl Seen {
    fn count(&mut self, log: &[Command]) {
        for command in log {
            match command {
                Command::Tell {
                    event: Event::TurnAnswered { .. },
                } => self.answers += 1,
                Command::Tell {
                    event: Event::BargedIn { .. },
                } => self.barge_ins += 1,
                Command::Tell {
                    event: Event::Resumed { .. },
                } => self.resumed += 1,
                Command::Tell {
                    event: Event::Faulted { .. },
                } => self.faults += 1,
                Command::RunTool { .. } => self.tools += 1,
                _ => {}
            }
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            words: self.words + other.words,
            answers: self.answers + other.answers,
            barge_ins: self.barge_ins + other.barge_ins,
            resumed: self.resumed + other.resumed,
            faults: self.faults + other.faults,
            tools: self.tools + other.tools,
        }
    }
}
