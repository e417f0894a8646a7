//! The pronunciations of known words: a JSON file of 90,000 entries as one sorted table of strings, read in some tens of
//! milliseconds and kept as one block of text. Which of two pronunciations is meant is decided by `g2p`.

use std::{fmt, path::Path};

use serde::de::{Deserializer, MapAccess, Visitor};

use crate::load::{self, LoadError};

/// Words and how they are said, in the phoneme letters of misaki.
pub(super) struct Lexicon {
    text: String,
    entries: Vec<Entry>,
}

/// Where in the text a word ends and where its pronunciation ends; it starts where the entry's `start` says.
#[derive(Clone, Copy)]
struct Entry {
    start: u32,
    word: u8,
    said: u8,
}

/// What a lexicon knows about a word.
#[derive(Clone, Copy)]
pub(super) enum Known<'a> {
    /// Always said like this.
    One(&'a str),
    /// Depends on the part of speech.
    Several(Several<'a>),
}

/// `TAG:phonemes;` for each part of speech; no phonemes where the letters are to be spelled.
#[derive(Clone, Copy)]
pub(super) struct Several<'a>(&'a str);

impl<'a> Several<'a> {
    /// The pronunciation for a tag such as `VERB`, if the lexicon tells it apart.
    pub(super) fn tagged(self, tag: &str) -> Option<&'a str> {
        let mut forms = self.0.split(';').filter_map(|form| form.split_once(':'));
        forms.find_map(|(name, said)| (name == tag && !said.is_empty()).then_some(said))
    }

    /// True for words that in capitals are an abbreviation: "US".
    pub(super) fn is_spelled_as_noun(self) -> bool {
        self.0.contains("NOUN:;")
    }
}

impl Lexicon {
    pub(super) fn load(path: &Path) -> Result<Self, LoadError> {
        let json = load::read(path)?;
        let mut deserializer = serde_json::Deserializer::from_slice(&json);
        let mut lexicon = deserializer
            .deserialize_map(Table)
            .map_err(|why| LoadError::corrupt(path, why))?;
        deserializer
            .end()
            .map_err(|why| LoadError::corrupt(path, why))?;
        if lexicon.entries.is_empty() {
            return Err(LoadError::corrupt(path, "it holds no words"));
        }
        let text = std::mem::take(&mut lexicon.text);
        lexicon
            .entries
            .sort_by(|a, b| a.word(&text).cmp(b.word(&text))); // the files are sorted: one pass
        lexicon.text = text;
        lexicon.text.shrink_to_fit();
        lexicon.entries.shrink_to_fit();
        Ok(lexicon)
    }

    /// The word as it is written here.
    pub(super) fn find(&self, word: &str) -> Option<Known<'_>> {
        let at = self
            .entries
            .binary_search_by(|entry| entry.word(&self.text).cmp(word))
            .ok()?;
        let said = self.entries.get(at)?.said(&self.text);
        Some(match said.strip_prefix('{') {
            Some(forms) => Known::Several(Several(forms)),
            None => Known::One(said),
        })
    }
}

impl Entry {
    fn word<'a>(&self, text: &'a str) -> &'a str {
        let start = self.start as usize;
        &text[start..start + usize::from(self.word)]
    }

    fn said<'a>(&self, text: &'a str) -> &'a str {
        let start = self.start as usize + usize::from(self.word);
        &text[start..start + usize::from(self.said)]
    }
}

/// Reads the JSON object entry by entry, without a tree in between.
struct Table;

impl<'de> Visitor<'de> for Table {
    type Value = Lexicon;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object of words and their phonemes")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Lexicon, A::Error> {
        let mut lexicon = Lexicon {
            text: String::with_capacity(4 << 20),
            entries: Vec::with_capacity(96 << 10),
        };
        while let Some((word, Said(said))) = map.next_entry::<std::borrow::Cow<'de, str>, Said>()? {
            let lengths = (
                u8::try_from(word.len()),
                u8::try_from(said.len()),
                u32::try_from(lexicon.text.len()),
            );
            let (Ok(word_length), Ok(said_length), Ok(start)) = lengths else {
                continue; // no word is longer than 255 bytes
            };
            lexicon.text.push_str(&word);
            lexicon.text.push_str(&said);
            lexicon.entries.push(Entry {
                start,
                word: word_length,
                said: said_length,
            });
        }
        Ok(lexicon)
    }
}

struct Said(String);

impl<'de> serde::Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SaidVisitor)
    }
}

struct SaidVisitor;

impl<'de> Visitor<'de> for SaidVisitor {
    type Value = Said;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("phonemes, or an object of them by part of speech")
    }

    fn visit_str<E: serde::de::Error>(self, said: &str) -> Result<Said, E> {
        Ok(Said(said.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Said, A::Error> {
        let mut forms = String::from("{");
        while let Some((tag, said)) = map.next_entry::<String, Option<String>>()? {
            forms.push_str(&tag);
            forms.push(':');
            forms.push_str(said.as_deref().unwrap_or_default());
            forms.push(';');
        }
        Ok(Said(forms))
    }
}
