//! Reads cleaned text in English: tries the readers at the start of each token, then the signs,
//! then copies; last it tidies pauses. Which words a token becomes, the readers decide.

use super::clean::Glyphs;
use super::scan::{Cursor, Found};
use super::{address, calendar, measure, money, names};

/// A comma that gives way to other punctuation and to the edges of the text.
const SOFT: char = '\u{1}';
/// A comma that also stays at the end.
const BREAK: char = '\u{2}';

type Reader = fn(&[char], usize) -> Found;

/// In the order in which they are asked: the first that knows the token has it.
const READERS: [Reader; 13] = [
    always,
    address::email,
    address::url,
    address::phone,
    money::money,
    calendar::date,
    calendar::time,
    names::named_number,
    measure::version,
    measure::quantity,
    names::roman,
    names::abbreviation,
    names::code,
];

#[derive(Default)]
struct Out {
    text: Vec<char>,
    done: Vec<u32>,
    /// The last character belongs to words that were put in.
    put: bool,
}

impl Out {
    fn push(&mut self, c: char, done: u32) {
        if self.put && c.is_alphanumeric() && self.text.last().is_some_and(|l| l.is_alphanumeric())
        {
            self.text.push(' ');
            self.done.push(self.done.last().copied().unwrap_or(0));
        }
        self.put = false;
        self.text.push(c);
        self.done.push(done);
    }

    /// Words for a token: all of it counts as said with the last one.
    fn words(&mut self, words: &str, done: u32) {
        let so_far = self.done.last().copied().unwrap_or(0);
        let starts_word = words.chars().next().is_some_and(char::is_alphanumeric);
        // "room(s)" grows an "s"; any other words stand apart.
        if starts_word && words != "s" && self.text.last().is_some_and(|l| l.is_alphanumeric()) {
            self.text.push(' ');
            self.done.push(so_far);
        }
        for c in words.chars() {
            self.text.push(c);
            self.done.push(so_far);
        }
        if let Some(last) = self.done.last_mut() {
            *last = done;
        }
        self.put = true;
    }
}

/// The words for `glyphs`.
pub(super) fn english(mut glyphs: Glyphs) -> Glyphs {
    for c in &mut glyphs.text {
        *c = plain(*c);
    }
    let text = &glyphs.text[..];
    let mut out = Out::default();
    let mut at = 0;
    while at < text.len() {
        let found = read(text, at).filter(|(end, _)| *end > at && *end <= text.len());
        match found {
            Some((end, words)) => {
                out.words(&words, glyphs.done[end - 1]);
                at = end;
            }
            None => {
                out.push(text[at], glyphs.done[at]);
                at += 1;
            }
        }
    }
    let spaced = text.last() == Some(&' ');
    let mut said = tidy(&Glyphs {
        text: out.text,
        done: out.done,
    });
    if !spaced && said.text.last() == Some(&' ') {
        said.text.pop();
        said.done.pop();
    }
    said
}

/// One sign for each of the typographer's.
fn plain(c: char) -> char {
    match c {
        '‘' | '’' | '‚' | '‛' | '`' | '´' => '\'',
        '“' | '”' | '„' | '«' | '»' | '‟' => '"',
        '‑' | '‐' => '-',
        _ => c,
    }
}

fn read(text: &[char], at: usize) -> Found {
    let c = text[at];
    let before = at.checked_sub(1).map(|i| text[i]);
    let inside = before.is_some_and(char::is_alphanumeric)
        || (before == Some('\'') && at >= 2 && text[at - 2].is_alphanumeric());
    let starts = c.is_ascii_alphanumeric()
        || c.is_alphabetic()
        || matches!(
            c,
            '$' | '€'
                | '£'
                | '¥'
                | '₹'
                | '+'
                | '('
                | '-'
                | '–'
                | '−'
                | '.'
                | '\''
                | '½'
                | '⅓'
                | '⅔'
                | '¼'
                | '¾'
                | '⅛'
        );
    if starts
        && !inside
        && let Some(found) = READERS.iter().find_map(|reader| reader(text, at))
    {
        return Some(found);
    }
    if c.is_alphanumeric() && !(c.is_ascii_digit() && inside) {
        return None;
    }
    if c.is_ascii_digit() {
        return glued_digits(text, at, before);
    }
    sign(text, at, before)
}

