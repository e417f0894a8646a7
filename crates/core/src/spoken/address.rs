//! Where to reach someone: phone numbers, e-mail addresses, web addresses and file names.
//!
//! Phone digits are said one by one ("zero", never "oh") with a comma after each group.
//! Of a web address the scheme, a leading "www." and the query are left out: nobody can
//! follow them by ear.

use super::number::{each, in_groups};
use super::scan::{Cursor, Found};

/// Endings that make a dotted name a web address without "www." or a scheme.
const DOMAINS: [&str; 26] = [
    "com", "org", "net", "io", "ai", "dev", "gov", "edu", "co", "uk", "de", "fr", "eu", "app",
    "info", "biz", "ca", "au", "ch", "nl", "es", "tv", "hotel", "travel", "shop", "online",
];
/// Endings of file names that are read out.
const FILES: [&str; 22] = [
    "pdf", "html", "htm", "txt", "csv", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "png", "jpg",
    "jpeg", "gif", "mp3", "mp4", "wav", "zip", "json", "js", "md",
];
/// Two-letter endings that are said as words.
const SAID: [&str; 4] = ["co", "me", "us", "be"];

/// Letters, digits and marks of an address as words.
fn spell(part: &str, host: bool) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut run = String::new();
    let mut digits = false;
    let flush = |run: &mut String, digits: bool, words: &mut Vec<String>| {
        if run.is_empty() {
            return;
        }
        let said = if digits {
            each(run)
        } else if host
            && run.chars().count() == 2
            && !SAID.contains(&run.to_lowercase().as_str())
            && !words.is_empty()
        {
            letters(run)
        } else {
            run.clone()
        };
        words.push(said);
        run.clear();
    };
    for c in part.chars() {
        let name = match c {
            '.' => "dot",
            '_' => "underscore",
            '-' => "dash",
            '+' => "plus",
            '@' => "at",
            '/' => "slash",
            '~' => "tilde",
            ':' => "colon",
            '%' => "percent",
            _ if c.is_alphanumeric() => "",
            _ => " ",
        };
        if name.is_empty() {
            if c.is_ascii_digit() != digits {
                flush(&mut run, digits, &mut words);
                digits = c.is_ascii_digit();
            }
            run.push(c);
        } else {
            flush(&mut run, digits, &mut words);
            if name != " " {
                words.push(name.to_owned());
            }
        }
    }
    flush(&mut run, digits, &mut words);
    words.join(" ")
}

/// "io" is "I O".
pub(super) fn letters(word: &str) -> String {
    let said: Vec<String> = word.chars().map(|c| c.to_uppercase().collect()).collect();
    said.join(" ")
}

fn label(c: char) -> bool {
    c.is_alphanumeric() || c == '-'
}

/// A host of at least two labels; a dot at its end is the sentence's.
fn host(c: &mut Cursor) -> Option<String> {
    let mut probe = *c;
    let mut name = probe.take(label);
    let mut labels = usize::from(!name.is_empty());
    while !name.is_empty()
        && probe.peek() == Some('.')
        && probe.ahead(1).is_some_and(char::is_alphanumeric)
    {
        probe.at += 1;
        name.push('.');
        name.push_str(&probe.take(label));
        labels += 1;
    }
    if labels < 2 {
        return None;
    }
    *c = probe;
    Some(name)
}

/// The e-mail address at `at`.
pub(super) fn email(text: &[char], at: usize) -> Found {
    let mut c = Cursor::new(text, at);
    let _ = c.eat_str("mailto:");
    let name = c.take(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-'));
    if name.is_empty() || !c.eat('@') {
        return None;
    }
    let host = host(&mut c)?;
    Some((
        c.at,
        format!("{} at {}", spell(&name, false), spell(&host, true)),
    ))
}

/// The web address or file name at `at`.
pub(super) fn url(text: &[char], at: usize) -> Found {
    let mut c = Cursor::new(text, at);
    let scheme = c.eat_str("https://") || c.eat_str("http://");
    let www = c.eat_str("www.");
    let host = match host(&mut c) {
        Some(host) => host,
        // "http://localhost:8080"
        None if scheme => Some(c.take(label)).filter(|name| !name.is_empty())?,
        None => return None,
    };
    let end = host.rsplit('.').next().unwrap_or_default().to_owned();
    if !scheme && !www {
        let named = DOMAINS.contains(&end.as_str());
        let file = FILES.contains(&end.to_lowercase().as_str());
        if !(named || file) || !host.chars().any(char::is_alphabetic) {
            return None;
        }
        if file && !named {
            return Some((c.at, spell(&host, false)));
        }
    }
    let mut said = spell(&host, true);
    let mut port = c;
    if port.eat(':') && port.digit_follows() {
        said.push_str(&format!(" port {}", each(&port.digits())));
        c = port;
    }
    let mut path = String::new();
    if c.peek() == Some('/') {
        path = c.take(|c| {
            c.is_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '~' | '%' | '+' | '@')
        });
    }
    let mut query = c;
    if query.eat_if(|c| matches!(c, '?' | '#')).is_some() && !query.ends() {
        query.take(|c| c.is_alphanumeric() || "=&-_.%+/#?~:,@".contains(c));
        c = query;
    }
    while matches!(c.before(), Some('.' | ',' | '?' | ':')) {
        c.at -= 1;
    }
    let path = path.trim_end_matches(['.', '/']);
    if !path.is_empty() {
        said.push(' ');
        said.push_str(&spell(path, false));
    }
    (c.at > at).then_some((c.at, said))
}

