//! Whisper's tokens: which spell what, and which are never to be said.

use std::path::Path;

use crate::{LoadError, load};

/// Marks and noise that Whisper was trained to write for what is no speech: brackets, music, dashes. The list of the
/// publisher's `tiny.en`.
#[rustfmt::skip]
const NO_SPEECH: [u32; 82] = [
    1, 2, 7, 8, 9, 10, 14, 25, 26, 27, 28, 29, 31, 58, 59, 60, 61, 62, 63, 90, 91, 92, 93, 357, 366, 438, 532, 685, 705,
    796, 930, 1058, 1220, 1267, 1279, 1303, 1343, 1377, 1391, 1635, 1782, 1875, 2162, 2361, 2488, 3467, 4008, 4211, 4600,
    4808, 5299, 5855, 6329, 7203, 9609, 9959, 10563, 10786, 11420, 11709, 11907, 13163, 13697, 13700, 14808, 15306, 16410,
    16791, 17992, 19203, 19510, 20724, 22305, 22935, 27007, 30109, 30420, 33409, 34949, 40283, 40493, 40549,
];

pub(crate) struct Vocabulary {
    spelled: Vec<Vec<u8>>,
    barred: Vec<bool>,
    /// Ends a text.
    pub end: u32,
    /// Begins every text.
    pub start: u32,
    /// Likely at the start when the sound holds no speech.
    pub nothing: u32,
    /// Asks for words without times.
    pub no_times: u32,
}

impl Vocabulary {
    /// Reads a JSON array of all tokens in the byte-level writing of GPT-2.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        let words: Vec<String> = serde_json::from_slice(&load::read(path)?)
            .map_err(|why| LoadError::corrupt(path, why))?;
        let place = |word: &str| {
            let found = words
                .iter()
                .position(|w| w == word)
                .and_then(|i| u32::try_from(i).ok());
            found.ok_or_else(|| LoadError::corrupt(path, format!("no token `{word}`")))
        };
        let (end, start) = (place("<|endoftext|>")?, place("<|startoftranscript|>")?);
        let (nothing, no_times) = (place("<|nocaptions|>")?, place("<|notimestamps|>")?);
        // Everything after the end is a mark: languages, tasks, times.
        let mut barred: Vec<bool> = (0u32..)
            .take(words.len())
            .map(|token| token > end)
            .collect();
        for token in NO_SPEECH {
            if let Some(barred) = barred.get_mut(token as usize) {
                *barred = true;
            }
        }
        let spelled = words
            .iter()
            .map(|word| word.chars().map(byte).collect())
            .collect();
        Ok(Self {
            spelled,
            barred,
            end,
            start,
            nothing,
            no_times,
        })
    }

    pub fn len(&self) -> usize {
        self.spelled.len()
    }

    /// Whether the token may come next; `first` when nothing has been said yet.
    pub fn may_follow(&self, token: u32, first: bool) -> bool {
        const SPACE: u32 = 220;
        !self.barred.get(token as usize).copied().unwrap_or(true)
            && !(first && (token == SPACE || token == self.end))
    }

    pub fn text(&self, tokens: &[u32]) -> String {
        let bytes: Vec<u8> = tokens
            .iter()
            .filter_map(|t| self.spelled.get(*t as usize))
            .flatten()
            .copied()
            .collect();
        String::from_utf8_lossy(&bytes).trim().to_owned()
    }
}

/// GPT-2 writes the bytes that are no visible character as the characters from U+0100 on, in order.
fn byte(written: char) -> u8 {
    let code = u32::from(written);
    let visible = |b: &u32| matches!(b, 33..=126 | 161..=172 | 174..=255);
    let hidden = || {
        (0..=255u32)
            .filter(|b| !visible(b))
            .nth(code.saturating_sub(256) as usize)
    };
    let found = if visible(&code) { Some(code) } else { hidden() };
    found.and_then(|b| u8::try_from(b).ok()).unwrap_or(b'?')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::models;

    #[test]
    fn tokens_are_spelled_and_marks_are_barred() {
        let words = Vocabulary::load(&models().join("whisper-vocabulary.json")).unwrap();
        assert_eq!(
            (words.end, words.start, words.nothing, words.no_times),
            (50256, 50257, 50361, 50362)
        );
        assert_eq!(words.text(&[18435, 11, 995, 0]), "Hello, world!");
        assert!(!words.may_follow(58, false), "an opening bracket");
        assert!(!words.may_follow(words.end, true) && words.may_follow(words.end, false));
        assert!(!words.may_follow(50400, false), "a time");
    }
}
