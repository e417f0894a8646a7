//! Splits a line into words, "quoted texts" and {braced arguments}.

use std::{collections::VecDeque, time::Duration};

pub struct Tokens(VecDeque<String>);

impl Tokens {
    pub fn of(line: &str) -> Result<Self, String> {
        let (mut found, mut rest) = (VecDeque::new(), line.trim());
        while !rest.is_empty() {
            let length = match rest.as_bytes()[0] {
                b'"' => closing_quote(rest).ok_or("a quote is not closed")?,
                b'{' => rest.find('}').ok_or("a brace is not closed")? + 1,
                _ => rest.find(' ').unwrap_or(rest.len()),
            };
            found.push_back(rest[..length].to_owned());
            rest = rest[length..].trim_start();
        }
        Ok(Self(found))
    }

    /// The next word as it stands.
    pub fn word(&mut self) -> Result<String, String> {
        self.0.pop_front().ok_or_else(|| "a word is missing".into())
    }

    pub fn text(&mut self) -> Result<String, String> {
        let word = self.word()?;
        serde_json::from_str(&word).map_err(|_| format!("{word} is not a quoted text"))
    }

    pub fn number(&mut self) -> Result<u32, String> {
        let word = self.word()?;
        word.parse().map_err(|_| format!("{word} is not a number"))
    }

    /// A moment of the call, in milliseconds.
    pub fn at(&mut self) -> Result<Duration, String> {
        Ok(Duration::from_millis(self.number()?.into()))
    }

    pub fn duration(&mut self) -> Result<Duration, String> {
        let word = self.word()?;
        duration(&word).ok_or_else(|| format!("{word} is not a duration such as 900ms or 5s"))
    }

    /// One of the crate's own names, such as a port or a reason.
    pub fn name<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, String> {
        let word = self.word()?;
        serde_json::from_value(word.clone().into()).map_err(|_| format!("{word} is not known here"))
    }

    /// True when the next word is this one, which is then taken.
    pub fn takes(&mut self, word: &str) -> bool {
        let found = self.0.front().is_some_and(|next| next == word);
        if found {
            self.0.pop_front();
        }
        found
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

pub fn duration(word: &str) -> Option<Duration> {
    let millis = |n: &str| n.parse().ok().map(Duration::from_millis);
    let seconds = |n: &str| n.parse().ok().map(Duration::from_secs);
    word.strip_suffix("ms")
        .map_or_else(|| word.strip_suffix('s').and_then(seconds), millis)
}

/// The length of the quoted text at the start.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    let closes = |(_, c): &(usize, char)| {
        let ends = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    };
    text.char_indices()
        .skip(1)
        .find(closes)
        .map(|(at, _)| at + 1)
}
