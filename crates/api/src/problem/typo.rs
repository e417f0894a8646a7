//! Fields that nobody reads, but that look like one that is.
//!
//! Unknown fields are ignored, as the original ignored them; a misspelt one would then quietly do nothing, so its sender
//! is told. What is known is what the reader asked for, so that no list has to be kept.

use std::{collections::BTreeMap, fmt};

use serde_json::{Map, Value};

use super::{Field, Step, field::asked};

/// More are not told: a body with so many is another kind of mistake.
const MOST: usize = 10;

/// A field that was ignored, and what was probably meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typo {
    /// Where, such as `language_model.temprature`.
    pub place: String,
    pub meant: String,
}

impl fmt::Display for Typo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "unknown field {}; did you mean {}?",
            self.place, self.meant
        )
    }
}

/// The likely typos in a body that `how` reads, at most ten.
pub fn typos<T>(body: &Value, how: impl FnOnce(&Field<'_>) -> Option<T>) -> Vec<Typo> {
    let mut places: BTreeMap<Vec<Step>, Vec<String>> = BTreeMap::new();
    for mut loc in asked(body, how) {
        if let Some(Step::Key(key)) = loc.pop() {
            places.entry(loc).or_default().push(key);
        }
    }
    let within = |(loc, known): (Vec<Step>, Vec<String>)| {
        let steps = loc.get(1..).unwrap_or_default().to_vec();
        let fields = find(body, &steps)?.as_object()?;
        Some(unknown(fields, &known, &steps))
    };
    places
        .into_iter()
        .filter_map(within)
        .flatten()
        .take(MOST)
        .collect()
}

fn find<'v>(body: &'v Value, steps: &[Step]) -> Option<&'v Value> {
    steps.iter().try_fold(body, |at, step| match step {
        Step::Key(key) => at.get(key),
        Step::Index(index) => at.get(index),
    })
}

fn unknown(fields: &Map<String, Value>, known: &[String], steps: &[Step]) -> Vec<Typo> {
    let typo = |field: &String| {
        let meant = known
            .iter()
            .filter(|name| !fields.contains_key(*name))
            .filter_map(|name| Some((likeness(field, name)?, name)))
            .min()?
            .1;
        let place = steps.iter().map(ToString::to_string);
        let place: Vec<String> = place.chain([field.clone()]).collect();
        Some(Typo {
            place: place.join("."),
            meant: meant.clone(),
        })
    };
    fields
        .keys()
        .filter(|field| !known.contains(field))
        .filter_map(typo)
        .collect()
}

/// How many slips of the finger lie between the two; `None` when too many to be one word.
fn likeness(a: &str, b: &str) -> Option<usize> {
    let bare = |text: &str| -> Vec<char> {
        text.chars()
            .filter(|letter| letter.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .take(64)
            .collect()
    };
    let (a, b) = (bare(a), bare(b));
    let allowed = match a.len().min(b.len()) {
        0..4 => 0,
        4..8 => 1,
        _ => 2,
    };
    let slips = slips(&a, &b);
    (slips <= allowed).then_some(slips)
}

/// Letters added, left out, replaced, or swapped with their neighbour.
fn slips(a: &[char], b: &[char]) -> usize {
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let differ = usize::from(a[i - 1] != b[j - 1]);
                let mut least = (rows[i - 1][j] + 1)
                    .min(rows[i][j - 1] + 1)
                    .min(rows[i - 1][j - 1] + differ);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    least = least.min(rows[i - 2][j - 2] + 1);
                }
                least
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::AgentConfiguration;

    fn told(body: Value) -> Vec<String> {
        AgentConfiguration::typos(&body)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_slip_of_the_finger_is_told_with_what_was_meant() {
        assert_eq!(
            told(json!({"language_model": {"temprature": 1}})),
            ["unknown field language_model.temprature; did you mean temperature?"]
        );
        for (slip, meant) in [
            ("promt", "prompt"),
            ("pormpt", "prompt"),
            ("initialMessage", "initial_message"),
            ("max_duration_second", "max_duration_seconds"),
            ("webhook", "webhooks"),
        ] {
            let mut body = json!({});
            body[slip] = json!(null);
            assert_eq!(
                told(body),
                [format!("unknown field {slip}; did you mean {meant}?")]
            );
        }
    }

    #[test]
    fn a_slip_within_a_list_is_found() {
        let hook = json!({"events": [], "url": "", "method": "GET", "header": {}});
        assert_eq!(
            told(json!({"webhooks": [hook]})),
            ["unknown field webhooks.0.header; did you mean headers?"]
        );
    }

    #[test]
    fn a_field_that_resembles_none_is_ignored() {
        let voice = json!({"provider": "deepgram", "temperature": 1});
        let body = json!({"id": 1, "account_id": 2, "color": "red", "voice": voice, "metadata": {"promt": 1}});
        assert_eq!(told(body), Vec::<String>::new());
        assert_eq!(told(json!([])), Vec::<String>::new());
    }

    #[test]
    fn what_is_there_already_was_not_meant() {
        assert_eq!(
            told(json!({"name": "a", "names": "b"})),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_body_full_of_slips_is_told_in_part() {
        let hooks = json!([{"event": []}, {"event": []}, {"event": []}, {"event": []}, {"event": []}, {"event": []}]);
        assert_eq!(
            told(json!({"webhooks": hooks.clone(), "hooks": hooks})).len(),
            10
        );
    }
}
