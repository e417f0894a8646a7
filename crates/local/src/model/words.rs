//! Words and numbers of English text, reduced to what can be compared: stems, and values whether they are written in
//! digits or in words. Knows nothing of facts or answers.

use std::collections::BTreeSet;

/// Words that say nothing about what a text is about.
const COMMON: &str = "a about after again all also am an and any anything are as ask at available away back be because been before being both but by \
call can cannot come could day did do does doing done else enjoy every everything feel find for free from get give go going good great guest had happy \
has have having he hear hello help her here hi him his hope how however i if in information into is it its just know let like look lot make many may \
maybe me might mind more most much must my name need next nice no not now of off offer on once one only open or other our out over own please \
possible provide put question ready really right say see serve she should show so some something soon sorry still such sure tell than thank thanks that the \
their them then there these they thing think this those though through time to today together told tonight too try under unfortunately until up us use usually very want was \
way we welcome well were what when where whether which while who why will wish with within without would yes yet you your yours kindly certainly \
absolutely course assist assistance contact inquire don't doesn't isn't aren't can't won't didn't i'm we're you're it's that's there's let's i'll we'll you'd \
i'd i've we've yeah okay ok oh um uh bye goodbye morning afternoon evening night hey cost price much charge pay fee bring take include";

/// Lower-case words with their marks stripped; apostrophes inside are kept, hyphens split.
pub(super) fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '’'))
        .map(|word| {
            word.trim_matches(['\'', '’'])
                .replace('’', "'")
                .to_lowercase()
        })
        .filter(|word| !word.is_empty())
        .collect()
}

/// The sentences of a text, each with its mark.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut rest = text.trim();
    let mut found = Vec::new();
    while let Some(end) = [". ", "! ", "? "]
        .iter()
        .filter_map(|end| rest.find(end))
        .min()
    {
        found.push(&rest[..=end]);
        rest = rest[end + 1..].trim_start();
    }
    found.push(rest);
    found.retain(|sentence| !sentence.is_empty());
    found
}

/// A crude stem, enough that "parked", "parking" and "parks" meet.
pub(super) fn stem(word: &str) -> String {
    let word = word.strip_suffix("'s").unwrap_or(word);
    let mut stem = word;
    for (end, left) in [
        ("ations", 4),
        ("ation", 4),
        ("ings", 4),
        ("ing", 3),
        ("ies", 3),
        ("edly", 4),
        ("ed", 4),
        ("es", 4),
        ("s", 3),
    ] {
        if let Some(short) = word.strip_suffix(end)
            && short.chars().count() >= left
            && !(end == "s" && short.ends_with('s'))
        {
            stem = short;
            break;
        }
    }
    let stem = stem
        .strip_suffix(['e', 'y', 'i'])
        .filter(|short| short.chars().count() >= 3)
        .unwrap_or(stem);
    let mut stem = stem.to_owned();
    let last: Vec<char> = stem.chars().rev().take(2).collect();
    if last.len() == 2 && last[0] == last[1] && stem.chars().count() > 3 {
        stem.pop(); // "stopped", "cancelled"
    }
    stem
}

pub(super) fn is_common(word: &str) -> bool {
    COMMON.split_ascii_whitespace().any(|common| common == word)
}

/// The stems of the words that say what a text is about.
pub(super) fn topics(text: &str) -> Vec<String> {
    words(text)
        .iter()
        .filter(|word| !is_common(word) && !word.starts_with(|c: char| c.is_ascii_digit()))
        .map(|word| stem(word))
        .collect()
}

/// Words which are no number on their own but belong to one.
fn small(word: &str) -> Option<u64> {
    let list = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    list.iter()
        .position(|number| *number == word)
        .map(|value| value as u64)
}

