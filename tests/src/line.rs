//! A plain client of the WebSocket leg, for what a well-behaved phone does not do: stop in the middle, stay silent, answer
//! no marks, say nonsense. The well-behaved one is `voiceos::talk::client`.

use std::{f32::consts::TAU, time::Duration};

use anyhow::{Context, Result, bail};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    time::{Instant, MissedTickBehavior, interval, timeout},
};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite::Message};
use voiceos_carriers::web::{Role, ServerMessage};

/// Bytes in 20 ms of PCM16 at 16 kHz.
const FRAME: usize = 640;

/// Longer than any answer takes on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(30);

/// One end of a call, 16 kHz PCM16 unless its `start` said otherwise.
pub struct Line {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Whether marks are answered, as soon as they come.
    pub marks: bool,
    /// What the server said, in order.
    pub told: Vec<ServerMessage>,
    /// Bytes of the agent's audio.
    pub audio: Vec<u8>,
    /// The server has closed.
    pub closed: bool,
}

/// 16 kHz `start`.
pub fn start() -> Value {
    json!({"type": "start", "encoding": "pcm16", "sample_rate": 16000})
}

/// What the scripted engines take for speech, at `rate` Hz.
pub fn tone(ms: usize, rate: u32) -> Vec<i16> {
    let step = TAU * 440.0 / rate as f32;
    (0..ms * rate as usize / 1000)
        .map(|n| (8000.0 * (step * n as f32).sin()) as i16)
        .collect()
}

impl Line {
    /// Opens the socket and sends `start`.
    pub async fn join(url: &str, start: &Value) -> Result<Self> {
        let mut line = Self::open(url).await?;
        line.tell(start).await?;
        Ok(line)
    }

    /// Opens the socket and says nothing.
    pub async fn open(url: &str) -> Result<Self> {
        let (socket, _) = timeout(LIMIT, tokio_tungstenite::connect_async(url))
            .await
            .context("no answer")??;
        Ok(Self {
            socket,
            marks: true,
            told: vec![],
            audio: vec![],
            closed: false,
        })
    }

    pub async fn tell(&mut self, message: &Value) -> Result<()> {
        Ok(self.socket.send(Message::text(message.to_string())).await?)
    }

    pub async fn send(&mut self, message: Message) -> Result<()> {
        Ok(self.socket.send(message).await?)
    }

    /// Listens without a word until `done` or the end of the call.
    pub async fn listen(&mut self, done: impl Fn(&Self) -> bool) -> Result<()> {
        let listened = async {
            while !self.closed && !done(self) {
                let message = self.socket.next().await;
                self.receive(message).await?;
            }
            anyhow::Ok(())
        };
        timeout(LIMIT, listened)
            .await
            .with_context(|| format!("nothing came; heard {:?}", self.told))?
    }

    /// Says `bytes` and then silence, 20 ms every 20 ms, until `done` or the end of the call.
    pub async fn hold(&mut self, bytes: &[u8], done: impl Fn(&Self) -> bool) -> Result<()> {
        let mut clock = interval(Duration::from_millis(20));
        clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut frames = bytes.chunks(FRAME);
        let end = Instant::now() + LIMIT;
        while !self.closed && !done(self) {
            tokio::select! {
                message = self.socket.next() => self.receive(message).await?,
                _ = clock.tick() => {
                    let mut frame = frames.next().unwrap_or_default().to_vec();
                    frame.resize(FRAME, 0);
                    // A server that has gone is noticed where it is read.
                    drop(self.socket.send(Message::binary(frame)).await);
                    if Instant::now() > end {
                        bail!("not within {LIMIT:?}; heard {:?}", self.told);
                    }
                }
            }
        }
        Ok(())
    }

    /// Says `ms` of what scripted engines take for speech.
    pub async fn ask(&mut self, ms: usize, done: impl Fn(&Self) -> bool) -> Result<()> {
        let bytes: Vec<u8> = tone(ms, 16_000)
            .iter()
            .flat_map(|sample| sample.to_le_bytes())
            .collect();
        self.hold(&bytes, done).await
    }

    async fn receive(
        &mut self,
        message: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>,
    ) -> Result<()> {
        match message {
            Some(Ok(Message::Text(text))) => {
                let message = serde_json::from_str(&text)
                    .with_context(|| format!("not a server's message: {text}"))?;
                if let ServerMessage::Mark { mark } = message
                    && self.marks
                {
                    self.tell(&json!({"type": "played", "mark": mark})).await?;
                }
                self.told.push(message);
            }
            Some(Ok(Message::Binary(bytes))) => self.audio.extend_from_slice(&bytes),
            Some(Ok(Message::Close(_))) | Some(Err(_)) | None => self.closed = true,
            Some(Ok(_)) => {}
        }
        Ok(())
    }

    /// Hangs up as a polite client does and hears the server out.
    pub async fn hang_up(&mut self) -> Result<()> {
        self.tell(&json!({"type": "hang_up"})).await?;
        self.listen(|line| line.closed).await
    }

    /// What was last told of the agent's latest line, and whether it is final.
    pub fn agent(&self) -> Option<(&str, bool)> {
        self.told.iter().rev().find_map(|message| match message {
            ServerMessage::Transcript {
                role: Role::Agent,
                text,
                is_final,
                ..
            } => Some((text.as_str(), *is_final)),
            _ => None,
        })
    }

    /// The agent's lines that are final.
    pub fn answers(&self) -> usize {
        let answer = |m: &&ServerMessage| {
            matches!(
                m,
                ServerMessage::Transcript {
                    role: Role::Agent,
                    is_final: true,
                    ..
                }
            )
        };
        self.told.iter().filter(answer).count()
    }

    pub fn error(&self) -> Option<&str> {
        self.told.iter().find_map(|message| match message {
            ServerMessage::Error { message } => Some(message.as_str()),
            _ => None,
        })
    }

    pub fn ready(&self) -> bool {
        self.told
            .iter()
            .any(|message| matches!(message, ServerMessage::Ready { .. }))
    }

    /// The reason with which the server said goodbye.
    pub fn ended(&self) -> Option<&str> {
        self.told.iter().find_map(|message| match message {
            ServerMessage::Ended { reason } => Some(reason.as_str()),
            _ => None,
        })
    }
}
