//! Quantities: counts, ranks, fractions, ranges, units, percent and versions.

use super::number::{Number, cardinal, each, ordinal, year};
use super::scan::{Cursor, Found, dash};

/// Written form, said once, said of several. Exact case is looked for first.
const UNITS: [(&str, &str, &str); 84] = [
    ("%", "percent", "percent"),
    ("‰", "per mille", "per mille"),
    ("°C", "degree Celsius", "degrees Celsius"),
    ("°F", "degree Fahrenheit", "degrees Fahrenheit"),
    ("℃", "degree Celsius", "degrees Celsius"),
    ("℉", "degree Fahrenheit", "degrees Fahrenheit"),
    ("°", "degree", "degrees"),
    ("km/h", "kilometer per hour", "kilometers per hour"),
    ("kph", "kilometer per hour", "kilometers per hour"),
    ("mph", "mile per hour", "miles per hour"),
    ("m/s", "meter per second", "meters per second"),
    ("km²", "square kilometer", "square kilometers"),
    ("m²", "square meter", "square meters"),
    ("m2", "square meter", "square meters"),
    ("sqm", "square meter", "square meters"),
    ("sq m", "square meter", "square meters"),
    ("ft²", "square foot", "square feet"),
    ("sq ft", "square foot", "square feet"),
    ("sqft", "square foot", "square feet"),
    ("cm²", "square centimeter", "square centimeters"),
    ("m³", "cubic meter", "cubic meters"),
    ("cm³", "cubic centimeter", "cubic centimeters"),
    ("km", "kilometer", "kilometers"),
    ("cm", "centimeter", "centimeters"),
    ("mm", "millimeter", "millimeters"),
    ("m", "meter", "meters"),
    ("mi", "mile", "miles"),
    ("ft", "foot", "feet"),
    ("yd", "yard", "yards"),
    ("yds", "yard", "yards"),
    ("kg", "kilogram", "kilograms"),
    ("kgs", "kilogram", "kilograms"),
    ("mg", "milligram", "milligrams"),
    ("g", "gram", "grams"),
    ("lb", "pound", "pounds"),
    ("lbs", "pound", "pounds"),
    ("oz", "ounce", "ounces"),
    ("ml", "milliliter", "milliliters"),
    ("mL", "milliliter", "milliliters"),
    ("cl", "centiliter", "centiliters"),
    ("dl", "deciliter", "deciliters"),
    ("l", "liter", "liters"),
    ("L", "liter", "liters"),
    ("gal", "gallon", "gallons"),
    ("tsp", "teaspoon", "teaspoons"),
    ("tbsp", "tablespoon", "tablespoons"),
    ("ms", "millisecond", "milliseconds"),
    ("s", "second", "seconds"),
    ("sec", "second", "seconds"),
    ("secs", "second", "seconds"),
    ("min", "minute", "minutes"),
    ("mins", "minute", "minutes"),
    ("h", "hour", "hours"),
    ("hr", "hour", "hours"),
    ("hrs", "hour", "hours"),
    ("wk", "week", "weeks"),
    ("wks", "week", "weeks"),
    ("yr", "year", "years"),
    ("yrs", "year", "years"),
    ("kB", "kilobyte", "kilobytes"),
    ("KB", "kilobyte", "kilobytes"),
    ("MB", "megabyte", "megabytes"),
    ("GB", "gigabyte", "gigabytes"),
    ("TB", "terabyte", "terabytes"),
    ("kbps", "kilobit per second", "kilobits per second"),
    ("Mbps", "megabit per second", "megabits per second"),
    ("Gbps", "gigabit per second", "gigabits per second"),
    ("Mbit/s", "megabit per second", "megabits per second"),
    ("Hz", "hertz", "hertz"),
    ("kHz", "kilohertz", "kilohertz"),
    ("MHz", "megahertz", "megahertz"),
    ("GHz", "gigahertz", "gigahertz"),
    ("W", "watt", "watts"),
    ("kW", "kilowatt", "kilowatts"),
    ("kWh", "kilowatt-hour", "kilowatt-hours"),
    ("V", "volt", "volts"),
    ("mAh", "milliamp-hour", "milliamp-hours"),
    ("dB", "decibel", "decibels"),
    ("kcal", "kilocalorie", "kilocalories"),
    ("cal", "calorie", "calories"),
    ("px", "pixel", "pixels"),
    ("pcs", "piece", "pieces"),
    ("bpm", "beat per minute", "beats per minute"),
    ("ha", "hectare", "hectares"),
];

type Unit = (&'static str, &'static str);

