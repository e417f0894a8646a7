//! Joins a WebSocket to a leg: frames and messages in, paced audio and messages out. A socket that says nothing for ten
//! seconds, or does not take what it is sent, is lost.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, timeout},
};
use voiceos_audio::{Framer, g711};
use voiceos_carriers::{
    Leg, LegEvent, LegOrder,
    web::{ClientMessage, Encoding, ServerMessage},
};

/// Two seconds of the caller. When full the call is that far behind, and the newest frame is dropped.
const EVENTS: usize = 100;
/// Paced audio, marks and texts on their way out: some seconds. When full the runner drops the frame and counts it.
const ORDERS: usize = 256;
/// The first message has to come within this.
const START: Duration = Duration::from_secs(10);
/// A ping goes out this often, so a live socket is never silent for [`LOST`].
const PING: Duration = Duration::from_secs(3);
/// Nothing heard for so long, not even a pong: the other end is gone.
const LOST: Duration = Duration::from_secs(10);
/// The socket takes nothing for so long: the other end is gone.
const STUCK: Duration = Duration::from_secs(5);
/// One message of audio holds at most a second.
const LONGEST: Duration = Duration::from_secs(1);

/// What the client asked for in its first message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Format {
    pub encoding: Encoding,
    /// Hz.
    pub rate: u32,
    pub marks: bool,
}

/// Waits for the client's `start`. `Err` is what to tell it.
pub async fn start(socket: &mut WebSocket) -> Result<Format, String> {
    let first = async {
        while let Some(Ok(message)) = socket.recv().await {
            match message {
                Message::Text(text) => return format(&text),
                Message::Binary(_) => {
                    return Err(
                        "audio came before `start`: send {\"type\":\"start\",…} first".into(),
                    );
                }
                Message::Ping(_) | Message::Pong(_) => {}
                Message::Close(_) => break,
            }
        }
        Err("the socket was closed before `start`".to_owned())
    };
    timeout(START, first)
        .await
        .unwrap_or_else(|_| Err(format!("no `start` message within {} s", START.as_secs())))
}

fn format(text: &str) -> Result<Format, String> {
    match serde_json::from_str(text) {
        Ok(ClientMessage::Start { encoding, sample_rate, marks }) => match (encoding, sample_rate) {
            (Encoding::Mulaw, 8000) | (Encoding::Pcm16, 8000 | 16_000 | 24_000 | 48_000) => {
                Ok(Format { encoding, rate: sample_rate, marks })
            }
            (Encoding::Mulaw, _) => Err("mulaw is always 8000 Hz: set \"sample_rate\" to 8000".into()),
            _ => Err(format!("\"sample_rate\" {sample_rate} is not offered: use 8000, 16000, 24000 or 48000")),
        },
        Ok(_) => Err("the first message has to be {\"type\":\"start\",\"encoding\":\"pcm16\",\"sample_rate\":16000}".into()),
        Err(cause) => Err(format!("the first message is not understood: {cause}")),
    }
}

/// The two ends of the leg: what the call runner gets, and what [`carry`] works with.
pub fn leg(format: Format) -> (Leg, Ends) {
    let (to_runner, events) = mpsc::channel(EVENTS);
    let (orders, from_runner) = mpsc::channel(ORDERS);
    (
        Leg {
            rate: format.rate,
            marks: format.marks,
            events,
            orders,
        },
        Ends {
            format,
            to_runner,
            from_runner,
        },
    )
}

pub struct Ends {
    format: Format,
    to_runner: mpsc::Sender<LegEvent>,
    from_runner: mpsc::Receiver<LegOrder>,
}

/// Carries audio and messages until either side ends; returns the socket for the last words.
pub async fn carry(mut socket: WebSocket, ends: Ends) -> WebSocket {
    let Ends {
        format,
        to_runner,
        mut from_runner,
    } = ends;
    let mut framer = Framer::new(format.rate);
    let mut heard_at = Instant::now();
    let mut ping = interval(PING);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let gone = tokio::select! {
            biased;
            order = from_runner.recv() => match order {
                None | Some(LegOrder::HangUp) => return socket,
                Some(order) => match encode(order, format.encoding) {
                    Some(message) => !sent(&mut socket, message).await,
                    None => false,
                },
            },
            message = socket.recv() => match message {
                Some(Ok(message)) => {
                    heard_at = Instant::now();
                    match incoming(message, format, &mut framer, &to_runner).await {
                        Ok(over) => over,
                        Err(told) => !sent(&mut socket, text(&ServerMessage::Error { message: told })).await,
                    }
                }
                Some(Err(_)) | None => true,
            },
            _ = ping.tick() => heard_at.elapsed() > LOST || !sent(&mut socket, Message::Ping(Default::default())).await,
        };
        if gone {
            let _ = to_runner.send(LegEvent::Lost).await; // after a `hang_up` nobody listens any more
            return socket;
        }
    }
}

