//! Word error rate: how far what was heard is from what was said, after both have been brought to the same plain words.
//! Which difference matters to a caller is not judged here.

use std::ops::AddAssign;

use voiceos_core::spoken::spoken;

/// Differences between two texts, in words. Adding two gives those of both texts together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Errors {
    pub substituted: usize,
    /// Said but not heard.
    pub deleted: usize,
    /// Heard but not said.
    pub inserted: usize,
    /// Words that were said.
    pub words: usize,
}

impl Errors {
    pub fn count(self) -> usize {
        self.substituted + self.deleted + self.inserted
    }

    /// Errors per word said; above 1 when more was heard than said. Nothing said and nothing heard is 0.
    pub fn rate(self) -> f64 {
        if self.count() == 0 {
            0.0
        } else {
            self.count() as f64 / self.words.max(1) as f64
        }
    }
}

impl AddAssign for Errors {
    fn add_assign(&mut self, other: Self) {
        self.substituted += other.substituted;
        self.deleted += other.deleted;
        self.inserted += other.inserted;
        self.words += other.words;
    }
}

/// The plain words of a text: lower case, numbers and signs as words, no punctuation, one spelling of what has two.
pub fn words(text: &str) -> Vec<String> {
    let text = spoken(&text.replace(['’', '‘'], "'")).text.to_lowercase();
    let parts = text.split(|c: char| !c.is_alphanumeric() && c != '\'');
    parts
        .map(|word| word.trim_matches('\''))
        .filter(|word| !word.is_empty())
        .flat_map(plain)
        .collect()
}

/// Transcribers and writers differ in these without being wrong.
const SAME: &[(&str, &[&str])] = &[
    ("o'clock", &["oclock"]),
    ("ok", &["okay"]),
    ("mr", &["mister"]),
    ("mrs", &["missus"]),
    ("dr", &["doctor"]),
    ("'em", &["them"]),
    ("gonna", &["going", "to"]),
    ("wanna", &["want", "to"]),
    ("cannot", &["can", "not"]),
    ("can't", &["can", "not"]),
    ("won't", &["will", "not"]),
    ("wifi", &["wi", "fi"]),
    ("checkin", &["check", "in"]),
    ("checkout", &["check", "out"]),
];

const ENDINGS: &[(&str, &str)] = &[
    ("n't", "not"),
    ("'re", "are"),
    ("'ll", "will"),
    ("'ve", "have"),
    ("'m", "am"),
];

fn plain(word: &str) -> Vec<String> {
    if let Some((_, same)) = SAME.iter().find(|(written, _)| *written == word) {
        return same.iter().map(|&w| w.to_owned()).collect();
    }
    for (ending, full) in ENDINGS {
        if let Some(stem) = word.strip_suffix(ending).filter(|stem| !stem.is_empty()) {
            return vec![stem.to_owned(), (*full).to_owned()];
        }
    }
    vec![word.replace('\'', "")]
}

/// The fewest changes that turn `said` into `heard`.
pub fn compare(said: &str, heard: &str) -> Errors {
    let (said, heard) = (words(said), words(heard));
    let start = |inserted| Errors {
        inserted,
        ..Errors::default()
    };
    let mut row: Vec<Errors> = (0..=heard.len()).map(start).collect();
    for word in &said {
        let mut diagonal = row[0];
        row[0].deleted += 1;
        for (n, other) in heard.iter().enumerate() {
            let above = row[n + 1];
            let matched = Errors {
                substituted: diagonal.substituted + (word != other) as usize,
                ..diagonal
            };
            let deleted = Errors {
                deleted: above.deleted + 1,
                ..above
            };
            let inserted = Errors {
                inserted: row[n].inserted + 1,
                ..row[n]
            };
            row[n + 1] = [matched, deleted, inserted]
                .into_iter()
                .min_by_key(|e| e.count())
                .unwrap_or(matched);
            diagonal = above;
        }
    }
    Errors {
        words: said.len(),
        ..row[heard.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_only_in_writing_is_the_same() {
        for (said, heard) in [
            (
                "Breakfast is from 7 to 10.",
                "breakfast is from seven to ten",
            ),
            (
                "That's $12.50, isn't it?",
                "That's twelve dollars and fifty cents, is not it",
            ),
            ("We’re open — always!", "we are open always"),
            ("OK, Mr. Smith", "okay mister Smith"),
            ("", "..."),
        ] {
            assert_eq!(
                compare(said, heard).count(),
                0,
                "{:?} / {:?}",
                words(said),
                words(heard)
            );
        }
    }

    #[test]
    fn each_kind_of_error_is_counted_as_such() {
        let said = "the room costs ninety euros";
        assert_eq!(
            compare(said, "the room costs nineteen euros"),
            Errors {
                substituted: 1,
                words: 5,
                ..Errors::default()
            }
        );
        assert_eq!(
            compare(said, "the room ninety euros"),
            Errors {
                deleted: 1,
                words: 5,
                ..Errors::default()
            }
        );
        assert_eq!(
            compare(said, "the big room costs ninety euros"),
            Errors {
                inserted: 1,
                words: 5,
                ..Errors::default()
            }
        );
    }

    #[test]
    fn silence_is_all_deleted_and_babble_all_inserted() {
        assert_eq!(compare("one two", "").rate(), 1.0);
        assert_eq!(compare("", "thank you").rate(), 2.0);
        assert_eq!(compare("", "").rate(), 0.0);
    }

    #[test]
    fn errors_add_up_over_a_conversation() {
        let mut all = compare("one two three", "one two");
        all += compare("four", "five");
        assert_eq!((all.count(), all.words, all.rate()), (2, 4, 0.5));
    }
}