/// The phone number at `at`.
pub(super) fn phone(text: &[char], at: usize) -> Found {
    let c = Cursor::new(text, at);
    international(c)
        .or_else(|| vanity(c))
        .or_else(|| national(c))
}

fn gap(c: char) -> bool {
    matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '‑' | '–')
}

/// Groups of digits with one or two marks between them.
fn groups(c: &mut Cursor) -> Vec<String> {
    let mut groups = Vec::new();
    loop {
        let digits = c.digits();
        if digits.is_empty() {
            return groups;
        }
        groups.push(digits);
        let mut probe = *c;
        for _ in 0..2 {
            probe.eat_if(gap);
        }
        if !probe.digit_follows() || probe.at == c.at {
            return groups;
        }
        *c = probe;
    }
}

fn say(groups: &[String]) -> String {
    let said: Vec<String> = groups.iter().map(|g| in_groups(g)).collect();
    said.join(", ")
}

fn international(mut c: Cursor) -> Found {
    if !c.eat('+') || !c.digit_follows() {
        return None;
    }
    let groups = groups(&mut c);
    let total: usize = groups.iter().map(String::len).sum();
    ((7..=15).contains(&total) && c.ends()).then(|| (c.at, format!("plus {}", say(&groups))))
}

/// "1-800-FLOWERS": the word stays a word.
fn vanity(mut c: Cursor) -> Found {
    let mut said = Vec::new();
    let mut probe = c;
    if probe.eat('1') && probe.eat_if(gap).is_some() {
        said.push("one".to_owned());
        c = probe;
    }
    let area = c.digits();
    if area.len() != 3 || !area.starts_with('8') || !c.eat('-') {
        return None;
    }
    said.push(each(&area));
    let mut lettered = false;
    loop {
        let word = c.take(|c| c.is_ascii_uppercase());
        let digits = c.digits();
        if word.is_empty() && digits.is_empty() {
            return None;
        }
        lettered |= !word.is_empty();
        if !word.is_empty() {
            said.push(word.to_lowercase());
        }
        if !digits.is_empty() {
            said.push(each(&digits));
        }
        let mut next = c;
        if !next.eat('-') || next.ends() {
            break;
        }
        c = next;
    }
    (lettered && c.ends()).then(|| (c.at, said.join(", ")))
}

/// Numbers without "+": only in shapes that nothing else has.
fn national(mut c: Cursor) -> Found {
    let bracket = c.eat('(');
    let start = c.at;
    let found = groups(&mut c);
    let sizes: Vec<usize> = found.iter().map(String::len).collect();
    let marks: String = c.text[start..c.at]
        .iter()
        .filter(|c| !c.is_ascii_digit())
        .collect();
    let spaced = marks.chars().all(|c| c == ' ');
    let known = match sizes[..] {
        [3, 3, 4] => bracket || !marks.starts_with('/'),
        [1, 3, 3, 4] => found[0] == "1",
        [3, 4] => marks == "-",
        [10 | 11] => found[0].starts_with('0') || sizes[0] == 10,
        [first, _, ..] => {
            let total: usize = sizes.iter().sum();
            let uniform = spaced || marks.chars().all(|c| c == '-');
            first >= 2
                && found[0].starts_with('0')
                && (8..=12).contains(&total)
                && (bracket || uniform)
                && first <= 5
        }
        _ => false,
    };
    (known && c.ends()).then(|| (c.at, say(&found)))
}