/// Says why it is over and closes the socket; bounded, and nobody minds if it fails.
pub async fn close(mut socket: WebSocket, last: ServerMessage) {
    let goodbye = async {
        let _ = socket.send(text(&last)).await;
        let _ = socket
            .send(Message::Close(Some(CloseFrame {
                code: 1000,
                reason: "".into(),
            })))
            .await;
        while let Some(Ok(message)) = socket.recv().await {
            if matches!(message, Message::Close(_)) {
                break;
            }
        }
    };
    let _ = timeout(Duration::from_secs(2), goodbye).await;
}

/// Sends one message; whether it arrives shows soon enough.
pub async fn tell(socket: &mut WebSocket, message: &ServerMessage) {
    sent(socket, text(message)).await;
}

async fn sent(socket: &mut WebSocket, message: Message) -> bool {
    matches!(timeout(STUCK, socket.send(message)).await, Ok(Ok(())))
}

fn text(message: &ServerMessage) -> Message {
    let text = serde_json::to_string(message).expect("our own messages have string keys only");
    Message::Text(text.into())
}

fn encode(order: LegOrder, encoding: Encoding) -> Option<Message> {
    Some(match order {
        LegOrder::Audio(frame) => match encoding {
            Encoding::Pcm16 => {
                let bytes: Vec<u8> = frame
                    .samples
                    .iter()
                    .flat_map(|sample| sample.to_le_bytes())
                    .collect();
                Message::Binary(bytes.into())
            }
            Encoding::Mulaw => {
                let mut codes = Vec::with_capacity(frame.samples.len());
                g711::encode_into(&frame.samples, &mut codes);
                Message::Binary(codes.into())
            }
        },
        LegOrder::Mark(mark) => text(&ServerMessage::Mark { mark }),
        LegOrder::Clear => text(&ServerMessage::Clear),
        LegOrder::Tell(message) => text(&message),
        LegOrder::HangUp => return None,
    })
}

/// `Ok(true)` when the client is gone; `Err` is what to tell it.
async fn incoming(
    message: Message,
    format: Format,
    framer: &mut Framer,
    to_runner: &mpsc::Sender<LegEvent>,
) -> Result<bool, String> {
    let event = match message {
        Message::Binary(bytes) => {
            audio(&bytes, format, framer)?;
            while let Some(frame) = framer.pop() {
                let _ = to_runner.try_send(LegEvent::Audio(frame)); // when full: see EVENTS
            }
            return Ok(false);
        }
        Message::Text(text) => match serde_json::from_str::<ClientMessage>(&text) {
            Ok(ClientMessage::Played { mark }) => LegEvent::Played(mark),
            Ok(ClientMessage::Dtmf { digit }) => match digit.to_ascii_uppercase() {
                digit @ ('0'..='9' | '*' | '#' | 'A'..='D') => LegEvent::Dtmf(digit),
                _ => return Err("a \"digit\" is one of 0-9, *, #, A-D".into()),
            },
            Ok(ClientMessage::HangUp) => LegEvent::HungUp,
            Ok(ClientMessage::Start { .. }) => return Err("`start` comes only once".into()),
            Err(cause) => return Err(format!("message not understood: {cause}")),
        },
        Message::Ping(_) | Message::Pong(_) => return Ok(false),
        Message::Close(_) => return Ok(true),
    };
    let _ = to_runner.send(event).await;
    Ok(false)
}

fn audio(bytes: &[u8], format: Format, framer: &mut Framer) -> Result<(), String> {
    let wide = if format.encoding == Encoding::Pcm16 {
        2
    } else {
        1
    };
    if !bytes.len().is_multiple_of(wide) {
        return Err("a PCM16 message has an even number of bytes".into());
    }
    if bytes.len() / wide > (f64::from(format.rate) * LONGEST.as_secs_f64()) as usize {
        return Err("a message of audio holds at most one second; send 20 ms a message".into());
    }
    let mut samples = Vec::with_capacity(bytes.len() / wide);
    match format.encoding {
        Encoding::Pcm16 => samples.extend(
            bytes
                .chunks_exact(2)
                .map(|pair| i16::from_le_bytes([pair[0], pair[1]])),
        ),
        Encoding::Mulaw => g711::decode_into(bytes, &mut samples),
    }
    framer.push(&samples);
    Ok(())
}
