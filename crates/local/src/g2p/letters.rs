//! How an unknown word is said, from its letters alone: names, brands, typing mistakes. English spelling rules with a
//! context to the left and right, the most letters first; where the stress falls is decided by `stress`.

/// One rule: these letters, between these neighbours, sound like this.
///
/// A neighbour pattern is read outwards from the letters: `_` the word's edge, `#` one or more vowel letters, `:` any
/// number of consonants, `^` one consonant, `.` a voiced consonant, `+` one of e, i, y, `%` an ending (e, er, ed, es,
/// ely, ing), anything else itself.
type Rule = (&'static str, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const RULES: &[Rule] = &[
    ("_", "a", "_", "ə"), ("_", "aa", "", "ɑ"), ("", "aa", "", "ɑ"), ("", "augh", "", "ɔ"), ("", "au", "", "ɔ"), ("", "aw", "", "ɔ"),
    ("", "ayer", "", "Aəɹ"), ("", "ai", "_", "I"), ("", "air", "", "ɛɹ"), ("", "ai", "", "A"), ("", "ay", "", "A"),
    ("", "aer", "", "ɛɹ"), ("", "ae", "", "i"), ("", "ao", "_", "W"), ("", "ah", "_", "ə"), ("", "ah", "#", "ɑh"), ("", "ah", "", "ɑ"),
    ("", "arr", "", "ɛɹ"), ("", "are", "_", "ɛɹ"), ("", "ary", "_", "ɛɹi"), ("", "ar", "", "ɑɹ"),
    ("", "alk", "", "ɔk"), ("", "all", "_", "ɔl"), ("", "al", "_", "ᵊl"), ("", "alm", "", "ɑm"),
    ("", "able", "_", "əbᵊl"), ("", "ange", "_", "Anʤ"), ("", "aste", "", "Ast"), ("", "age", "_", "ɪʤ"),
    ("w", "a", "^", "ɑ"), ("qu", "a", "^", "ɑ"), ("", "a", "^e_", "A"), ("", "a", "^es_", "A"), ("", "a", "^ed_", "A"), ("", "a", "^er_", "A"),
    ("", "a", "^ing_", "A"), ("", "a", "tion", "A"), ("", "a", "cion", "A"), ("", "a", "^ie_", "A"), ("", "a", "_", "ə"), ("", "a", "^^", "æ"), ("", "a", "^_", "æ"),
    ("_^", "a", "^+", "A"), ("", "a", "^i_", "ɑ"), ("", "a", "^o_", "ɑ"), ("", "a", "^a_", "ɑ"), ("", "a", "", "æ"),
    ("m", "b", "_", ""), ("", "bb", "", "b"), ("", "b", "", "b"),
    ("", "cch", "", "k"), ("_", "chr", "", "kɹ"), ("_s", "ch", "", "k"), ("", "ch", "^", "k"), ("", "ch", "", "ʧ"), ("", "ck", "", "k"), ("", "cz", "", "ʧ"),
    ("", "cia", "", "ʃə"), ("", "cio", "", "ʃO"), ("", "ciou", "", "ʃə"), ("", "cian", "_", "ʃən"), ("", "ce", "a", "ʃ"), ("", "cc", "+", "ks"), ("", "cc", "", "k"), ("s", "c", "+", ""), ("", "c", "+", "s"), ("", "c", "", "k"),
    ("", "dge", "_", "ʤ"), ("", "dg", "+", "ʤ"), ("", "dd", "", "d"), ("", "dt", "_", "t"), ("", "d", "", "d"),
    ("", "eau", "", "O"), ("", "eigh", "", "A"), ("", "ei", "gn", "A"), ("", "ein", "_", "In"), ("", "eir", "", "ɛɹ"), ("", "eister", "", "Istəɹ"), ("", "ei", "", "I"), ("", "ewe", "", "u"),
    ("", "ear", "^", "ɜɹ"), ("", "ear", "", "ɪɹ"), ("", "ea", "d", "ɛ"), ("", "ea", "th", "ɛ"), ("", "ea", "", "i"), ("", "eer", "", "ɪɹ"), ("", "ee", "", "i"),
    ("#:", "ely", "_", "li"), ("", "eu", "", "ju"), ("r", "ew", "", "u"), ("ch", "ew", "", "u"), ("l", "ew", "", "u"), ("", "ew", "", "ju"), ("", "ey", "_", "i"), ("", "ey", "", "A"),
    ("", "err", "", "ɛɹ"), ("", "ere", "_", "ɪɹ"), ("", "er", "_", "əɹ"), ("", "ers", "_", "əɹz"), ("", "er", "#", "ɛɹ"), ("", "er", "", "ɜɹ"),
    ("#:", "ed", "_", "<ed>"), ("#:", "es", "_", "<es>"), ("", "el", "_", "ᵊl"), ("", "en", "_", "ᵊn"), ("", "ent", "_", "ənt"), ("", "ence", "_", "əns"), ("", "ess", "_", "əs"), ("#:", "et", "_", "ət"),
    ("#:", "e", "_", ""), ("#:", "e", "s_", ""), ("#:", "e", "ly_", ""), ("#:", "e", "ment", ""), ("_:", "e", "_", "i"), ("", "e", "^e_", "i"), ("_^", "e", "^#", "i"), ("_^^", "e", "^o", "i"), ("", "e", "o", "i"), ("", "e", "a", "i"), ("", "e", "", "ɛ"),
    ("", "ff", "", "f"), ("", "f", "", "f"),
    ("_", "gn", "", "n"), ("", "gn", "_", "n"), ("", "gg", "", "ɡ"), ("", "ght", "", "t"), ("", "gh", "_", ""), ("_", "gh", "", "ɡ"), ("#", "gh", "^", ""), ("", "gh", "", "ɡ"), ("", "gu", "+", "ɡ"), ("", "gue", "_", "ɡ"), ("_", "ge", "^", "ʤɛ"), ("_", "gi", "l", "ɡɪ"),
    ("n", "ge", "r_", "ɡ"), ("", "g", "+", "ʤ"), ("", "g", "", "ɡ"),
    ("", "h", "_", ""), ("", "h", "^", ""), ("", "h", "", "h"),
    ("", "igh", "", "I"), ("", "ign", "_", "In"), ("", "ild", "_", "Ild"), ("", "ind", "_", "Ind"), ("", "ique", "_", "ik"), ("", "iam", "_", "jəm"), ("", "ierr", "", "iɛɹ"), ("", "ier", "_", "ɪɹ"), ("", "iew", "", "ju"), ("_^", "ie", "_", "I"), ("", "ie", "_", "i"), ("", "ies", "_", "iz"), ("", "ie", "^", "i"),
    ("", "ious", "_", "iəs"), ("", "ion", "_", "jən"), ("", "ia", "_", "iə"), ("", "ia", "n", "iə"), ("", "ia", "", "iA"), ("", "io", "_", "iO"), ("", "io", "", "iO"), ("", "iu", "", "iə"), ("", "ism", "_", "ɪzəm"), ("", "ize", "_", "Iz"), ("", "ise", "_", "Iz"), ("", "ine", "_", "in"), ("", "ile", "_", "Il"),
    ("", "irr", "", "ɪɹ"), ("", "ir", "#", "ɪɹ"), ("", "ir", "", "ɜɹ"), ("", "i", "_", "i"), ("", "i", "^e_", "I"), ("", "i", "^es_", "I"), ("", "i", "^ed_", "I"), ("", "i", "^er_", "I"), ("", "i", "a", "i"), ("", "i", "o_", "i"), ("", "i", "^a_", "i"), ("", "i", "^o_", "i"), ("", "i", "", "ɪ"),
    ("b", "j", "", "j"), ("f", "j", "", "j"), ("k", "j", "", "j"), ("h", "j", "", "j"), ("", "j", "", "ʤ"), ("_", "kn", "", "n"), ("", "kk", "", "k"), ("", "kh", "", "k"), ("", "k", "", "k"),
    ("^", "le", "_", "ᵊl"), ("^", "le", "s_", "ᵊl"), ("", "ll", "", "l"), ("", "l", "", "l"),
    ("_", "mc", "k", "mə"), ("_", "mc", "", "mək"), ("", "mm", "", "m"), ("", "mn", "_", "m"), ("", "m", "", "m"),
    ("_", "ng", "", "ənɡ"), ("", "ng", "_", "ŋ"), ("", "ngs", "_", "ŋz"), ("", "ngt", "", "ŋt"), ("", "ng", "#", "ŋɡ"), ("", "ng", "", "ŋ"), ("", "nk", "", "ŋk"), ("", "nc", "^", "ŋk"), ("", "nx", "", "ŋks"), ("", "nn", "", "n"), ("", "n", "", "n"),
    ("", "ough", "t", "ɔ"), ("", "ough", "", "O"), ("", "ould", "", "ʊd"), ("", "our", "", "ɔɹ"), ("", "ous", "_", "əs"), ("", "oux", "_", "u"), ("", "ouch", "", "Wʧ"), ("", "oun", "", "Wn"), ("", "ou", "s", "W"), ("", "ou", "", "u"), ("", "ow", "n", "W"), ("", "ow", "l", "W"), ("", "ow", "er", "W"), ("", "ow", "", "O"),
    ("", "oy", "", "Y"), ("", "oi", "", "Y"), ("", "oor", "", "ɔɹ"), ("", "ook", "", "ʊk"), ("", "ood", "", "ʊd"), ("", "oo", "", "u"), ("", "oar", "", "ɔɹ"), ("", "oa", "", "O"), ("", "oe", "_", "O"), ("", "oe", "", "O"), ("", "oh", "", "O"),
    ("", "ovic", "_", "əvɪʧ"), ("", "evic", "_", "əvɪʧ"), ("", "owski", "_", "ɔfski"), ("", "ovsky", "_", "ɔfski"), ("", "orr", "", "ɔɹ"), ("w", "or", "", "ɜɹ"), ("", "ore", "_", "ɔɹ"), ("#:", "or", "_", "əɹ"), ("", "or", "", "ɔɹ"), ("#:", "on", "_", "ən"), ("#:", "om", "_", "əm"), ("", "old", "", "Old"), ("", "olk", "", "Ok"), ("", "oll", "_", "Ol"), ("", "ost", "_", "Ost"), ("", "oss", "", "ɔs"), ("", "ong", "_", "ɔŋ"), ("", "o", "_", "O"), ("", "os", "_", "Os"),
    ("", "o", "^e_", "O"), ("", "o", "^es_", "O"), ("", "o", "^a_", "O"), ("", "o", "^o_", "O"), ("", "o", "^i_", "O"), ("", "o", "^y_", "O"), ("", "o", "^ia", "O"), ("_^", "o", "^#", "O"), ("", "o", "#", "O"), ("", "o", "", "ɑ"),
    ("", "phth", "", "fθ"), ("", "ph", "", "f"), ("_", "pf", "", "f"), ("_", "pn", "", "n"), ("_", "ps", "", "s"), ("", "pp", "", "p"), ("", "p", "", "p"),
    ("", "que", "_", "k"), ("", "qu", "", "kw"), ("", "q", "", "k"),
    ("_", "rh", "", "ɹ"), ("_", "rz", "", "ʒ"), ("", "rr", "", "ɹ"), ("", "r", "", "ɹ"),
    ("", "sch", "_", "ʃ"), ("_", "sch", "", "ʃ"), ("", "sch", "", "ʃ"), ("", "sh", "", "ʃ"), ("#", "sion", "_", "ʒən"), ("", "sion", "_", "ʃən"), ("", "ssion", "_", "ʃən"), ("", "ssia", "", "ʃə"), ("#", "sure", "_", "ʒəɹ"), ("#", "sia", "_", "ʒə"), ("", "szcz", "", "ʃʧ"), ("", "sz", "", "ʃ"), ("", "ss", "", "s"), ("", "stle", "_", "sᵊl"), ("", "sten", "_", "sᵊn"), (".", "s", "_", "z"), ("#:.e", "s", "_", "z"), ("#", "s", "_", "z"), ("u", "s", "_", "s"), ("#", "s", "m_", "z"), ("", "s", "", "s"),
    ("", "tch", "", "ʧ"), ("", "th", "er_", "ð"), ("", "th", "", "θ"), ("", "tion", "_", "ʃən"), ("", "tions", "_", "ʃənz"), ("", "tia", "", "ʃə"), ("", "tious", "_", "ʃəs"), ("", "tient", "", "ʃənt"), ("", "tten", "_", "tᵊn"), ("#", "ture", "_", "ʧəɹ"), ("^", "ture", "_", "ʧəɹ"), ("", "tz", "", "ts"), ("", "tt", "", "t"), ("", "t", "", "t"),
    ("_", "un", "i", "jun"), ("_", "un", "", "ʌn"), ("", "uy", "", "I"), ("", "uer", "_", "uəɹ"), ("", "ui", "", "u"), ("", "ue", "_", "u"), ("", "urr", "", "ɜɹ"), ("", "ur", "#", "ʊɹ"), ("", "ur", "", "ɜɹ"), ("", "ull", "", "ʊl"), ("_", "u", "^#", "ju"), ("m", "u", "^#", "ju"), ("c", "u", "^#", "ju"), ("", "u", "^e_", "u"), ("", "u", "^i", "u"), ("", "u", "^a", "u"), ("", "u", "^o", "u"), ("", "u", "_", "u"), ("", "u", "#", "u"), ("", "us", "_", "əs"), ("", "um", "_", "əm"), ("", "u", "", "ʌ"),
    ("", "vv", "", "v"), ("", "v", "", "v"),
    ("_", "wr", "", "ɹ"), ("_", "who", "", "hu"), ("", "wh", "", "w"), ("#", "w", "_", ""), ("", "w", "", "w"),
    ("_", "x", "", "z"), ("", "x", "", "ks"),
    ("_", "y", "#", "j"), ("#", "y", "#", "j"), ("_:", "y", "_", "I"), ("", "y", "_", "i"), ("", "y", "#", "j"), ("", "y", "^e_", "I"), ("_^", "y", "^#", "I"), ("_", "y", "", "ɪ"), ("", "y", "", "ɪ"),
    ("", "zz", "", "z"), ("_", "zh", "", "ʒ"), ("", "zh", "", "ʒ"), ("", "z", "", "z"),
];

