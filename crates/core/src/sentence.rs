//! Tokens in, speakable pieces out: where an answer that is still being written may be cut so
//! that a voice can begin.
//!
//! The first piece leaves as early as it can be spoken well, because the caller waits for it;
//! later ones may be longer. A place is judged only once the characters that decide it are
//! there, so the same pieces come however the text was split. What a piece sounds like, and
//! whether anything in it is to be said at all, is decided in [`crate::spoken`].

mod place;
mod span;
#[cfg(test)]
mod tests;

/// How long pieces are, in words. Two characters of a script without spaces count as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PieceRules {
    /// Fewest words of the first piece at a clause's end.
    pub first_clause: usize,
    /// From here on the first piece may end where a speaker would breathe.
    pub first_words: usize,
    /// Here the first piece ends at any word that may stand apart.
    pub first_words_max: usize,
    /// Fewest words of a later piece at a clause's end; a sentence's end always cuts.
    pub clause: usize,
    /// The same as `first_words_max`, for later pieces.
    pub words_max: usize,
}

impl Default for PieceRules {
    fn default() -> Self {
        Self {
            first_clause: 2,
            first_words: 3,
            first_words_max: 8,
            clause: 4,
            words_max: 25,
        }
    }
}

/// Cuts one answer into pieces.
#[derive(Debug, Clone)]
pub struct Pieces {
    rules: PieceRules,
    pending: Vec<char>,
    first: bool,
}

impl Pieces {
    pub fn new(rules: PieceRules) -> Self {
        Self {
            rules,
            pending: Vec::new(),
            first: true,
        }
    }

    /// Adds text; pieces that are complete are appended to `out` as they were written, with the
    /// space after them. All pieces together are exactly the text.
    pub fn push(&mut self, text: &str, out: &mut Vec<String>) {
        self.pending.extend(text.chars());
        self.cut(false, out);
    }

    /// The rest: nothing more will come.
    pub fn finish(&mut self, out: &mut Vec<String>) {
        self.cut(true, out);
        if !self.pending.is_empty() {
            out.push(self.pending.drain(..).collect());
        }
    }

    fn cut(&mut self, complete: bool, out: &mut Vec<String>) {
        while let Some(end) = self.next_cut(complete) {
            out.push(self.pending.drain(..end).collect());
            self.first = false;
        }
    }

    /// Where the next piece ends, when that is certain.
    fn next_cut(&self, complete: bool) -> Option<usize> {
        let text = Text {
            chars: &self.pending,
            complete,
        };
        let mut words = Words::default();
        for at in 0..text.chars.len() {
            words.add(text.chars[at]);
            let found = match place::place(text, at) {
                Place::Nowhere => continue,
                Place::Clause(end) if words.count() >= self.enough(false) => Ok(end),
                Place::Sentence(end) if words.count() >= self.enough(true) => Ok(end),
                Place::Clause(_) | Place::Sentence(_) => continue,
                Place::Space => self.breath(text, at, words.count()),
                // Whether this is a clause's end matters only if the words suffice.
                Place::Unknown if words.count() >= self.enough(true) => Err(true),
                Place::Unknown => continue,
            };
            match found.map(|end| (end, span::inside(text, end))) {
                Ok((end, Some(false))) => return Some(end).filter(|end| *end < text.chars.len()),
                Ok((_, Some(true))) | Err(false) => {}
                Ok((_, None)) | Err(true) => return None,
            }
        }
        None
    }

    fn enough(&self, sentence: bool) -> usize {
        match (self.first, sentence) {
            (true, _) => self.rules.first_clause.max(1),
            (false, true) => 1,
            (false, false) => self.rules.clause.max(1),
        }
    }

    /// Whether the piece may end at the space `at`; `Err(true)` means that more must be known.
    fn breath(&self, text: Text, at: usize, words: usize) -> Result<usize, bool> {
        let (soft, max) = if self.first {
            (self.rules.first_words, self.rules.first_words_max)
        } else {
            (self.rules.words_max.saturating_sub(5), self.rules.words_max)
        };
        let (soft, max) = (soft.max(1), max.max(1));
        if words < soft.min(max) {
            return Err(false);
        }
        if words >= max.saturating_mul(2) {
            return Ok(at + 1);
        }
        let allowed = if words >= max {
            place::may_part(text, at, words >= max + 3)
        } else {
            place::breathes(text, at)
        };
        match allowed {
            Some(true) => Ok(at + 1),
            Some(false) => Err(false),
            None => Err(true),
        }
    }
}

/// What has come of the piece that is being looked for.
#[derive(Clone, Copy)]
struct Text<'a> {
    chars: &'a [char],
    /// Nothing more will come.
    complete: bool,
}

impl Text<'_> {
    /// The character at `at`: `None` while it is not known, a line's end after the last one.
    fn get(&self, at: usize) -> Option<char> {
        self.chars
            .get(at)
            .copied()
            .or(self.complete.then_some('\n'))
    }

    fn before(&self, at: usize) -> Option<char> {
        at.checked_sub(1).and_then(|i| self.chars.get(i)).copied()
    }

    /// The token that ends before `at`.
    fn token_before(&self, at: usize) -> &[char] {
        let head = &self.chars[..at.min(self.chars.len())];
        let start = head
            .iter()
            .rposition(|c| c.is_whitespace())
            .map_or(0, |i| i + 1);
        &head[start..]
    }
}

/// What a place in the text is.
enum Place {
    Nowhere,
    /// The clause ends before this index.
    Clause(usize),
    Sentence(usize),
    /// A space between two words.
    Space,
    /// The next character decides.
    Unknown,
}

/// Counts words as they come by.
#[derive(Default)]
struct Words {
    whole: usize,
    /// Characters of scripts without spaces.
    halves: usize,
    within: bool,
}

impl Words {
    fn add(&mut self, c: char) {
        if c.is_whitespace() {
            self.within = false;
        } else if crate::spoken::stands_alone(c) {
            self.halves += 1;
        } else if c.is_alphanumeric() && !self.within {
            self.within = true;
            self.whole += 1;
        }
    }

    fn count(&self) -> usize {
        self.whole + self.halves.div_ceil(2)
    }
}
