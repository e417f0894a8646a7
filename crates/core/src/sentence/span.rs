//! What must stay together: short parentheses, marked words, links, tags, code blocks.

use super::{Text, Words};

/// Parentheses with fewer words than this are not cut.
const PARENTHESIS: usize = 6;
/// Nor are marked words, links and tags with fewer than this.
const MARKED: usize = 12;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Parenthesis,
    Bracket,
    Tag,
    Code,
    Fence,
    /// So many stars or underscores.
    Stress(char, usize),
}

#[derive(Clone, Copy)]
struct Mark {
    kind: Kind,
    at: usize,
    length: usize,
}

/// Whether `end` lies inside something that is not cut; `None` while its end may still come.
pub(super) fn inside(text: Text, end: usize) -> Option<bool> {
    let line = text.chars[..end.min(text.chars.len())]
        .split(|c| *c == '\n')
        .next_back()
        .unwrap_or_default();
    // A row of a table is one thing; a cut at its end leaves an empty line here.
    if line.iter().find(|c| !c.is_whitespace()) == Some(&'|') {
        return Some(true);
    }
    let mut unknown = false;
    for open in open_marks(text, end) {
        match closed(text, open) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => unknown = true,
        }
    }
    if unknown { None } else { Some(false) }
}

fn run(text: Text, at: usize) -> usize {
    let c = text.chars[at];
    text.chars[at..].iter().take_while(|x| **x == c).count()
}

/// The mark at `at`, opening or closing.
fn mark(text: Text, at: usize) -> Option<Mark> {
    let c = text.chars[at];
    let next = text.chars.get(at + 1).copied();
    let (kind, length) = match c {
        '(' | ')' => (Kind::Parenthesis, 1),
        '[' | ']' => (Kind::Bracket, 1),
        '<' if next.is_some_and(|n| n.is_ascii_alphabetic() || n == '/') => (Kind::Tag, 1),
        '>' => (Kind::Tag, 1),
        '`' if run(text, at) >= 3 => (Kind::Fence, run(text, at)),
        '`' => (Kind::Code, run(text, at)),
        '*' | '_' => {
            let length = run(text, at);
            let before = text.before(at);
            let after = text.chars.get(at + length).copied();
            let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            let blank = |c: Option<char>| c.is_none_or(char::is_whitespace);
            if (blank(before) && blank(after)) || (c == '_' && word(before) && word(after)) {
                return None;
            }
            (Kind::Stress(c, length.min(2)), length)
        }
        _ => return None,
    };
    Some(Mark { kind, at, length })
}

fn open_marks(text: Text, end: usize) -> Vec<Mark> {
    let mut open: Vec<Mark> = Vec::new();
    let mut at = 0;
    while at < end.min(text.chars.len()) {
        let c = text.chars[at];
        if c == '\n' {
            open.retain(|m| m.kind == Kind::Fence);
        }
        let Some(found) = mark(text, at) else {
            at += 1;
            continue;
        };
        at += found.length;
        let literal = open
            .last()
            .is_some_and(|m| matches!(m.kind, Kind::Code | Kind::Fence));
        if literal && open.last().is_some_and(|m| m.kind != found.kind) {
            continue;
        }
        let opens = match found.kind {
            Kind::Parenthesis | Kind::Bracket | Kind::Tag => matches!(c, '(' | '[' | '<'),
            kind => !open.iter().any(|m| m.kind == kind),
        };
        if opens {
            open.push(found);
        } else if let Some(i) = open.iter().rposition(|m| m.kind == found.kind) {
            open.truncate(i);
        }
    }
    open
}

/// Whether `open` is closed soon enough to be kept whole.
fn closed(text: Text, open: Mark) -> Option<bool> {
    let limit = match open.kind {
        Kind::Parenthesis => PARENTHESIS,
        Kind::Fence => usize::MAX,
        _ => MARKED,
    };
    let closing = |c: char| match open.kind {
        Kind::Parenthesis => c == ')',
        Kind::Bracket => c == ']',
        Kind::Tag => c == '>',
        Kind::Code | Kind::Fence => c == '`',
        Kind::Stress(sign, _) => c == sign,
    };
    let start = open.at + open.length;
    let mut words = Words::default();
    let mut at = start;
    while let Some(&c) = text.chars.get(at) {
        if c == '\n' && open.kind != Kind::Fence {
            return Some(false);
        }
        words.add(c);
        if words.count() >= limit {
            return Some(false);
        }
        if closing(c) {
            let length = if matches!(c, '`' | '*' | '_') {
                run(text, at)
            } else {
                1
            };
            let long = match open.kind {
                Kind::Fence => length >= 3,
                Kind::Stress(_, 2) => length >= 2,
                _ => true,
            };
            if long {
                return Some(true);
            }
            if at + length == text.chars.len() && !text.complete {
                return None;
            }
            at += length;
            continue;
        }
        at += 1;
    }
    if text.complete {
        Some(open.kind == Kind::Fence)
    } else {
        None
    }
}
