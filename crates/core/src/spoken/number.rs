//! Numbers as words: how a count, a rank, a year or a row of digits sounds in English.
//! Which of these a number in a text is, the readers beside this module decide.
//!
//! Digits said one by one say "zero"; pairs (years, clocks, rooms) say "oh", as people do.

const SMALL: [&str; 20] = [
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
const TENS: [&str; 10] = [
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];
const SCALES: [(u64, &str); 4] = [
    (1_000_000_000_000, "trillion"),
    (1_000_000_000, "billion"),
    (1_000_000, "million"),
    (1_000, "thousand"),
];
/// More digits than this are said one by one.
const COUNTED: usize = 15;

fn below_hundred(n: u64) -> String {
    let small = |n: u64| SMALL[usize::try_from(n).unwrap_or(0).min(19)];
    if n < 20 {
        return small(n).to_owned();
    }
    let tens = TENS[usize::try_from(n / 10).unwrap_or(0).min(9)];
    match n % 10 {
        0 => tens.to_owned(),
        ones => format!("{tens}-{}", small(ones)),
    }
}

/// 123 is "one hundred twenty-three".
pub(super) fn cardinal(n: u64) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut rest = n;
    for (size, name) in SCALES {
        if rest >= size {
            words.push(format!("{} {name}", cardinal(rest / size)));
            rest %= size;
        }
    }
    if rest >= 100 {
        words.push(format!("{} hundred", below_hundred(rest / 100)));
        rest %= 100;
    }
    if rest > 0 || words.is_empty() {
        words.push(below_hundred(rest));
    }
    words.join(" ")
}

/// 23 is "twenty-third".
pub(super) fn ordinal(n: u64) -> String {
    let said = cardinal(n);
    let cut = said.rfind([' ', '-']).map_or(0, |at| at + 1);
    let (head, last) = said.split_at(cut);
    let last = match last {
        "one" => "first".to_owned(),
        "two" => "second".to_owned(),
        "three" => "third".to_owned(),
        "five" => "fifth".to_owned(),
        "eight" => "eighth".to_owned(),
        "nine" => "ninth".to_owned(),
        "twelve" => "twelfth".to_owned(),
        other => match other.strip_suffix('y') {
            Some(stem) => format!("{stem}ieth"),
            None => format!("{other}th"),
        },
    };
    format!("{head}{last}")
}

/// 1990 is "nineteen nineties", 90 is "nineties".
pub(super) fn decade(n: u64) -> String {
    let said = if n >= 100 { year(n) } else { cardinal(n) };
    match said.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{said}s"),
    }
}

/// 1905 is "nineteen oh five", 2026 "twenty twenty-six".
pub(super) fn year(n: u64) -> String {
    let (century, rest) = (n / 100, n % 100);
    match n {
        0..1000 | 3000.. => cardinal(n),
        _ if n.is_multiple_of(1000) || (2001..2010).contains(&n) => cardinal(n),
        _ if rest == 0 => format!("{} hundred", cardinal(century)),
        _ if rest < 10 => format!("{} oh {}", cardinal(century), cardinal(rest)),
        _ => format!("{} {}", cardinal(century), cardinal(rest)),
    }
}

/// The number of a room, a bus or a gate: 101 is "one oh one", 1204 "twelve oh four".
pub(super) fn pairs(digits: &str) -> String {
    let Ok(n) = digits.parse::<u64>() else {
        return in_groups(digits);
    };
    match digits.len() {
        _ if digits.starts_with('0') => each(digits),
        0..=2 => cardinal(n),
        3 if n.is_multiple_of(100) => cardinal(n),
        3 if n % 100 < 10 => format!("{} oh {}", cardinal(n / 100), cardinal(n % 10)),
        3 => format!("{} {}", cardinal(n / 100), cardinal(n % 100)),
        4 if n.is_multiple_of(1000) => cardinal(n),
        4 if n.is_multiple_of(100) => format!("{} hundred", cardinal(n / 100)),
        4 if n % 100 < 10 => format!("{} oh {}", cardinal(n / 100), cardinal(n % 10)),
        4 => format!("{} {}", cardinal(n / 100), cardinal(n % 100)),
        _ => in_groups(digits),
    }
}

/// "042" is "zero four two".
pub(super) fn each(digits: &str) -> String {
    let said: Vec<&str> = digits
        .chars()
        .filter_map(|c| c.to_digit(10))
        .map(|d| SMALL[usize::try_from(d).unwrap_or(0)])
        .collect();
    said.join(" ")
}

/// Digits one by one, with a pause after every third; the last group has two to four.
pub(super) fn in_groups(digits: &str) -> String {
    let digits: Vec<char> = digits.chars().collect();
    let mut said = Vec::new();
    let mut rest = &digits[..];
    while !rest.is_empty() {
        let size = if rest.len() <= 4 { rest.len() } else { 3 };
        let (group, after) = rest.split_at(size);
        said.push(each(&group.iter().collect::<String>()));
        rest = after;
    }
    said.join(", ")
}

/// A number as it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Number {
    /// Digits before the point, separators removed.
    pub whole: String,
    /// Digits after it.
    pub decimals: String,
    /// Whether thousands were separated.
    pub grouped: bool,
}

impl Number {
    /// The value when there is no fraction and it fits a count.
    pub(super) fn count(&self) -> Option<u64> {
        if self.decimals.is_empty() && self.whole.len() <= COUNTED {
            self.whole.parse().ok()
        } else {
            None
        }
    }

    /// Whether a unit after it stands in the singular.
    pub(super) fn is_one(&self) -> bool {
        self.count() == Some(1)
    }

    /// As words: a count, or digits when it is too long or starts with a zero.
    pub(super) fn words(&self) -> String {
        let code = self.whole.len() > 1 && self.whole.starts_with('0');
        let long = self.whole.len() > if self.grouped { COUNTED } else { 9 };
        let whole = match self.whole.parse::<u64>() {
            Ok(n) if !code && !long => cardinal(n),
            _ => in_groups(&self.whole),
        };
        if self.decimals.is_empty() {
            whole
        } else {
            format!("{whole} point {}", each(&self.decimals))
        }
    }

    /// As words where it may be a year: four bare digits that look like one.
    pub(super) fn words_or_year(&self) -> String {
        match self.count() {
            Some(n) if !self.grouped && self.whole.len() == 4 && (1900..2100).contains(&n) => {
                year(n)
            }
            _ => self.words(),
        }
    }
}
