//! Dates and clock times: "2026-11-23", "Nov 23rd", "Mon–Fri", "7:30 am", "7–10 am", "1990s".
//! A numeric date is month first; where that cannot be, day first.

use super::number::{cardinal, decade, ordinal, year};
use super::scan::{Cursor, Found, dash};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [(&str, &str); 11] = [
    ("Mon", "Monday"),
    ("Tue", "Tuesday"),
    ("Tues", "Tuesday"),
    ("Wed", "Wednesday"),
    ("Thu", "Thursday"),
    ("Thur", "Thursday"),
    ("Thurs", "Thursday"),
    ("Fri", "Friday"),
    ("Sat", "Saturday"),
    ("Sun", "Sunday"),
    ("Weds", "Wednesday"),
];

fn month_name(word: &str) -> Option<&'static str> {
    if word.len() < 3 || !word.starts_with(char::is_uppercase) {
        return None;
    }
    let lower = word.to_lowercase();
    MONTHS.into_iter().find(|m| {
        let name = m.to_lowercase();
        name == lower
            || (lower.len() == 3 && name.starts_with(&lower))
            || (lower == "sept" && name.starts_with("sept"))
    })
}

/// Eats a month's name or short form with its dot.
fn month(c: &mut Cursor) -> Option<&'static str> {
    let mut probe = *c;
    let word = probe.letters();
    let name = month_name(&word).filter(|_| probe.ends())?;
    if word.len() < name.len() {
        probe.eat('.');
    }
    *c = probe;
    Some(name)
}

/// A day of the month, with or without its ending.
fn day(c: &mut Cursor) -> Option<u64> {
    let mut probe = *c;
    let digits = probe.digits();
    let n: u64 = digits
        .parse()
        .ok()
        .filter(|n| (1..=31).contains(n) && digits.len() <= 2)?;
    let _ = ["st", "nd", "rd", "th"]
        .iter()
        .any(|end| probe.eat_str(end));
    if !probe.ends()
        || (probe.peek() == Some(':') && probe.ahead(1).is_some_and(|c| c.is_ascii_digit()))
    {
        return None;
    }
    if matches!(probe.peek(), Some('.' | ',' | '%'))
        && probe.ahead(1).is_some_and(|c| c.is_ascii_digit())
    {
        return None;
    }
    *c = probe;
    Some(n)
}

fn four_digit_year(c: &mut Cursor) -> Option<u64> {
    let mut probe = *c;
    let digits = probe.digits();
    let n = digits
        .parse()
        .ok()
        .filter(|n| (1000..2200).contains(n) && digits.len() == 4)?;
    if !probe.ends() {
        return None;
    }
    *c = probe;
    Some(n)
}

/// " 2026" or ", 2026" after a day.
fn year_after(c: &mut Cursor) -> Option<u64> {
    let mut probe = *c;
    probe.eat(',');
    if !probe.eat(' ') {
        return None;
    }
    let n = four_digit_year(&mut probe)?;
    *c = probe;
    Some(n)
}

fn full(month: u64, day: u64, in_year: u64) -> Option<String> {
    let name = usize::try_from(month)
        .ok()?
        .checked_sub(1)
        .and_then(|m| MONTHS.get(m))?;
    if !(1..=31).contains(&day) {
        return None;
    }
    Some(format!("{name} {}, {}", ordinal(day), year(in_year)))
}

/// The date at `at`.
pub(super) fn date(text: &[char], at: usize) -> Found {
    decades(text, at)
        .or_else(|| numeric(text, at))
        .or_else(|| short_numeric(text, at))
        .or_else(|| named(text, at))
        .or_else(|| day_first(text, at))
        .or_else(|| weekday(text, at))
}

fn numeric(text: &[char], at: usize) -> Found {
    let mut c = Cursor::new(text, at);
    let a = c.digits();
    let mark = c.eat_if(|m| matches!(m, '-' | '/' | '.'))?;
    let b = c.digits();
    if !c.eat(mark) {
        return None;
    }
    let d = c.digits();
    let number = |s: &str| s.parse::<u64>().ok();
    let short = |s: &str| (1..=2).contains(&s.len());
    if !short(&b) {
        return None;
    }
    let said = if a.len() == 4 && short(&d) && mark != '.' {
        full(number(&b)?, number(&d)?, number(&a)?)?
    } else if short(&a) && d.len() == 4 {
        let (a, b, in_year) = (number(&a)?, number(&b)?, number(&d)?);
        if mark == '.' || a > 12 {
            full(b, a, in_year)?
        } else {
            full(a, b, in_year)?
        }
    } else if short(&a) && d.len() == 2 && mark == '/' {
        let (a, b, in_year) = (number(&a)?, number(&b)?, number(&d)?);
        let in_year = in_year + if in_year < 70 { 2000 } else { 1900 };
        if a > 12 {
            full(b, a, in_year)?
        } else {
            full(a, b, in_year)?
        }
    } else {
        return None;
    };
    let mut probe = c;
    if probe.eat('T')
        && let Some((end, clock)) = time(text, probe.at)
    {
        let mut probe = Cursor::new(text, end);
        probe.eat('Z');
        return probe.ends().then(|| (probe.at, format!("{said}, {clock}")));
    }
    c.ends().then_some((c.at, said))
}

