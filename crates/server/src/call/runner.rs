//! The driver of one call: the only `select!` over it. Waits for the earliest of leg, providers, control and deadline,
//! reads the clock, hands the fact to the conversation, and carries out its commands in order. Decides nothing itself.

mod providers;

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::{sync::mpsc, time::Instant};
use tokio_stream::wrappers::ReceiverStream;
use tracing::{info, warn};
use voiceos_audio::{Edge, GateRules};
use voiceos_carriers::{Leg, LegEvent, LegOrder};
use voiceos_core::{
    At, Command, Conversation, Input, Line, Port, Reason, ReplyId, Rules, replay::Step,
};
use voiceos_providers::{Delta, Engines, Fault, Flow, Piece, Prompt, Speech, Utterance};

use super::{
    ears::{self, Ears},
    log::CallLog,
    playout::{Playout, Sent},
    recorder::Recorder,
    teller::Teller,
    usage::Meter,
};

/// What someone outside may do to a live call.
#[derive(Clone, Debug)]
pub enum Control {
    Say {
        text: String,
        interruptible: bool,
    },
    HangUp,
    /// The server goes down: say no more and end.
    Shutdown,
}

/// What a call needs.
pub struct Setup {
    pub conversation: String,
    pub rules: Rules,
    pub gate: GateRules,
    pub system: String,
    pub knowledge: Arc<[String]>,
    pub temperature: f32,
    pub max_tokens: u32,
    pub engines: Engines,
    pub leg: Leg,
    /// Bounded and small: a control that finds it full is told that the call is busy.
    pub control: mpsc::Receiver<Control>,
    pub log: CallLog,
    pub recorder: Option<Recorder>,
    pub teller: Teller,
}

/// How a call went.
pub struct Outcome {
    pub reason: Reason,
    pub lasted: Duration,
    pub recorder: Option<Recorder>,
    pub meter: Meter,
    pub teller: Teller,
}

/// Pieces of one reply on their way to the voice. A reply has at most some hundred; when full, the voice has failed.
const PIECES: usize = 512;

struct Speaking {
    reply: ReplyId,
    pieces: mpsc::Sender<Piece>,
    flow: Flow<Speech>,
    asked: u32,
    done: u32,
}

type Verdict = BoxFuture<'static, (u32, Result<f32, Fault>)>;

struct Runner {
    begun: Instant,
    call: Conversation,
    setup: Prompting,
    engines: Engines,
    ears: Ears,
    transcriber: Option<Flow<Utterance>>,
    /// Added to utterance ids, so that a reopened transcriber never reuses one.
    utterance_base: u32,
    last_utterance: u32,
    reopen_at: Option<Instant>,
    verdicts: FuturesUnordered<Verdict>,
    model: Option<(ReplyId, Flow<Delta>)>,
    tool_calls: u32,
    voice: Option<Speaking>,
    warming: Option<BoxFuture<'static, ()>>,
    playout: Playout,
    orders: mpsc::Sender<LegOrder>,
    marks: bool,
    log: CallLog,
    recorder: Option<Recorder>,
    teller: Teller,
    meter: Meter,
    queue: Vec<Input>,
    edges: Vec<Edge>,
    ended: Option<Reason>,
    late_frames: u64,
}

struct Prompting {
    conversation: String,
    system: String,
    knowledge: Arc<[String]>,
    temperature: f32,
    max_tokens: u32,
}

impl Prompting {
    fn prompt(&self, lines: Vec<Line>) -> Prompt {
        Prompt {
            system: self.system.clone(),
            knowledge: self.knowledge.clone(),
            lines: lines.into_iter().map(line).collect(),
            temperature: self.temperature,
            max_tokens: self.max_tokens,
        }
    }
}

fn line(line: Line) -> voiceos_providers::Line {
    use voiceos_providers::Line as Shown;
    match line {
        Line::User(text) => Shown::User(text),
        Line::Agent(text) => Shown::Agent(text),
        Line::Tool {
            call,
            name,
            arguments,
            output,
        } => Shown::Tool {
            call,
            name,
            arguments,
            output,
        },
    }
}

/// Holds a call from its answer to its end.
pub async fn run(setup: Setup) -> Outcome {
    let Setup {
        conversation,
        rules,
        gate,
        system,
        knowledge,
        temperature,
        max_tokens,
        engines,
        leg,
        ..
    } = setup;
    let Leg {
        rate,
        marks,
        mut events,
        orders,
    } = leg;
    let mut control = setup.control;
    let (ears, hearing) = Ears::new(rate, (engines.speech_detector)(), gate);
    let transcriber = ears::open(&engines.transcriber, hearing);
    let playout = Playout::new(rate, engines.voice.sample_rate());
    let mut runner = Runner {
        begun: Instant::now(),
        call: Conversation::new(rules),
        setup: Prompting {
            conversation,
            system,
            knowledge,
            temperature,
            max_tokens,
        },
        ears,
        transcriber: Some(transcriber),
        utterance_base: 0,
        last_utterance: 0,
        reopen_at: None,
        verdicts: FuturesUnordered::new(),
        model: None,
        tool_calls: 0,
        voice: None,
        warming: None,
        playout,
        orders,
        marks,
        log: setup.log,
        recorder: setup.recorder,
        teller: setup.teller,
        meter: Meter::new(),
        queue: vec![],
        edges: vec![],
        ended: None,
        late_frames: 0,
        engines,
    };
    runner.warm(runner.call.lines_with(""));
    runner.give(Input::Answered);
    while runner.ended.is_none() {
        runner.wait(&mut events, &mut control).await;
    }
    runner.finish()
}

