//! The words in which shapes are described.

use serde_json::{Map, Value, json};

/// Named schemas, in order.
pub(super) type Schemas = Map<String, Value>;

/// Whether a shape is described as it is sent to the server, where most fields may be left out, or as it answers, with all
/// of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Request,
    Answer,
}

impl Side {
    /// The name of a shape on this side.
    pub(super) fn name(self, shape: &str) -> String {
        match self {
            Self::Request => format!("{shape}Request"),
            Self::Answer => shape.to_owned(),
        }
    }
}

/// One field of a shape.
pub(super) struct Field {
    name: &'static str,
    schema: Value,
    required: bool,
}

/// A field that may be left out of a request.
pub(super) fn may(name: &'static str, schema: Value) -> Field {
    Field {
        name,
        schema,
        required: false,
    }
}

/// A field that a request must have.
pub(super) fn must(name: &'static str, schema: Value) -> Field {
    Field {
        name,
        schema,
        required: true,
    }
}

/// An object; an answer has all its fields.
pub(super) fn object(side: Side, about: &str, fields: Vec<Field>) -> Value {
    let required: Vec<&str> = fields
        .iter()
        .filter(|field| side == Side::Answer || field.required)
        .map(|field| field.name)
        .collect();
    let properties: Map<String, Value> = fields
        .into_iter()
        .map(|field| (field.name.to_owned(), field.schema))
        .collect();
    let mut schema = json!({"type": "object", "description": about, "properties": properties});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn leaf(kind: &str, about: &str, example: Value) -> Value {
    json!({"type": kind, "description": about, "examples": [example]})
}

pub(super) fn text(about: &str, example: &str) -> Value {
    leaf("string", about, json!(example))
}

/// One of some words.
pub(super) fn word(about: &str, words: &[&str]) -> Value {
    let mut schema = leaf("string", about, json!(words[0]));
    schema["enum"] = json!(words);
    schema
}

/// The word that says which member of a union this is.
pub(super) fn tag(about: &str, word: &str) -> Value {
    let mut schema = leaf("string", about, json!(word));
    schema["const"] = json!(word);
    schema
}

pub(super) fn datetime(about: &str, example: &str) -> Value {
    let mut schema = text(about, example);
    schema["format"] = json!("date-time");
    schema
}

pub(super) fn truth(about: &str, example: bool) -> Value {
    leaf("boolean", about, json!(example))
}

pub(super) fn whole(about: &str, example: i64) -> Value {
    leaf("integer", about, json!(example))
}

pub(super) fn number(about: &str, example: f64) -> Value {
    let example = if example.fract() == 0.0 {
        json!(example as i64)
    } else {
        json!(example)
    };
    leaf("number", about, example)
}

/// Any object.
pub(super) fn any_object(about: &str, example: Value) -> Value {
    let mut schema = leaf("object", about, example);
    schema["additionalProperties"] = json!(true);
    schema
}

pub(super) fn list(about: &str, items: Value) -> Value {
    json!({"type": "array", "description": about, "items": items})
}

/// A shape that is described elsewhere.
pub(super) fn refer(about: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}"), "description": about})
}

/// One of some shapes, told apart by the field `tag`.
pub(super) fn union(about: &str, tag: &str, members: &[(&str, String)]) -> Value {
    let place = |name: &String| format!("#/components/schemas/{name}");
    let one_of: Vec<Value> = members
        .iter()
        .map(|(_, name)| json!({"$ref": place(name)}))
        .collect();
    let mapping: Map<String, Value> = members
        .iter()
        .map(|(word, name)| ((*word).to_owned(), json!(place(name))))
        .collect();
    json!({"description": about, "oneOf": one_of, "discriminator": {"propertyName": tag, "mapping": mapping}})
}

/// More about a field.
pub(super) trait More {
    /// It may be null.
    fn or_null(self) -> Self;
    /// What holds when a request leaves it out.
    fn otherwise(self, value: Value) -> Self;
    fn between(self, least: impl Into<Value>, most: impl Into<Value>) -> Self;
    fn at_least(self, least: i64) -> Self;
    fn characters(self, least: u64, most: u64) -> Self;
}

impl More for Value {
    fn or_null(mut self) -> Self {
        if let Some(place) = self.as_object_mut().and_then(|it| it.shift_remove("$ref")) {
            self["anyOf"] = json!([{"$ref": place}, {"type": "null"}]);
        } else {
            self["type"] = json!([self["type"], "null"]);
            if let Some(words) = self.get_mut("enum").and_then(Value::as_array_mut) {
                words.push(Value::Null);
            }
        }
        self
    }

    fn otherwise(mut self, value: Value) -> Self {
        self["default"] = value;
        self
    }

    fn between(mut self, least: impl Into<Value>, most: impl Into<Value>) -> Self {
        self["minimum"] = least.into();
        self["maximum"] = most.into();
        self
    }

    fn at_least(mut self, least: i64) -> Self {
        self["minimum"] = json!(least);
        self
    }

    fn characters(mut self, least: u64, most: u64) -> Self {
        self["minLength"] = json!(least);
        self["maxLength"] = json!(most);
        self
    }
}