/// Eats a unit, after a space or glued to its number.
fn unit(c: &mut Cursor, glued: bool) -> Option<Unit> {
    let mut best: Option<(Cursor, Unit)> = None;
    for (written, one, many) in UNITS {
        let mut probe = *c;
        let exact = written.chars().all(|w| probe.eat_if(|c| c == w).is_some());
        let word = written.chars().all(char::is_alphabetic);
        let edge = if word || written.ends_with('2') {
            probe.ends() && !matches!(probe.peek(), Some('²' | '³'))
        } else {
            true
        };
        let edge = edge && (probe.ends() || !written.ends_with(['C', 'F', '°']));
        if exact && edge && best.is_none_or(|(b, _)| probe.at > b.at) {
            best = Some((probe, (one, many)));
        }
    }
    if best.is_none() {
        best = loud(*c).or_else(|| inches(*c, glued));
    }
    let (after, unit) = best?;
    *c = after;
    Some(unit)
}

/// "KM" and "KG" as people shout them.
fn loud<'a>(c: Cursor<'a>) -> Option<(Cursor<'a>, Unit)> {
    let mut probe = c;
    let word = probe.letters();
    let shouted = matches!(
        word.as_str(),
        "KM" | "KG"
            | "CM"
            | "MM"
            | "ML"
            | "LBS"
            | "OZ"
            | "FT"
            | "MIN"
            | "HRS"
            | "MPH"
            | "Km"
            | "Kg"
            | "Min"
    );
    let lower = word.to_lowercase();
    let found = UNITS
        .iter()
        .find(|(written, ..)| shouted && *written == lower)?;
    probe.ends().then_some((probe, (found.1, found.2)))
}

/// "in" is mostly a word: inches only when glued to the number or dotted.
fn inches<'a>(c: Cursor<'a>, glued: bool) -> Option<(Cursor<'a>, Unit)> {
    let mut probe = c;
    if glued && probe.eat_if(|c| matches!(c, '"' | '″')).is_some() {
        return Some((probe, ("inch", "inches")));
    }
    if !probe.eat_str("in") || !probe.ends() {
        return None;
    }
    let dotted = probe.peek() == Some('.') && {
        let mut after = probe;
        after.at += 1;
        !after.is_last()
    };
    if dotted {
        probe.at += 1;
    }
    (glued || dotted).then_some((probe, ("inch", "inches")))
}

/// "/night", "/s": what the quantity is counted by.
pub(super) fn per(c: &mut Cursor) -> Option<String> {
    let mut probe = *c;
    if !probe.eat('/') {
        return None;
    }
    let mut short = probe;
    let word = match unit(&mut short, false) {
        Some((one, _)) if short.at > probe.at => {
            probe = short;
            one.to_owned()
        }
        _ => probe.letters(),
    };
    if word.is_empty() || !probe.ends() {
        return None;
    }
    let word = match word.as_str() {
        "mo" => "month".to_owned(),
        "d" => "day".to_owned(),
        "pp" => "person".to_owned(),
        _ => word,
    };
    *c = probe;
    Some(format!(" per {word}"))
}

fn fraction_mark(c: char) -> Option<(u64, u64)> {
    Some(match c {
        '½' => (1, 2),
        '⅓' => (1, 3),
        '⅔' => (2, 3),
        '¼' => (1, 4),
        '¾' => (3, 4),
        '⅕' => (1, 5),
        '⅛' => (1, 8),
        '⅜' => (3, 8),
        '⅝' => (5, 8),
        '⅞' => (7, 8),
        _ => return None,
    })
}

fn fraction_words(over: u64, under: u64) -> String {
    let part = match under {
        2 => "half".to_owned(),
        4 => "quarter".to_owned(),
        n => ordinal(n),
    };
    let part = match (over, part.as_str()) {
        (1, _) => part,
        (_, "half") => "halves".to_owned(),
        _ => format!("{part}s"),
    };
    format!("{} {part}", cardinal(over))
}

/// "1/2", "3/4" with small parts; everything else with a slash is no fraction.
fn fraction(c: &mut Cursor) -> Option<(u64, u64)> {
    let mut probe = *c;
    if let Some(parts) = probe.peek().and_then(fraction_mark) {
        c.at += 1;
        return Some(parts);
    }
    let over: u64 = probe.digits().parse().ok()?;
    probe.eat_if(|c| matches!(c, '/' | '⁄'))?;
    let under: u64 = probe.digits().parse().ok()?;
    let small = matches!(under, 2..=6 | 8 | 12 | 16 | 100) && over < under && over > 0;
    if !small || !probe.ends() || probe.peek() == Some('/') {
        return None;
    }
    *c = probe;
    Some((over, under))
}

