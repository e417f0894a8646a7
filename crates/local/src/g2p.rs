//! From words to phonemes, in the phoneme letters of misaki (one letter for a diphthong or an affricate, `ˈ` and `ˌ` right
//! before the stressed vowel). Known words come from the lexicons, inflected forms from their stems, anything else from
//! its letters: no word is dropped. What a voice's model calls these sounds is left to that voice.

use std::path::Path;

use crate::load::LoadError;

mod homograph;
mod letters;
mod lexicon;
mod names;
mod stress;
mod suffix;
mod weak;

use lexicon::{Known, Lexicon};

/// One word of a text and how it is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// Phonemes; never empty.
    pub(crate) said: String,
    /// Characters of the text up to the end of this word and its punctuation; rises from word to word.
    pub(crate) chars: u32,
    /// The punctuation after it that shapes the melody: one of `. ! ? , ; :`.
    pub(crate) mark: Option<char>,
    /// Kept short and unstressed in running speech: "of", "the", "can".
    pub(crate) weak: bool,
}

/// Knows how English is pronounced (American). Takes 10 MB.
pub(crate) struct Pronouncer {
    /// Checked by people.
    gold: Lexicon,
    /// Derived by rules; asked second.
    silver: Lexicon,
}

/// A word as it stands in the text, before it is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Written {
    text: String,
    chars: u32,
    mark: Option<char>,
}

impl Pronouncer {
    /// Reads `misaki-us-gold.json` and `misaki-us-silver.json`.
    pub(crate) fn load(dir: &Path) -> Result<Self, LoadError> {
        let read = |name: &str| Lexicon::load(&dir.join(name));
        Ok(Self {
            gold: read("misaki-us-gold.json")?,
            silver: read("misaki-us-silver.json")?,
        })
    }

    /// The words of a text in order. Together they cover all its characters, if there is any word at all.
    pub(crate) fn words(&self, text: &str) -> Vec<Word> {
        let mut written = split(text);
        let shouting = written
            .iter()
            .filter(|word| is_capitals(&word.text))
            .count()
            * 2
            > written.len();
        if shouting && written.len() > 2 {
            written
                .iter_mut()
                .for_each(|word| word.text = word.text.to_lowercase());
        }
        let mut words = Vec::with_capacity(written.len());
        let mut next_begins_with_vowel = None; // nothing follows
        for at in (0..written.len()).rev() {
            let here = Place {
                words: &written,
                at,
                next_begins_with_vowel,
            };
            let (said, weak) = self.say(&here);
            next_begins_with_vowel = begins_with_vowel(&said).or(next_begins_with_vowel);
            words.push(Word {
                said,
                chars: written[at].chars,
                mark: written[at].mark,
                weak,
            });
        }
        words.reverse();
        words.retain(|word| !word.said.is_empty());
        if let Some(last) = words.last_mut() {
            last.chars = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        }
        words
    }

    fn say(&self, here: &Place<'_>) -> (String, bool) {
        let word = here.word();
        if let Some(said) = weak::form(here) {
            return (said.to_owned(), !said.contains('ˈ'));
        }
        if let Some(said) = self.whole(word, here) {
            return (said, weak::is_weak(&word.to_lowercase()));
        }
        let parts: Vec<&str> = word
            .split(['-', '/', '_', '.'])
            .filter(|part| !part.is_empty())
            .collect();
        let said = match parts.as_slice() {
            [] => String::new(),
            [part] => self.part(part, here),
            parts if is_dotted(word) => self.spell(&parts.concat()),
            parts => join_compound(parts.iter().map(|part| self.part(part, here))),
        };
        (said, false)
    }

    /// One part of a compound, or a word on its own.
    fn part(&self, word: &str, here: &Place<'_>) -> String {
        self.whole(word, here).unwrap_or_else(|| self.unknown(word))
    }

    /// A word that is in the lexicons, or a form of one that is.
    fn whole(&self, word: &str, here: &Place<'_>) -> Option<String> {
        if is_capitals(word) && word.chars().count() > 1 && self.is_abbreviation(word) {
            return Some(self.spell(word));
        }
        if let Some(said) = self.known(word, here) {
            return Some(said);
        }
        let lower = word.to_lowercase();
        suffix::stems(&lower)
            .into_iter()
            .find_map(|(stem, ending)| {
                let written = word
                    .get(..stem.len())
                    .filter(|_| ending == suffix::Ending::S && stem.len() < word.len());
                let stem = match written {
                    Some(written) if is_capitals(written) && written.len() > 1 => {
                        self.whole(written, here)?
                    } // "TVs"
                    _ => self
                        .known(&stem, here)
                        .filter(|_| stem.len() > 2 || ending == suffix::Ending::S)?,
                };
                Some(ending.join(&stem))
            })
    }

