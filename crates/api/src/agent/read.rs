//! Reading an agent's configuration from a request: defaults, ranges, and every mistake at once.

use serde_json::{Map, Value};

use super::*;
use crate::{
    Problems,
    problem::{Field, Typo, is_empty_object, read, typos},
};

const SECONDS: std::ops::RangeInclusive<i64> = 1..=u32::MAX as i64;

impl AgentConfiguration {
    /// Reads the body of `POST /agents`.
    pub fn read(body: &Value) -> Result<Self, Problems> {
        read(body, Self::read_field)
    }

    /// Reads the body of `PATCH /agents/{id}`: the fields that are present replace those of `self`, each as a whole.
    pub fn patched(&self, patch: &Value) -> Result<Self, Problems> {
        let Some(patch) = patch.as_object() else {
            return Self::read(patch);
        };
        let old = serde_json::to_value(self).expect("a configuration has only text keys");
        let mut merged = old.as_object().cloned().unwrap_or_default();
        for (key, value) in patch {
            let value = if matches!(key.as_str(), "voice" | "language_model" | "transcriber") {
                keep_what_is_not_given(value, merged.get(key))
            } else {
                value.clone()
            };
            merged.insert(key.clone(), value);
        }
        Self::read(&Value::Object(merged))
    }

    /// Fields of a whole or a partial configuration that are ignored but look misspelt.
    pub fn typos(body: &Value) -> Vec<Typo> {
        typos(body, Self::read_field)
    }

    /// Reads a configuration that is part of a greater body.
    pub fn read_field(at: &Field<'_>) -> Option<Self> {
        at.object()?;
        Some(Self {
            initial_message: at.get("initial_message").text(),
            prompt: at.get("prompt").text(),
            voice: read_voice(&at.get("voice")),
            language_model: read_language_model(&at.get("language_model")),
            transcriber: read_transcriber(&at.get("transcriber")),
            max_duration_seconds: read_limit(&at.get("max_duration_seconds")),
            webhooks: at.get("webhooks").list(read_webhook),
            hooks: at.get("hooks").list(read_hook),
            metadata: at.get("metadata").object().cloned(),
            name: at.get("name").text(),
            knowledge: at.get("knowledge").list(Field::text).unwrap_or_default(),
            initial_message_interruptible: truth(at, "initial_message_interruptible", true),
            idle_prompts: at.get("idle_prompts").list(Field::text),
        })
    }
}

/// The published web client sends `{}` for each `enum | string` field: in a patch that means the old value, as long as
/// the provider stays the same.
fn keep_what_is_not_given(new: &Value, old: Option<&Value>) -> Value {
    let (Some(new_fields), Some(old)) = (new.as_object(), old.and_then(Value::as_object)) else {
        return new.clone();
    };
    let canonical =
        |object: &Map<String, Value>| match object.get("provider").and_then(Value::as_str) {
            Some("rime") => Some("rimeai".to_owned()),
            provider => provider.map(str::to_owned),
        };
    // A language model's provider may be left out.
    let same =
        canonical(new_fields).is_none_or(|provider| canonical(old).as_ref() == Some(&provider));
    let keep = |(key, value): (&String, &Value)| match old.get(key) {
        Some(old) if same && is_empty_object(value) && old.is_string() => {
            (key.clone(), old.clone())
        }
        _ => (key.clone(), value.clone()),
    };
    Value::Object(new_fields.iter().map(keep).collect())
}

#[derive(Clone, Copy)]
enum VoiceKind {
    PlayHt,
    ElevenLabs,
    Azure,
    Deepgram,
    RimeAi,
}

const VOICES: &[(&str, VoiceKind)] = &[
    ("playht", VoiceKind::PlayHt),
    ("elevenlabs", VoiceKind::ElevenLabs),
    ("azure", VoiceKind::Azure),
    ("deepgram", VoiceKind::Deepgram),
    ("rimeai", VoiceKind::RimeAi),
    // What the published clients call it.
    ("rime", VoiceKind::RimeAi),
];

fn read_limit(at: &Field<'_>) -> Option<u32> {
    if at.is_absent() {
        ten_minutes()
    } else {
        at.whole(SECONDS).map(|seconds| seconds as u32)
    }
}

fn truth(at: &Field<'_>, key: &str, default: bool) -> bool {
    at.get(key).not_null().truth().unwrap_or(default)
}

fn open_text(at: &Field<'_>, key: &str, default: &str) -> String {
    at.get(key)
        .not_null()
        .open_text()
        .unwrap_or_else(|| default.to_owned())
}

fn number(at: &Field<'_>, key: &str, range: std::ops::RangeInclusive<f64>, default: f64) -> f64 {
    at.get(key).not_null().number(range).unwrap_or(default)
}

fn whole(at: &Field<'_>, key: &str, range: std::ops::RangeInclusive<i64>, default: i64) -> i64 {
    at.get(key).not_null().whole(range).unwrap_or(default)
}