/// "2.1.3", "v2", "192.168.0.1".
pub(super) fn version(text: &[char], at: usize) -> Found {
    let mut c = Cursor::new(text, at);
    let marked = c.eat_if(|c| matches!(c, 'v' | 'V')).is_some();
    let mut parts = vec![c.digits()];
    while !parts[0].is_empty()
        && c.peek() == Some('.')
        && c.ahead(1).is_some_and(|c| c.is_ascii_digit())
    {
        c.at += 1;
        parts.push(c.digits());
    }
    if parts[0].is_empty() || !c.ends() || (parts.len() < 3 && !marked) {
        return None;
    }
    let host = parts.len() == 4 && !marked;
    let said: Vec<String> = parts
        .iter()
        .map(|p| match p.parse::<u64>() {
            Ok(n) if !host && p.len() < 4 => cardinal(n),
            _ => each(p),
        })
        .collect();
    let joined = said.join(if host { " dot " } else { " point " });
    Some((
        c.at,
        if marked {
            format!("version {joined}")
        } else {
            joined
        },
    ))
}

/// 6'2", said as people say heights.
fn height(text: &[char], at: usize) -> Found {
    let mut c = Cursor::new(text, at);
    let foot = |c: char| matches!(c, '\'' | '’' | '′');
    let feet = c.digits();
    c.eat_if(foot)?;
    let inches = c.digits();
    let n: u64 = feet.parse().ok().filter(|_| feet.len() <= 3)?;
    let name = if n == 1 { "foot" } else { "feet" };
    if inches.is_empty() {
        // "5' tall": a mark alone is a foot only where no quotation could close.
        return (c.peek() == Some(' ') && !text[..at].iter().any(|c| foot(*c)))
            .then(|| (c.at, format!("{} {name}", cardinal(n))));
    }
    let rest: u64 = inches.parse().ok().filter(|n| *n < 12)?;
    if c.eat_if(|c| matches!(c, '"' | '”' | '″')).is_none()
        && !(c.eat_if(foot).is_some() && c.eat_if(foot).is_some())
    {
        return None;
    }
    Some((c.at, format!("{} {name} {}", cardinal(n), cardinal(rest))))
}

fn minus(c: &mut Cursor) -> bool {
    let open = c
        .before()
        .is_none_or(|b| b.is_whitespace() || matches!(b, '(' | '=' | ':'));
    let mut probe = *c;
    if open
        && probe.eat_if(|c| matches!(c, '-' | '−' | '–')).is_some()
        && (probe.digit_follows() || probe.peek() == Some('.'))
    {
        *c = probe;
        return true;
    }
    false
}

/// The quantity at `at`: a number with all that belongs to it.
pub(super) fn quantity(text: &[char], at: usize) -> Found {
    if let Some(found) = height(text, at) {
        return Some(found);
    }
    let mut c = Cursor::new(text, at);
    let sign = if minus(&mut c) { "minus " } else { "" };
    if let Some((over, under)) = fraction(&mut c) {
        let said = fraction_words(over, under);
        return Some((c.at, format!("{sign}{said}")));
    }
    let first = c.number()?;
    if let Some((end, said)) = rank_or_mixed(c, &first) {
        return Some((end, format!("{sign}{said}")));
    }
    let mut range = None;
    let mut probe = c;
    if sign.is_empty() && probe.range_dash() && !(probe.at - c.at == 3 && sum_follows(probe)) {
        let second = probe.number();
        // "12-3456789" is no range: its digits are said one by one.
        if second
            .as_ref()
            .is_some_and(|n| !n.grouped && n.whole.len() > 5)
        {
            return None;
        }
        let chained =
            probe.peek().is_some_and(dash) && probe.ahead(1).is_some_and(char::is_alphanumeric);
        if let Some(second) = second.filter(|_| !chained) {
            range = Some((second, probe));
        }
    }
    if let Some((second, after)) = range
        && let Some((end, tail)) = tail(after, &second, true)
    {
        let years = tail.is_empty() && first.whole.len() == 4 && second.whole.len() == 4;
        let say = |n: &Number| if years { n.words_or_year() } else { n.words() };
        return Some((end, format!("{} to {}{tail}", say(&first), say(&second))));
    }
    let (end, tail) = tail(c, &first, false)?;
    let said = if tail.is_empty() && sign.is_empty() {
        year_in(Cursor::new(text, at), &first).unwrap_or_else(|| first.words_or_year())
    } else {
        first.words()
    };
    Some((end, format!("{sign}{said}{tail}")))
}

/// Whether "5 - 3" is arithmetic: an equals sign comes later.
fn sum_follows(c: Cursor) -> bool {
    c.text[c.at..].iter().take(24).any(|c| *c == '=')
}

