//! A conversation as the API shows it. The fields up to `id` are published, those after it are ours.

use serde::{Deserialize, Serialize};

use crate::{
    AccountId, AgentConfiguration, AgentId, ConversationId, CostBreakdown, Message, Recording,
    Timestamp, Turn,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConversationType {
    InboundPhoneCall,
    OutboundPhoneCall,
    WebCall,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Started,
    Ended,
    Queued,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedReason {
    AgentEnded,
    UserEnded,
    /// The connection was lost, nobody came, or the server stopped.
    Unknown,
}

macro_rules! words {
    ($name:ident: $($variant:ident $word:literal),+) => {
        impl $name {
            /// Every value, in the order of the reference.
            pub const WORDS: &[(&str, Self)] = &[$(($word, Self::$variant)),+];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::problem::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::WORDS.iter().find(|(word, _)| *word == text).map(|(_, value)| *value)
                    .ok_or_else(|| crate::problem::UnknownWord(text.to_owned()))
            }
        }
    };
}
pub(crate) use words;

words!(ConversationType: InboundPhoneCall "inbound_phone_call", OutboundPhoneCall "outbound_phone_call", WebCall "web_call");
words!(Status: Started "started", Ended "ended", Queued "queued");
words!(EndedReason: AgentEnded "agent_ended", UserEnded "user_ended", Unknown "unknown");

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Telephony {
    Twilio,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneCall {
    pub provider: Telephony,
    pub to_number: String,
    pub from_number: String,
}

/// What really ran, which the published provider fields have no words for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engine {
    pub transcriber: String,
    pub language_model: String,
    pub voice: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConversationResponse {
    pub uri: String,
    #[serde(rename = "type")]
    pub kind: ConversationType,
    pub account_id: AccountId,
    pub status: Status,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub agent_config: AgentConfiguration,
    pub agent_id: Option<AgentId>,
    pub messages: Option<Vec<Message>>,
    pub phone_call: Option<PhoneCall>,
    pub ended_reason: Option<EndedReason>,
    pub cost_breakdown: Option<CostBreakdown>,
    pub id: ConversationId,
    /// When it was asked for; what `created_after` and `created_before` compare.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    #[serde(default)]
    pub engine: Option<Engine>,
    #[serde(default)]
    pub recording: Option<Recording>,
    /// The caller's turns that were answered, with the time each stage took.
    #[serde(default)]
    pub turns: Vec<Turn>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConversationsPagination {
    pub items: Vec<ConversationResponse>,
    /// Counts from 1.
    pub index: u32,
    pub has_more: bool,
}

/// Where and how to connect a web call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebCall {
    /// A WebSocket address that includes the token.
    pub url: String,
    /// Works once, until `expires_at`.
    pub token: String,
    pub expires_at: Timestamp,
}

/// The answer of `POST /conversations/create_web_call`: the conversation, and how to join it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WebCallResponse {
    #[serde(flatten)]
    pub conversation: ConversationResponse,
    pub web_call: WebCall,
}
