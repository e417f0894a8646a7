//! What a place in a text is: the end of a sentence, of a clause, a breath, or nothing.

use super::{Place, Text};

/// Short forms after which no sentence ends.
const JOINED: [&str; 35] = [
    "v", "mr", "mrs", "ms", "dr", "prof", "gen", "gov", "sen", "rep", "capt", "sgt", "lt", "col",
    "rev", "hon", "vs", "pp", "fig", "vol", "approx", "est", "ext", "tel", "cf", "nr", "bzw", "ca",
    "incl", "excl", "dept", "nos", "mt", "ft", "rm",
];
/// Short forms after which one may end: a capital must follow.
const LOOSE: [&str; 44] = [
    "etc", "inc", "ltd", "co", "corp", "bros", "jr", "sr", "ave", "blvd", "rd", "ln", "hwy", "apt",
    "min", "max", "hrs", "mins", "hr", "sec", "jan", "feb", "mar", "apr", "jun", "jul", "aug",
    "sep", "sept", "oct", "nov", "dec", "mon", "tue", "tues", "wed", "thu", "thur", "thurs", "fri",
    "avg", "misc", "sat", "sun",
];
/// Words before which a speaker may breathe.
const OPENERS: [&str; 49] = [
    "and",
    "or",
    "but",
    "so",
    "because",
    "if",
    "when",
    "while",
    "which",
    "who",
    "that",
    "where",
    "than",
    "then",
    "as",
    "with",
    "for",
    "from",
    "in",
    "on",
    "at",
    "to",
    "by",
    "about",
    "after",
    "before",
    "during",
    "until",
    "through",
    "near",
    "between",
    "into",
    "without",
    "the",
    "a",
    "an",
    "we",
    "they",
    "our",
    "your",
    "since",
    "although",
    "unless",
    "across",
    "including",
    "plus",
    "each",
    "whether",
    "every",
];
/// Words that lean on the next one: no breath after them, and no cut while it can wait.
const LEANING: [&str; 69] = [
    "am", "pm", "and", "or", "but", "so", "because", "if", "when", "while", "which", "who", "that",
    "where", "than", "then", "as", "with", "for", "from", "in", "on", "at", "to", "by", "about",
    "after", "before", "during", "until", "through", "near", "between", "into", "without", "the",
    "a", "an", "of", "my", "our", "your", "his", "her", "their", "its", "is", "are", "was", "were",
    "be", "can", "will", "would", "could", "should", "may", "do", "does", "have", "has", "no",
    "not", "very", "this", "these", "each", "every", "sq",
];

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

fn stop(c: char) -> bool {
    matches!(
        c,
        '.' | '!' | '?' | '…' | '。' | '！' | '？' | '．' | '؟' | '।'
    )
}

fn pause(c: char) -> bool {
    matches!(c, ',' | ';' | ':' | '，' | '、' | '；' | '：' | '،' | '؛')
}

/// Marks of scripts that put no space after them.
fn wide(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '，' | '、' | '；' | '：' | '．')
}

fn closer(c: char) -> bool {
    matches!(
        c,
        '"' | '\''
            | '”'
            | '’'
            | ')'
            | ']'
            | '»'
            | '*'
            | '_'
            | '`'
            | '~'
            | '」'
            | '』'
            | '）'
            | '》'
    )
}

/// What the character at `at` ends.
pub(super) fn place(text: Text, at: usize) -> Place {
    let c = text.chars[at];
    match c {
        '\n' => Place::Sentence(at + 1),
        _ if stop(c) || pause(c) => mark(text, at),
        '—' | '–' | '-' => dash(text, at),
        _ if c.is_whitespace() => Place::Space,
        _ if crate::spoken::stands_alone(c) => Place::Space,
        _ => Place::Nowhere,
    }
}

/// A run of marks and what closes after it.
fn mark(text: Text, at: usize) -> Place {
    let mut end = at;
    let mut sentence = false;
    let mut is_wide = false;
    loop {
        let Some(c) = text.get(end) else {
            return Place::Unknown;
        };
        if !(stop(c) || pause(c) || closer(c)) {
            break;
        }
        sentence |= stop(c);
        is_wide |= wide(c);
        end += 1;
    }
    let end = end.min(text.chars.len());
    let Some(after) = text.get(end) else {
        return Place::Unknown;
    };
    if !after.is_whitespace() && !is_wide {
        return Place::Nowhere;
    }
    let past = if after.is_whitespace() { end + 1 } else { end };
    let past = past.min(text.chars.len());
    if after != '\n' {
        match carries_on(text, at, past) {
            Some(false) => {}
            Some(true) => return Place::Nowhere,
            None => return Place::Unknown,
        }
    }
    if sentence {
        Place::Sentence(past)
    } else {
        Place::Clause(past)
    }
}