/// Fixed expressions.
fn always(text: &[char], at: usize) -> Found {
    const FIXED: [(&str, &str); 6] = [
        ("50/50", "fifty-fifty"),
        ("24/7", "twenty-four seven"),
        ("and/or", "and or"),
        ("9/11", "nine eleven"),
        ("C#", "C sharp"),
        ("C++", "C plus plus"),
    ];
    let start = Cursor::new(text, at);
    // "2 m x 2 m"
    let by =
        start.peek() == Some('x') && start.ahead(1) == Some(' ') && start.before() == Some(' ');
    if by && at >= 2 && start.ahead(2).is_some_and(|c| c.is_ascii_digit()) {
        return Some((at + 1, "by".to_owned()));
    }
    FIXED.iter().find_map(|(written, said)| {
        let mut c = start;
        (c.eat_str(written) && c.ends() && c.peek() != Some('/'))
            .then(|| (c.at, (*said).to_owned()))
    })
}

/// Digits inside a token that no reader knew: after letters of another script, an apostrophe.
fn glued_digits(text: &[char], at: usize, before: Option<char>) -> Found {
    if before.is_some_and(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut c = Cursor::new(text, at);
    let number = c.number()?;
    Some((c.at, number.words()))
}

fn sign(text: &[char], at: usize, before: Option<char>) -> Found {
    let c = Cursor::new(text, at);
    let next = c.ahead(1);
    let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let open = |c: Option<char>| c.is_none_or(char::is_whitespace);
    let one = |said: &str| Some((at + 1, format!(" {said} ")));
    let spaced = open(before) && open(next);
    match text[at] {
        '&' => one("and"),
        '@' => one("at"),
        '#' if digit(next) => one("number"),
        '#' if word(next)
            && text[at + 1..]
                .iter()
                .take_while(|c| c.is_alphanumeric() || **c == '-')
                .any(char::is_ascii_digit) =>
        {
            one("number")
        }
        '#' if word(next) && open(before) => one("hashtag"),
        '№' => one("number"),
        '+' if spaced || digit(next) || (word(before) && word(next)) => one("plus"),
        '+' if word(before) => one("plus"),
        '=' if next == Some('=') => Some((at + 2, " equals ".to_owned())),
        '=' => one("equals"),
        '×' => one("times"),
        '*' if spaced || digit(next) => one("times"),
        '÷' => one("divided by"),
        '±' => one("plus or minus"),
        '≈' => one("about"),
        '~' if digit(next) || matches!(next, Some('$' | '€' | '£')) => one("about"),
        '≤' => one("at most"),
        '≥' => one("at least"),
        '<' if spaced || digit(next) => one("less than"),
        '>' if spaced || digit(next) => one("more than"),
        '≠' => one("is not"),
        '²' => one("squared"),
        '³' => one("cubed"),
        '√' => one("the square root of"),
        '^' if next == Some('2') && !digit(c.ahead(2)) => Some((at + 2, " squared ".to_owned())),
        '^' if digit(next) => one("to the power of"),
        '→' => one("to"),
        '%' => one("percent"),
        '°' => one("degrees"),
        '§' => one("section"),
        '½' => one("a half"),
        '¼' => one("a quarter"),
        '¾' => one("three quarters"),
        '…' => Some((at + 1, "...".to_owned())),
        '*' | '~' | '<' | '>' | '^' | '\\' | '_' | '#' => Some((at + 1, " ".to_owned())),
        '/' => slash(before, next, at),
        '(' if c.text[at..].starts_with(&['(', 's', ')']) && word(before) => {
            Some((at + 3, "s".to_owned()))
        }
        '(' | ')' | '[' | ']' | '{' | '}' | '|' | '•' | '·' => {
            Some((at + 1, format!("{SOFT} ")))
        }
        '-' | '–' | '—' | '−' | '―' => stroke(text, at, before),
        ':' | ';' if open(before) && smile(c) => {
            Some((at + if next == Some('-') { 3 } else { 2 }, " ".to_owned()))
        }
        ':' if digit(before) && digit(next) => one("to"),
        _ => None,
    }
}

/// ":)", ";-)": a face, not punctuation.
fn smile(mut c: Cursor) -> bool {
    c.at += 1;
    c.eat('-');
    c.eat_if(|c| matches!(c, ')' | '(' | 'D' | 'P')).is_some() && c.ends()
}

fn slash(before: Option<char>, next: Option<char>, at: usize) -> Found {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let said = match (before, next) {
        _ if digit(before) && digit(next) => " slash ",
        (None, _) | (_, None) => " ",
        (Some(b), Some(n)) if b.is_alphanumeric() && n.is_alphanumeric() => " or ",
        (Some(' '), Some(' ')) => "or",
        _ => " slash ",
    };
    Some((at + 1, said.to_owned()))
}

/// A hyphen joins, a dash pauses, and between two names it is "to".
fn stroke(text: &[char], at: usize, before: Option<char>) -> Found {
    let mut c = Cursor::new(text, at);
    let run = c.take(super::scan::dash);
    let long = run.chars().count() > 1;
    let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let (glued, one) = (word(before) && word(c.peek()), run.chars().next()?);
    if glued && !long {
        let sound = c.text[at + 1].is_uppercase() || c.digit_follows();
        return match one {
            '-' => None,
            '–' if sound => Some((c.at, " to ".to_owned())),
            '–' | '−' => Some((c.at, "-".to_owned())),
            _ => Some((c.at, format!("{BREAK} "))),
        };
    }
    if one == '-'
        && !long
        && (word(before) || word(c.peek()))
        && !(before.is_none_or(char::is_whitespace) && c.ends())
    {
        // "pre- and post-": the hyphen is not heard. "-rf" neither.
        return Some((
            c.at,
            if word(c.peek()) && !before.is_none_or(char::is_whitespace) {
                " ".to_owned()
            } else {
                String::new()
            },
        ));
    }
    let mut sum = c;
    if sum.eat(' ') && sum.digit_follows() && text[at..].iter().take(24).any(|c| *c == '=') {
        return Some((c.at, "minus".to_owned()));
    }
    Some((c.at, format!("{BREAK} ")))
}

fn punctuation(c: char) -> bool {
    matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | SOFT | BREAK)
}