impl Runner {
    /// The call's clock, in whole microseconds so that the log replays to the same instants.
    fn now(&self) -> At {
        Duration::from_micros(self.begun.elapsed().as_micros() as u64)
    }

    async fn wait(
        &mut self,
        events: &mut mpsc::Receiver<LegEvent>,
        control: &mut mpsc::Receiver<Control>,
    ) {
        let deadline = [self.call.deadline(), self.playout.deadline()]
            .into_iter()
            .flatten()
            .min();
        let wake = deadline.map(|at| self.begun + at);
        let wake = [wake, self.reopen_at].into_iter().flatten().min();
        let wake = wake.unwrap_or_else(|| Instant::now() + Duration::from_secs(1));
        tokio::select! {
            biased;
            event = events.recv() => self.leg_event(event.unwrap_or(LegEvent::Lost)),
            Some(speech) = next(&mut self.voice, |voice| &mut voice.flow) => self.speech(speech),
            Some(delta) = next(&mut self.model, |model| &mut model.1) => self.delta(delta),
            Some(utterance) = next(&mut self.transcriber, |flow| flow) => self.utterance(utterance),
            Some((asked, verdict)) = self.verdicts.next(), if !self.verdicts.is_empty() => self.verdict(asked, verdict),
            Some(control) = control.recv() => self.control(control),
            () = ready(&mut self.warming) => self.warming = None,
            () = tokio::time::sleep_until(wake) => {}
        }
        self.reopen_transcriber();
        let inputs = std::mem::take(&mut self.queue);
        for input in inputs {
            self.give(input);
        }
        if self.call.deadline().is_some_and(|at| at <= self.now()) {
            self.give(Input::Wake);
        }
        self.complete_playout();
        self.send_audio();
    }

    // ── facts in ──────────────────────────────────────────────────────────────────────────────────────────────────

    fn leg_event(&mut self, event: LegEvent) {
        match event {
            LegEvent::Audio(frame) => self.frame(&frame),
            LegEvent::Played(mark) => {
                if let Some((reply, until)) = self.playout.heard(mark) {
                    self.queue.push(Input::Played { reply, until });
                }
            }
            LegEvent::Dtmf(digit) => self.queue.push(Input::Dtmf { digit }),
            LegEvent::HungUp => self.queue.push(Input::Closed {
                reason: Reason::CallerHungUp,
            }),
            LegEvent::Lost => self.queue.push(Input::Closed {
                reason: Reason::LegLost,
            }),
        }
    }

    fn frame(&mut self, frame: &voiceos_audio::Frame) {
        let now = self.now();
        if let Some(recorder) = &mut self.recorder {
            recorder.caller(frame, now);
        }
        self.meter.heard(voiceos_audio::Frame::LASTS);
        self.ears.hear(frame, now, &mut self.edges);
        self.queue
            .extend(self.edges.drain(..).map(|edge| match edge {
                Edge::Started { at } => Input::SpeechStarted { at },
                Edge::Stopped { at } => Input::SpeechStopped { at },
            }));
    }

    fn control(&mut self, control: Control) {
        self.queue.push(match control {
            Control::Say {
                text,
                interruptible,
            } => Input::Say {
                text,
                interruptible,
            },
            Control::HangUp => Input::HangUp {
                reason: Reason::AgentHungUp,
            },
            Control::Shutdown => Input::Closed {
                reason: Reason::Shutdown,
            },
        });
    }

    // ── commands out ──────────────────────────────────────────────────────────────────────────────────────────────

    fn give(&mut self, input: Input) {
        let at = self.now();
        let mut commands = vec![];
        self.call.handle(at, input.clone(), &mut commands);
        if !commands.is_empty() || input != Input::Wake {
            let step = Step {
                at,
                input,
                commands,
            };
            if let Err(cause) = self.log.write(&step) {
                warn!(call.id = %self.setup.conversation, %cause, "the call's log cannot be written; is the disk full?");
            }
            self.warm_for(&step.input);
            for command in step.commands {
                self.carry_out(command, at);
            }
        }
    }

