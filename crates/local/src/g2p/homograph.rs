//! Which of two pronunciations is meant: "we close at ten" or "close by". A glance at the neighbours, not a grammar: right
//! for the words that a telephone agent says.

use super::{Place, lexicon::Several};

/// The form that fits the neighbours; none if the word is to be spelled.
pub(super) fn choose<'a>(word: &str, forms: Several<'a>, here: &Place<'_>) -> Option<&'a str> {
    let tags: &[&str] = match word {
        _ if here.is_last() && forms.tagged("None").is_some() => &["None"],
        "read" | "reread" => past(here),
        "that" => {
            if is_pointing(here) {
                &["DT"]
            } else {
                &[]
            }
        }
        "close" => {
            if follows_verb_place(here) || is_closing_hour(here) {
                &["VERB"]
            } else {
                &[]
            }
        }
        "live" => {
            if is_live_adjective(here) {
                &[]
            } else {
                &["VERB"]
            }
        }
        "use" | "uses" | "excuse" => {
            if follows_noun_place(here) {
                &["NOUN"]
            } else {
                &[]
            }
        }
        _ if follows_verb_place(here) => &["VERB", "VBP"],
        _ if follows_noun_place(here) => &["NOUN"],
        _ => &[],
    };
    tags.iter()
        .find_map(|tag| forms.tagged(tag))
        .or_else(|| forms.tagged("DEFAULT"))
}

/// "I have read it", "it was read".
fn past(here: &Place<'_>) -> &'static [&'static str] {
    const BEFORE: &[&str] = &[
        "have", "has", "had", "was", "were", "been", "be", "is", "are", "i've", "you've", "we've",
        "already",
    ];
    if BEFORE.contains(&here.neighbour(-1).as_str()) {
        &["VBN"]
    } else {
        &[]
    }
}

/// "that room" rather than "so that you can".
fn is_pointing(here: &Place<'_>) -> bool {
    here.neighbour(-1).is_empty()
        && ["'s", "is", "one"]
            .iter()
            .any(|end| here.neighbour(1).ends_with(end))
}

/// "live music".
fn is_live_adjective(here: &Place<'_>) -> bool {
    const NEXT: &[&str] = &[
        "agent",
        "band",
        "chat",
        "concert",
        "event",
        "jazz",
        "music",
        "performance",
        "person",
        "show",
        "stream",
        "transcript",
        "tv",
    ];
    NEXT.contains(&here.neighbour(1).as_str())
        || ["a", "the", "is", "are", "go", "goes"].contains(&here.neighbour(-1).as_str())
}

/// "the kitchen and bar close at ten".
fn is_closing_hour(here: &Place<'_>) -> bool {
    let next = here.neighbour(1);
    let before = here.neighbour(-1);
    let near = [
        "very", "so", "is", "are", "too", "quite", "really", "fairly",
    ]
    .contains(&before.as_str());
    !near
        && [
            "at", "on", "for", "the", "your", "early", "late", "before", "after", "around",
            "today", "it",
        ]
        .contains(&next.as_str())
}

fn follows_verb_place(here: &Place<'_>) -> bool {
    const BEFORE: &[&str] = &[
        "can",
        "can't",
        "cannot",
        "could",
        "couldn't",
        "did",
        "didn't",
        "do",
        "don't",
        "i",
        "i'd",
        "i'll",
        "let's",
        "may",
        "might",
        "must",
        "please",
        "should",
        "shouldn't",
        "they",
        "they'll",
        "to",
        "we",
        "we'll",
        "will",
        "won't",
        "would",
        "wouldn't",
        "you",
        "you'd",
        "you'll",
    ];
    BEFORE.binary_search(&here.neighbour(-1).as_str()).is_ok()
        || (["not", "also", "always", "only", "just"].contains(&here.neighbour(-1).as_str())
            && BEFORE.binary_search(&here.neighbour(-2).as_str()).is_ok())
}

fn follows_noun_place(here: &Place<'_>) -> bool {
    const BEFORE: &[&str] = &[
        "a", "an", "any", "each", "every", "for", "full", "her", "his", "in", "its", "more", "my",
        "no", "of", "one", "our", "personal", "price", "some", "that", "the", "their", "this",
        "your",
    ];
    BEFORE.binary_search(&here.neighbour(-1).as_str()).is_ok()
}
