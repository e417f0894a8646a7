//! A cursor over characters: the small steps the readers are made of.
//! It knows no meaning, only digits, letters and edges, and never leaves the text.

use super::number::Number;

/// What a reader found: where it ends, and the words for it.
pub(super) type Found = Option<(usize, String)>;

/// A place in a text.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub text: &'a [char],
    pub at: usize,
}

pub(super) fn dash(c: char) -> bool {
    matches!(c, '-' | '–' | '—' | '‑' | '−')
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a [char], at: usize) -> Self {
        Self { text, at }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    pub(super) fn ahead(&self, n: usize) -> Option<char> {
        self.text.get(self.at + n).copied()
    }

    /// The character before the cursor.
    pub(super) fn before(&self) -> Option<char> {
        self.at
            .checked_sub(1)
            .and_then(|i| self.text.get(i))
            .copied()
    }

    pub(super) fn eat(&mut self, wanted: char) -> bool {
        self.eat_if(|c| c == wanted).is_some()
    }

    pub(super) fn eat_if(&mut self, wanted: impl Fn(char) -> bool) -> Option<char> {
        let c = self.peek().filter(|&c| wanted(c))?;
        self.at += 1;
        Some(c)
    }

    pub(super) fn take(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(c) = self.eat_if(&wanted) {
            taken.push(c);
        }
        taken
    }

    pub(super) fn digits(&mut self) -> String {
        self.take(|c| c.is_ascii_digit())
    }

    pub(super) fn letters(&mut self) -> String {
        self.take(char::is_alphabetic)
    }

    /// Eats `wanted` in any case.
    pub(super) fn eat_str(&mut self, wanted: &str) -> bool {
        let mut probe = *self;
        for w in wanted.chars() {
            if probe.eat_if(|c| c.eq_ignore_ascii_case(&w)).is_none() {
                return false;
            }
        }
        *self = probe;
        true
    }

    /// Whether a word or number ends here.
    pub(super) fn ends(&self) -> bool {
        !self.peek().is_some_and(char::is_alphanumeric)
    }

    /// Whether only closing marks and spaces follow.
    pub(super) fn is_last(&self) -> bool {
        self.text[self.at.min(self.text.len())..]
            .iter()
            .all(|c| c.is_whitespace() || matches!(c, '"' | '\'' | ')' | ']'))
    }

    pub(super) fn digit_follows(&self) -> bool {
        self.peek().is_some_and(|c| c.is_ascii_digit())
    }

    /// "1,200.50": thousands separated by commas, then a point and decimals.
    pub(super) fn number(&mut self) -> Option<Number> {
        let mut number = Number {
            whole: self.digits(),
            ..Number::default()
        };
        if number.whole.is_empty() {
            if !(self.peek() == Some('.') && self.ahead(1)?.is_ascii_digit()) {
                return None;
            }
            number.whole.push('0');
        }
        while number.whole.len() <= 3 || number.grouped {
            let mut probe = *self;
            if !probe.eat(',') {
                break;
            }
            let group = probe.digits();
            if group.len() != 3 {
                break;
            }
            number.whole.push_str(&group);
            number.grouped = true;
            *self = probe;
        }
        let mut probe = *self;
        if probe.eat('.') && probe.digit_follows() {
            number.decimals = probe.digits();
            *self = probe;
        }
        Some(number)
    }

    /// A dash between two ends of a range, with or without spaces around it.
    pub(super) fn range_dash(&mut self) -> bool {
        let mut probe = *self;
        let spaced = probe.eat(' ');
        if probe.eat_if(dash).is_none() || probe.eat(' ') != spaced {
            return false;
        }
        *self = probe;
        true
    }

    /// The words before `at`, nearest first, without their punctuation.
    pub(super) fn words_before(&self, count: usize) -> Vec<String> {
        let mut words = Vec::new();
        let mut end = self.at.min(self.text.len());
        while words.len() < count {
            while end > 0 && matches!(self.text[end - 1], ' ' | ':' | '#' | '.' | '(' | '"') {
                end -= 1;
            }
            let mut start = end;
            while start > 0 && self.text[start - 1].is_alphanumeric() {
                start -= 1;
            }
            if start == end {
                break;
            }
            words.push(self.text[start..end].iter().collect());
            end = start;
        }
        words
    }
}
