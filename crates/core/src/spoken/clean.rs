//! Takes off what is meant for the eye: markdown, HTML, emoji, odd spaces.
//! It leaves every word as it was written; what the words sound like is decided elsewhere.

/// Characters left to say, and for each how many source characters it completes.
#[derive(Debug, Default)]
pub(super) struct Glyphs {
    pub text: Vec<char>,
    pub done: Vec<u32>,
}

/// Longest look for the end of a link, tag or entity.
const REACH: usize = 2000;

struct Cleaner<'a> {
    source: &'a [char],
    at: usize,
    out: Glyphs,
    english: bool,
    /// The line is a heading, a list item or a table row: its end is a sentence's end.
    block: bool,
    table: bool,
    /// Where the texts of open links end, and where reading goes on then.
    links: Vec<(usize, usize)>,
}

/// The source without its markup.
pub(super) fn clean(source: &[char], english: bool) -> Glyphs {
    let mut cleaner = Cleaner {
        source,
        at: 0,
        out: Glyphs::default(),
        english,
        block: false,
        table: false,
        links: Vec::new(),
    };
    cleaner.line_start();
    while cleaner.at < source.len() {
        cleaner.step();
    }
    if !source.last().is_some_and(|c| c.is_whitespace()) && cleaner.out.text.last() == Some(&' ') {
        cleaner.out.text.pop();
        cleaner.out.done.pop();
    }
    cleaner.out
}

fn mark(c: char) -> bool {
    matches!(
        c,
        '.' | ',' | ';' | ':' | '!' | '?' | '…' | '。' | '！' | '？' | '，' | '、' | '：'
    )
}

/// Pictures, joiners and controls that no voice can say.
fn unsayable(c: char) -> bool {
    matches!(u32::from(c),
        0x00..=0x08 | 0x0e..=0x1f | 0x7f..=0x84 | 0x86..=0x9f | 0xad
        | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f
        | 0x2190..=0x21ff | 0x2300..=0x23ff | 0x2500..=0x27bf | 0x2b00..=0x2bff
        | 0x20e3 | 0xfe00..=0xfe0f | 0xfeff | 0xfff9..=0xfffd
        | 0xe000..=0xf8ff | 0x1f000..=0x1faff | 0xe0000..=0xe0fff | 0xf0000..=0x0010_ffff)
        || matches!(c, '™' | '®' | '©' | '†' | '‡')
}

