use std::collections::BTreeMap;

use super::*;
use crate::{
    AgentConfiguration,
    problem::{Field, Step, asked},
};

type Schema = Value;

/// Follows a reference; of a nullable one, to what is not null.
fn resolve<'d>(document: &'d Value, schema: &'d Schema) -> &'d Schema {
    let place = schema
        .get("$ref")
        .or_else(|| schema.pointer("/anyOf/0/$ref"));
    match place.and_then(Value::as_str) {
        Some(place) => document
            .pointer(&place[1..])
            .unwrap_or_else(|| panic!("{place} is not there")),
        None => schema,
    }
}

fn properties(schema: &Schema) -> impl Iterator<Item = (&String, &Schema)> {
    schema["properties"].as_object().into_iter().flatten()
}

/// Every schema within `schema`, itself first, with the way to it.
fn walk<'d>(at: String, schema: &'d Schema, found: &mut Vec<(String, &'d Schema)>) {
    found.push((at.clone(), schema));
    for (name, within) in properties(schema) {
        walk(format!("{at}.{name}"), within, found);
    }
    if let Some(items) = schema.get("items") {
        walk(format!("{at}[]"), items, found);
    }
}

fn everything(document: &Value) -> Vec<(String, &Schema)> {
    let mut found = Vec::new();
    for (name, schema) in document["components"]["schemas"]
        .as_object()
        .expect("schemas")
    {
        walk(name.clone(), schema, &mut found);
    }
    found
}