/// The phonemes of a word of lower-case ASCII letters, without stress.
pub(super) fn sounds(word: &str) -> String {
    let letters = word.as_bytes();
    let mut said = String::new();
    let mut at = 0;
    while at < letters.len() {
        match best_rule(letters, at) {
            Some((_, matched, _, sound)) => {
                push_sound(&mut said, sound);
                at += matched.len();
            }
            None => at += 1, // not a letter
        }
    }
    said
}

/// The endings -ed and -es, which take their sound from what precedes them.
fn push_sound(said: &mut String, sound: &str) {
    match sound {
        "<ed>" => said.push_str(super::suffix::ed(said)),
        "<es>" => said.push_str(super::suffix::s(said)),
        sound => said.push_str(sound),
    }
}

/// The rule with the most letters; among equals the first.
fn best_rule(letters: &[u8], at: usize) -> Option<&'static Rule> {
    let fits = |rule: &&Rule| {
        let matched = rule.1.as_bytes();
        letters[at..].starts_with(matched)
            && left_fits(&letters[..at], rule.0.as_bytes())
            && right_fits(&letters[at + matched.len()..], rule.2.as_bytes())
    };
    RULES
        .iter()
        .filter(|rule| rule.1.as_bytes()[0] == letters[at])
        .filter(fits)
        .rev()
        .max_by_key(|rule| rule.1.len())
}

