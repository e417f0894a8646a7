//! A fake server at the other end of a pipe, on paused time: a call of minutes takes milliseconds.

use std::sync::{Arc, Mutex};

use tokio::{io::DuplexStream, time::sleep};
use tokio_tungstenite::tungstenite::protocol;

use super::*;
use crate::talk::caller::{PATIENCE, Script, Step};

type Socket = WebSocketStream<DuplexStream>;

async fn pipe() -> (Socket, Socket) {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let client = WebSocketStream::from_raw_socket(ours, protocol::Role::Client, None).await;
    let server = WebSocketStream::from_raw_socket(theirs, protocol::Role::Server, None).await;
    (client, server)
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn text(message: ServerMessage) -> Message {
    Message::Text(serde_json::to_string(&message).unwrap().into())
}

/// What the server got, with the time since the start message.
type Log = Arc<Mutex<Vec<(Duration, ClientMessage)>>>;

/// The server's side of a call.
struct Server {
    socket: Socket,
    rate: u32,
    since: Instant,
    got: Log,
    frames: Arc<Mutex<Vec<(Duration, usize)>>>,
}

impl Server {
    async fn accept(mut socket: Socket) -> Self {
        let Some(Ok(Message::Text(start))) = socket.next().await else {
            panic!("a start message comes first")
        };
        let ClientMessage::Start {
            encoding,
            sample_rate,
            marks: true,
        } = serde_json::from_str(&start).unwrap()
        else {
            panic!("a start message comes first: {start}")
        };
        let ready = ServerMessage::Ready {
            conversation_id: "c1".into(),
            encoding,
            sample_rate,
        };
        socket.send(text(ready)).await.unwrap();
        Self {
            socket,
            rate: sample_rate,
            since: Instant::now(),
            got: Log::default(),
            frames: Arc::default(),
        }
    }

    async fn tell(&mut self, message: ServerMessage) {
        self.socket.send(text(message)).await.unwrap();
    }

    /// Reads for `time`; true when the caller hung up or is gone.
    async fn listen(&mut self, time: Duration) -> bool {
        let until = Instant::now() + time;
        while let Ok(message) = tokio::time::timeout_at(until, self.socket.next()).await {
            match message {
                Some(Ok(Message::Binary(bytes))) => self
                    .frames
                    .lock()
                    .unwrap()
                    .push((self.since.elapsed(), bytes.len())),
                Some(Ok(Message::Text(text))) => {
                    let message = serde_json::from_str(&text).unwrap();
                    let over = message == ClientMessage::HangUp;
                    self.got
                        .lock()
                        .unwrap()
                        .push((self.since.elapsed(), message));
                    if over {
                        return true;
                    }
                }
                Some(Ok(_)) => {}
                _ => return true,
            }
        }
        false
    }

    /// `frames` frames of sound at playing speed, said to be speech.
    async fn speak(&mut self, frames: usize) {
        self.tell(ServerMessage::Speaking {
            who: Role::Agent,
            speaking: true,
        })
        .await;
        let sound = Format {
            encoding: Encoding::Pcm16,
            rate: self.rate,
        }
        .encode(&vec![4000; Frame::len_at(self.rate)]);
        for _ in 0..frames {
            self.socket
                .send(Message::Binary(sound.clone().into()))
                .await
                .unwrap();
            self.listen(Frame::LASTS).await;
        }
        self.tell(ServerMessage::Speaking {
            who: Role::Agent,
            speaking: false,
        })
        .await;
    }

    async fn end(mut self) {
        self.tell(ServerMessage::Ended {
            reason: "user_ended".into(),
        })
        .await;
        let _ = self.socket.close(None).await;
    }
}

async fn held(client: Socket, format: Format, mut script: Script) -> Report {
    call(client, format, &mut script, ms(600_000), &mut |_| {})
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_call_of_two_turns_is_held_and_hung_up() {
    let (client, server) = pipe().await;
    let server = tokio::spawn(async move {
        let mut server = Server::accept(server).await;
        server.speak(50).await;
        let line = |line, role, text: &str| ServerMessage::Transcript {
            role,
            line,
            text: text.into(),
            is_final: true,
        };
        server.tell(line(0, Role::Agent, "Hello")).await;
        server.listen(ms(1500)).await;
        server.tell(line(1, Role::User, "Hi there")).await;
        server.speak(30).await;
        server
            .tell(ServerMessage::Turn {
                turn: 1,
                timings: TurnTimings::default(),
            })
            .await;
        assert!(server.listen(ms(5000)).await);
        server.end().await;
    });
    let report = held(
        client,
        Format::WIDE,
        Script::conversation(16000, [vec![5000; 8000]]),
    )
    .await;
    server.await.unwrap();
    assert_eq!(report.ended_reason.as_deref(), Some("user_ended"));
    assert_eq!(report.conversation_id, "c1");
    assert_eq!(report.said_by(Role::User).collect::<Vec<_>>(), ["Hi there"]);
    assert_eq!(report.turns.len(), 1);
    assert_eq!(report.caller.len(), report.agent.len());
    let exchanges = report.exchanges();
    assert_eq!(exchanges.len(), 1);
    // The fake answers 1.5 s after its greeting, of which 0.7 s are the caller's wait and 0.5 s its words.
    assert!((200..=400).contains(&exchanges[0].gap_ms), "{exchanges:?}");
    assert_eq!((report.gaps, report.dropped), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_frame_is_sent_every_20_ms_and_the_clock_does_not_drift() {
    for (format, bytes) in [(Format::WIDE, 640), (Format::TELEPHONE, 160)] {
        let (client, server) = pipe().await;
        let script = Script::new(format.rate, [Step::Wait(ms(10_000)), Step::HangUp]);
        let server = tokio::spawn(async move {
            let mut server = Server::accept(server).await;
            assert!(server.listen(ms(20_000)).await);
            let frames = server.frames.clone();
            server.end().await;
            frames
        });
        held(client, format, script).await;
        let frames = server.await.unwrap().lock().unwrap().clone();
        assert_eq!(frames.len(), 500);
        for (n, &(at, len)) in frames.iter().enumerate() {
            assert_eq!(len, bytes);
            assert!(
                at.abs_diff(Frame::LASTS * n as u32) <= ms(2),
                "frame {n} at {at:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_mark_is_acknowledged_when_the_audio_before_it_has_been_played() {
    let (client, server) = pipe().await;
    let server = tokio::spawn(async move {
        let mut server = Server::accept(server).await;
        let sound = Format::WIDE.encode(&[4000; 16000]);
        server
            .socket
            .send(Message::Binary(sound.into()))
            .await
            .unwrap();
        server.tell(ServerMessage::Mark { mark: 9 }).await;
        server.listen(ms(1500)).await;
        let got = server.got.clone();
        server.end().await;
        got
    });
    held(
        client,
        Format::WIDE,
        Script::new(16000, [Step::Wait(PATIENCE)]),
    )
    .await;
    let got = server.await.unwrap().lock().unwrap().clone();
    let [(at, ClientMessage::Played { mark: 9 })] = got[..] else {
        panic!("{got:?}")
    };
    assert!((ms(1000)..ms(1080)).contains(&at), "{at:?}");
}

#[tokio::test(start_paused = true)]
async fn clear_silences_the_agent_at_once_and_its_marks_are_not_answered() {
    let (client, server) = pipe().await;
    let server = tokio::spawn(async move {
        let mut server = Server::accept(server).await;
        server
            .socket
            .send(Message::Binary(Format::WIDE.encode(&[4000; 32000]).into()))
            .await
            .unwrap();
        server.tell(ServerMessage::Mark { mark: 1 }).await;
        server.listen(ms(500)).await;
        server.tell(ServerMessage::Clear).await;
        server.listen(ms(3000)).await;
        let got = server.got.clone();
        server.end().await;
        got
    });
    let report = held(
        client,
        Format::WIDE,
        Script::new(16000, [Step::Wait(PATIENCE)]),
    )
    .await;
    assert_eq!(server.await.unwrap().lock().unwrap()[..], []);
    let heard = report.agent.iter().filter(|&&s| s != 0).count() / 16;
    assert!((460..=520).contains(&heard), "{heard} ms");
}

#[tokio::test(start_paused = true)]
async fn a_caller_interrupts_in_the_middle_of_an_answer() {
    let (client, server) = pipe().await;
    let server = tokio::spawn(async move {
        let mut server = Server::accept(server).await;
        server.speak(100).await;
        server.listen(ms(1000)).await;
        server.end().await;
    });
    let script = Script::new(
        16000,
        [
            Step::UntilAgentSpeaks(ms(600)),
            Step::Say(vec![5000; 4800]),
            Step::Wait(PATIENCE),
        ],
    );
    let report = held(client, Format::WIDE, script).await;
    server.await.unwrap();
    let first = report.caller.iter().position(|&s| s > 4000).unwrap() / 16;
    assert!((580..=700).contains(&first), "{first} ms");
    assert_eq!(report.barge_ins().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_too_long_is_hung_up() {
    let (client, server) = pipe().await;
    let server = tokio::spawn(async move {
        let mut server = Server::accept(server).await;
        assert!(server.listen(ms(10_000)).await);
        server.end().await;
    });
    let mut script = Script::new(16000, [Step::Wait(ms(60_000))]);
    let report = call(client, Format::WIDE, &mut script, ms(3000), &mut |_| {})
        .await
        .unwrap();
    server.await.unwrap();
    assert!(report.timed_out);
    assert_eq!(report.caller.len(), 3 * 16000);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_goes_away_ends_the_call_without_a_reason() {
    let (client, server) = pipe().await;
    let server = tokio::spawn(async move {
        let mut server = Server::accept(server).await;
        server.listen(ms(500)).await;
    });
    let report = held(
        client,
        Format::WIDE,
        Script::new(16000, [Step::Wait(PATIENCE)]),
    )
    .await;
    server.await.unwrap();
    assert_eq!(report.ended_reason, None);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_vanishes_says_no_goodbye() {
    let (client, server) = pipe().await;
    let server = tokio::spawn(async move {
        let mut server = Server::accept(server).await;
        assert!(server.listen(ms(5000)).await);
        assert_eq!(server.got.lock().unwrap()[..], []);
    });
    held(
        client,
        Format::WIDE,
        Script::new(16000, [Step::Wait(ms(300)), Step::Vanish]),
    )
    .await;
    server.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_declines_says_why() {
    let (client, mut server) = pipe().await;
    let server = tokio::spawn(async move {
        server.next().await;
        server
            .send(text(ServerMessage::Error {
                message: "this token has been used".into(),
            }))
            .await
            .unwrap();
        server.close(None).await.unwrap();
    });
    let mut script = Script::new(16000, []);
    let got = call(client, Format::WIDE, &mut script, ms(1000), &mut |_| {}).await;
    server.await.unwrap();
    assert!(matches!(got, Err(TalkError::Declined { told: Some(told) }) if told.contains("used")));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_gets_ready_is_given_up() {
    let (client, server) = pipe().await;
    let hold = tokio::spawn(async move {
        sleep(ms(60_000)).await;
        drop(server);
    });
    let got = call(
        client,
        Format::WIDE,
        &mut Script::new(16000, []),
        ms(1000),
        &mut |_| {},
    )
    .await;
    hold.abort();
    assert!(matches!(got, Err(TalkError::NotReady)));
}

#[tokio::test(start_paused = true)]
async fn the_listener_hears_what_was_sent_in_the_codec_of_the_call() {
    let (client, server) = pipe().await;
    let server = tokio::spawn(async move {
        let mut server = Server::accept(server).await;
        server.listen(ms(1000)).await;
        server.end().await;
    });
    let mut sent_samples = Vec::new();
    let mut listener = |heard: Heard<'_>| {
        if let Heard::Frame { sent, .. } = heard {
            sent_samples.extend_from_slice(sent);
        }
    };
    let mut script = Script::new(8000, [Step::Say((0..1600).map(|n| n * 19).collect())]);
    let report = call(
        client,
        Format::TELEPHONE,
        &mut script,
        ms(1000),
        &mut listener,
    )
    .await
    .unwrap();
    server.await.unwrap();
    assert_eq!(sent_samples, report.caller);
    assert!((0..1600).all(|n| sent_samples[n] == g711::decode(g711::encode(n as i16 * 19))));
}