#[test]
fn every_field_is_described_and_has_an_example() {
    let document = document();
    for (at, schema) in everything(&document) {
        let described = schema["description"]
            .as_str()
            .is_some_and(|text| text.ends_with(['.', '?', '`']));
        assert!(described, "{at} is not described");
        let has_parts = ["$ref", "anyOf", "oneOf", "properties", "items"]
            .iter()
            .any(|key| schema.get(key).is_some());
        assert!(
            has_parts || schema["examples"].is_array(),
            "{at} has no example"
        );
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn follow(document: &Value, at: &Value) {
        resolve(document, at);
        match at {
            Value::Object(fields) => fields.values().for_each(|value| follow(document, value)),
            Value::Array(items) => items.iter().for_each(|value| follow(document, value)),
            _ => {}
        }
    }
    let document = document();
    follow(&document, &document);
}

/// Places in a body, and the fields that the description has there.
type Shown = BTreeMap<Vec<String>, Vec<String>>;

fn shown(document: &Value, schema: &Schema, body: &Value, at: &[String], found: &mut Shown) {
    let schema = resolve(document, schema);
    if let Some(members) = schema["oneOf"].as_array() {
        let is = |member: &&Value| {
            resolve(document, member)["properties"]["provider"]["const"] == body["provider"]
        };
        let member = members.iter().find(is).expect("one member fits");
        return shown(document, member, body, at, found);
    }
    if schema.get("properties").is_some() {
        let mut names: Vec<String> = properties(schema).map(|(name, _)| name.clone()).collect();
        names.sort();
        found.insert(at.to_vec(), names);
    }
    for (name, within) in properties(schema) {
        if let Some(value) = body.get(name) {
            shown(
                document,
                within,
                value,
                &[at, std::slice::from_ref(name)].concat(),
                found,
            );
        }
    }
    if let (Some(items), Some(values)) = (schema.get("items"), body.as_array()) {
        for (index, value) in values.iter().enumerate() {
            shown(
                document,
                items,
                value,
                &[at, &[index.to_string()]].concat(),
                found,
            );
        }
    }
}

fn read(body: &Value) -> Shown {
    let mut found = Shown::new();
    for mut loc in asked(body, AgentConfiguration::read_field) {
        let name = loc.pop().map(|step| step.to_string()).unwrap_or_default();
        let place = loc.iter().skip(1).map(Step::to_string).collect();
        found.entry(place).or_default().push(name);
    }
    // The names of headers are the user's own.
    found.remove(&vec![
        "webhooks".to_owned(),
        "0".to_owned(),
        "headers".to_owned(),
    ]);
    for names in found.values_mut() {
        names.sort();
        names.dedup();
    }
    found
}

#[test]
fn a_body_is_described_with_the_fields_that_its_reader_asks_for() {
    let document = document();
    let schema = &document["components"]["schemas"]["AgentConfigurationRequest"];
    let webhook = json!({"events": [], "url": "", "method": "GET", "headers": {"x-a": "b"}});
    let hook = json!({"events": [], "instructions": [{"instruction": "hang_up"}]});
    let tool = json!({"function": {"name": "a", "parameters": {}}});
    for provider in ["playht", "elevenlabs", "azure", "deepgram", "rimeai"] {
        let ears = if provider == "azure" {
            "azure"
        } else {
            "deepgram"
        };
        let body = json!({
            "voice": {"provider": provider}, "transcriber": {"provider": ears},
            "language_model": {"tools": [tool]}, "webhooks": [webhook], "hooks": [hook],
        });
        let mut described = Shown::new();
        shown(&document, schema, &body, &[], &mut described);
        assert_eq!(described, read(&body), "{provider}");
    }
}

/// Reads `value` in a field of a shape that stands at `place` of an agent.
fn accepted(place: &str, fixed: &Value, field: &str, value: &Value) -> bool {
    let mut shape = fixed.clone();
    shape[field] = value.clone();
    let body = if place.is_empty() {
        shape
    } else {
        json!({ place: shape })
    };
    AgentConfiguration::read(&body).is_ok()
}

#[test]
fn limits_defaults_and_nulls_are_those_of_the_reader() {
    let document = document();
    let shapes = [
        ("AgentConfigurationRequest", "", json!({})),
        ("PlayHtVoiceRequest", "voice", json!({"provider": "playht"})),
        (
            "ElevenLabsVoiceRequest",
            "voice",
            json!({"provider": "elevenlabs"}),
        ),
        ("AzureVoiceRequest", "voice", json!({"provider": "azure"})),
        (
            "DeepgramVoiceRequest",
            "voice",
            json!({"provider": "deepgram"}),
        ),
        ("RimeVoiceRequest", "voice", json!({"provider": "rimeai"})),
        ("LanguageModelRequest", "language_model", json!({})),
        (
            "DeepgramTranscriberRequest",
            "transcriber",
            json!({"provider": "deepgram"}),
        ),
        (
            "AzureTranscriberRequest",
            "transcriber",
            json!({"provider": "azure"}),
        ),
    ];
    let mut limits = 0;
    for (name, place, fixed) in shapes {
        let stored = AgentConfiguration::read(&if place.is_empty() {
            fixed.clone()
        } else {
            json!({place: fixed})
        });
        let stored = json!(stored.expect("it is right"));
        let stored = if place.is_empty() {
            &stored
        } else {
            &stored[place]
        };
        for (field, schema) in properties(&document["components"]["schemas"][name]) {
            let fits = |value: Value| accepted(place, &fixed, field, &value);
            for (limit, beyond) in [("minimum", -1.0), ("maximum", 1.0)] {
                if let Some(limit) = schema[limit].as_f64() {
                    limits += 1;
                    assert!(fits(json!(limit)), "{name}.{field} = {limit}");
                    assert!(
                        !fits(json!(limit + beyond)),
                        "{name}.{field} beyond {limit}"
                    );
                }
            }
            if let Some(default) = schema.get("default") {
                assert_eq!(&stored[field], default, "{name}.{field}");
            }
            let nullable = schema.get("anyOf").is_some()
                || schema["type"]
                    .as_array()
                    .is_some_and(|it| it.contains(&json!("null")));
            assert_eq!(
                fits(Value::Null),
                // A list that is empty by default may be null as well.
                nullable || field == "knowledge",
                "{name}.{field}: null"
            );
        }
    }
    assert!(limits > 20, "{limits} limits were looked at");
}

#[test]
fn a_reader_is_looked_over_for_what_it_asks() {
    let body = json!({"a": {"b": 1}});
    let how = |body: &Field<'_>| body.get("a").get("b").text();
    let places: Vec<String> = asked(&body, how)
        .iter()
        .map(|loc| json!(loc).to_string())
        .collect();
    assert_eq!(places, [r#"["body","a"]"#, r#"["body","a","b"]"#]);
}
