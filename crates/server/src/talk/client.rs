//! The phone: joins a web call's socket and behaves as a telephone does. Every 20 ms, on a clock that does not drift, it
//! sends a frame, plays a frame, acknowledges the marks that have been passed, and keeps both sides of the call as they
//! were sent and heard. What is said is the [`Caller`]'s decision, what is shown is the listener's.

use std::{collections::BTreeMap, time::Duration};

use futures::{SinkExt, StreamExt, stream::SplitSink, stream::SplitStream};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval, timeout},
};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite::Message};
use voiceos_audio::{
    Frame, g711,
    measure::{self, BargeIn, Exchange},
    mix::Noise,
};
use voiceos_carriers::web::{ClientMessage, Encoding, Role, ServerMessage, TurnTimings};

use super::{
    TalkError,
    caller::{Act, Agent, Caller},
    playout::Playout,
};

/// Held back against jitter, as a phone does.
pub const CUSHION_MS: u32 = 40;
/// What a quiet room sounds like to the other end, in dBFS.
const COMFORT_DBFS: f32 = -70.0;
const JOIN: Duration = Duration::from_secs(10);
/// For the server to say goodbye after we hung up.
const GOODBYE: Duration = Duration::from_secs(5);

/// How audio travels, both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    pub encoding: Encoding,
    /// Hz.
    pub rate: u32,
}

impl Format {
    pub const WIDE: Self = Self {
        encoding: Encoding::Pcm16,
        rate: 16000,
    };
    pub const TELEPHONE: Self = Self {
        encoding: Encoding::Mulaw,
        rate: 8000,
    };

    pub fn encode(self, samples: &[i16]) -> Vec<u8> {
        match self.encoding {
            Encoding::Pcm16 => samples.iter().flat_map(|s| s.to_le_bytes()).collect(),
            Encoding::Mulaw => samples.iter().map(|&s| g711::encode(s)).collect(),
        }
    }

    pub fn decode(self, bytes: &[u8]) -> Vec<i16> {
        match self.encoding {
            Encoding::Pcm16 => bytes
                .chunks_exact(2)
                .map(|b| i16::from_le_bytes([b[0], b[1]]))
                .collect(),
            Encoding::Mulaw => bytes.iter().map(|&b| g711::decode(b)).collect(),
        }
    }
}

/// What the listener is told, with the time since the call was ready.
#[derive(Debug)]
pub enum Heard<'a> {
    /// 20 ms have passed: what was sent, what was played.
    Frame {
        sent: &'a [i16],
        played: &'a [i16],
        at: Duration,
    },
    Told {
        message: &'a ServerMessage,
        at: Duration,
    },
}

/// One line of the conversation as it was last told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub role: Role,
    pub text: String,
    pub is_final: bool,
}

/// A call, when it is over.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub conversation_id: String,
    /// As the server gave it; `None` when the connection was lost.
    pub ended_reason: Option<String>,
    pub lines: BTreeMap<u32, Line>,
    pub turns: BTreeMap<u32, TurnTimings>,
    pub errors: Vec<String>,
    /// Hz of the two sides.
    pub rate: u32,
    /// What was sent, from the moment the call was ready.
    pub caller: Vec<i16>,
    /// What was played, on the same clock.
    pub agent: Vec<i16>,
    /// Times at which the agent's audio ran dry in mid-word.
    pub gaps: u32,
    /// Own frames that were dropped because the socket did not take them.
    pub dropped: u32,
    /// The call was ended because it took too long.
    pub timed_out: bool,
}

impl Report {
    /// Voice-to-voice times from the two waveforms.
    pub fn exchanges(&self) -> Vec<Exchange> {
        measure::voice_to_voice(&self.caller, &self.agent, self.rate)
    }

    pub fn barge_ins(&self) -> Vec<BargeIn> {
        let spans =
            |side: &[i16]| measure::active_spans(side, self.rate, measure::SpanRules::default());
        measure::barge_ins(&spans(&self.caller), &spans(&self.agent))
    }

    /// The texts of one side, in order.
    pub fn said_by(&self, role: Role) -> impl Iterator<Item = &str> {
        self.lines
            .values()
            .filter(move |line| line.role == role)
            .map(|line| line.text.as_str())
    }
}

