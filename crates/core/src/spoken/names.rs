//! Short forms and codes: "Dr.", "e.g.", "Henry VIII", "room 1204", "flight BA117", "XK7-42P".

use super::address::letters;
use super::number::{cardinal, each, in_groups, ordinal, pairs};
use super::scan::{Cursor, Found};

/// Short forms that need their dot.
const DOTTED: [(&str, &str); 44] = [
    ("prof", "Professor"),
    ("jr", "Junior"),
    ("sr", "Senior"),
    ("gen", "General"),
    ("gov", "Governor"),
    ("sen", "Senator"),
    ("capt", "Captain"),
    ("sgt", "Sergeant"),
    ("lt", "Lieutenant"),
    ("rev", "Reverend"),
    ("inc", "Incorporated"),
    ("ltd", "Limited"),
    ("corp", "Corporation"),
    ("bros", "Brothers"),
    ("ave", "Avenue"),
    ("blvd", "Boulevard"),
    ("rd", "Road"),
    ("ln", "Lane"),
    ("hwy", "Highway"),
    ("apt", "apartment"),
    ("ste", "suite"),
    ("dept", "department"),
    ("est", "estimated"),
    ("approx", "approximately"),
    ("etc", "et cetera"),
    ("vs", "versus"),
    ("vol", "volume"),
    ("fig", "figure"),
    ("ext", "extension"),
    ("tel", "telephone"),
    ("temp", "temperature"),
    ("max", "maximum"),
    ("min", "minimum"),
    ("incl", "including"),
    ("excl", "excluding"),
    ("misc", "miscellaneous"),
    ("avg", "average"),
    ("qty", "quantity"),
    ("hrs", "hours"),
    ("mins", "minutes"),
    ("govt", "government"),
    ("attn", "attention"),
    ("pkg", "package"),
    ("bldg", "building"),
];
/// Short forms that are said in full with or without a dot.
const PLAIN: [(&str, &str); 9] = [
    ("Mr", "Mister"),
    ("Mrs", "Missus"),
    ("Ms", "Miz"),
    ("vs", "versus"),
    ("approx", "approximately"),
    ("etc", "et cetera"),
    ("Blvd", "Boulevard"),
    ("Dept", "Department"),
    ("Prof", "Professor"),
];
const NUMBERED: [&str; 20] = [
    "chapter", "part", "act", "section", "volume", "book", "phase", "level", "type", "class",
    "appendix", "war", "article", "title", "stage", "scene", "episode", "bowl", "grade", "tier",
];
const RULERS: [&str; 30] = [
    "henry",
    "louis",
    "elizabeth",
    "george",
    "edward",
    "james",
    "charles",
    "william",
    "richard",
    "mary",
    "john",
    "paul",
    "pius",
    "benedict",
    "leo",
    "francis",
    "philip",
    "napoleon",
    "nicholas",
    "alexander",
    "catherine",
    "peter",
    "frederick",
    "wilhelm",
    "ivan",
    "gregory",
    "ramses",
    "gustav",
    "christian",
    "harald",
];
const ROOMS: [&str; 9] = [
    "room",
    "rooms",
    "suite",
    "apartment",
    "apt",
    "gate",
    "bus",
    "route",
    "highway",
];
const CODES: [&str; 15] = [
    "pin",
    "code",
    "passcode",
    "password",
    "confirmation",
    "reference",
    "booking",
    "reservation",
    "id",
    "ticket",
    "account",
    "extension",
    "flight",
    "ref",
    "zip",
];

/// Keeps the dot of a short form when it also ends the text.
fn closed(c: Cursor, said: &str) -> Found {
    let stop = if c.before() == Some('.') && c.is_last() {
        "."
    } else {
        ""
    };
    Some((c.at, format!("{said}{stop}")))
}

fn capital_follows(c: Cursor) -> bool {
    c.peek() == Some(' ') && c.ahead(1).is_some_and(char::is_uppercase)
}