    /// As written, then in small letters, then as a name.
    fn known(&self, word: &str, here: &Place<'_>) -> Option<String> {
        let lower = word.to_lowercase();
        let mut name = lower.clone();
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        let spellings = [word, lower.as_str(), name.as_str()];
        let found = [&self.gold, &self.silver]
            .into_iter()
            .find_map(|lexicon| spellings.iter().find_map(|spelling| lexicon.find(spelling)))?;
        Some(match found {
            Known::One(said) => said.to_owned(),
            Known::Several(forms) => homograph::choose(&lower, forms, here)?.to_owned(),
        })
    }

    /// Letters that are not a word: no entry, or one that says so.
    fn is_abbreviation(&self, word: &str) -> bool {
        match self.gold.find(word) {
            Some(Known::Several(forms)) => forms.is_spelled_as_noun(),
            Some(Known::One(_)) => false,
            None if word.len() <= 3 && word != "OK" => {
                self.gold.find(&word.to_lowercase()).is_none() || word == "IT"
            }
            None => false,
        }
    }

    /// From its letters, with accents taken off; digits one by one; letters without a vowel are spelled.
    fn unknown(&self, word: &str) -> String {
        if let Some(owner) = word.strip_suffix("'s").filter(|owner| !owner.is_empty()) {
            let owner = self.unknown(owner);
            return suffix::Ending::S.join(&owner);
        }
        if let Some(said) = names::find(&word.to_lowercase()) {
            return said.to_owned();
        }
        let mut said = String::new();
        let plain: String = word.chars().flat_map(plain_letters).collect();
        for run in plain.split_inclusive(|sign: char| !sign.is_ascii_alphabetic()) {
            let letters = run.trim_end_matches(|sign: char| !sign.is_ascii_alphabetic());
            let lower = letters.to_lowercase();
            let has_vowel = lower.contains(['a', 'e', 'i', 'o', 'u', 'y']);
            let is_code = is_capitals(letters) && letters.len() <= 4;
            match letters.len() {
                0 => {}
                _ if !has_vowel || is_code => said.push_str(&self.spell(letters)),
                _ => said.push_str(&self.sound_out(&lower)),
            }
            if let Some(name) = run.chars().next_back().and_then(sign_name) {
                said.push_str(&self.known(name, &Place::alone()).unwrap_or_default());
            }
        }
        said
    }

    fn sound_out(&self, word: &str) -> String {
        let said = stress::place(word, &letters::sounds(word));
        if said.is_empty() {
            self.spell(word)
        } else {
            said
        }
    }

    /// Letter by letter, the last one stressed most.
    fn spell(&self, word: &str) -> String {
        let name = |letter: char| match self.gold.find(letter.to_uppercase().to_string().as_str()) {
            Some(Known::One(said)) => said.to_owned(),
            _ => sign_name(letter)
                .and_then(|name| self.known(name, &Place::alone()))
                .unwrap_or_default(),
        };
        let names: Vec<String> = word.chars().map(name).collect();
        let last = names.len().saturating_sub(1);
        let stressed = |(at, name): (usize, &String)| {
            if at == last {
                name.clone()
            } else {
                name.replace('ˈ', "ˌ")
            }
        };
        names.iter().enumerate().map(stressed).collect()
    }
}

/// A word among its neighbours.
struct Place<'a> {
    words: &'a [Written],
    at: usize,
    next_begins_with_vowel: Option<bool>,
}

impl Place<'_> {
    fn alone() -> Self {
        Self {
            words: &[],
            at: 0,
            next_begins_with_vowel: None,
        }
    }

    fn word(&self) -> &str {
        self.words
            .get(self.at)
            .map_or("", |word| word.text.as_str())
    }

    /// The word `by` places away in small letters; empty outside the text or beyond a punctuation mark.
    fn neighbour(&self, by: isize) -> String {
        let Some(at) = self.at.checked_add_signed(by) else {
            return String::new();
        };
        let between = if by < 0 { at..self.at } else { self.at..at };
        let cut = self
            .words
            .get(between)
            .is_none_or(|between| between.iter().any(|word| word.mark.is_some()));
        match self.words.get(at) {
            Some(word) if !cut => word.text.to_lowercase(),
            _ => String::new(),
        }
    }

    /// True if a clause ends here.
    fn is_last(&self) -> bool {
        self.next_begins_with_vowel.is_none()
            || self
                .words
                .get(self.at)
                .is_some_and(|word| word.mark.is_some())
    }
}

fn begins_with_vowel(said: &str) -> Option<bool> {
    said.chars()
        .find(|sound| !"ˈˌ".contains(*sound))
        .map(stress::is_vowel)
}

fn is_capitals(word: &str) -> bool {
    word.chars().any(char::is_alphabetic) && !word.chars().any(char::is_lowercase)
}

/// "a.m", "U.S.A": single letters between full stops.
fn is_dotted(word: &str) -> bool {
    word.contains('.') && word.split('.').all(|part| part.chars().count() <= 1)
}