/// "11/23" where the word before says that it is a day.
fn short_numeric(text: &[char], at: usize) -> Found {
    let mut c = Cursor::new(text, at);
    let before = c.words_before(1).pop()?.to_lowercase();
    if !matches!(
        before.as_str(),
        "on" | "by" | "until" | "till" | "before" | "after" | "since" | "from" | "date"
    ) {
        return None;
    }
    let a: u64 = c.digits().parse().ok()?;
    if !c.eat('/') {
        return None;
    }
    let b: u64 = c.digits().parse().ok()?;
    if !c.ends() || c.peek() == Some('/') || !(1..=31).contains(&b) {
        return None;
    }
    let (m, d) = if a > 12 { (b, a) } else { (a, b) };
    let name = usize::try_from(m)
        .ok()?
        .checked_sub(1)
        .and_then(|m| MONTHS.get(m))?;
    Some((c.at, format!("{name} {}", ordinal(d.min(31)))))
}

/// "Nov 23", "November 23rd, 2026", "Nov 23–25", "November 2026", "Jan.", "Jan–Mar".
fn named(text: &[char], at: usize) -> Found {
    let mut c = Cursor::new(text, at);
    let name = month(&mut c)?;
    let dotted = c.before() == Some('.');
    let whole = c.at - at == name.len();
    let bare = c;
    let mut probe = c;
    if probe.eat(' ') {
        let start = probe;
        if let Some(n) = four_digit_year(&mut probe) {
            return Some((probe.at, format!("{name} {}", year(n))));
        }
        probe = start;
        if let Some(n) = day(&mut probe) {
            let mut said = format!("{name} {}", ordinal(n));
            let mut more = probe;
            if more.range_dash() {
                let other = month(&mut more);
                if other.is_some() {
                    more.eat(' ');
                }
                if let Some(last) = day(&mut more) {
                    let other = other.map_or(String::new(), |m| format!("{m} "));
                    said.push_str(&format!(" to {other}{}", ordinal(last)));
                    probe = more;
                }
            }
            if let Some(n) = year_after(&mut probe) {
                said.push_str(&format!(", {}", year(n)));
            }
            return Some((probe.at, said));
        }
    }
    let mut probe = bare;
    if probe.range_dash()
        && let Some(last) = month(&mut probe)
    {
        return Some((probe.at, format!("{name} to {last}")));
    }
    if dotted && !whole {
        let stop = if bare.is_last() { "." } else { "" };
        return Some((bare.at, format!("{name}{stop}")));
    }
    None
}

/// "23 November 2026", "23rd Nov", "23–25 November".
fn day_first(text: &[char], at: usize) -> Found {
    let mut c = Cursor::new(text, at);
    let n = day(&mut c)?;
    let mut said = format!("the {}", ordinal(n));
    let mut probe = c;
    if probe.range_dash()
        && let Some(last) = day(&mut probe)
    {
        said.push_str(&format!(" to {}", ordinal(last)));
        c = probe;
    }
    if !c.eat(' ') {
        return None;
    }
    if c.eat_str("of ") {
        said = said.trim_start_matches("the ").to_owned();
    }
    let name = month(&mut c)?;
    if c.text[at.saturating_sub(4)..at].iter().collect::<String>() == "the " {
        said = said.trim_start_matches("the ").to_owned();
    }
    said.push_str(&format!(" of {name}"));
    if let Some(n) = year_after(&mut c) {
        said.push_str(&format!(", {}", year(n)));
    }
    Some((c.at, said))
}

fn day_name(c: &mut Cursor) -> Option<&'static str> {
    let mut probe = *c;
    let word = probe.letters();
    let name = DAYS
        .iter()
        .find(|(short, full)| *short == word || *full == word)?
        .1;
    if !probe.ends() {
        return None;
    }
    if word.len() < name.len() {
        probe.eat('.');
    }
    *c = probe;
    Some(name)
}

/// "Mon–Fri", "Mon.", "Tue 7:30", "Mon, Nov 23".
fn weekday(text: &[char], at: usize) -> Found {
    let mut c = Cursor::new(text, at);
    let name = day_name(&mut c)?;
    let mut probe = c;
    if probe.range_dash()
        && let Some(last) = day_name(&mut probe)
    {
        return Some((probe.at, format!("{name} to {last}")));
    }
    if c.at - at == name.len() {
        return None;
    }
    let dotted = c.before() == Some('.');
    let mut next = c;
    next.eat(',');
    next.eat(' ');
    let dated = next.digit_follows() || month(&mut next).is_some();
    let odd = matches!(name, "Wednesday" | "Saturday" | "Sunday");
    let last = c.is_last();
    if dotted && last && odd && !text[..at].contains(&' ') {
        return None;
    }
    // "Sat", "Sun" and "Wed" are words too; a capital alone does not make them days.
    if !dotted && !dated && odd {
        return None;
    }
    Some((
        c.at,
        format!("{name}{}", if dotted && last { "." } else { "" }),
    ))
}