/// Whether the mark at `at` belongs to a number, a date or a short form.
fn carries_on(text: Text, at: usize, past: usize) -> Option<bool> {
    let c = text.chars[at];
    let token = text.token_before(at);
    let digit_before = text.before(at).is_some_and(|c| c.is_ascii_digit());
    // "Sat, Nov 28"
    let weekday = lower(token.get(..3).unwrap_or_default());
    if c == ',' && token.len() <= 9 && DAYS.contains(&weekday.as_str()) {
        let next = text.get(past)?;
        return Some(next.is_uppercase() || next.is_ascii_digit());
    }
    let numbered = digit_before || (c == ',' && day(token));
    if matches!(c, '.' | ',' | ':') && numbered {
        let listed = c == '.' && line_head(text, at, token);
        return if listed {
            Some(true)
        } else {
            Some(text.get(past)?.is_ascii_digit())
        };
    }
    if c != '.' || text.chars.get(at + 1) == Some(&'.') || text.before(at) == Some('.') {
        return Some(false);
    }
    let word: String = token.iter().skip_while(|c| !c.is_alphanumeric()).collect();
    let lower = word.to_lowercase();
    let single = lower.chars().count() == 1 && word.starts_with(char::is_uppercase) && word != "I";
    if single || JOINED.contains(&lower.as_str()) {
        return Some(true);
    }
    match lower.as_str() {
        "a.m" | "p.m" => Some(!text.get(past)?.is_uppercase()),
        "no" | "p" | "s" => Some(text.get(past)?.is_ascii_digit()),
        "st" => Some(!street(text, at, token.len())),
        _ if dotted(&lower) => Some(true),
        _ if LOOSE.contains(&lower.as_str()) => {
            let next = text.get(past)?;
            Some(!(next.is_uppercase() || next == '\n'))
        }
        _ => Some(false),
    }
}

/// "23rd" of "November 23rd, 2026".
fn day(token: &[char]) -> bool {
    token.first().is_some_and(|c| c.is_ascii_digit())
        && token.len() <= 4
        && token.iter().rev().take(2).all(|c| c.is_ascii_alphabetic())
}

/// "e.g", "u.s", "ph.d": letters with dots between.
fn dotted(word: &str) -> bool {
    let mut parts = word.split('.');
    word.contains('.')
        && parts.all(|p| (1..=2).contains(&p.chars().count()) && p.chars().all(char::is_alphabetic))
}

/// "1." at the start of a line.
fn line_head(text: Text, at: usize, token: &[char]) -> bool {
    let start = at - token.len();
    let head = text.chars[..start].iter().rev().take_while(|c| **c != '\n');
    token.len() <= 2
        && token.iter().all(char::is_ascii_digit)
        && head.into_iter().all(|c| c.is_whitespace())
}

/// "Main St." ends a name; "St. Peter" begins one.
fn street(text: Text, at: usize, length: usize) -> bool {
    let before = text.token_before((at - length).saturating_sub(1));
    // A piece's first word has its capital anyway.
    let inner = at > length + before.len() + 1;
    before
        .first()
        .is_some_and(|c| c.is_ascii_digit() || (inner && c.is_uppercase()))
}

fn dash(text: Text, at: usize) -> Place {
    let c = text.chars[at];
    let Some(before) = text.before(at) else {
        return Place::Nowhere;
    };
    let Some(after) = text.get(at + 1) else {
        return Place::Unknown;
    };
    if before == '\n' || before == '\t' {
        return Place::Nowhere;
    }
    if before.is_whitespace() && after.is_whitespace() {
        let spoken = text.chars[..at].iter().rev().find(|c| !c.is_whitespace());
        let listed = text.chars[..at]
            .iter()
            .rev()
            .take_while(|c| **c != '\n')
            .all(|c| c.is_whitespace());
        if listed {
            return Place::Nowhere;
        }
        let Some(next) = text.get(at + 2) else {
            return Place::Unknown;
        };
        let range = next.is_ascii_digit() && spoken.is_some_and(|c| c.is_ascii_digit());
        let days =
            spoken.is_some_and(|c| *c == 'm' || *c == 'M' || *c == '.') && next.is_ascii_digit();
        let name = text.chars[..at]
            .split(|c| c.is_whitespace())
            .rfind(|word| !word.is_empty())
            .and_then(|word| word.first());
        // "Mon – Fri", "Paris – London".
        let names = c != '—' && next.is_uppercase() && name.is_some_and(|c| c.is_uppercase());
        return if range || days || names {
            Place::Nowhere
        } else {
            Place::Clause((at + 2).min(text.chars.len()))
        };
    }
    let joined = before.is_alphabetic() && after.is_alphabetic();
    if c == '—' && joined {
        Place::Clause(at + 1)
    } else {
        Place::Nowhere
    }
}

fn lower(chars: &[char]) -> String {
    chars.iter().collect::<String>().to_lowercase()
}

/// Whether two words may be parted at the space `at`; `even_names` allows it inside names too.
pub(super) fn may_part(text: Text, at: usize, even_names: bool) -> Option<bool> {
    let ideograph = !text.chars[at].is_whitespace();
    let next = text.get(at + 1)?;
    if ideograph {
        return Some(crate::spoken::stands_alone(next));
    }
    let token = text.token_before(at);
    let Some(last) = token.last() else {
        return Some(false);
    };
    let numeric = |c: &char| c.is_ascii_digit();
    let apart = !token.iter().any(numeric)
        && !next.is_ascii_digit()
        && !next.is_whitespace()
        && !matches!(
            next,
            '$' | '€' | '£' | '¥' | '+' | '#' | '-' | '–' | '—' | '=' | '&' | '/' | '@'
        )
        && (last.is_alphabetic() || closer(*last));
    let name = token.first().is_some_and(|c| c.is_uppercase()) && next.is_uppercase();
    let leaning = LEANING.contains(&lower(token).as_str());
    Some(apart && (even_names || !(name || leaning)))
}

/// Whether a speaker would breathe at the space `at`: the next word opens a phrase.
pub(super) fn breathes(text: Text, at: usize) -> Option<bool> {
    if !may_part(text, at, false)? || !text.chars[at].is_whitespace() {
        return Some(false);
    }
    let mut end = at + 1;
    while text.get(end)?.is_alphabetic() {
        end += 1;
    }
    Some(OPENERS.contains(&lower(&text.chars[at + 1..end.min(text.chars.len())]).as_str()))
}
