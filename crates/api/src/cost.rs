//! What a conversation cost, in US dollars.
//!
//! `provider` keeps the published values, which strict clients insist on. What ran on this machine's own engines costs
//! nothing, says so in `engine` (ours), and carries the published default provider as a placeholder.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::number::money;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VoiceVendor {
    Azure,
    ElevenLabs,
    #[serde(alias = "rime")]
    RimeAi,
    Deepgram,
    #[default]
    PlayHt,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TranscriberVendor {
    #[default]
    Deepgram,
    Azure,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LanguageModelVendor {
    #[default]
    OpenAi,
    Google,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Twilio {
    #[default]
    Twilio,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Platform {
    #[default]
    VoiceOs,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VoiceCost {
    pub provider: VoiceVendor,
    #[serde(with = "money")]
    pub cost: Decimal,
    /// Characters given to the voice.
    pub characters: u64,
    /// Ours: the engine on this machine that spoke, null when the provider did.
    #[serde(default)]
    pub engine: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TranscriberCost {
    pub provider: TranscriberVendor,
    #[serde(with = "money")]
    pub cost: Decimal,
    #[serde(serialize_with = "crate::number::write")]
    pub seconds: f64,
    /// Ours: the engine on this machine that listened, null when the provider did.
    #[serde(default)]
    pub engine: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LanguageModelCost {
    pub provider: LanguageModelVendor,
    #[serde(with = "money")]
    pub cost: Decimal,
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// Ours: the engine on this machine that answered, null when the provider did.
    #[serde(default)]
    pub engine: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TelephonyCost {
    provider: Twilio,
    /// Nothing when the number was imported.
    #[serde(with = "money")]
    pub cost: Decimal,
    #[serde(serialize_with = "crate::number::write")]
    pub seconds: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AgentCost {
    provider: Platform,
    #[serde(with = "money")]
    pub cost: Decimal,
    #[serde(serialize_with = "crate::number::write")]
    pub seconds: f64,
}

impl AgentCost {
    pub fn new(cost: Decimal, seconds: f64) -> Self {
        Self {
            provider: Platform::VoiceOs,
            cost,
            seconds,
        }
    }
}

impl TelephonyCost {
    pub fn new(cost: Decimal, seconds: f64) -> Self {
        Self {
            provider: Twilio::Twilio,
            cost,
            seconds,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CostBreakdown {
    #[serde(with = "money")]
    pub total: Decimal,
    pub voice: VoiceCost,
    pub transcriber: TranscriberCost,
    pub language_model: LanguageModelCost,
    /// Null for web calls.
    pub telephony: Option<TelephonyCost>,
    pub agent: AgentCost,
}

impl CostBreakdown {
    /// The same with `total` as the sum of the lines.
    pub fn summed(mut self) -> Self {
        let telephony = self
            .telephony
            .as_ref()
            .map_or(Decimal::ZERO, |line| line.cost);
        self.total = self.voice.cost
            + self.transcriber.cost
            + self.language_model.cost
            + telephony
            + self.agent.cost;
        self
    }
}
