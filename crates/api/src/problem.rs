//! What is wrong with a request, in the words and the shape the published clients know (FastAPI with pydantic v1).
//!
//! A [`Field`] reads one place of a body, coerces what the original coerced, and notes every mistake with its place, so
//! that one answer names all of them.

mod field;
mod typo;

#[cfg(test)]
pub(crate) use field::asked;
pub use field::{Field, read, read_part};
pub use typo::{Typo, typos};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A word that is none of the known ones.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown word `{0}`")]
pub struct UnknownWord(pub String);

/// One step on the way to a place in a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Step {
    Index(usize),
    Key(String),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Index(index) => index.fmt(f),
            Self::Key(key) => f.write_str(key),
        }
    }
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// Starts with `body`, `query` or `path`.
    pub loc: Vec<Step>,
    pub msg: String,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ctx: Option<Value>,
}

impl Problem {
    pub fn new(loc: impl IntoIterator<Item = Step>, msg: impl Into<String>, kind: &str) -> Self {
        Self {
            loc: loc.into_iter().collect(),
            msg: msg.into(),
            kind: kind.to_owned(),
            ctx: None,
        }
    }

    /// The same, with what the limit or the permitted values are.
    pub fn with(mut self, ctx: Value) -> Self {
        self.ctx = Some(ctx);
        self
    }

    /// A required field is absent.
    pub fn missing(loc: impl IntoIterator<Item = Step>) -> Self {
        Self::new(loc, "field required", "value_error.missing")
    }

    pub fn not_an_object(loc: impl IntoIterator<Item = Step>) -> Self {
        Self::new(loc, "value is not a valid dict", "type_error.dict")
    }

    /// The body is not JSON; `text` is the body.
    pub fn bad_json(text: &str, error: &serde_json::Error) -> Self {
        let (line, column) = (error.line().max(1), error.column().max(1));
        let before: usize = text
            .split_inclusive('\n')
            .take(line - 1)
            .map(str::len)
            .sum();
        let pos = (before + column - 1).min(text.len());
        let why = if error.is_eof() && text.trim().is_empty() {
            "Expecting value"
        } else {
            wording(error)
        };
        let msg = format!("{why}: line {line} column {column} (char {pos})");
        let ctx = json!({"msg": why, "doc": text, "pos": pos, "lineno": line, "colno": column});
        Self::new(
            [Step::from("body"), Step::Index(pos)],
            msg,
            "value_error.jsondecode",
        )
        .with(ctx)
    }

    /// A word of a query or a body that is not among the permitted ones.
    pub fn not_permitted(loc: impl IntoIterator<Item = Step>, permitted: &[&str]) -> Self {
        let list = permitted
            .iter()
            .map(|word| format!("'{word}'"))
            .collect::<Vec<_>>()
            .join(", ");
        Self::new(
            loc,
            format!("value is not a valid enumeration member; permitted: {list}"),
            "type_error.enum",
        )
        .with(json!({"enum_values": permitted}))
    }
}

/// The original's JSON reader had few words; these are the nearest.
fn wording(error: &serde_json::Error) -> &'static str {
    let told = error.to_string();
    let words = [
        ("expected `,`", "Expecting ',' delimiter"),
        ("expected `:`", "Expecting ':' delimiter"),
        (
            "key must be a string",
            "Expecting property name enclosed in double quotes",
        ),
        ("trailing characters", "Extra data"),
        (
            "EOF while parsing a string",
            "Unterminated string starting at",
        ),
        ("control character", "Invalid control character at"),
        ("invalid escape", "Invalid \\escape"),
    ];
    words
        .iter()
        .find(|(ours, _)| told.contains(ours))
        .map_or("Expecting value", |(_, theirs)| theirs)
}

/// All mistakes of one request: the body of a 422.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{}", self.told())]
pub struct Problems {
    pub detail: Vec<Problem>,
}

impl Problems {
    /// One line for each, for people: `body.voice.speed: ensure this value is …`.
    pub fn told(&self) -> String {
        let line = |problem: &Problem| {
            let place = problem.loc.iter().map(ToString::to_string);
            format!("{}: {}", place.collect::<Vec<_>>().join("."), problem.msg)
        };
        self.detail.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self {
            detail: vec![problem],
        }
    }
}

/// Parses a request's body; `None` when it is empty.
pub fn parse(body: &[u8]) -> Result<Option<Value>, Problems> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(body);
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|error| Problem::bad_json(&text, &error).into())
}

/// Whether a value is `{}`, which the published web client sends for each `enum | string` field.
pub fn is_empty_object(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty)
}

#[cfg(test)]
mod tests;
