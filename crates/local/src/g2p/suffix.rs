//! Inflected forms of known words: -s, -'s, -ed, -ing, with the sound that the stem's last phoneme asks for.

/// The plural, third person or possessive ending.
pub(super) fn s(stem: &str) -> &'static str {
    match stem.chars().next_back() {
        Some('p' | 't' | 'k' | 'f' | 'θ') => "s",
        Some('s' | 'z' | 'ʃ' | 'ʒ' | 'ʧ' | 'ʤ') => "ᵻz",
        _ => "z",
    }
}

/// The past ending.
pub(super) fn ed(stem: &str) -> &'static str {
    match stem.chars().next_back() {
        Some('p' | 'k' | 'f' | 'θ' | 'ʃ' | 's' | 'ʧ') => "t",
        Some('d' | 't') => "ᵻd",
        _ => "d",
    }
}

/// The stem with an ending that begins with a vowel: an American t between vowels is tapped.
pub(super) fn with_vowel_ending(stem: &str, ending: &str) -> String {
    const BEFORE_TAP: &str = "AIOWYiuæɑəɛɪɹʊʌ";
    let mut backwards = stem.chars().rev();
    let taps = backwards.next() == Some('t')
        && backwards
            .next()
            .is_some_and(|sound| BEFORE_TAP.contains(sound));
    match stem.strip_suffix('t') {
        Some(short) if taps => format!("{short}ɾ{ending}"),
        _ => format!("{stem}{ending}"),
    }
}

/// Spellings of the stem that the ending may hide, the likeliest first, and the ending's kind.
pub(super) fn stems(word: &str) -> Vec<(String, Ending)> {
    let mut found = Vec::new();
    if let Some(stem) = word.strip_suffix("'s").or_else(|| word.strip_suffix("s'")) {
        found.push((stem.to_owned(), Ending::S));
    }
    if let Some(stem) = word.strip_suffix("ies") {
        found.push((format!("{stem}y"), Ending::S));
    }
    if let Some(stem) = word.strip_suffix('s').filter(|stem| !stem.ends_with('s')) {
        found.push((stem.to_owned(), Ending::S));
    }
    if let Some(stem) = word.strip_suffix("es") {
        found.push((stem.to_owned(), Ending::S));
    }
    if let Some(stem) = word.strip_suffix("ied") {
        found.push((format!("{stem}y"), Ending::Ed));
    }
    for (ending, kind) in [("ed", Ending::Ed), ("ing", Ending::Ing), ("er", Ending::Er)] {
        if let Some(stem) = word.strip_suffix(ending) {
            found.push((stem.to_owned(), kind));
            found.push((format!("{stem}e"), kind));
            if is_doubled(stem) {
                found.push((stem[..stem.len() - 1].to_owned(), kind));
            }
        }
    }
    if let Some(stem) = word.strip_suffix("ly") {
        found.push((stem.to_owned(), Ending::Ly));
    }
    found.retain(|(stem, _)| stem.len() > 1);
    found
}

/// "stopp", "plann": the consonant was doubled for the ending.
fn is_doubled(stem: &str) -> bool {
    let mut backwards = stem.bytes().rev();
    match (backwards.next(), backwards.next()) {
        (Some(last), Some(before)) => last == before && b"bdgklmnprtvz".contains(&last),
        _ => false,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    S,
    Ed,
    Ing,
    Er,
    Ly,
}

impl Ending {
    /// The stem's phonemes with this ending.
    pub(super) fn join(self, stem: &str) -> String {
        match self {
            Ending::S => format!("{stem}{}", s(stem)),
            Ending::Ed if ed(stem) == "ᵻd" => with_vowel_ending(stem, "ᵻd"),
            Ending::Ed => format!("{stem}{}", ed(stem)),
            Ending::Ing => with_vowel_ending(stem, "ɪŋ"),
            Ending::Er => with_vowel_ending(stem, "əɹ"),
            Ending::Ly => format!("{}li", stem.strip_suffix('l').unwrap_or(stem)),
        }
    }
}