/// "23rd", "3 1/2", "2½".
fn rank_or_mixed(c: Cursor, first: &Number) -> Found {
    let n = first.count()?;
    let mut probe = c;
    if ["st", "nd", "rd", "th"]
        .iter()
        .any(|end| probe.eat_str(end))
        && probe.ends()
    {
        return Some((probe.at, ordinal(n)));
    }
    let mut probe = c;
    if probe.peek() == Some(' ') || probe.peek().is_some_and(|c| fraction_mark(c).is_some()) {
        probe.eat(' ');
        let (over, under) = fraction(&mut probe)?;
        let part = match (over, under) {
            (1, 2) => "a half".to_owned(),
            (1, 4) => "a quarter".to_owned(),
            _ => fraction_words(over, under),
        };
        let said = format!("{} and {part}", cardinal(n));
        let end = tail(
            probe,
            &Number {
                whole: "2".into(),
                ..Number::default()
            },
            false,
        );
        return Some(match end {
            Some((end, tail)) => (end, format!("{said}{tail}")),
            None => (probe.at, said),
        });
    }
    None
}

/// What follows a number: a unit, "+", "x", or nothing.
fn tail(c: Cursor, number: &Number, range: bool) -> Found {
    let mut probe = c;
    let glued = !probe.eat(' ');
    // "30s" is a decade, "5s" nothing known; a second needs its space or a decimal.
    let decade =
        glued && probe.peek() == Some('s') && number.decimals.is_empty() && number.whole.len() == 4;
    if !decade && let Some((one, many)) = unit(&mut probe, glued) {
        let name = if number.is_one() && !range { one } else { many };
        let per = per(&mut probe).unwrap_or_default();
        let dotted =
            matches!(name, n if n.ends_with(char::is_alphabetic)) && probe.peek() == Some('.');
        let mut after = probe;
        after.at += 1;
        // "5 min. walk": the dot belongs to the short form unless the text ends.
        if dotted
            && !after.is_last()
            && after.peek() == Some(' ')
            && after.ahead(1).is_some_and(char::is_lowercase)
        {
            probe = after;
        }
        return Some((probe.at, format!(" {name}{per}")));
    }
    let mut probe = c;
    if probe.eat('-')
        && let Some((one, _)) = unit(&mut probe, false).filter(|_| probe.ends())
        && probe.peek() != Some('/')
    {
        return Some((probe.at, format!("-{one}")));
    }
    let mut probe = c;
    if probe.eat_if(|c| matches!(c, 'k' | 'K')).is_some()
        && probe.ends()
        && number.decimals.len() <= 1
        && number.whole.len() <= 3
        && probe.before() == Some('k')
    {
        return Some((probe.at, " thousand".to_owned()));
    }
    let mut probe = c;
    if let Some(by) = times(&mut probe) {
        return Some((probe.at, by));
    }
    let mut probe = c;
    if probe.eat('+') && probe.ends() && probe.peek() != Some('+') {
        return Some((probe.at, " plus".to_owned()));
    }
    let mut probe = c;
    if let Some(rating) = rating(&mut probe) {
        return Some((probe.at, rating));
    }
    let mut probe = c;
    if probe.ahead(1).is_some_and(char::is_alphabetic)
        && let Some(per) = per(&mut probe)
    {
        return Some((probe.at, per));
    }
    c.ends().then(|| (c.at, String::new()))
}

/// "in 1895": any four digits after such a word are a year.
fn year_in(c: Cursor, n: &Number) -> Option<String> {
    let before = c.words_before(1).pop()?.to_lowercase();
    let dated = matches!(
        before.as_str(),
        "in" | "since" | "from" | "year" | "until" | "circa"
    );
    let n = n
        .count()
        .filter(|y| dated && !n.grouped && (1100..2100).contains(y))?;
    Some(year(n))
}

/// "4.7/5", "8/10".
fn rating(c: &mut Cursor) -> Option<String> {
    let mut probe = *c;
    let best = (probe.eat('/')).then(|| probe.digits())?;
    if !matches!(best.as_str(), "5" | "10") || !probe.ends() || probe.peek() == Some('/') {
        return None;
    }
    *c = probe;
    Some(format!(
        " out of {}",
        if best == "5" { "five" } else { "ten" }
    ))
}

/// "3x", "3 x 4", "3×4 m".
fn times(c: &mut Cursor) -> Option<String> {
    let mut probe = *c;
    let spaced = probe.eat(' ');
    probe.eat_if(|c| matches!(c, 'x' | 'X' | '×'))?;
    if !spaced
        && probe.ends()
        && !matches!(probe.peek(), Some(' ') if probe.ahead(1).is_some_and(|c| c.is_ascii_digit()))
    {
        *c = probe;
        return Some(" times".to_owned());
    }
    if probe.eat(' ') != spaced {
        return None;
    }
    let number = probe.number()?;
    let (end, tail) = tail(probe, &number, true)?;
    c.at = end;
    let word = if sum_follows(*c) { "times" } else { "by" };
    Some(format!(" {word} {}{tail}", number.words()))
}