/// The short form at `at`.
pub(super) fn abbreviation(text: &[char], at: usize) -> Found {
    if let Some(found) = slashed(text, at).or_else(|| initials(text, at)) {
        return Some(found);
    }
    let mut c = Cursor::new(text, at);
    let word = c.letters();
    if word.is_empty() || word.len() > 6 || c.peek().is_some_and(char::is_alphanumeric) {
        return None;
    }
    let bare = c;
    let dotted = c.eat('.') && (c.peek().is_none() || !c.peek().is_some_and(char::is_alphanumeric));
    let lower = word.to_lowercase();
    match lower.as_str() {
        "no" | "nos" | "nr" if dotted && number_after(c) => {
            return closed(
                c,
                if word.starts_with('N') {
                    "Number"
                } else {
                    "number"
                },
            );
        }
        "p" | "pg" if dotted && number_after(c) => return closed(c, "page"),
        "pp" if dotted && number_after(c) => return closed(c, "pages"),
        "dr" | "st" => return by_context(if dotted { c } else { bare }, &word, at, dotted),
        "rm" if number_after(if dotted { c } else { bare }) => {
            return closed(if dotted { c } else { bare }, "room");
        }
        "ave" | "rd"
            if !dotted
                && word.starts_with(char::is_uppercase)
                && address_before(Cursor::new(text, at)) =>
        {
            return closed(bare, if lower == "ave" { "Avenue" } else { "Road" });
        }
        _ => {}
    }
    let known = |table: &[(&'static str, &'static str)]| {
        table
            .iter()
            .find(|(short, _)| *short == word)
            .map(|(_, said)| *said)
    };
    if let Some(said) = known(&PLAIN) {
        return closed(if dotted { c } else { bare }, said);
    }
    if !dotted {
        return None;
    }
    let said = DOTTED.iter().find(|(short, _)| *short == lower)?.1;
    // "max." and "min." are short forms before a number or a word, "est." at an end is one too;
    // "temp." at the end of a text may be a sentence's own word.
    if c.is_last()
        && matches!(
            lower.as_str(),
            "gen" | "gov" | "sen" | "max" | "min" | "est" | "temp" | "fig" | "ste"
        )
    {
        return None;
    }
    let said = if word.starts_with(char::is_uppercase) {
        capital(said)
    } else {
        said.to_owned()
    };
    closed(c, &said)
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

fn number_after(mut c: Cursor) -> bool {
    c.eat(' ');
    c.eat('#');
    c.digit_follows()
}

/// "w/", "w/o", "n/a", "c/o".
fn slashed(text: &[char], at: usize) -> Found {
    let c = Cursor::new(text, at);
    for (short, said) in [
        ("w/o", "without"),
        ("n/a", "not applicable"),
        ("c/o", "care of"),
    ] {
        let mut probe = c;
        if probe.eat_str(short) && probe.ends() {
            return Some((probe.at, said.to_owned()));
        }
    }
    let mut probe = c;
    if probe.eat('w') && probe.eat('/') && !probe.ends() {
        return Some((probe.at, "with ".to_owned()));
    }
    (probe.at == at + 2 && probe.before() == Some('/')).then(|| (probe.at, "with".to_owned()))
}

/// "e.g.", "U.S.", "Ph.D.", "J. K. Rowling".
fn initials(text: &[char], at: usize) -> Found {
    let mut c = Cursor::new(text, at);
    for (short, said) in [
        ("e.g.", "for example"),
        ("i.e.", "that is"),
        ("a.k.a.", "also known as"),
        ("Ph.D.", "P H D"),
        ("p.s.", "P S"),
    ] {
        let mut probe = c;
        if probe.eat_str(short) {
            return closed(probe, said);
        }
    }
    let mut said = Vec::new();
    while c.peek().is_some_and(char::is_alphabetic) && c.ahead(1) == Some('.') && said.len() < 6 {
        said.extend(c.peek());
        c.at += 2;
    }
    // The last letter may stand without its dot: "U.S".
    let mut bare = c;
    if said.len() == 1
        && bare.eat_if(char::is_uppercase).is_some()
        && bare.ends()
        && !said[0].is_lowercase()
    {
        said.extend(bare.before());
        c = bare;
    }
    let single = said.len() == 1 && said[0].is_uppercase() && said[0] != 'I' && capital_follows(c);
    if !c.ends() || !(said.len() >= 2 || single) {
        return None;
    }
    let word: String = said.iter().collect();
    closed(c, &letters(&word))
}

fn address_before(c: Cursor) -> bool {
    c.words_before(1).first().is_some_and(|w| {
        w.starts_with(char::is_uppercase)
            || w.ends_with("th")
            || w.ends_with("st")
            || w.ends_with("nd")
            || w.ends_with("rd")
    })
}

/// "Dr." is a doctor before a name and a drive after one; "St." likewise.
fn by_context(c: Cursor, word: &str, at: usize, dotted: bool) -> Found {
    if !word.starts_with(char::is_uppercase)
        || (word.len() == 2 && word.ends_with(char::is_uppercase))
    {
        return None;
    }
    let after_name =
        address_before(Cursor::new(c.text, at)) && c.text.get(at.wrapping_sub(1)) == Some(&' ');
    let doctor = word.eq_ignore_ascii_case("dr");
    let before_name = capital_follows(c);
    let said = match (doctor, before_name, after_name) {
        (true, true, _) => "Doctor",
        (true, false, true) => "Drive",
        (false, true, false) => "Saint",
        (false, true, true)
            if dotted
                && c.text.get(at.wrapping_sub(2)) != Some(&',')
                && !numbered_street(c, at) =>
        {
            "Saint"
        }
        (false, _, true) => "Street",
        (true, false, false) if dotted => "Doctor",
        (false, false, false) if dotted => "Street",
        _ => return None,
    };
    closed(c, said)
}

/// "12 Main St": a number two words back.
fn numbered_street(c: Cursor, at: usize) -> bool {
    let words = Cursor::new(c.text, at).words_before(3);
    words
        .iter()
        .skip(1)
        .any(|w| w.chars().all(|c| c.is_ascii_digit()))
}

fn roman_value(word: &str) -> Option<u64> {
    let value = |c: char| match c {
        'I' => 1i64,
        'V' => 5,
        'X' => 10,
        'L' => 50,
        _ => 0,
    };
    let digits: Vec<i64> = word.chars().map(value).collect();
    if digits.is_empty() || digits.len() > 7 || digits.contains(&0) {
        return None;
    }
    let next = |i: usize| digits.get(i + 1).copied().unwrap_or(0);
    let total: i64 = digits
        .iter()
        .enumerate()
        .map(|(i, &d)| if next(i) > d { -d } else { d })
        .sum();
    let total = u64::try_from(total).ok()?;
    // Only the usual spelling counts: "IIX" is a word of its own.
    (spell_roman(total) == word).then_some(total)
}

fn spell_roman(mut n: u64) -> String {
    let mut said = String::new();
    for (size, letters) in [
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ] {
        while n >= size {
            said.push_str(letters);
            n -= size;
        }
    }
    said
}

/// "Henry VIII", "Chapter IV", "Rocky II".
pub(super) fn roman(text: &[char], at: usize) -> Found {
    let mut c = Cursor::new(text, at);
    let word = c.letters();
    let n = roman_value(&word)?;
    if !c.ends() || matches!(c.peek(), Some('\'' | '’')) || c.before() == Some('-') {
        return None;
    }
    let before = Cursor::new(text, at).words_before(1).pop()?;
    if text.get(at.wrapping_sub(1)) != Some(&' ') {
        return None;
    }
    let name = before.to_lowercase();
    if NUMBERED.contains(&name.as_str()) {
        return (word != "I" || before.starts_with(char::is_uppercase))
            .then(|| (c.at, cardinal(n)));
    }
    if !before.starts_with(char::is_uppercase) || before.len() < 3 {
        return None;
    }
    let alone = c.is_last() || matches!(c.peek(), Some('.' | ',' | ';'));
    if RULERS.contains(&name.as_str()) && (word.len() > 1 || alone) {
        return Some((c.at, format!("the {}", ordinal(n))));
    }
    let shouted = before.chars().all(char::is_uppercase);
    (word.len() > 1 && n <= 20 && !shouted).then(|| (c.at, cardinal(n)))
}

/// A number that names something: "room 1204", "PIN 0042", "flight 117", "NY 10001".
pub(super) fn named_number(text: &[char], at: usize) -> Found {
    let mut c = Cursor::new(text, at);
    let digits = c.digits();
    let decimal =
        matches!(c.peek(), Some('.' | ',' | ':')) && c.ahead(1).is_some_and(|c| c.is_ascii_digit());
    if digits.is_empty() || decimal || matches!(c.peek(), Some('%' | '°' | '/' | '–' | '-')) {
        return None;
    }
    let before: Vec<String> = Cursor::new(text, at).words_before(4);
    let mut near = before
        .iter()
        .map(|w| w.to_lowercase())
        .skip_while(|w| matches!(w.as_str(), "number" | "no" | "is" | "nr" | "your" | "the"));
    let name = near.next().unwrap_or_default();
    if ROOMS.contains(&name.as_str()) {
        let letter = c
            .eat_if(char::is_alphabetic)
            .map_or(String::new(), |l| format!(" {}", l.to_uppercase()));
        return c
            .ends()
            .then(|| (c.at, format!("{}{letter}", pairs(&digits))));
    }
    if !c.ends() {
        return None;
    }
    let coded = CODES.contains(&name.as_str())
        || (before.first().is_some_and(|w| airline(w))
            && near.next().is_some_and(|w| w == "flight"));
    let called = matches!(name.as_str(), "call" | "dial") || digits == "911";
    if called && digits.len() == 3 {
        return Some((c.at, each(&digits)));
    }
    // "UA 1042": a flight, wherever the word "flight" stands.
    let flown = before
        .first()
        .is_some_and(|w| airline(w) && !matches!(w.as_str(), "AM" | "PM" | "IN" | "NO"));
    let coded = coded || (flown && (3..=4).contains(&digits.len()));
    if coded && (digits.len() >= 3 || digits.starts_with('0')) {
        return Some((c.at, in_groups(&digits)));
    }
    let state = before.first().is_some_and(|w| airline(w)) && digits.len() == 5;
    state.then(|| (c.at, each(&digits)))
}

fn airline(word: &str) -> bool {
    word.len() == 2 && word.chars().all(|c| c.is_ascii_uppercase())
}

/// A token that mixes letters and digits: "BA117", "B2B", "XK7-42P", "COVID-19".
pub(super) fn code(text: &[char], at: usize) -> Found {
    let mut c = Cursor::new(text, at);
    let mut parts: Vec<String> = vec![c.take(|c| c.is_ascii_alphanumeric())];
    loop {
        let mut probe = c;
        if !probe.eat('-') {
            break;
        }
        let part = probe.take(|c| c.is_ascii_alphanumeric());
        if part.is_empty() {
            break;
        }
        parts.push(part);
        c = probe;
    }
    let digit = |s: &str| s.contains(|c: char| c.is_ascii_digit());
    let letter = |s: &str| s.contains(|c: char| c.is_ascii_alphabetic());
    if !c.ends() {
        return None;
    }
    if !parts.iter().any(|p| digit(p)) {
        return spelled(text, at, c, &parts);
    }
    if !parts.iter().any(|p| letter(p)) {
        // Digits with dashes that nothing else explains: said one by one.
        return (parts.len() > 1).then(|| {
            (
                c.at,
                parts
                    .iter()
                    .map(|p| in_groups(p))
                    .collect::<Vec<_>>()
                    .join(", "),
            )
        });
    }
    let lowercase = parts
        .iter()
        .any(|p| p.contains(|c: char| c.is_ascii_lowercase()));
    if parts.len() > 1 && lowercase {
        return Some((
            c.at,
            parts
                .iter()
                .map(|p| compound(p))
                .collect::<Vec<_>>()
                .join("-"),
        ));
    }
    let long = parts.len() > 1 && (parts.iter().any(|p| digit(p) && letter(p)) || parts.len() > 2);
    let said: Vec<String> = parts.iter().map(|p| mixed(p, long)).collect();
    let short = parts.len() == 2 && !long;
    Some((c.at, said.join(if short { " " } else { ", " })))
}

/// A part of "10-year-old" or "top-10".
fn compound(part: &str) -> String {
    match part.parse::<u64>() {
        Ok(n) if part.len() <= 9 && !part.starts_with('0') => cardinal(n),
        _ => mixed(part, false),
    }
}

/// Runs of letters and digits: capitals one by one, words as words, short numbers as counts.
fn mixed(part: &str, digit_by_digit: bool) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut run = String::new();
    let mut chars = part.chars().peekable();
    while let Some(c) = chars.next() {
        run.push(c);
        if chars
            .peek()
            .is_some_and(|n| n.is_ascii_digit() == c.is_ascii_digit())
        {
            continue;
        }
        said.push(if c.is_ascii_digit() {
            let count = run.len() <= 2 && !run.starts_with('0') && !digit_by_digit;
            match run.parse::<u64>() {
                Ok(n) if count => cardinal(n),
                _ => in_groups(&run),
            }
        } else {
            letters_or_word(&run)
        });
        run.clear();
    }
    said.join(" ")
}

fn letters_or_word(run: &str) -> String {
    let upper = run.chars().all(|c| c.is_ascii_uppercase());
    if run.len() == 1
        || (upper && run.len() <= 3)
        || (run.len() == 2 && !run.contains(['a', 'e', 'i', 'o', 'u', 'y']))
    {
        letters(run)
    } else {
        run.to_owned()
    }
}

/// "code XKPQ": capitals after the word "code" are letters.
fn spelled(text: &[char], at: usize, c: Cursor, parts: &[String]) -> Found {
    let upper = parts
        .iter()
        .all(|p| p.len() >= 2 && p.chars().all(|c| c.is_ascii_uppercase()));
    if !upper {
        return None;
    }
    let before = Cursor::new(text, at).words_before(2);
    let coded = before.iter().any(|w| {
        matches!(
            w.to_lowercase().as_str(),
            "code" | "reference" | "locator" | "password" | "passcode"
        )
    });
    coded.then(|| {
        (
            c.at,
            parts
                .iter()
                .map(|p| letters(p))
                .collect::<Vec<_>>()
                .join(", "),
        )
    })
}
