use serde_json::json;

use super::*;

fn agent(body: Value) -> AgentConfiguration {
    AgentConfiguration::read(&body).unwrap_or_else(|problems| panic!("{problems}"))
}

fn mistakes(body: Value) -> Vec<String> {
    let told = AgentConfiguration::read(&body)
        .expect_err("the body has mistakes")
        .told();
    told.lines().map(str::to_owned).collect()
}

#[test]
fn an_empty_body_is_an_agent_with_the_defaults() {
    assert_eq!(agent(json!({})), AgentConfiguration::default());
    assert_eq!(agent(json!({})).max_duration_seconds, Some(600));
    assert_eq!(
        agent(json!({"max_duration_seconds": null})).max_duration_seconds,
        None
    );
    assert_eq!(
        serde_json::from_value::<AgentConfiguration>(json!({})).unwrap(),
        AgentConfiguration::default()
    );
}

#[test]
fn a_body_with_ten_mistakes_names_all_ten() {
    let body = json!({
        "prompt": ["x"],
        "voice": {"provider": "playht", "speed": 6, "temperature": "hot"},
        "language_model": {"temperature": 3, "max_tokens": "many"},
        "transcriber": {"provider": "acme"},
        "max_duration_seconds": 0,
        "webhooks": [{"events": ["call:ended"], "method": "PUT"}],
    });
    assert_eq!(
        mistakes(body),
        [
            "body.prompt: str type expected",
            "body.voice.speed: ensure this value is less than or equal to 5",
            "body.voice.temperature: value is not a valid float",
            "body.language_model.temperature: ensure this value is less than or equal to 2",
            "body.language_model.max_tokens: value is not a valid integer",
            "body.transcriber.provider: unexpected value; permitted: 'deepgram', 'azure'",
            "body.max_duration_seconds: ensure this value is greater than or equal to 1",
            "body.webhooks.0.events.0: value is not a valid enumeration member; permitted: 'phone_call:connection_requested', \
         'phone_call:rejected', 'phone_call:accepted', 'function_call:triggered', 'conversation:started', \
         'conversation:ended', 'conversation:duration', 'speech:started', 'speech:ended', 'message:sent', \
         'message:generated'",
            "body.webhooks.0.url: field required",
            "body.webhooks.0.method: value is not a valid enumeration member; permitted: 'GET', 'POST'",
        ]
    );
}

#[test]
fn every_voice_has_its_defaults() {
    let voice = |provider: &str| json!(agent(json!({"voice": {"provider": provider}})).voice);
    assert_eq!(
        voice("playht"),
        json!({"provider": "playht", "credential_id": null, "model": "susan", "speed": 1, "temperature": null,
            "text_guidance": null, "style_guidance": null})
    );
    assert_eq!(
        voice("elevenlabs"),
        json!({"provider": "elevenlabs", "credential_id": null, "voice_id": "rachel", "model_id": "eleven_turbo_v2",
            "optimize_latency": 3, "use_speaker_boost": false, "similarity_boost": 0.5, "stability": 0.5})
    );
    assert_eq!(
        voice("azure"),
        json!({"provider": "azure", "credential_id": null, "model": "en-US-AvaMultilingualNeural", "pitch": 0, "rate": 0})
    );
    assert_eq!(
        voice("deepgram"),
        json!({"provider": "deepgram", "credential_id": null, "model": "aura-asteria-en"})
    );
    let rime = json!({"provider": "rimeai", "credential_id": null, "speaker": "abbie", "speed_alpha": 1,
        "reduce_latency": false});
    assert_eq!(voice("rimeai"), rime);
    assert_eq!(voice("rime"), rime);
}

#[test]
fn a_voice_without_a_provider_is_a_mistake() {
    assert_eq!(
        mistakes(json!({"voice": {}})),
        ["body.voice.provider: field required"]
    );
}

#[test]
fn what_the_web_client_cannot_say_keeps_its_default() {
    let body = json!({"voice": {"provider": "elevenlabs", "voice_id": {}}, "transcriber": {"provider": "deepgram",
        "model": {}, "language": {}}, "language_model": {"provider": "openai", "model": {}}});
    let read = agent(body);
    assert_eq!(json!(read.voice)["voice_id"], "rachel");
    assert_eq!(json!(read.transcriber)["model"], "nova-2");
    assert_eq!(json!(read.language_model)["model"], "gpt-3.5-turbo");
}

#[test]
fn numeric_texts_count_as_numbers_and_numbers_as_text() {
    let read = agent(
        json!({"prompt": 5, "max_duration_seconds": "60", "language_model": {"temperature": "0.5"}}),
    );
    assert_eq!(read.prompt.as_deref(), Some("5"));
    assert_eq!(read.max_duration_seconds, Some(60));
    assert_eq!(json!(read.language_model)["temperature"], 0.5);
}

#[test]
fn a_patch_replaces_what_is_present_and_nothing_else() {
    let old = agent(
        json!({"prompt": "a", "initial_message": "b", "max_duration_seconds": 30, "knowledge": ["k"]}),
    );
    let new = old
        .patched(&json!({"prompt": "c", "initial_message": null}))
        .unwrap();
    assert_eq!(
        new,
        AgentConfiguration {
            prompt: Some("c".into()),
            initial_message: None,
            ..old
        }
    );
}

#[test]
fn a_patch_replaces_a_nested_object_as_a_whole() {
    let old = agent(json!({"voice": {"provider": "playht", "model": "oliver", "speed": 2}}));
    let new = old
        .patched(&json!({"voice": {"provider": "playht", "model": "arthur"}}))
        .unwrap();
    assert_eq!(json!(new.voice)["speed"], 1);
}

#[test]
fn a_patch_keeps_the_model_that_the_web_client_cannot_say() {
    let old = agent(json!({"voice": {"provider": "playht", "model": "oliver"}}));
    let same = old
        .patched(&json!({"voice": {"provider": "playht", "model": {}, "speed": 2}}))
        .unwrap();
    assert_eq!(
        (&json!(same.voice)["model"], &json!(same.voice)["speed"]),
        (&json!("oliver"), &json!(2))
    );
    let other = old
        .patched(&json!({"voice": {"provider": "azure", "model": {}}}))
        .unwrap();
    assert_eq!(json!(other.voice)["model"], "en-US-AvaMultilingualNeural");
}

#[test]
fn a_patch_that_is_wrong_says_where() {
    let problems = AgentConfiguration::default().patched(&json!({"hooks": [{"events": []}]}));
    assert_eq!(
        problems.expect_err("no instructions").told(),
        "body.hooks.0.instructions: field required"
    );
    assert!(AgentConfiguration::default().patched(&json!([])).is_err());
}

#[test]
fn keys_that_are_not_known_are_ignored() {
    assert_eq!(
        agent(json!({"temprature": 1})),
        AgentConfiguration::default()
    );
}
