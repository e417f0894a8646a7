//! The public words: every shape that crosses the HTTP interface, is stored, or is sent to a webhook.
//!
//! This crate decides how things are called, which values they may have and how they look as JSON; it refuses to know who
//! stores them, who speaks them and what time it is. The published reference is the authority; what is our own is said so.

mod agent;
mod conversation;
mod cost;
mod event;
mod id;
mod legacy;
mod message;
mod number;
pub mod openapi;
pub mod problem;
mod recording;
mod timestamp;
mod turn;

pub use agent::{
    AgentConfiguration, AgentPagination, AgentResponse, AzureTranscriber, AzureVoice,
    DeepgramTranscriber, DeepgramVoice, ElevenLabsVoice, Function, Hook, Instruction,
    LanguageModel, Method, ModelChoice, PlayHtVoice, RimeVoice, Tool, Transcriber, Voice, Webhook,
};
pub use conversation::{
    ConversationResponse, ConversationType, ConversationsPagination, EndedReason, Engine,
    PhoneCall, Status, Telephony, WebCall, WebCallResponse,
};
pub use cost::{
    AgentCost, CostBreakdown, LanguageModelCost, LanguageModelVendor, TelephonyCost,
    TranscriberCost, TranscriberVendor, VoiceCost, VoiceVendor,
};
pub use event::{Event, EventName, Happening};
pub use id::{AccountId, AgentId, ConversationId, EventId, KeyId, MessageId};
pub use legacy::Legacy;
pub use message::{Message, Role};
pub use problem::{Problem, Problems};
pub use recording::{Recording, RecordingFormat, RecordingUrl};
pub use timestamp::{InvalidTimestamp, Timestamp};
pub use turn::{Turn, TurnTimings};
