//! Everything that happens in a conversation and can be told to others: its name, its payload and its place in the order.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    EndedReason, EventId, Message, MessageId, Role, Timestamp, TurnTimings, conversation::words,
};

/// One event of one conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub id: EventId,
    /// Counts the events of the conversation from 1, without gaps.
    pub seq: u64,
    /// Milliseconds on the call's clock: since the call was answered.
    pub at_ms: u64,
    pub created_at: Timestamp,
    /// `name` and `payload`.
    #[serde(flatten)]
    pub happening: Happening,
}

/// What happened. The first eleven names are published, those after them are ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", content = "payload")]
pub enum Happening {
    #[serde(rename = "phone_call:connection_requested")]
    ConnectionRequested {
        from_number: String,
        to_number: String,
    },
    #[serde(rename = "phone_call:rejected")]
    Rejected { reason: String },
    #[serde(rename = "phone_call:accepted")]
    Accepted {},
    #[serde(rename = "function_call:triggered")]
    FunctionCalled {
        call: u32,
        name: String,
        arguments: Value,
    },
    #[serde(rename = "conversation:started")]
    ConversationStarted {},
    #[serde(rename = "conversation:ended")]
    ConversationEnded { reason: EndedReason },
    #[serde(rename = "conversation:duration")]
    Duration { seconds: u64 },
    #[serde(rename = "speech:started")]
    SpeechStarted { role: Role },
    #[serde(rename = "speech:ended")]
    SpeechEnded { role: Role },
    /// A message is final: the caller's words, or what was heard of the agent.
    #[serde(rename = "message:sent")]
    MessageSent { message: Message },
    /// The agent has made an answer; how much of it is heard is told by `message:sent`.
    #[serde(rename = "message:generated")]
    MessageGenerated { content: String },
    /// The caller's turn was taken and answered.
    #[serde(rename = "turn:ended")]
    TurnEnded { turn: u32, timings: TurnTimings },
    /// The caller spoke over the agent: its audio is held back until it is clear what that was.
    #[serde(rename = "reply:paused")]
    ReplyPaused {},
    /// It was a cough or an "mm-hm": the agent went on.
    #[serde(rename = "reply:resumed")]
    ReplyResumed {},
    /// The caller took the turn: the rest of the answer is dropped.
    #[serde(rename = "reply:interrupted")]
    ReplyInterrupted { message_id: Option<MessageId> },
    /// The caller said nothing for so long that the agent asked.
    #[serde(rename = "idle:prompted")]
    IdlePrompted { count: u32 },
    #[serde(rename = "dtmf:received")]
    DtmfReceived { digit: char },
    /// An engine or a provider failed; the conversation went on as well as it could.
    #[serde(rename = "provider:failed")]
    ProviderFailed { provider: String, told: String },
    /// The connection to the caller broke.
    #[serde(rename = "leg:lost")]
    LegLost {},
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum EventName {
    ConnectionRequested,
    Rejected,
    Accepted,
    FunctionCalled,
    ConversationStarted,
    ConversationEnded,
    Duration,
    SpeechStarted,
    SpeechEnded,
    MessageSent,
    MessageGenerated,
    TurnEnded,
    ReplyPaused,
    ReplyResumed,
    ReplyInterrupted,
    IdlePrompted,
    DtmfReceived,
    ProviderFailed,
    LegLost,
}

words!(EventName:
    ConnectionRequested "phone_call:connection_requested",
    Rejected "phone_call:rejected",
    Accepted "phone_call:accepted",
    FunctionCalled "function_call:triggered",
    ConversationStarted "conversation:started",
    ConversationEnded "conversation:ended",
    Duration "conversation:duration",
    SpeechStarted "speech:started",
    SpeechEnded "speech:ended",
    MessageSent "message:sent",
    MessageGenerated "message:generated",
    TurnEnded "turn:ended",
    ReplyPaused "reply:paused",
    ReplyResumed "reply:resumed",
    ReplyInterrupted "reply:interrupted",
    IdlePrompted "idle:prompted",
    DtmfReceived "dtmf:received",
    ProviderFailed "provider:failed",
    LegLost "leg:lost"
);

impl EventName {
    /// The names that webhooks and hooks may ask for: those of the reference.
    pub fn published() -> &'static [(&'static str, Self)] {
        &Self::WORDS[..11]
    }
}

impl From<EventName> for &'static str {
    fn from(name: EventName) -> Self {
        name.as_str()
    }
}

impl TryFrom<String> for EventName {
    type Error = crate::problem::UnknownWord;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl Happening {
    pub fn name(&self) -> EventName {
        match self {
            Self::ConnectionRequested { .. } => EventName::ConnectionRequested,
            Self::Rejected { .. } => EventName::Rejected,
            Self::Accepted {} => EventName::Accepted,
            Self::FunctionCalled { .. } => EventName::FunctionCalled,
            Self::ConversationStarted {} => EventName::ConversationStarted,
            Self::ConversationEnded { .. } => EventName::ConversationEnded,
            Self::Duration { .. } => EventName::Duration,
            Self::SpeechStarted { .. } => EventName::SpeechStarted,
            Self::SpeechEnded { .. } => EventName::SpeechEnded,
            Self::MessageSent { .. } => EventName::MessageSent,
            Self::MessageGenerated { .. } => EventName::MessageGenerated,
            Self::TurnEnded { .. } => EventName::TurnEnded,
            Self::ReplyPaused {} => EventName::ReplyPaused,
            Self::ReplyResumed {} => EventName::ReplyResumed,
            Self::ReplyInterrupted { .. } => EventName::ReplyInterrupted,
            Self::IdlePrompted { .. } => EventName::IdlePrompted,
            Self::DtmfReceived { .. } => EventName::DtmfReceived,
            Self::ProviderFailed { .. } => EventName::ProviderFailed,
            Self::LegLost {} => EventName::LegLost,
        }
    }
}
