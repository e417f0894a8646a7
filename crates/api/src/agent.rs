//! What an agent is: how it greets, what it knows, with which voice, model and transcriber it talks, and for how long.
//!
//! `null` for voice, language model or transcriber means this server's own engines. Reading a request (with all its
//! mistakes at once) is in `read`; the serde implementations are for what has been read before: the store and clients.

mod read;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{AccountId, AgentId, EventName, Timestamp, number};

/// The published fields come first; from `name` on they are ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentConfiguration {
    /// Null: the agent waits for the caller to speak.
    #[serde(default)]
    pub initial_message: Option<String>,
    #[serde(default)]
    pub prompt: Option<String>,
    #[serde(default)]
    pub voice: Option<Voice>,
    #[serde(default)]
    pub language_model: Option<LanguageModel>,
    #[serde(default)]
    pub transcriber: Option<Transcriber>,
    /// Null: no limit.
    #[serde(default = "ten_minutes")]
    pub max_duration_seconds: Option<u32>,
    #[serde(default)]
    pub webhooks: Option<Vec<Webhook>>,
    #[serde(default)]
    pub hooks: Option<Vec<Hook>>,
    #[serde(default)]
    pub metadata: Option<Map<String, Value>>,
    /// What people call it.
    #[serde(default)]
    pub name: Option<String>,
    /// Short texts that answers must rest on.
    #[serde(default)]
    pub knowledge: Vec<String>,
    /// False: the initial message is spoken to its end, whatever the caller says.
    #[serde(default = "yes")]
    pub initial_message_interruptible: bool,
    /// What the agent says, one after the other, when the caller stays silent. Null: the server's own; empty: nothing.
    #[serde(default)]
    pub idle_prompts: Option<Vec<String>>,
}

fn ten_minutes() -> Option<u32> {
    Some(600)
}

fn yes() -> bool {
    true
}

impl Default for AgentConfiguration {
    fn default() -> Self {
        Self {
            initial_message: None,
            prompt: None,
            voice: None,
            language_model: None,
            transcriber: None,
            max_duration_seconds: ten_minutes(),
            webhooks: None,
            hooks: None,
            metadata: None,
            name: None,
            knowledge: Vec::new(),
            initial_message_interruptible: true,
            idle_prompts: None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "provider", rename_all = "lowercase")]
pub enum Voice {
    PlayHt(PlayHtVoice),
    ElevenLabs(ElevenLabsVoice),
    Azure(AzureVoice),
    Deepgram(DeepgramVoice),
    #[serde(alias = "rime")]
    RimeAi(RimeVoice),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlayHtVoice {
    pub credential_id: Option<String>,
    pub model: String,
    /// 0 to 5; 1 is as recorded.
    #[serde(serialize_with = "number::write")]
    pub speed: f64,
    /// 0 to 2.
    #[serde(serialize_with = "number::maybe::write")]
    pub temperature: Option<f64>,
    /// 1 to 2.
    #[serde(serialize_with = "number::maybe::write")]
    pub text_guidance: Option<f64>,
    /// 1 to 30.
    #[serde(serialize_with = "number::maybe::write")]
    pub style_guidance: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ElevenLabsVoice {
    pub credential_id: Option<String>,
    pub voice_id: String,
    pub model_id: String,
    /// 0 to 4.
    pub optimize_latency: u8,
    pub use_speaker_boost: bool,
    /// 0 to 1.
    #[serde(serialize_with = "number::write")]
    pub similarity_boost: f64,
    /// 0 to 1.
    #[serde(serialize_with = "number::write")]
    pub stability: f64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AzureVoice {
    pub credential_id: Option<String>,
    pub model: String,
    /// −20 to 20, percent.
    pub pitch: i8,
    /// −50 to 50, percent.
    pub rate: i8,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeepgramVoice {
    pub credential_id: Option<String>,
    pub model: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RimeVoice {
    pub credential_id: Option<String>,
    pub speaker: String,
    /// 0.5 to 2; higher is slower.
    #[serde(serialize_with = "number::write")]
    pub speed_alpha: f64,
    pub reduce_latency: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "provider", rename_all = "lowercase")]
pub enum LanguageModel {
    OpenAi(ModelChoice),
    Google(ModelChoice),
}

/// Which model answers, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelChoice {
    pub credential_id: Option<String>,
    pub model: String,
    pub tools: Option<Vec<Tool>>,
    /// 0 to 2.
    #[serde(serialize_with = "number::write")]
    pub temperature: f64,
    /// Of one answer.
    pub max_tokens: u32,
}

impl LanguageModel {
    pub fn choice(&self) -> &ModelChoice {
        match self {
            Self::OpenAi(choice) | Self::Google(choice) => choice,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Tool {
    Function { function: Function },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Function {
    pub name: String,
    pub description: Option<String>,
    /// A JSON schema.
    pub parameters: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "provider", rename_all = "lowercase")]
pub enum Transcriber {
    Deepgram(DeepgramTranscriber),
    Azure(AzureTranscriber),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeepgramTranscriber {
    pub credential_id: Option<String>,
    pub model: String,
    pub language: String,
    pub keywords: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AzureTranscriber {
    pub credential_id: Option<String>,
    pub languages: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    #[serde(rename = "GET")]
    Get,
    #[serde(rename = "POST")]
    Post,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    pub events: Vec<EventName>,
    pub filter: Option<String>,
    pub url: String,
    pub method: Method,
    pub headers: Option<BTreeMap<String, String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "instruction", rename_all = "snake_case")]
pub enum Instruction {
    HangUp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    pub events: Vec<EventName>,
    pub filter: Option<String>,
    pub instructions: Vec<Instruction>,
}

/// A stored agent: its configuration and what the server adds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentResponse {
    #[serde(flatten)]
    pub configuration: AgentConfiguration,
    pub uri: String,
    pub account_id: AccountId,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub id: AgentId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentPagination {
    pub items: Vec<AgentResponse>,
    /// Counts from 1.
    pub index: u32,
    pub has_more: bool,
}