/// "1990s", "'90s", "80's".
fn decades(text: &[char], at: usize) -> Found {
    let mut c = Cursor::new(text, at);
    let quoted = c.eat('\'');
    let digits = c.digits();
    let n: u64 = digits.parse().ok()?;
    let fits = (digits.len() == 4 && !quoted && (1000..2100).contains(&n))
        || (digits.len() == 2 && n >= 20);
    if !fits || !n.is_multiple_of(10) {
        return None;
    }
    c.eat('\'');
    (c.eat('s') && c.ends()).then(|| (c.at, decade(n)))
}

#[derive(Clone, Copy)]
struct Clock {
    hour: u64,
    minute: Option<u64>,
    second: u64,
    half: Option<&'static str>,
}

/// "am", "a.m.", "PM" after an optional space.
fn half(c: &mut Cursor) -> Option<&'static str> {
    let mut probe = *c;
    probe.eat(' ');
    let said = match probe.eat_if(|c| matches!(c, 'a' | 'A' | 'p' | 'P'))? {
        'a' | 'A' => "A M",
        _ => "P M",
    };
    let dotted = probe.eat('.');
    probe.eat_if(|c| matches!(c, 'm' | 'M'))?;
    if !probe.ends() {
        return None;
    }
    if dotted && probe.peek() == Some('.') {
        let mut after = probe;
        after.at += 1;
        // The dot that also ends the sentence stays.
        if !after.is_last() {
            probe = after;
        }
    }
    *c = probe;
    Some(said)
}

fn clock(c: &mut Cursor) -> Option<Clock> {
    let mut probe = *c;
    let digits = probe.digits();
    let hour: u64 = digits
        .parse()
        .ok()
        .filter(|h| *h <= 24 && digits.len() <= 2)?;
    let mut clock = Clock {
        hour,
        minute: None,
        second: 0,
        half: None,
    };
    let two = |c: &mut Cursor| {
        let d = c.digits();
        d.parse::<u64>().ok().filter(|n| d.len() == 2 && *n < 60)
    };
    let mut more = probe;
    if let Some(mark) = more.eat_if(|c| matches!(c, ':' | '.'))
        && let Some(minute) = two(&mut more)
    {
        let mut rest = more;
        if mark == ':' || half(&mut rest).is_some() {
            clock.minute = Some(minute);
            probe = more;
            if mark == ':' && more.eat(':') {
                clock.second = two(&mut more)?;
                probe = more;
            }
        }
    }
    clock.half = half(&mut probe);
    // "7.5" and "1,200" are no hours; neither is "4th".
    if !probe.ends()
        || (hour == 0 && clock.minute.is_none())
        || (hour > 12 && clock.minute.is_none() && clock.half.is_some())
    {
        return None;
    }
    if matches!(probe.peek(), Some('.' | ',' | ':' | '%' | '°'))
        && (probe.peek() == Some('%') || probe.ahead(1).is_some_and(|c| c.is_ascii_digit()))
    {
        return None;
    }
    *c = probe;
    Some(clock)
}

impl Clock {
    fn said(&self, in_range: bool) -> String {
        let hour = cardinal(self.hour);
        let mut said = match (self.minute, self.half) {
            (Some(0), None) if self.hour == 0 || self.hour == 24 => "midnight".to_owned(),
            (Some(0), None) if self.hour > 12 => format!("{hour} hundred"),
            (Some(0), None) if !in_range => format!("{hour} o'clock"),
            (None | Some(0), _) => hour,
            (Some(m @ 1..10), _) => format!("{hour} oh {}", cardinal(m)),
            (Some(m), _) => format!("{hour} {}", cardinal(m)),
        };
        if self.second > 0 {
            said.push_str(&format!(" and {} seconds", cardinal(self.second)));
        }
        if let Some(half) = self.half {
            said.push(' ');
            said.push_str(half);
        }
        said
    }

    fn certain(&self) -> bool {
        self.minute.is_some() || self.half.is_some()
    }
}

/// The clock time at `at`, or a range of two.
pub(super) fn time(text: &[char], at: usize) -> Found {
    let mut c = Cursor::new(text, at);
    let first = clock(&mut c)?;
    let mut probe = c;
    if probe.range_dash()
        && probe.eat_if(dash).is_none()
        && let Some(last) = clock(&mut probe)
        && (last.certain() || first.certain())
        && probe.peek() != Some('-')
    {
        let said = format!("{} to {}", first.said(true), last.said(true));
        return Some((probe.at, said));
    }
    first.certain().then(|| (c.at, first.said(false)))
}
