//! Every published shape, round-tripped against a file that is never edited once published.

use std::{fs, path::PathBuf};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use voiceos_api as api;

fn golden(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("golden files are JSON")
}

fn round_trip<T: DeserializeOwned + Serialize>(golden: &Value) -> Value {
    let read: T = serde_json::from_value(golden.clone()).expect("the golden file is read");
    serde_json::to_value(read).expect("it is written again")
}

/// Asserts that each field of `old` is in `new`, in the same order and with the same value; `new` may have more.
fn contains(new: &Value, old: &Value, at: &str) {
    match (new, old) {
        (Value::Object(new), Value::Object(old)) => {
            let kept: Vec<_> = new.keys().filter(|key| old.contains_key(*key)).collect();
            assert_eq!(kept, old.keys().collect::<Vec<_>>(), "the fields of {at}");
            old.iter()
                .for_each(|(key, value)| contains(&new[key], value, &format!("{at}.{key}")));
        }
        (Value::Array(new), Value::Array(old)) => {
            assert_eq!(new.len(), old.len(), "{at}");
            new.iter()
                .zip(old)
                .for_each(|(new, old)| contains(new, old, &format!("{at}[]")));
        }
        (Value::String(new), Value::String(old)) if at.ends_with("_at") => {
            assert_eq!(
                new.parse::<api::Timestamp>(),
                old.parse::<api::Timestamp>(),
                "{at}"
            );
        }
        _ => assert_eq!(new, old, "{at}"),
    }
}

#[test]
fn the_example_of_the_reference_comes_back_as_it_was() {
    let reference = golden("list_conversations.json");
    contains(
        &round_trip::<api::ConversationsPagination>(&reference),
        &reference,
        "answer",
    );
}

#[test]
fn the_agent_of_the_reference_is_read_without_a_mistake() {
    let config = &golden("list_conversations.json")["items"][0]["agent_config"];
    let read =
        api::AgentConfiguration::read(config).unwrap_or_else(|problems| panic!("{problems}"));
    contains(
        &serde_json::to_value(read).expect("it is written"),
        config,
        "agent_config",
    );
}

#[test]
fn an_agent_looks_like_this() {
    let agent = golden("agent.json");
    assert_eq!(round_trip::<api::AgentResponse>(&agent), agent);
}

#[test]
fn a_web_call_looks_like_this() {
    let answer = golden("web_call.json");
    assert_eq!(round_trip::<api::WebCallResponse>(&answer), answer);
}

#[test]
fn a_conversation_that_ended_looks_like_this() {
    let conversation = golden("conversation.json");
    assert_eq!(
        round_trip::<api::ConversationResponse>(&conversation),
        conversation
    );
}

#[test]
fn every_event_looks_as_its_file_says() {
    let events = golden("events.json");
    let read: Vec<api::Event> =
        serde_json::from_value(events.clone()).expect("the events are read");
    assert_eq!(
        serde_json::to_value(&read).expect("they are written"),
        events
    );
    let named: Vec<_> = read
        .iter()
        .map(|event| event.happening.name().as_str())
        .collect();
    let all: Vec<_> = api::EventName::WORDS
        .iter()
        .map(|(word, _)| *word)
        .collect();
    assert_eq!(named, all, "each event has its place in events.json");
    let tags: Vec<_> = events
        .as_array()
        .expect("a list")
        .iter()
        .map(|event| &event["name"])
        .collect();
    assert_eq!(tags, all, "the name in the JSON is the name of the event");
}
