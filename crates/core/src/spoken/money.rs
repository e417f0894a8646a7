//! Sums of money: "$17.50", "€1.200,50", "USD 20", "$2.5 billion", "$50–60 per night".

use super::measure::per;
use super::number::{Number, cardinal};
use super::scan::{Cursor, Found, dash};

struct Currency {
    one: &'static str,
    many: &'static str,
    cent: &'static str,
    cents: &'static str,
}

const fn currency(
    one: &'static str,
    many: &'static str,
    cent: &'static str,
    cents: &'static str,
) -> Currency {
    Currency {
        one,
        many,
        cent,
        cents,
    }
}

const DOLLAR: Currency = currency("dollar", "dollars", "cent", "cents");
const EURO: Currency = currency("euro", "euros", "cent", "cents");
const POUND: Currency = currency("pound", "pounds", "penny", "pence");
const YEN: Currency = currency("yen", "yen", "sen", "sen");
const RUPEE: Currency = currency("rupee", "rupees", "paisa", "paise");
const FRANC: Currency = currency("Swiss franc", "Swiss francs", "centime", "centimes");
const CANADIAN: Currency = currency("Canadian dollar", "Canadian dollars", "cent", "cents");
const AUSTRALIAN: Currency = currency("Australian dollar", "Australian dollars", "cent", "cents");

/// Signs, longest first.
const SIGNS: [(&str, &Currency); 8] = [
    ("US$", &DOLLAR),
    ("CA$", &CANADIAN),
    ("A$", &AUSTRALIAN),
    ("$", &DOLLAR),
    ("€", &EURO),
    ("£", &POUND),
    ("¥", &YEN),
    ("₹", &RUPEE),
];

const CODES: [(&str, &Currency); 8] = [
    ("USD", &DOLLAR),
    ("EUR", &EURO),
    ("GBP", &POUND),
    ("JPY", &YEN),
    ("INR", &RUPEE),
    ("CHF", &FRANC),
    ("CAD", &CANADIAN),
    ("AUD", &AUSTRALIAN),
];

fn sign(c: &mut Cursor) -> Option<&'static Currency> {
    SIGNS
        .iter()
        .find(|(sign, _)| c.eat_str(sign))
        .map(|(_, currency)| *currency)
}

fn code(c: &mut Cursor) -> Option<&'static Currency> {
    let mut probe = *c;
    let word = probe.letters();
    let found = CODES
        .iter()
        .find(|(code, _)| *code == word && probe.ends())?;
    *c = probe;
    Some(found.1)
}

/// A number that may use the decimal comma ("12,50", "1.200,50").
fn amount(c: &mut Cursor) -> Option<Number> {
    if !c.digit_follows() && c.peek() != Some('.') {
        return None;
    }
    let mut continental = *c;
    let mut whole = continental.digits();
    while continental.peek() == Some('.') {
        let mut probe = continental;
        probe.at += 1;
        let group = probe.digits();
        if group.len() != 3 {
            break;
        }
        whole.push_str(&group);
        continental = probe;
    }
    if !whole.is_empty() && continental.eat(',') {
        let decimals = continental.digits();
        if decimals.len() == 2 && continental.ends() {
            *c = continental;
            return Some(Number {
                whole,
                decimals,
                grouped: true,
            });
        }
    }
    c.number()
}

/// "k", "M", "bn" glued to the sum, or a word after a space.
fn scale(c: &mut Cursor) -> Option<&'static str> {
    let mut probe = *c;
    let spaced = probe.eat(' ');
    let word = probe.letters();
    if !probe.ends() {
        return None;
    }
    let name = match word.as_str() {
        "k" | "K" if !spaced => "thousand",
        "M" | "m" | "MM" | "mn" | "mio" if !spaced => "million",
        "B" | "b" | "bn" | "BN" if !spaced => "billion",
        "T" | "tn" if !spaced => "trillion",
        "thousand" => "thousand",
        "million" => "million",
        "billion" => "billion",
        "trillion" => "trillion",
        _ => return None,
    };
    *c = probe;
    Some(name)
}

fn bare(n: &Number) -> String {
    let mut n = n.clone();
    n.grouped = true;
    if n.decimals.chars().all(|c| c == '0') {
        n.decimals.clear();
    }
    n.words()
}

fn said(n: &Number, scale: Option<&str>, money: &Currency) -> String {
    if let Some(scale) = scale {
        return format!("{} {scale} {}", bare(n), money.many);
    }
    let whole = Number {
        decimals: String::new(),
        grouped: true,
        ..n.clone()
    };
    let name = |n: &Number| if n.is_one() { money.one } else { money.many };
    if n.decimals.chars().all(|c| c == '0') {
        return format!("{} {}", whole.words(), name(&whole));
    }
    if n.decimals.len() != 2 {
        return format!("{} {}", bare(n), money.many);
    }
    let cents: u64 = n.decimals.parse().unwrap_or(0);
    let small = format!(
        "{} {}",
        cardinal(cents),
        if cents == 1 { money.cent } else { money.cents }
    );
    if whole.count() == Some(0) {
        return small;
    }
    format!("{} {} and {small}", whole.words(), name(&whole))
}

/// The sum at `at`, its sign or code before or after it.
pub(super) fn money(text: &[char], at: usize) -> Found {
    let mut c = Cursor::new(text, at);
    let minus = c.eat_if(|m| dash(m) || m == '+');
    let early = sign(&mut c).or_else(|| code(&mut c));
    if early.is_some() {
        c.eat(' ');
    }
    let first = amount(&mut c)?;
    let first_scale = early.and_then(|_| scale(&mut c));
    let mut second = None;
    let mut probe = c;
    if probe.range_dash() {
        let again = sign(&mut probe);
        if let Some(n) = amount(&mut probe).filter(|_| again.is_some() || early.is_some()) {
            second = Some((n, scale(&mut probe)));
            c = probe;
        } else if again.is_none() && early.is_none() {
            // "20–30 €": the sign may follow the second number.
            second = amount(&mut probe).map(|n| (n, None));
            if second.is_some() {
                c = probe;
            }
        }
    }
    let money = match early {
        Some(money) => money,
        None => late(&mut c, second.is_some())?,
    };
    if !c.ends() {
        return None;
    }
    let mut words = match minus {
        Some('+') => "plus ".to_owned(),
        Some(_) => "minus ".to_owned(),
        None => String::new(),
    };
    match second {
        Some((n, scale)) if n.decimals.is_empty() && first.decimals.is_empty() => {
            let low = match first_scale.filter(|_| scale != first_scale) {
                Some(scale) => format!("{} {scale}", bare(&first)),
                None => bare(&first),
            };
            words.push_str(&format!("{low} to {}", said(&n, scale, money)));
        }
        Some((n, scale)) => {
            let low = said(&first, first_scale, money);
            words.push_str(&format!("{low} to {}", said(&n, scale, money)));
        }
        None => words.push_str(&said(&first, first_scale, money)),
    }
    words.push_str(&per(&mut c).unwrap_or_default());
    Some((c.at, words))
}

/// The sign or code after the number; also "50¢".
fn late(c: &mut Cursor, range: bool) -> Option<&'static Currency> {
    const CENTS: Currency = currency("cent", "cents", "", "");
    if !range && c.eat('¢') {
        return Some(&CENTS);
    }
    let mut probe = *c;
    probe.eat(' ');
    let found = sign(&mut probe).or_else(|| code(&mut probe))?;
    // "20 $5 notes": the sign belongs to the next number.
    if probe.digit_follows() {
        return None;
    }
    *c = probe;
    Some(found)
}