    fn carry_out(&mut self, command: Command, at: At) {
        match command {
            Command::AskTurn { asked } => {
                let verdict = self.engines.turn_detector.finished(self.ears.turn_audio());
                self.verdicts
                    .push(Box::pin(async move { (asked, verdict.await) }));
            }
            Command::TakeTurn => self.ears.turn_taken(),
            Command::Generate { reply, lines } => {
                self.warming = None;
                let flow = self.engines.language_model.reply(self.setup.prompt(lines));
                self.model = Some((reply, flow));
            }
            Command::Speak {
                reply,
                piece,
                words,
            } => self.speak(reply, piece, words),
            Command::RunTool { call, name, .. } => {
                let output = format!("error: there is no tool named {name}");
                self.queue.push(Input::ToolReturned { call, output });
            }
            Command::Play { reply } => self.playout.play(reply, at),
            Command::Pause { reply } => {
                let pending = self.playout.pause(reply, at);
                self.clear(pending, at);
            }
            Command::Drop { reply } => self.drop_reply(reply, at),
            Command::Tell { event } => self.teller.tell(event, at, &self.orders),
            Command::HangUp { reason } => {
                self.ended = Some(reason);
                let _ = self.orders.try_send(LegOrder::HangUp);
            }
        }
    }

    fn speak(&mut self, reply: ReplyId, index: u32, text: String) {
        if self.voice.as_ref().is_none_or(|voice| voice.reply != reply) {
            let (pieces, waiting) = mpsc::channel(PIECES);
            let flow = self
                .engines
                .voice
                .speak(ReceiverStream::new(waiting).boxed());
            self.voice = Some(Speaking {
                reply,
                pieces,
                flow,
                asked: 0,
                done: 0,
            });
        }
        self.meter.spoke(&text);
        let Some(voice) = &mut self.voice else { return };
        voice.asked += 1;
        if voice.pieces.try_send(Piece { index, text }).is_err() {
            self.voice = None;
            self.queue.push(Input::Faulted {
                port: Port::Voice,
                reply: Some(reply),
            });
        }
    }

    fn drop_reply(&mut self, reply: ReplyId, at: At) {
        self.model.take_if(|(current, _)| *current == reply);
        self.voice.take_if(|voice| voice.reply == reply);
        let pending = self.playout.drop_reply(reply, at);
        self.clear(pending, at);
    }

    fn clear(&mut self, pending: bool, at: At) {
        if let Some(recorder) = &mut self.recorder {
            recorder.cleared(at);
        }
        if pending && self.orders.try_send(LegOrder::Clear).is_err() {
            self.late_frames += 1;
        }
    }

    fn send_audio(&mut self) {
        if self.ended.is_some() {
            return;
        }
        while let Some(sent) = self.playout.next(self.now()) {
            let order = match sent {
                Sent::Audio { frame, plays_at } => {
                    if let Some(recorder) = &mut self.recorder {
                        recorder.agent(&frame, plays_at);
                    }
                    LegOrder::Audio(frame)
                }
                Sent::Mark(mark) => LegOrder::Mark(mark),
            };
            if self.orders.try_send(order).is_err() {
                self.late_frames += 1;
            }
        }
        if let Some(reply) = self.playout.began() {
            self.give(Input::Began { reply });
        }
        if !self.marks
            && let Some((reply, until)) = self.playout.heard_by_clock(self.now())
        {
            self.give(Input::Played { reply, until });
        }
    }

    /// While the caller still speaks, what is understood so far is read ahead of the answer.
    fn warm_for(&mut self, input: &Input) {
        if matches!(
            input,
            Input::Utterance {
                is_final: false,
                ..
            }
        ) && self.model.is_none()
            && self.warming.is_none()
        {
            let words = self.call.open_turn();
            if !words.is_empty() {
                self.warm(self.call.lines_with(&words));
            }
        }
    }

    fn warm(&mut self, lines: Vec<Line>) {
        self.warming = Some(self.engines.language_model.warm(self.setup.prompt(lines)));
    }

    fn finish(self) -> Outcome {
        let lasted = self.now();
        let reason = self.ended.unwrap_or(Reason::Fault);
        let lost_chunks = self
            .recorder
            .as_ref()
            .map_or(0, |recorder| recorder.lost_chunks);
        info!(call.id = %self.setup.conversation, reason = ?reason, lasted_ms = lasted.as_millis() as u64,
              late_frames = self.late_frames, lost_frames = self.ears.lost_frames, lost_chunks, "call ended");
        let Self {
            recorder,
            meter,
            teller,
            ..
        } = self;
        Outcome {
            reason,
            lasted,
            recorder,
            meter,
            teller,
        }
    }
}

/// The next item of a stream that may not be there: never ready when it is not.
async fn next<H, T>(
    holder: &mut Option<H>,
    flow: impl Fn(&mut H) -> &mut Flow<T>,
) -> Option<Option<Result<T, Fault>>> {
    match holder {
        Some(held) => Some(flow(held).next().await),
        None => std::future::pending().await,
    }
}

async fn ready(future: &mut Option<Pin<Box<dyn Future<Output = ()> + Send>>>) {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}