/// One mark for a run of marks; `None` for none.
fn settle(run: &[char], first: bool, last: bool) -> Option<&'static str> {
    let dots = run.iter().filter(|c| **c == '.').count();
    let has = |c: char| run.contains(&c);
    if has('?') {
        Some("?")
    } else if has('!') {
        Some("!")
    } else if dots >= 2 {
        Some("...")
    } else if dots == 1 {
        Some(".")
    } else if has(';') {
        Some(";")
    } else if has(':') {
        Some(":")
    } else if first {
        None
    } else if has(',') || has(BREAK) || !last {
        Some(",")
    } else {
        None
    }
}

/// Settles runs of punctuation and of spaces.
fn tidy(from: &Glyphs) -> Glyphs {
    let mut to = Glyphs::default();
    let mut at = 0;
    while at < from.text.len() {
        let c = from.text[at];
        let mut end = at + 1;
        let blank = |c: char| c == ' ' || punctuation(c);
        if !blank(c) {
            to.text.push(c);
            to.done.push(from.done[at]);
            at = end;
            continue;
        }
        while end < from.text.len() && blank(from.text[end]) {
            end += 1;
        }
        let run = &from.text[at..end];
        let (first, last) = (to.text.is_empty(), end == from.text.len());
        // "say .com": a mark that leads a word stays with it.
        let spaced = run.contains(&' ');
        let marks: Vec<char> = run.iter().copied().filter(|c| *c != ' ').collect();
        if let Some(mark) = settle(&marks, first, last).filter(|_| !marks.is_empty()) {
            for c in mark.chars() {
                to.text.push(c);
                to.done.push(from.done[at]);
            }
        }
        let space = if last { run.ends_with(&[' ']) } else { spaced };
        if space && !first {
            to.text.push(' ');
            to.done.push(from.done[at]);
        }
        if let Some(done) = to.done.last_mut() {
            *done = from.done[end - 1];
        }
        at = end;
    }
    to
}