pub async fn join(url: &str) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, TalkError> {
    match timeout(JOIN, tokio_tungstenite::connect_async(url)).await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(cause)) => Err(TalkError::Socket(Box::new(cause))),
        Err(_) => Err(TalkError::NotReady),
    }
}

/// Holds one call over `socket` until either side ends it, at most `limit`.
pub async fn call<S>(
    socket: WebSocketStream<S>,
    format: Format,
    caller: &mut dyn Caller,
    limit: Duration,
    listener: &mut (dyn FnMut(Heard<'_>) + Send),
) -> Result<Report, TalkError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sink, mut stream) = socket.split();
    let mut line = Outgoing::new(sink);
    line.tell(&ClientMessage::Start {
        encoding: format.encoding,
        sample_rate: format.rate,
        marks: true,
    })
    .await;
    let mut phone = Phone::new(format, listener);
    timeout(JOIN, phone.wait_until_ready(&mut stream))
        .await
        .map_err(|_| TalkError::NotReady)??;
    let outcome = phone.talk(&mut line, &mut stream, caller, limit).await;
    match outcome {
        Outcome::HungUp => {
            line.tell(&ClientMessage::HangUp).await;
            let _ = timeout(GOODBYE, phone.wait_until_ended(&mut stream)).await;
            line.close().await;
        }
        Outcome::Vanished => line.abandon(),
        Outcome::Over => line.close().await,
    }
    phone.report.gaps = phone.playout.gaps();
    phone.report.dropped = line.dropped;
    Ok(phone.report)
}

enum Outcome {
    HungUp,
    Vanished,
    Over,
}

struct Phone<'a> {
    format: Format,
    playout: Playout,
    agent: Agent,
    noise: Noise,
    frames: u32,
    report: Report,
    listener: &'a mut (dyn FnMut(Heard<'_>) + Send),
}