fn read_voice(at: &Field<'_>) -> Option<Voice> {
    at.object()?;
    let credential_id = at.get("credential_id").text();
    Some(match at.get("provider").required().constant(VOICES)? {
        VoiceKind::PlayHt => Voice::PlayHt(PlayHtVoice {
            credential_id,
            model: open_text(at, "model", "susan"),
            speed: number(at, "speed", 0.0..=5.0, 1.0),
            temperature: at.get("temperature").number(0.0..=2.0),
            text_guidance: at.get("text_guidance").number(1.0..=2.0),
            style_guidance: at.get("style_guidance").number(1.0..=30.0),
        }),
        VoiceKind::ElevenLabs => Voice::ElevenLabs(ElevenLabsVoice {
            credential_id,
            voice_id: open_text(at, "voice_id", "rachel"),
            model_id: open_text(at, "model_id", "eleven_turbo_v2"),
            optimize_latency: whole(at, "optimize_latency", 0..=4, 3) as u8,
            use_speaker_boost: truth(at, "use_speaker_boost", false),
            similarity_boost: number(at, "similarity_boost", 0.0..=1.0, 0.5),
            stability: number(at, "stability", 0.0..=1.0, 0.5),
        }),
        VoiceKind::Azure => Voice::Azure(AzureVoice {
            credential_id,
            model: open_text(at, "model", "en-US-AvaMultilingualNeural"),
            pitch: whole(at, "pitch", -20..=20, 0) as i8,
            rate: whole(at, "rate", -50..=50, 0) as i8,
        }),
        VoiceKind::Deepgram => Voice::Deepgram(DeepgramVoice {
            credential_id,
            model: open_text(at, "model", "aura-asteria-en"),
        }),
        VoiceKind::RimeAi => Voice::RimeAi(RimeVoice {
            credential_id,
            speaker: open_text(at, "speaker", "abbie"),
            speed_alpha: number(at, "speed_alpha", 0.5..=2.0, 1.0),
            reduce_latency: truth(at, "reduce_latency", false),
        }),
    })
}

#[derive(Clone, Copy)]
enum ModelKind {
    OpenAi,
    Google,
}

fn read_language_model(at: &Field<'_>) -> Option<LanguageModel> {
    at.object()?;
    let provider = at.get("provider").not_null();
    let kind = if provider.is_absent() {
        ModelKind::OpenAi
    } else {
        provider.constant(&[("openai", ModelKind::OpenAi), ("google", ModelKind::Google)])?
    };
    let default = match kind {
        ModelKind::OpenAi => "gpt-3.5-turbo",
        ModelKind::Google => "gemini-pro",
    };
    let choice = ModelChoice {
        credential_id: at.get("credential_id").text(),
        model: open_text(at, "model", default),
        tools: at.get("tools").list(read_tool),
        temperature: number(at, "temperature", 0.0..=2.0, 0.0),
        max_tokens: whole(at, "max_tokens", 1..=i64::from(u32::MAX), 300) as u32,
    };
    Some(match kind {
        ModelKind::OpenAi => LanguageModel::OpenAi(choice),
        ModelKind::Google => LanguageModel::Google(choice),
    })
}

fn read_tool(at: &Field<'_>) -> Option<Tool> {
    at.object()?;
    at.get("type").not_null().constant(&[("function", ())]);
    let function = at.get("function").required();
    function.object()?;
    let name = function.get("name").required().text();
    let description = function.get("description").text();
    let parameters = function
        .get("parameters")
        .object()
        .cloned()
        .unwrap_or_default();
    Some(Tool::Function {
        function: Function {
            name: name?,
            description,
            parameters,
        },
    })
}

#[derive(Clone, Copy)]
enum TranscriberKind {
    Deepgram,
    Azure,
}

fn read_transcriber(at: &Field<'_>) -> Option<Transcriber> {
    at.object()?;
    let kinds = [
        ("deepgram", TranscriberKind::Deepgram),
        ("azure", TranscriberKind::Azure),
    ];
    let credential_id = at.get("credential_id").text();
    Some(match at.get("provider").required().constant(&kinds)? {
        TranscriberKind::Deepgram => Transcriber::Deepgram(DeepgramTranscriber {
            credential_id,
            model: open_text(at, "model", "nova-2"),
            language: open_text(at, "language", "en"),
            keywords: at.get("keywords").list(Field::text),
        }),
        TranscriberKind::Azure => Transcriber::Azure(AzureTranscriber {
            credential_id,
            // Each is an `enum | string`, so that `{}` may stand among them.
            languages: at.get("languages").list(Field::open_text),
        }),
    })
}

fn read_events(at: &Field<'_>) -> Option<Vec<EventName>> {
    at.get("events")
        .required()
        .list(|event| event.word(EventName::published()))
}

fn read_webhook(at: &Field<'_>) -> Option<Webhook> {
    at.object()?;
    let events = read_events(at);
    let filter = at.get("filter").text();
    let url = at.get("url").required().text();
    let method = at
        .get("method")
        .required()
        .word(&[("GET", Method::Get), ("POST", Method::Post)]);
    let headers = at.get("headers").texts();
    Some(Webhook {
        events: events?,
        filter,
        url: url?,
        method: method?,
        headers,
    })
}

fn read_hook(at: &Field<'_>) -> Option<Hook> {
    at.object()?;
    let events = read_events(at);
    let filter = at.get("filter").text();
    let instructions = at.get("instructions").required().list(|instruction| {
        instruction.object()?;
        instruction
            .get("instruction")
            .required()
            .word(&[("hang_up", Instruction::HangUp)])
    });
    Some(Hook {
        events: events?,
        filter,
        instructions: instructions?,
    })
}

#[cfg(test)]
mod tests;