fn tens(word: &str) -> Option<u64> {
    let list = [
        "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    ];
    list.iter()
        .position(|number| *number == word)
        .map(|value| value as u64 * 10 + 20)
}

/// A word that stands for an amount without being one.
fn named(word: &str) -> Option<u64> {
    Some(match word {
        "noon" | "midday" | "midnight" | "dozen" => 12,
        "half" => 30,
        "quarter" => 15,
        "twice" => 2,
        _ => return None,
    })
}

/// All amounts in a text, in order: "7:30", "half past seven" and "seven thirty" hold 7 and 30, "$1,200" holds 1200.
/// A lone "one" is a word, not an amount, and so are "half" and "quarter" other than before "past" or "to".
pub(super) fn numbers(text: &str) -> Vec<u64> {
    let mut found = Vec::new();
    let joined = without_thousands(text);
    let words: Vec<String> = joined
        .split(|c: char| !(c.is_alphanumeric() || c == '\''))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let mut at = 0;
    while at < words.len() {
        let word = words[at].as_str();
        let digits: String = word.chars().take_while(char::is_ascii_digit).collect();
        if !digits.is_empty() {
            found.extend(digits.parse::<u64>());
            at += 1;
        } else if let Some((value, length)) = spoken(&words[at..]) {
            if !(length == 1 && word == "one") {
                found.push(value);
            }
            at += length;
        } else {
            let next = words.get(at + 1).map(String::as_str);
            if let Some(value) = named(word)
                && (!matches!(word, "half" | "quarter") || matches!(next, Some("past" | "to")))
            {
                found.push(value);
            }
            at += 1;
        }
    }
    found
}

/// "1,200" as "1200".
fn without_thousands(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
    (0..chars.len())
        .filter(|&at| {
            !(chars[at] == ','
                && at > 0
                && digit(at - 1)
                && digit(at + 1)
                && digit(at + 2)
                && digit(at + 3)
                && !digit(at + 4))
        })
        .map(|at| chars[at])
        .collect()
}

/// The number that begins here in words, and how many words it takes: "one hundred and twenty five" is 125, but
/// "seven thirty" is 7 and then 30.
fn spoken(words: &[String]) -> Option<(u64, usize)> {
    let below_hundred = |at: usize| -> Option<(u64, usize)> {
        let word = words.get(at)?;
        if let Some(value) = tens(word) {
            let unit = words
                .get(at + 1)
                .and_then(|next| small(next))
                .filter(|unit| (1..10).contains(unit));
            return Some(unit.map_or((value, 1), |unit| (value + unit, 2)));
        }
        small(word).map(|value| (value, 1))
    };
    let is = |at: usize, what: &str| words.get(at).is_some_and(|word| word == what);
    let (mut value, mut length) = match below_hundred(0) {
        Some(found) => found,
        None if is(0, "a") && (is(1, "hundred") || is(1, "thousand")) => (1, 1),
        None => return None,
    };
    if is(length, "thousand") {
        (value, length) = (value * 1000, length + 1);
        return Some((value, length));
    }
    if is(length, "hundred") {
        (value, length) = (value * 100, length + 1);
        let skip = usize::from(is(length, "and"));
        if let Some((rest, taken)) = below_hundred(length + skip) {
            (value, length) = (value + rest, length + skip + taken);
        }
    }
    Some((value, length))
}

/// The same, as a set, with the other name of each hour: 15:00 is also 3 and 3 pm also 15.
pub(super) fn amounts(text: &str) -> BTreeSet<u64> {
    let mut set: BTreeSet<u64> = numbers(text).into_iter().collect();
    let lower = text.to_lowercase();
    let clock = lower.contains(':') || lower.contains("pm") || lower.contains("p.m.");
    if clock {
        let more: Vec<u64> = set
            .iter()
            .filter_map(|hour| match hour {
                1..=11 => Some(hour + 12),
                13..=23 => Some(hour - 12),
                _ => None,
            })
            .collect();
        set.extend(more);
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_in_digits_and_in_words_are_the_same() {
        for (text, expected) in [
            ("from 7:30 to 10", vec![7, 30, 10]),
            ("from seven thirty to ten", vec![7, 30, 10]),
            ("half past seven", vec![30, 7]),
            ("one hundred and twenty-five dollars", vec![125]),
            ("a hundred dollars", vec![100]),
            ("$1,200 a month", vec![1200]),
            ("eighteen dollars fifty", vec![18, 50]),
            ("which one do you like", vec![]),
            ("half of the rooms", vec![]),
            ("until noon", vec![12]),
            ("7am", vec![7]),
            ("two thousand", vec![2000]),
            ("twenty four hours", vec![24]),
        ] {
            assert_eq!(numbers(text), expected, "{text}");
        }
    }

    #[test]
    fn an_afternoon_hour_has_two_names() {
        assert!(amounts("check-in from 15:00").contains(&3));
        assert!(amounts("check-in from 3 pm").contains(&15));
        assert!(!amounts("3 rooms").contains(&15));
    }

    #[test]
    fn forms_of_a_word_share_a_stem() {
        for (a, b) in [
            ("parking", "park"),
            ("dogs", "dog"),
            ("cancelled", "cancel"),
            ("children", "children"),
            ("families", "family"),
            ("charges", "charge"),
            ("prices", "price"),
        ] {
            assert_eq!(stem(a), stem(b), "{a} {b}");
        }
    }

    #[test]
    fn a_topic_is_neither_a_common_word_nor_a_number() {
        assert_eq!(topics("Do you have a sauna for 2?"), vec!["sauna"]);
    }
}