impl Cleaner<'_> {
    fn ahead(&self, n: usize) -> Option<char> {
        self.source.get(self.at + n).copied()
    }

    fn before(&self) -> Option<char> {
        self.at
            .checked_sub(1)
            .and_then(|i| self.source.get(i))
            .copied()
    }

    fn starts(&self, at: usize, wanted: &str) -> bool {
        wanted.chars().enumerate().all(|(n, w)| {
            self.source
                .get(at + n)
                .is_some_and(|c| c.eq_ignore_ascii_case(&w))
        })
    }

    fn find(&self, from: usize, wanted: char) -> Option<usize> {
        let end = self.source.len().min(from.saturating_add(REACH));
        (from..end).find(|&i| self.source[i] == wanted)
    }

    fn run(&self, at: usize, c: char) -> usize {
        self.source[at.min(self.source.len())..]
            .iter()
            .take_while(|&&x| x == c)
            .count()
    }

    /// Says `c` for everything up to `end`.
    fn push(&mut self, c: char, end: usize) {
        let c = if c.is_whitespace() { ' ' } else { c };
        if c == ' ' && self.out.text.last().is_none_or(|&last| last == ' ') {
            return;
        }
        self.out.text.push(c);
        self.out.done.push(u32::try_from(end).unwrap_or(u32::MAX));
    }

    /// Puts a pause after the last word unless one is there.
    fn pause(&mut self, c: char) {
        while self.out.text.last() == Some(&' ') {
            self.out.text.pop();
            self.out.done.pop();
        }
        if self
            .out
            .text
            .iter()
            .rev()
            .find(|c| !matches!(c, '"' | '\'' | ')' | '”'))
            .is_some_and(|&last| !mark(last))
        {
            self.push(c, self.at);
        }
        self.push(' ', self.at);
    }

    fn line(&self, at: usize) -> &[char] {
        let rest = &self.source[at.min(self.source.len())..];
        let end = rest.iter().position(|&c| c == '\n').unwrap_or(rest.len());
        &rest[..end]
    }

    /// How many characters of block markup start the line at `at`; none when it is plain text.
    fn marker(&self, at: usize) -> Option<usize> {
        let line = self.line(at);
        let indent = line.iter().take_while(|c| c.is_whitespace()).count();
        let rest = &line[indent..];
        let hashes = rest.iter().take_while(|&&c| c == '#').count();
        let space = |n: usize| rest.get(n) == Some(&' ');
        if (1..=6).contains(&hashes) && space(hashes) {
            return Some(indent + hashes + 1);
        }
        match rest.first()? {
            '-' | '*' | '+' | '•' | '◦' | '▪' | '‣' | '·' | '●' if space(1) => {
                let boxed = rest.get(2) == Some(&'[') && rest.get(4) == Some(&']');
                Some(indent + if boxed { 5 } else { 2 })
            }
            '>' => Some(indent + 1),
            '|' if rest.len() > 1 => Some(indent),
            _ => None,
        }
    }

    fn line_start(&mut self) {
        self.block = false;
        self.table = false;
        loop {
            let line = self.line(self.at);
            let indent = line.iter().take_while(|c| c.is_whitespace()).count();
            let rest = &line[indent..];
            let fence = |c: char| rest.len() >= 3 && rest[..3].iter().all(|&x| x == c);
            if fence('`') || fence('~') {
                self.fence(rest[0]);
                return;
            }
            let rule = rest.len() >= 3
                && rest
                    .iter()
                    .all(|c| matches!(c, '-' | '*' | '_' | '=' | ' '))
                && !rest.contains(&'.');
            let ruled = rest.len() >= 3
                && rest[0] == '|'
                && rest.contains(&'-')
                && rest.iter().all(|c| matches!(c, '|' | '-' | ':' | ' '));
            if rule
                && rest.iter().any(|c| *c != ' ')
                && rest.iter().filter(|c| **c == rest[0]).count() >= 3
                || ruled
            {
                self.at += line.len();
                if self.ahead(0).is_none() {
                    return;
                }
                self.at += 1;
                continue;
            }
            if rest.first() == Some(&'|') {
                self.table = true;
                self.block = true;
                return;
            }
            let quote = rest.first() == Some(&'>');
            match self.marker(self.at) {
                Some(skip) if skip > 0 => {
                    self.at += skip;
                    self.block |= !quote;
                }
                _ => break,
            }
        }
        self.numbered();
    }

    /// "1. Breakfast": the number, a pause, the item.
    fn numbered(&mut self) {
        let line = self.line(self.at);
        let indent = line.iter().take_while(|c| c.is_whitespace()).count();
        let digits = line[indent..]
            .iter()
            .take_while(|c| c.is_ascii_digit())
            .count();
        let after = indent + digits;
        let item = (1..=2).contains(&digits)
            && matches!(line.get(after), Some('.' | ')'))
            && line.get(after + 1) == Some(&' ')
            && line.get(after + 2).is_some_and(|c| !c.is_whitespace());
        if !item {
            return;
        }
        for i in indent..after {
            let at = self.at + i;
            self.push(self.source[at], at + 1);
        }
        self.at += after + 1;
        self.push(',', self.at);
        self.block = true;
    }

    /// Leaves out a code block, to its end or the text's.
    fn fence(&mut self, mark: char) {
        let mut at = self.at + self.line(self.at).len();
        while at < self.source.len() {
            at += 1;
            let line = self.line(at);
            let closed = line
                .iter()
                .filter(|c| !c.is_whitespace())
                .take(3)
                .filter(|&&c| c == mark)
                .count()
                == 3;
            at += line.len();
            if closed {
                break;
            }
        }
        self.at = at.min(self.source.len());
    }

    fn step(&mut self) {
        if let Some(&(close, end)) = self.links.last()
            && self.at >= close
        {
            self.links.pop();
            self.at = end.max(self.at);
            return;
        }
        let c = self.source[self.at];
        match c {
            '\n' => self.newline(),
            '\\' if self.ahead(1).is_some_and(|c| c.is_ascii_punctuation()) => {
                let literal = self.source[self.at + 1];
                self.at += 2;
                self.push(literal, self.at);
            }
            '`' => self.at += 1,
            '*' | '_' => self.emphasis(c),
            '~' if self.run(self.at, '~') >= 2 => self.at += self.run(self.at, '~'),
            '!' if self.ahead(1) == Some('[') && self.link(self.at + 1).is_some() => self.at += 1,
            '[' => self.bracket(),
            '<' => self.tag(),
            '&' => self.entity(),
            '|' if self.table => self.cell(),
            '→' | '⇒' if self.english => {
                self.at += 1;
                self.push('→', self.at);
            }
            _ if unsayable(c) => self.drop_one(),
            _ => {
                self.at += 1;
                self.push(c, self.at);
            }
        }
    }

    /// A picture between two words leaves a space.
    fn drop_one(&mut self) {
        let joint = self.out.text.last().is_some_and(|c| c.is_alphanumeric());
        let picture = u32::from(self.source[self.at]) >= 0x2190;
        self.at += 1;
        if joint && picture && self.ahead(0).is_some_and(char::is_alphanumeric) {
            self.push(' ', self.at);
        }
    }

    fn newline(&mut self) {
        self.at += 1;
        let mut next = self.at;
        while self.source.get(next).is_some_and(|c| c.is_whitespace()) {
            next += 1;
        }
        let blank = self.source[self.at..next].contains(&'\n');
        let capital = self
            .source
            .get(next)
            .is_none_or(|c| c.is_uppercase() || c.is_ascii_digit());
        let markup = self.marker(self.at).is_some() || self.starts(self.at, "```");
        if self.block || markup || blank || (self.english && capital) {
            self.pause(if self.ends_in_ideograph() { '。' } else { '.' });
        } else {
            self.push(' ', self.at);
        }
        self.line_start();
    }

    fn ends_in_ideograph(&self) -> bool {
        self.out
            .text
            .iter()
            .rev()
            .find(|c| **c != ' ')
            .is_some_and(|c| super::stands_alone(*c))
    }

    fn emphasis(&mut self, c: char) {
        let run = self.run(self.at, c);
        let before = self.before();
        let after = self.ahead(run);
        let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let open = |c: Option<char>| c.is_none_or(char::is_whitespace);
        let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let inside = c == '_' && run == 1 && word(before) && word(after);
        let product = c == '*'
            && run == 1
            && ((open(before) && open(after)) || (digit(before) && digit(after)));
        self.at += run;
        if inside || product {
            self.push(c, self.at);
        }
    }

    /// The end of the bracket's text and of the whole link at `open`.
    fn link(&self, open: usize) -> Option<(usize, usize)> {
        let close = self.balanced(open, '[', ']')?;
        let end = match self.source.get(close + 1)? {
            '(' => self.balanced(close + 1, '(', ')')?,
            '[' => self.find(close + 2, ']')?,
            _ => return None,
        };
        Some((close, end + 1))
    }

    fn balanced(&self, open: usize, opening: char, closing: char) -> Option<usize> {
        let mut depth = 0usize;
        for (i, &c) in self.source.iter().enumerate().skip(open).take(REACH) {
            if c == opening {
                depth += 1;
            } else if c == closing {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(i);
                }
            }
        }
        None
    }

    fn bracket(&mut self) {
        if let Some(link) = self.link(self.at) {
            self.links.push(link);
            self.at += 1;
            return;
        }
        // A footnote: "[1]", "[^2]".
        if let Some(close) = self.find(self.at, ']') {
            let inner = &self.source[self.at + 1..close];
            let note = !inner.is_empty()
                && inner.len() <= 4
                && inner.iter().all(|c| c.is_ascii_digit() || *c == '^');
            if note && self.at > 0 {
                self.at = close + 1;
                return;
            }
        }
        self.at += 1;
        self.push('[', self.at);
    }

    fn tag(&mut self) {
        if self.starts(self.at, "<!--") {
            let end = (self.at..self.source.len()).find(|&i| self.starts(i, "-->"));
            self.at = end.map_or(self.source.len(), |i| i + 3);
            return;
        }
        let close = self.find(self.at + 1, '>');
        let name = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic());
        let tagged = name(self.ahead(1)) || (self.ahead(1) == Some('/') && name(self.ahead(2)));
        let Some(close) = close.filter(|_| tagged) else {
            self.at += 1;
            self.push('<', self.at);
            return;
        };
        let inner: String = self.source[self.at + 1..close].iter().collect();
        if inner.contains('<') {
            self.at += 1;
            self.push('<', self.at);
            return;
        }
        if !inner.contains(' ') && (inner.contains("://") || inner.contains('@')) {
            // "<https://…>": the address itself is said.
            self.links.push((close, close + 1));
            self.at += 1;
            return;
        }
        self.at = close + 1;
        let word: String = inner
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '/')
            .collect();
        match word.to_ascii_lowercase().trim_end_matches('/') {
            "br" | "/td" | "/th" | "hr" => self.pause(','),
            "/p" | "/li" | "/div" | "/tr" | "/h1" | "/h2" | "/h3" | "/h4" => self.pause('.'),
            hidden @ ("script" | "style") => {
                let end = format!("</{hidden}>");
                let found = (self.at..self.source.len()).find(|&i| self.starts(i, &end));
                self.at = found.map_or(self.source.len(), |i| i + end.len());
            }
            _ => {}
        }
    }

    fn entity(&mut self) {
        const NAMED: [(&str, char); 20] = [
            ("amp", '&'),
            ("lt", '<'),
            ("gt", '>'),
            ("quot", '"'),
            ("apos", '\''),
            ("nbsp", ' '),
            ("ndash", '–'),
            ("mdash", '—'),
            ("hellip", '…'),
            ("rsquo", '’'),
            ("lsquo", '‘'),
            ("rdquo", '”'),
            ("ldquo", '“'),
            ("euro", '€'),
            ("pound", '£'),
            ("deg", '°'),
            ("times", '×'),
            ("copy", ' '),
            ("frac12", '½'),
            ("bull", ','),
        ];
        let name: String = self.source[self.at + 1..]
            .iter()
            .take(8)
            .take_while(|c| c.is_ascii_alphanumeric() || **c == '#')
            .collect();
        let closed = self.ahead(1 + name.len()) == Some(';');
        let number = name
            .strip_prefix("#x")
            .map(|hex| u32::from_str_radix(hex, 16));
        let number = number.or_else(|| name.strip_prefix('#').map(str::parse));
        let found = match number {
            Some(code) => code
                .ok()
                .and_then(char::from_u32)
                .filter(|c| !unsayable(*c)),
            None => NAMED.iter().find(|(n, _)| *n == name).map(|(_, c)| *c),
        };
        match found.filter(|_| closed) {
            Some(c) => {
                self.at += name.len() + 2;
                self.push(c, self.at);
            }
            None => {
                self.at += 1;
                self.push('&', self.at);
            }
        }
    }

    fn cell(&mut self) {
        self.at += 1;
        let last = self.line(self.at).iter().all(|c| c.is_whitespace());
        let first = self.source[..self.at - 1]
            .iter()
            .rev()
            .take_while(|c| **c != '\n')
            .all(|c| c.is_whitespace());
        if !last && !first {
            self.pause(',');
        }
    }
}
