//! Who hears of what happens: the person at the other end at once, the store as soon as it can.

use std::collections::VecDeque;

use tokio::sync::mpsc;
use voiceos_api::{EndedReason, Happening, Message, MessageId, Role, Timestamp, Turn, TurnTimings};
use voiceos_carriers::{LegOrder, web};
use voiceos_core::{At, Event, Line, Reason, Timings, conversation::Entry};

/// Something the store keeps of a call, in the order in which it happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    Event { happening: Happening, at: At },
    Message { line: u32, message: Message },
    Turn(Turn),
}

/// One call's teller.
pub struct Teller {
    began: Timestamp,
    journal: mpsc::Sender<Record>,
    /// What the journal has no room for yet. It grows only while the store is away, by some hundred bytes a message.
    backlog: VecDeque<Record>,
}

impl Teller {
    /// `began`: the wall clock when the call was answered.
    pub fn new(began: Timestamp, journal: mpsc::Sender<Record>) -> Self {
        Self {
            began,
            journal,
            backlog: VecDeque::new(),
        }
    }

    pub fn tell(&mut self, event: Event, at: At, orders: &mpsc::Sender<LegOrder>) {
        if let Some(message) = self.for_the_leg(&event) {
            // When full, the leg is a second behind: what it shows is refreshed by the next message.
            let _ = orders.try_send(LegOrder::Tell(message));
        }
        for record in records(event, at, self.began) {
            self.backlog.push_back(record);
        }
        while let Some(record) = self.backlog.pop_front() {
            if let Err(mpsc::error::TrySendError::Full(record)) = self.journal.try_send(record) {
                self.backlog.push_front(record);
                break;
            }
        }
    }

    /// Hands over what is left and closes the journal.
    pub async fn finish(mut self) {
        while let Some(record) = self.backlog.pop_front() {
            if self.journal.send(record).await.is_err() {
                return;
            }
        }
    }

    fn for_the_leg(&self, event: &Event) -> Option<web::ServerMessage> {
        use web::ServerMessage::{Speaking, Transcript, Turn};
        let transcript = |role, line: u32, text: &str, is_final| {
            let text = text.to_owned();
            Some(Transcript {
                role,
                line,
                text,
                is_final,
            })
        };
        match event {
            Event::SpeechStarted { who } => Some(Speaking {
                who: web_role(*who),
                speaking: true,
            }),
            Event::SpeechEnded { who } => Some(Speaking {
                who: web_role(*who),
                speaking: false,
            }),
            Event::Understood { line, text } => transcript(web::Role::User, *line, text, false),
            Event::Heard { line, text } => transcript(web::Role::Agent, *line, text, false),
            Event::Message { line, entry } => match &entry.line {
                Line::User(text) => transcript(web::Role::User, *line, text, true),
                Line::Agent(text) => transcript(web::Role::Agent, *line, text, true),
                Line::Tool { .. } => None,
            },
            Event::TurnAnswered { turn, timings } => Some(Turn {
                turn: *turn,
                timings: milliseconds(timings),
            }),
            _ => None,
        }
    }
}

/// The API's words for why a call ended.
pub fn ended_reason(reason: Reason) -> EndedReason {
    match reason {
        Reason::CallerHungUp => EndedReason::UserEnded,
        Reason::AgentHungUp | Reason::TimeLimit | Reason::Idle => EndedReason::AgentEnded,
        Reason::LegLost | Reason::Fault | Reason::Shutdown => EndedReason::Unknown,
    }
}

fn web_role(role: voiceos_core::Role) -> web::Role {
    match role {
        voiceos_core::Role::User => web::Role::User,
        voiceos_core::Role::Agent => web::Role::Agent,
    }
}

fn api_role(role: voiceos_core::Role) -> Role {
    match role {
        voiceos_core::Role::User => Role::User,
        voiceos_core::Role::Agent => Role::Agent,
    }
}

/// Stages after the end of the caller's speech; what came before it (an answer begun in advance) counts as zero.
pub fn milliseconds(timings: &Timings) -> TurnTimings {
    let after = |at: Option<At>| at.map(|at| at.saturating_sub(timings.ended).as_millis() as u32);
    TurnTimings {
        silence_ms: after(timings.silence),
        transcript_ms: after(timings.transcript),
        verdict_ms: after(timings.verdict),
        endpoint_ms: after(timings.endpoint),
        first_token_ms: after(timings.first_token),
        first_piece_ms: after(timings.first_piece),
        first_speech_ms: after(timings.first_speech),
        first_audio_ms: after(timings.first_audio),
    }
}

/// A line as the API shows it; `None` for a tool's.
pub fn message(entry: &Entry, began: Timestamp) -> Option<Message> {
    let (role, content) = match &entry.line {
        Line::User(text) => (Role::User, text.clone()),
        Line::Agent(text) => (Role::Agent, text.clone()),
        Line::Tool { .. } => return None,
    };
    Some(Message {
        role,
        content,
        id: Some(MessageId::new(began.after(entry.from))),
        started_at: Some(began.after(entry.from)),
        ended_at: Some(began.after(entry.to)),
        interrupted: entry.interrupted,
    })
}

/// What the store keeps of an event of the core.
pub fn records(event: Event, at: At, began: Timestamp) -> Vec<Record> {
    let happening = match event {
        Event::SpeechStarted { who } => Happening::SpeechStarted {
            role: api_role(who),
        },
        Event::SpeechEnded { who } => Happening::SpeechEnded {
            role: api_role(who),
        },
        Event::Understood { .. } | Event::Heard { .. } => return vec![],
        Event::Message { line, entry } => {
            let Some(message) = message(&entry, began) else {
                return vec![];
            };
            let sent = Happening::MessageSent {
                message: message.clone(),
            };
            return vec![
                Record::Message { line, message },
                Record::Event {
                    happening: sent,
                    at,
                },
            ];
        }
        Event::Generated { text, .. } => Happening::MessageGenerated { content: text },
        Event::TurnAnswered { turn, timings } => {
            let timings = milliseconds(&timings);
            let ended = Record::Event {
                happening: Happening::TurnEnded { turn, timings },
                at,
            };
            return vec![Record::Turn(Turn { turn, timings }), ended];
        }
        Event::BargedIn { .. } => Happening::ReplyInterrupted { message_id: None },
        Event::Resumed { .. } => Happening::ReplyResumed {},
        Event::IdlePrompted { count } => Happening::IdlePrompted { count },
        Event::Faulted { port, stalled } => {
            let provider = serde_json::to_value(port)
                .ok()
                .and_then(|p| p.as_str().map(str::to_owned))
                .unwrap_or_default();
            let told = if stalled {
                "no answer in time"
            } else {
                "failed"
            }
            .to_owned();
            Happening::ProviderFailed { provider, told }
        }
        Event::DtmfReceived { digit } => Happening::DtmfReceived { digit },
        Event::Ended { reason } => Happening::ConversationEnded {
            reason: ended_reason(reason),
        },
    };
    vec![Record::Event { happening, at }]
}