fn is_vowel(letter: u8) -> bool {
    matches!(letter, b'a' | b'e' | b'i' | b'o' | b'u' | b'y')
}

fn is_consonant(letter: u8) -> bool {
    letter.is_ascii_lowercase() && !is_vowel(letter)
}

/// Does the end of `before` match the pattern, read from its right end?
fn left_fits(before: &[u8], pattern: &[u8]) -> bool {
    let Some((&sign, rest)) = pattern.split_last() else {
        return true;
    };
    let last = before.split_last();
    match (sign, last) {
        (b'_', last) => last.is_none(),
        (b':', _) => left_runs(before, rest, is_consonant, 0),
        (b'#', _) => left_runs(before, rest, is_vowel, 1),
        (_, None) => false,
        (b'^', Some((&letter, before))) => is_consonant(letter) && left_fits(before, rest),
        (b'.', Some((&letter, before))) => {
            b"bdvgjlmnrwz".contains(&letter) && left_fits(before, rest)
        }
        (b'+', Some((&letter, before))) => b"eiy".contains(&letter) && left_fits(before, rest),
        (sign, Some((&letter, before))) => sign == letter && left_fits(before, rest),
    }
}

/// At least `least` letters of a kind, then the rest of the pattern.
fn left_runs(before: &[u8], rest: &[u8], kind: fn(u8) -> bool, least: usize) -> bool {
    let most = before
        .iter()
        .rev()
        .take_while(|letter| kind(**letter))
        .count();
    (least..=most)
        .rev()
        .any(|count| left_fits(&before[..before.len() - count], rest))
}