impl<'a> Phone<'a> {
    fn new(format: Format, listener: &'a mut (dyn FnMut(Heard<'_>) + Send)) -> Self {
        Self {
            format,
            playout: Playout::new(format.rate, CUSHION_MS),
            agent: Agent::default(),
            noise: Noise::new(1, COMFORT_DBFS),
            frames: 0,
            report: Report {
                rate: format.rate,
                ..Report::default()
            },
            listener,
        }
    }

    async fn wait_until_ready<S>(
        &mut self,
        stream: &mut SplitStream<WebSocketStream<S>>,
    ) -> Result<(), TalkError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        while let Some(Ok(message)) = stream.next().await {
            if !self.receive(message) {
                break;
            }
            if !self.report.conversation_id.is_empty() {
                return Ok(());
            }
        }
        Err(TalkError::Declined {
            told: self.report.errors.pop(),
        })
    }

    async fn talk<S>(
        &mut self,
        line: &mut Outgoing,
        stream: &mut SplitStream<WebSocketStream<S>>,
        caller: &mut dyn Caller,
        limit: Duration,
    ) -> Outcome
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut clock = interval(Frame::LASTS);
        // After a stall the missed frames go out at once: the clock does not drift.
        clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let end = Instant::now() + limit;
        loop {
            tokio::select! {
                biased;
                message = stream.next() => match message {
                    Some(Ok(message)) => if !self.receive(message) {
                        return Outcome::Over;
                    },
                    _ => return Outcome::Over,
                },
                now = clock.tick() => {
                    if now >= end {
                        self.report.timed_out = true;
                        return Outcome::HungUp;
                    }
                    if let Some(outcome) = self.tick(line, caller).await {
                        return outcome;
                    }
                }
            }
        }
    }

    async fn wait_until_ended<S>(&mut self, stream: &mut SplitStream<WebSocketStream<S>>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        while let Some(Ok(message)) = stream.next().await {
            if !self.receive(message) {
                return;
            }
        }
    }

    /// 20 ms: play, listen, act, send.
    async fn tick(&mut self, line: &mut Outgoing, caller: &mut dyn Caller) -> Option<Outcome> {
        let played = self.playout.play();
        for mark in played.passed {
            line.tell(&ClientMessage::Played { mark }).await;
        }
        self.agent.hear(&played.samples, !self.playout.is_empty());
        let sent = match caller.act(&self.agent) {
            Act::HangUp => return Some(Outcome::HungUp),
            Act::Vanish => return Some(Outcome::Vanished),
            Act::Speak(samples) => samples,
            Act::Press(digit) => {
                line.tell(&ClientMessage::Dtmf { digit }).await;
                self.noise.samples(played.samples.len())
            }
            Act::Silence => self.noise.samples(played.samples.len()),
        };
        let bytes = self.format.encode(&sent);
        let sent = self.format.decode(&bytes);
        line.send_audio(bytes);
        self.report.caller.extend(&sent);
        self.report.agent.extend(&played.samples);
        self.frames += 1;
        let at = Frame::LASTS * self.frames;
        (self.listener)(Heard::Frame {
            sent: &sent,
            played: &played.samples,
            at,
        });
        None
    }

    /// False when the conversation is over.
    fn receive(&mut self, message: Message) -> bool {
        match message {
            Message::Binary(bytes) => self.playout.receive(&self.format.decode(&bytes)),
            Message::Text(text) => match serde_json::from_str::<ServerMessage>(&text) {
                Ok(message) => return self.follow(message),
                // A newer server may say more than we know.
                Err(_) => tracing::debug!(message = %text.as_str(), "unknown message"),
            },
            Message::Close(_) => return false,
            _ => {}
        }
        true
    }

    fn follow(&mut self, message: ServerMessage) -> bool {
        let at = Frame::LASTS * self.frames;
        (self.listener)(Heard::Told {
            message: &message,
            at,
        });
        match message {
            ServerMessage::Ready {
                conversation_id, ..
            } => self.report.conversation_id = conversation_id,
            ServerMessage::Transcript {
                role,
                line,
                text,
                is_final,
            } => {
                self.report.lines.insert(
                    line,
                    Line {
                        role,
                        text,
                        is_final,
                    },
                );
            }
            ServerMessage::Speaking {
                who: Role::Agent,
                speaking,
            } => self.agent.speaking = speaking,
            ServerMessage::Speaking { .. } => {}
            ServerMessage::Mark { mark } => self.playout.mark(mark),
            ServerMessage::Clear => self.playout.clear(),
            ServerMessage::Turn { turn, timings } => {
                self.report.turns.insert(turn, timings);
            }
            ServerMessage::Error { message } => self.report.errors.push(message),
            ServerMessage::Ended { reason } => {
                self.report.ended_reason = Some(reason);
                return false;
            }
        }
        true
    }
}

/// The way out. One task writes, so that a socket that does not take its bytes never stops the clock.
struct Outgoing {
    /// 2.5 s of frames. Full: an audio frame is dropped and counted, a message waits.
    queue: mpsc::Sender<Message>,
    writer: JoinHandle<()>,
    dropped: u32,
}

impl Outgoing {
    fn new<S>(sink: SplitSink<WebSocketStream<S>, Message>) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (queue, messages) = mpsc::channel(128);
        Self {
            queue,
            writer: tokio::spawn(write(sink, messages)),
            dropped: 0,
        }
    }

    fn send_audio(&mut self, bytes: Vec<u8>) {
        self.dropped += self.queue.try_send(Message::Binary(bytes.into())).is_err() as u32;
    }

    /// A connection that is gone is noticed where it is read.
    async fn tell(&mut self, message: &ClientMessage) {
        if let Ok(text) = serde_json::to_string(message) {
            let _ = self.queue.send(Message::Text(text.into())).await;
        }
    }

    async fn close(&mut self) {
        let _ = self.queue.send(Message::Close(None)).await;
        let _ = timeout(Duration::from_secs(1), &mut self.writer).await;
        self.writer.abort();
    }

    fn abandon(&mut self) {
        self.writer.abort();
    }
}

async fn write<S>(
    mut sink: SplitSink<WebSocketStream<S>, Message>,
    mut messages: mpsc::Receiver<Message>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = messages.recv().await {
        let last = matches!(message, Message::Close(_));
        if sink.send(message).await.is_err() || last {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
