//! Little words, which lose their stress in running speech.

use super::Place;

/// Words whose sound depends on what follows.
pub(super) fn form(here: &Place<'_>) -> Option<&'static str> {
    let word = here.word();
    let vowel_follows = here.next_begins_with_vowel == Some(true);
    let alone = here.words.len() == 1;
    Some(match word {
        "A" if here.at > 0 || alone => return None, // the letter
        "a" | "A" if alone => "ˈA",
        "a" | "A" => "ə",
        "an" | "An" => "ən",
        "the" | "The" if vowel_follows => "ði",
        "the" | "The" => "ðə",
        "to" | "To" if here.is_last() => "tu",
        "to" | "To" if vowel_follows => "tʊ",
        "to" | "To" => "tə",
        "in" if ["check", "checking", "checked", "log", "sign"]
            .contains(&here.neighbour(-1).as_str()) =>
        {
            "ˈɪn"
        }
        "used" if here.neighbour(1) == "to" => "jˈust",
        _ => return None,
    })
}

/// True for words that are said without a stress of their own.
pub(super) fn is_weak(word: &str) -> bool {
    const WEAK: &[&str] = &[
        "a", "am", "an", "and", "are", "as", "at", "be", "been", "but", "by", "can", "could", "do",
        "for", "from", "had", "has", "have", "he", "her", "him", "his", "i", "i'd", "i'll", "i'm",
        "i've", "if", "in", "is", "it", "it's", "its", "me", "must", "my", "of", "on", "or", "our",
        "shall", "she", "should", "so", "some", "than", "that", "the", "their", "them", "they",
        "this", "to", "us", "was", "we", "we'll", "we're", "were", "will", "with", "would", "you",
        "you're", "your",
    ];
    WEAK.binary_search(&word).is_ok()
}