/// The first part of a compound keeps its stress, the others give way.
fn join_compound(parts: impl Iterator<Item = String>) -> String {
    let join = |mut joined: String, part: String| {
        joined.push_str(&if joined.contains('ˈ') {
            part.replace('ˈ', "ˌ")
        } else {
            part
        });
        joined
    };
    parts.fold(String::new(), join)
}

/// Words at white space; their punctuation becomes a mark, a sign that is said becomes a word.
fn split(text: &str) -> Vec<Written> {
    let mut words: Vec<Written> = Vec::new();
    let mut current = String::new();
    let mut count = 0;
    let mut close = |current: &mut String, mark: Option<char>, count: u32| {
        if current.chars().any(char::is_alphanumeric) {
            let word = current.trim_matches(|sign: char| !sign.is_alphanumeric() && sign != '\'');
            let title = title(word).filter(|_| mark == Some('.'));
            let text = title.unwrap_or(word).to_owned();
            words.push(Written {
                text,
                chars: count,
                mark: mark.filter(|_| title.is_none()),
            });
        } else if let (Some(mark), Some(last)) = (mark, words.last_mut()) {
            last.mark = Some(stronger(last.mark, mark));
            last.chars = count;
        }
        current.clear();
    };
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        count += 1;
        let inside = signs.peek().is_some_and(|next| next.is_alphanumeric());
        match sign {
            '’' | '‘' | '`' => current.push('\''),
            '.' | ',' | ':' if inside && !current.is_empty() => {
                // "a.m.", "3.5", "10:30": part of the word; "word,word" is a pause
                let digits = current.ends_with(|last: char| last.is_ascii_digit());
                let dotted = sign == '.'
                    && current
                        .rsplit('.')
                        .next()
                        .is_some_and(|part| part.chars().count() == 1);
                if digits || dotted {
                    current.push(sign)
                } else {
                    close(&mut current, Some(sign), count)
                }
            }
            '.' if is_dotted(&current) => {
                let ends = signs.clone().all(|rest| !rest.is_alphanumeric());
                close(&mut current, ends.then_some('.'), count);
            }
            '.' | '!' | '?' | ',' | ';' | ':' => close(&mut current, Some(sign), count),
            '…' => close(&mut current, Some('.'), count),
            '—' | '–' | '(' | ')' | '[' | ']' => close(&mut current, Some(','), count),
            sign if sign.is_whitespace() => close(&mut current, None, count - 1),
            sign if sign_name(sign).is_some() && !sign.is_ascii_digit() => {
                close(&mut current, None, count.saturating_sub(1));
                current.push_str(sign_name(sign).unwrap_or_default());
                close(&mut current, None, count);
            }
            sign => current.push(sign),
        }
    }
    close(&mut current, None, count);
    words
}

/// A full stop outweighs a comma.
fn stronger(before: Option<char>, now: char) -> char {
    let weight = |mark: char| match mark {
        '?' => 4,
        '!' => 3,
        '.' => 2,
        ';' | ':' => 1,
        _ => 0,
    };
    before
        .filter(|before| weight(*before) >= weight(now))
        .unwrap_or(now)
}

/// Titles are written with a full stop that ends no sentence.
fn title(word: &str) -> Option<&'static str> {
    Some(match word {
        "Mr" => "mister",
        "Mrs" => "missus",
        "Ms" => "miz",
        "Dr" => "doctor",
        "St" => "saint",
        "Prof" => "professor",
        _ => return None,
    })
}

/// The name of a digit or of a sign that is said.
fn sign_name(sign: char) -> Option<&'static str> {
    Some(match sign {
        '0' => "zero",
        '1' => "one",
        '2' => "two",
        '3' => "three",
        '4' => "four",
        '5' => "five",
        '6' => "six",
        '7' => "seven",
        '8' => "eight",
        '9' => "nine",
        '&' => "and",
        '+' => "plus",
        '%' => "percent",
        '@' => "at",
        '=' => "equals",
        '$' => "dollars",
        '€' => "euros",
        '£' => "pounds",
        '°' => "degrees",
        _ => return None,
    })
}

/// A letter without its accent; what is no letter of the Latin alphabet stays.
fn plain_letters(letter: char) -> impl Iterator<Item = char> {
    let plain = match letter {
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'ä' | 'æ' => "ae",
        'ç' | 'ć' => "s",
        'č' => "ch",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' => "e",
        'ğ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ı' => "i",
        'ł' => "w",
        'ñ' => "ny",
        'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ø' | 'ō' | 'ő' => "o",
        'ö' | 'œ' => "oe",
        'ř' => "r",
        'ś' | 'š' | 'ş' | 'ș' => "sh",
        'ß' => "ss",
        'ť' | 'ț' => "t",
        'ù' | 'ú' | 'û' | 'ū' | 'ů' | 'ű' => "u",
        'ü' => "ue",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        'þ' => "th",
        _ => "",
    };
    let kept = plain.is_empty().then_some(letter);
    plain.chars().chain(kept)
}

#[cfg(test)]
mod tests;