/// Does the beginning of `after` match the pattern?
fn right_fits(after: &[u8], pattern: &[u8]) -> bool {
    let Some((&sign, rest)) = pattern.split_first() else {
        return true;
    };
    let first = after.split_first();
    match (sign, first) {
        (b'_', first) => first.is_none(),
        (b':', _) => right_runs(after, rest, is_consonant, 0),
        (b'#', _) => right_runs(after, rest, is_vowel, 1),
        (b'%', _) => ["e", "er", "ed", "es", "ely", "ing"]
            .iter()
            .any(|end| after == end.as_bytes()),
        (_, None) => false,
        (b'^', Some((&letter, after))) => is_consonant(letter) && right_fits(after, rest),
        (b'.', Some((&letter, after))) => {
            b"bdvgjlmnrwz".contains(&letter) && right_fits(after, rest)
        }
        (b'+', Some((&letter, after))) => b"eiy".contains(&letter) && right_fits(after, rest),
        (sign, Some((&letter, after))) => sign == letter && right_fits(after, rest),
    }
}

fn right_runs(after: &[u8], rest: &[u8], kind: fn(u8) -> bool, least: usize) -> bool {
    let most = after.iter().take_while(|letter| kind(**letter)).count();
    (least..=most)
        .rev()
        .any(|count| right_fits(&after[count..], rest))
}
