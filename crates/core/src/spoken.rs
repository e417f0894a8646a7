//! Text for speech: what is written becomes words a voice can say, and a map leads back.
//!
//! It decides how numbers, money, dates, times, addresses, units, short forms and markup sound
//! in English; text in other languages only loses its markup. It works on a whole answer or on
//! one clause of it and never needs to see beyond. How words are pronounced, and how fast, is
//! the voice's affair.

mod address;
mod calendar;
mod clean;
mod english;
mod measure;
mod money;
mod names;
mod number;
mod scan;
#[cfg(test)]
mod tests;

use clean::Glyphs;

/// Words to be spoken and which characters of the source each word stands for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spoken {
    /// What a voice is given. Ends in one space where the source ended in space.
    pub text: String,
    /// Rising; the last one stands at the ends of both texts.
    pub words: Vec<Word>,
}

/// After the first `spoken` characters of [`Spoken::text`], the first `source` characters of the
/// source have been said. Both count `char`s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    pub spoken: u32,
    pub source: u32,
}

/// English text for speech.
pub fn spoken(source: &str) -> Spoken {
    spoken_in("en", source)
}

/// Text for speech in `language` (a tag such as "en-US"): words for English, and for any other
/// language the text itself without markup and emoji.
pub fn spoken_in(language: &str, source: &str) -> Spoken {
    let chars: Vec<char> = source.chars().collect();
    let english = language
        .get(..2)
        .is_some_and(|tag| tag.eq_ignore_ascii_case("en"))
        && !language.chars().nth(2).is_some_and(char::is_alphabetic);
    let mut glyphs = clean::clean(&chars, english);
    if english {
        glyphs = english::english(glyphs);
    }
    if glyphs.text.iter().all(|c| *c == ' ') {
        glyphs = Glyphs::default();
    }
    let words = words(&glyphs, count(chars.len()));
    Spoken {
        text: glyphs.text.into_iter().collect(),
        words,
    }
}

impl Spoken {
    /// How many characters of the source have been said once `spoken` characters of the text were
    /// heard. A word begun does not count; spaces and marks after a word belong to it.
    pub fn heard(&self, spoken: u32) -> u32 {
        let silent = self
            .text
            .chars()
            .skip(usize::try_from(spoken).unwrap_or(usize::MAX))
            .take_while(|c| !c.is_alphanumeric())
            .count();
        let spoken = if spoken == 0 {
            0
        } else {
            spoken.saturating_add(count(silent))
        };
        let after = self.words.partition_point(|word| word.spoken <= spoken);
        after
            .checked_sub(1)
            .map_or(0, |last| self.words[last].source)
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Scripts written without spaces: each character is taken as a word.
pub(crate) fn stands_alone(c: char) -> bool {
    matches!(u32::from(c), 0x3040..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x3134f)
}

fn words(glyphs: &Glyphs, source: u32) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let text = &glyphs.text;
    for (at, &c) in text.iter().enumerate() {
        let Some(&next) = text.get(at + 1) else { break };
        let edge = (c == ' ' && next != ' ')
            || (stands_alone(next) && !punctuated(text, at + 1))
            || (stands_alone(c) && next.is_alphanumeric());
        let said = glyphs.done[at];
        let word = Word {
            spoken: count(at + 1),
            source: said,
        };
        if edge && said > words.last().map_or(0, |w| w.source) && said < source {
            words.push(word);
        }
    }
    if source > 0 {
        words.push(Word {
            spoken: count(text.len()),
            source,
        });
    }
    words
}

/// Whether the character before `at` opens something that belongs to the one at `at`.
fn punctuated(text: &[char], at: usize) -> bool {
    at.checked_sub(1)
        .is_some_and(|i| matches!(text[i], '「' | '『' | '（' | '《' | '“' | '"' | '('))
}
