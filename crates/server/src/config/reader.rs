//! Reading one setting after the other, and noting what is wrong with each.

use std::{net::SocketAddr, ops::RangeInclusive, path::PathBuf, time::Duration};

use toml::Value;

use super::{
    LocalModel, Secret,
    layers::{Layered, Origin, Setting},
};

pub(super) struct Reader<'l> {
    layered: &'l Layered,
    mistakes: Vec<String>,
    #[cfg(test)]
    pub(super) read: Vec<&'static str>,
}

impl<'l> Reader<'l> {
    pub(super) fn new(layered: &'l Layered) -> Self {
        Self {
            layered,
            mistakes: Vec::new(),
            #[cfg(test)]
            read: Vec::new(),
        }
    }

    pub(super) fn into_mistakes(self) -> Vec<String> {
        self.mistakes
    }

    fn setting(&mut self, key: &'static str) -> &'l Setting {
        #[cfg(test)]
        self.read.push(key);
        let found = self
            .layered
            .settings
            .iter()
            .find(|setting| setting.key == key);
        found.expect("every setting is in the default file; a test compares them")
    }

    /// Notes that a value is not what it should be.
    fn wrong(&mut self, setting: &Setting, should: &str) {
        let place = match &setting.origin {
            Origin::Default => "the built-in configuration".to_owned(),
            other => other.to_string(),
        };
        self.mistakes.push(format!(
            "{place}: `{}` is {}, but should be {should}",
            setting.key,
            setting.shown()
        ));
    }

    /// The value as text; of a number or a truth value too, since the environment and flags know only text.
    fn raw(&mut self, setting: &'l Setting, should: &str) -> Option<&'l str> {
        let text = setting.value.as_str();
        if text.is_none() {
            self.wrong(setting, should);
        }
        text
    }

    fn parsed<T>(
        &mut self,
        key: &'static str,
        should: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let setting = self.setting(key);
        let text = self.raw(setting, should)?;
        let parsed = parse(text.trim());
        if parsed.is_none() {
            self.wrong(setting, should);
        }
        parsed
    }

    pub(super) fn address(&mut self, key: &'static str) -> Option<SocketAddr> {
        let should = "an address and a port, such as \"127.0.0.1:8080\" or \"0.0.0.0:8080\"";
        self.parsed(key, should, |text| {
            text.replacen("localhost:", "127.0.0.1:", 1).parse().ok()
        })
    }

    pub(super) fn url(&mut self, key: &'static str) -> Option<String> {
        let should = "an address such as \"https://voice.example.com\", or empty";
        let url = self.parsed(key, should, |text| {
            let rest = text
                .strip_prefix("https://")
                .or_else(|| text.strip_prefix("http://"));
            let fine = text.is_empty()
                || rest.is_some_and(|rest| !rest.is_empty() && !rest.contains([' ', '?', '#']));
            fine.then(|| text.trim_end_matches('/').to_owned())
        });
        url.filter(|url| !url.is_empty())
    }

    pub(super) fn path(
        &mut self,
        key: &'static str,
        standard: impl FnOnce() -> PathBuf,
    ) -> PathBuf {
        match self.parsed(key, "a directory, or empty", |text| Some(text.to_owned())) {
            Some(path) if !path.is_empty() => PathBuf::from(path),
            _ => standard(),
        }
    }

    pub(super) fn key(&mut self, key: &'static str) -> Option<Secret> {
        let fine = |text: &str| {
            text.is_empty() || (text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_graphic()))
        };
        let text = self.parsed(
            key,
            "at least 8 visible ASCII characters without spaces, or empty",
            |text| fine(text).then(|| text.to_owned()),
        );
        text.filter(|text| !text.is_empty()).map(Secret::new)
    }

    pub(super) fn word<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let known: Vec<String> = words
            .iter()
            .map(|(word, _)| format!("\"{word}\""))
            .collect();
        self.parsed(key, &known.join(" or "), |text| {
            words
                .iter()
                .find(|(word, _)| *word == text)
                .map(|(_, value)| *value)
        })
    }

    pub(super) fn language_model(&mut self, key: &'static str) -> LocalModel {
        let model = self.parsed(
            key,
            "\"fast\", \"right\" or the path of a GGUF file",
            |text| match text {
                "fast" => Some(LocalModel::Fast),
                "right" => Some(LocalModel::Right),
                path if path.contains(['/', '\\']) || path.ends_with(".gguf") => {
                    Some(LocalModel::File(path.into()))
                }
                _ => None,
            },
        );
        model.unwrap_or(LocalModel::Fast)
    }

    pub(super) fn duration(&mut self, key: &'static str) -> Duration {
        self.parsed(
            key,
            "a time such as \"500ms\", \"10s\" or \"2min\"",
            duration,
        )
        .unwrap_or_default()
    }

    pub(super) fn whole(&mut self, key: &'static str, range: RangeInclusive<i64>) -> i64 {
        let setting = self.setting(key);
        let number = match &setting.value {
            Value::Integer(number) => Some(*number),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        match number.filter(|number| range.contains(number)) {
            Some(number) => number,
            None => {
                self.wrong(
                    setting,
                    &format!("a whole number from {} to {}", range.start(), range.end()),
                );
                *range.start()
            }
        }
    }

    pub(super) fn truth(&mut self, key: &'static str) -> bool {
        let setting = self.setting(key);
        let truth = match &setting.value {
            Value::Boolean(truth) => Some(*truth),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        if truth.is_none() {
            self.wrong(setting, "true or false");
        }
        truth.unwrap_or_default()
    }

    pub(super) fn optional_text(&mut self, key: &'static str) -> Option<String> {
        self.parsed(key, "a text, or empty", |text| Some(text.to_owned()))
            .filter(|text| !text.is_empty())
    }

    /// A list of texts; from the environment, lines.
    pub(super) fn texts(&mut self, key: &'static str) -> Vec<String> {
        let setting = self.setting(key);
        let texts = match &setting.value {
            Value::Array(items) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect(),
            Value::String(lines) => Some(lines.lines().map(str::to_owned).collect()),
            _ => None,
        };
        if texts.is_none() {
            self.wrong(
                setting,
                "a list of texts, such as [\"Are you still there?\"]",
            );
        }
        texts.unwrap_or_default()
    }

    pub(super) fn log_level(&mut self, key: &'static str) -> String {
        let should =
            "error, warn, info, debug or trace, also per module as in \"info,voiceos::call=debug\"";
        let level = self.parsed(key, should, |text| {
            let filter = tracing_subscriber::EnvFilter::try_new(text);
            filter.is_ok().then(|| text.to_owned())
        });
        level.unwrap_or_default()
    }
}

/// Reads `500ms`, `1.5s`, `2min`.
fn duration(text: &str) -> Option<Duration> {
    let unit = text.find(|letter: char| letter.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit);
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "min" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let number: f64 = number.trim().parse().ok()?;
    Duration::try_from_secs_f64(number * seconds)
        .ok()
        .filter(|duration| *duration <= Duration::from_secs(86_400))
}
