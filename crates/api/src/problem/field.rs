//! Reading one place of a body.

use std::{cell::RefCell, ops::RangeInclusive};

use serde_json::{Map, Value, json};

use super::{Problem, Problems, Step, is_empty_object};
use crate::Timestamp;

/// A place in a body: absent, null or a value. Every reading answers `None` when there is nothing to use, and notes why
/// when that is a mistake.
pub struct Field<'v> {
    value: Option<&'v Value>,
    loc: Vec<Step>,
    notes: &'v Notes,
}

/// What reading a body leaves besides the value.
#[derive(Default)]
struct Notes {
    problems: RefCell<Vec<Problem>>,
    /// Every place that was looked at.
    asked: RefCell<Vec<Vec<Step>>>,
}

/// Reads a whole body with `how`, and answers with all the mistakes found on the way if there are any.
pub fn read<T>(body: &Value, how: impl FnOnce(&Field<'_>) -> Option<T>) -> Result<T, Problems> {
    read_part("body", body, how)
}

/// The same for another part of a request, such as `query`, whose values are texts.
pub fn read_part<T>(
    part: &str,
    value: &Value,
    how: impl FnOnce(&Field<'_>) -> Option<T>,
) -> Result<T, Problems> {
    let notes = Notes::default();
    let read = how(&top(part, value, &notes));
    let detail = notes.problems.into_inner();
    match read {
        Some(value) if detail.is_empty() => Ok(value),
        _ if detail.is_empty() => Err(Problem::not_an_object([Step::from(part)]).into()),
        _ => Err(Problems { detail }),
    }
}

/// Every place of `body` that `how` looks at.
pub(crate) fn asked<T>(body: &Value, how: impl FnOnce(&Field<'_>) -> Option<T>) -> Vec<Vec<Step>> {
    let notes = Notes::default();
    how(&top("body", body, &notes));
    notes.asked.into_inner()
}

fn top<'v>(part: &str, value: &'v Value, notes: &'v Notes) -> Field<'v> {
    Field {
        value: Some(value),
        loc: vec![Step::from(part)],
        notes,
    }
}

impl<'v> Field<'v> {
    /// The field `key` of this object; absent when this is no object.
    pub fn get(&self, key: &str) -> Field<'v> {
        let value = self
            .value
            .and_then(Value::as_object)
            .and_then(|object| object.get(key));
        let loc = self.at(Step::from(key));
        self.notes.asked.borrow_mut().push(loc.clone());
        Field {
            value,
            loc,
            notes: self.notes,
        }
    }

    fn at(&self, step: Step) -> Vec<Step> {
        self.loc.iter().cloned().chain([step]).collect()
    }

    fn note(&self, msg: impl Into<String>, kind: &str) {
        self.report(Problem::new(self.loc.clone(), msg, kind));
    }

    /// Notes a mistake of the reader's own making at this place.
    pub fn report(&self, problem: Problem) {
        self.notes.problems.borrow_mut().push(problem);
    }

    pub fn loc(&self) -> Vec<Step> {
        self.loc.clone()
    }

    pub fn is_absent(&self) -> bool {
        self.value.is_none()
    }

    pub fn is_null(&self) -> bool {
        self.value.is_some_and(Value::is_null)
    }

    fn given(&self) -> Option<&'v Value> {
        self.value.filter(|value| !value.is_null())
    }

    /// Absent or null is a mistake here; `{}` too where it stands for "not given".
    pub fn required(self) -> Self {
        match self.value {
            None => self.report(Problem::missing(self.loc.clone())),
            Some(Value::Null) => self.note(
                "none is not an allowed value",
                "type_error.none.not_allowed",
            ),
            Some(_) => {}
        }
        self
    }

    /// Absent is fine (there is a default), null is a mistake.
    pub fn not_null(self) -> Self {
        if self.is_null() {
            self.note(
                "none is not an allowed value",
                "type_error.none.not_allowed",
            );
        }
        self
    }

    pub fn object(&self) -> Option<&'v Map<String, Value>> {
        match self.given()? {
            Value::Object(object) => Some(object),
            _ => {
                self.report(Problem::not_an_object(self.loc.clone()));
                None
            }
        }
    }

    /// Text; numbers and truth values become text as they did in the original.
    pub fn text(&self) -> Option<String> {
        match self.given()? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(truth) => Some(if *truth { "True" } else { "False" }.to_owned()),
            _ => {
                self.note("str type expected", "type_error.str");
                None
            }
        }
    }

    /// Text of so many characters.
    pub fn text_within(&self, length: RangeInclusive<usize>) -> Option<String> {
        let text = self.text()?;
        let characters = text.chars().count();
        let (words, limit) = if characters < *length.start() {
            ("least", *length.start())
        } else if characters > *length.end() {
            ("most", *length.end())
        } else {
            return Some(text);
        };
        let kind = if words == "least" {
            "min_length"
        } else {
            "max_length"
        };
        let problem = Problem::new(
            self.loc.clone(),
            format!("ensure this value has at {words} {limit} characters"),
            &format!("value_error.any_str.{kind}"),
        );
        self.report(problem.with(json!({"limit_value": limit})));
        None
    }

    /// The value of a field of the kind `enum | string`: any text, and `{}` means "not given".
    pub fn open_text(&self) -> Option<String> {
        if self.value.is_some_and(is_empty_object) {
            None
        } else {
            self.text()
        }
    }

    fn as_number(&self) -> Option<f64> {
        match self.given()? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text
                .trim()
                .parse()
                .ok()
                .filter(|number: &f64| number.is_finite()),
            Value::Bool(truth) => Some(f64::from(u8::from(*truth))),
            _ => None,
        }
    }

    /// A number; numeric text is understood.
    pub fn number(&self, range: RangeInclusive<f64>) -> Option<f64> {
        self.given()?;
        let Some(number) = self.as_number() else {
            self.note("value is not a valid float", "type_error.float");
            return None;
        };
        self.within(number, range)
    }

    /// A whole number; numeric text is understood and a fraction is cut off.
    pub fn whole(&self, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.given()?;
        let whole = match value {
            // A text must be a whole number itself.
            Value::String(text) => text.trim().parse::<i64>().ok(),
            Value::Number(number) => number
                .as_i64()
                .or_else(|| self.as_number().map(|number| number as i64)),
            Value::Bool(truth) => Some(i64::from(*truth)),
            _ => None,
        };
        let Some(whole) = whole else {
            self.note("value is not a valid integer", "type_error.integer");
            return None;
        };
        self.within(whole, range)
    }

    fn within<T: PartialOrd + Copy + std::fmt::Display + serde::Serialize>(
        &self,
        number: T,
        range: RangeInclusive<T>,
    ) -> Option<T> {
        let (words, kind, limit) = if number < *range.start() {
            (
                "greater than or equal to",
                "value_error.number.not_ge",
                *range.start(),
            )
        } else if number > *range.end() {
            (
                "less than or equal to",
                "value_error.number.not_le",
                *range.end(),
            )
        } else {
            return Some(number);
        };
        let problem = Problem::new(
            self.loc.clone(),
            format!("ensure this value is {words} {limit}"),
            kind,
        );
        self.report(problem.with(json!({"limit_value": shortest(limit)})));
        None
    }

    pub fn truth(&self) -> Option<bool> {
        let truth = match self.given()? {
            Value::Bool(truth) => Some(*truth),
            Value::Number(number) => match number.as_f64() {
                Some(0.0) => Some(false),
                Some(1.0) => Some(true),
                _ => None,
            },
            Value::String(text) => match text.to_lowercase().as_str() {
                "true" | "t" | "yes" | "y" | "on" | "1" => Some(true),
                "false" | "f" | "no" | "n" | "off" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        };
        if truth.is_none() {
            self.note("value could not be parsed to a boolean", "type_error.bool");
        }
        truth
    }

    /// A datetime in any of the notations that [`Timestamp`] understands, seconds since 1970 as a number too.
    pub fn datetime(&self) -> Option<Timestamp> {
        let text = match self.given()? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => String::new(),
        };
        let read = text.parse().ok();
        if read.is_none() {
            self.note("invalid datetime format", "value_error.datetime");
        }
        read
    }

    /// Every item read with `how`; items with a mistake are left out (the mistake is noted).
    pub fn list<T>(&self, how: impl Fn(&Field<'v>) -> Option<T>) -> Option<Vec<T>> {
        let Value::Array(items) = self.given()? else {
            self.note("value is not a valid list", "type_error.list");
            return None;
        };
        let place = |(index, value)| Field {
            value: Some(value),
            loc: self.at(Step::Index(index)),
            notes: self.notes,
        };
        Some(
            items
                .iter()
                .enumerate()
                .filter_map(|item| how(&place(item).required()))
                .collect(),
        )
    }

    /// One of some words.
    pub fn word<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let value = self.given()?;
        let found = value
            .as_str()
            .and_then(|text| words.iter().find(|(word, _)| *word == text));
        if found.is_none() {
            let permitted: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.report(Problem::not_permitted(self.loc.clone(), &permitted));
        }
        found.map(|(_, value)| *value)
    }

    /// One of some words that decide what the rest of the object is.
    pub fn constant<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let value = self.given()?;
        let found = value
            .as_str()
            .and_then(|text| words.iter().find(|(word, _)| *word == text));
        if found.is_none() {
            let permitted: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let list = permitted
                .iter()
                .map(|word| format!("'{word}'"))
                .collect::<Vec<_>>()
                .join(", ");
            let msg = format!("unexpected value; permitted: {list}");
            let problem = Problem::new(self.loc.clone(), msg, "value_error.const");
            self.report(problem.with(json!({"given": value, "permitted": permitted})));
        }
        found.map(|(_, value)| *value)
    }

    /// A map of texts; an empty list counts as an empty map, as it did in the original.
    pub fn texts(&self) -> Option<std::collections::BTreeMap<String, String>> {
        if self
            .value
            .and_then(Value::as_array)
            .is_some_and(Vec::is_empty)
        {
            return Some(Default::default());
        }
        let object = self.object()?;
        Some(
            object
                .keys()
                .filter_map(|key| Some((key.clone(), self.get(key).required().text()?)))
                .collect(),
        )
    }
}

/// A limit as the original showed it: whole numbers without a fraction.
fn shortest(limit: impl serde::Serialize) -> Value {
    let value = serde_json::to_value(limit).unwrap_or(Value::Null);
    match value.as_f64() {
        Some(number) if number.fract() == 0.0 && number.abs() < 9e15 => json!(number as i64),
        _ => value,
    }
}
