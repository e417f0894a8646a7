//! Answers as the published Python client (0.8.1.3) can read them: it refuses a whole list for one word it does not know.
//!
//! What it has no word for is sent as the nearest it has, or left out. Everybody else gets the words of the reference.

use serde_json::{Map, Value};

use crate::{AgentPagination, AgentResponse, ConversationResponse, ConversationsPagination};

/// The models that it knows of ElevenLabs.
const ELEVENLABS_MODELS: [&str; 3] = [
    "eleven_multilingual_v2",
    "eleven_monolingual_v1",
    "eleven_turbo_v2",
];

/// The kinds of conversation that it knows.
const KINDS: [&str; 2] = ["inbound_phone_call", "outbound_phone_call"];

/// An answer that has a legacy view.
pub trait Legacy: serde::Serialize {
    /// The answer in the client's words.
    fn legacy(&self) -> Value;
}

impl Legacy for AgentResponse {
    fn legacy(&self) -> Value {
        let mut agent = to_value(self);
        configuration(&mut agent);
        agent
    }
}

impl Legacy for AgentPagination {
    fn legacy(&self) -> Value {
        list(to_value(self), self.items.iter().map(Legacy::legacy))
    }
}

impl Legacy for ConversationResponse {
    /// A web call shows itself as an inbound phone call without numbers.
    fn legacy(&self) -> Value {
        let mut shown = to_value(self);
        configuration(&mut shown["agent_config"]);
        costs(&mut shown["cost_breakdown"]);
        if !KINDS.contains(&self.kind.as_str()) {
            shown["type"] = KINDS[0].into();
            shown["phone_call"] = Value::Null;
        }
        shown
    }
}

impl Legacy for ConversationsPagination {
    /// Without what is no phone call; `index` and `has_more` still count the whole list, so a page may be short or empty
    /// while there are further ones.
    fn legacy(&self) -> Value {
        let known = self
            .items
            .iter()
            .filter(|item| KINDS.contains(&item.kind.as_str()));
        list(to_value(self), known.map(Legacy::legacy))
    }
}

fn to_value(answer: &impl serde::Serialize) -> Value {
    serde_json::to_value(answer).expect("answers have text keys and finite numbers")
}

fn list(mut page: Value, items: impl Iterator<Item = Value>) -> Value {
    page["items"] = items.collect();
    page
}

fn configuration(config: &mut Value) {
    voice(&mut config["voice"]);
    let model = &mut config["language_model"];
    if model["provider"] != "openai" {
        *model = Value::Null;
    }
}

fn voice(voice: &mut Value) {
    rime(voice);
    let Some(fields) = voice.as_object_mut() else {
        return;
    };
    if fields.get("provider").is_some_and(|it| it == "elevenlabs") {
        for name in ["stability", "similarity_boost"] {
            round(fields, name);
        }
        let known = |model: &Value| {
            model
                .as_str()
                .is_some_and(|it| ELEVENLABS_MODELS.contains(&it))
        };
        if !fields.get("model_id").is_some_and(known) {
            fields.shift_remove("model_id");
        }
    }
}

/// It takes only the whole numbers 0 and 1 for these.
fn round(fields: &mut Map<String, Value>, name: &str) {
    let number = fields.get(name).and_then(Value::as_f64).unwrap_or(0.5);
    fields.insert(name.to_owned(), Value::from(number.round() as i64));
}

fn rime(named: &mut Value) {
    if named["provider"] == "rimeai" {
        named["provider"] = "rime".into();
    }
}

fn costs(costs: &mut Value) {
    if costs.is_null() {
        return;
    }
    rime(&mut costs["voice"]);
    if costs["language_model"]["provider"] != "openai" {
        *costs = Value::Null;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{AccountId, AgentConfiguration, AgentId, Timestamp};

    fn agent(body: Value) -> Value {
        let at = Timestamp::from_millis(0);
        let agent = AgentResponse {
            configuration: AgentConfiguration::read(&body).expect("a right agent"),
            uri: "/agents/1".to_owned(),
            account_id: AccountId::new(at),
            created_at: at,
            updated_at: at,
            id: AgentId::new(at),
        };
        agent.legacy()
    }

    fn conversation() -> ConversationResponse {
        let golden = include_str!("../tests/golden/list_conversations.json");
        let list: ConversationsPagination =
            serde_json::from_str(golden).expect("the example of the reference");
        list.items[0].clone()
    }

    #[test]
    fn rimeai_is_called_rime() {
        let voice = json!({"provider": "rimeai", "speaker": "abbie"});
        assert_eq!(agent(json!({"voice": voice}))["voice"]["provider"], "rime");
    }

    #[test]
    fn the_numbers_of_elevenlabs_are_rounded_and_a_model_it_does_not_know_is_left_out() {
        let voice = json!({"provider": "elevenlabs", "stability": 0.4, "model_id": "eleven_v3"});
        let shown = agent(json!({"voice": voice}))["voice"].clone();
        assert_eq!(
            (
                &shown["stability"],
                &shown["similarity_boost"],
                shown.get("model_id")
            ),
            (&json!(0), &json!(1), None)
        );
        let voice = json!({"provider": "elevenlabs"});
        let shown = agent(json!({"voice": voice}))["voice"].clone();
        assert_eq!(shown["model_id"], "eleven_turbo_v2");
    }

    #[test]
    fn a_language_model_that_is_not_openais_is_null() {
        let model = json!({"provider": "google"});
        assert_eq!(
            agent(json!({"language_model": model}))["language_model"],
            json!(null)
        );
        let model = json!({"provider": "openai"});
        assert_eq!(
            agent(json!({"language_model": model}))["language_model"]["model"],
            "gpt-3.5-turbo"
        );
    }

    #[test]
    fn costs_are_null_when_one_provider_cannot_be_named() {
        let mut call = conversation();
        assert_eq!(call.legacy()["cost_breakdown"]["total"], 123);
        let costs = call.cost_breakdown.as_mut().expect("it cost something");
        costs.voice.provider = crate::VoiceVendor::RimeAi;
        assert_eq!(call.legacy()["cost_breakdown"]["voice"]["provider"], "rime");
        let costs = call.cost_breakdown.as_mut().expect("it cost something");
        costs.language_model.provider = crate::LanguageModelVendor::Google;
        assert_eq!(call.legacy()["cost_breakdown"], json!(null));
    }

    #[test]
    fn a_web_call_is_not_listed_and_shows_itself_as_an_inbound_call_without_numbers() {
        let (phone, mut web) = (conversation(), conversation());
        web.kind = crate::ConversationType::WebCall;
        web.phone_call = None;
        let shown = web.legacy();
        assert_eq!(
            (&shown["type"], &shown["phone_call"]),
            (&json!("inbound_phone_call"), &json!(null))
        );
        assert_eq!(phone.legacy()["phone_call"]["provider"], "twilio");
        let list = ConversationsPagination {
            items: vec![web, phone],
            index: 3,
            has_more: true,
        };
        let shown = list.legacy();
        assert_eq!(
            (
                shown["items"].as_array().map(Vec::len),
                &shown["index"],
                &shown["has_more"]
            ),
            (Some(1), &json!(3), &json!(true))
        );
    }
}
