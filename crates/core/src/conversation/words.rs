//! What can be told from the words alone: an "mm-hm" is not an interruption, "my number is" is not an end.

/// Words by which a listener shows that they listen. English first.
const BACKCHANNELS: &[&str] = &[
    "mm", "mhm", "mmhm", "hm", "hmm", "mmm", "uh", "huh", "uhhuh", "um", "er", "ah", "oh", "aha",
    "yeah", "yep", "yup", "okay", "ok", "right", "sure", "alright", "i", "see", "got", "it",
    "cool", "nice", "great", "good", "yes",
];

/// Whole phrases made of words that are no backchannels on their own or are doubtful in company.
const NEVER_ALONE: &[&str] = &["i", "see", "got", "it"];

/// Words that a sentence does not end with.
const DANGLING: &[&str] = &[
    "and", "or", "but", "so", "because", "if", "when", "that", "which", "um", "uh", "er", "erm",
    "hmm", "the", "a", "an", "my", "your", "our", "their", "to", "for", "with", "of", "at", "from",
    "by", "about", "is", "are", "was", "i'd", "i'm", "we're", "like", "would", "could", "can",
    "will", "than", "then", "between",
];

/// Words of a mere greeting: what it is about mostly follows.
const GREETINGS: &[&str] = &[
    "hello",
    "hi",
    "hey",
    "hiya",
    "good",
    "morning",
    "afternoon",
    "evening",
    "day",
    "there",
];

/// What ends a turn for good, whatever its melody.
const CLOSINGS: &[&[&str]] = &[
    &["thank", "you"],
    &["thank", "you", "very", "much"],
    &["thanks"],
    &["thanks", "a", "lot"],
    &["goodbye"],
    &["bye"],
    &["that", "is", "all"],
    &["that's", "all"],
];

fn words(text: &str) -> impl DoubleEndedIterator<Item = String> + '_ {
    text.split(|c: char| {
        c.is_whitespace() || matches!(c, '-' | ',' | '.' | '?' | '!' | ';' | ':' | '…')
    })
    .filter(|word| !word.is_empty())
    .map(|word| word.to_lowercase().replace('’', "'"))
}

/// How many words the text has.
pub(super) fn count(text: &str) -> usize {
    text.split_whitespace().count()
}

/// True for "mm-hm", "yeah, okay", "I see", "got it": at most four words, none of which says anything.
pub(super) fn is_backchannel(text: &str) -> bool {
    let words: Vec<String> = words(text).collect();
    !words.is_empty()
        && words.len() <= 4
        && words
            .iter()
            .all(|word| BACKCHANNELS.contains(&word.as_str()))
        && match words.as_slice() {
            [word] => !NEVER_ALONE.contains(&word.as_str()),
            _ => !text.contains('?'),
        }
}

/// True when the text breaks off: "my number is", "I would like to,", "a room for…".
pub(super) fn is_dangling(text: &str) -> bool {
    let text = text.trim_end();
    let broken = text.ends_with([',', '-', '–', '—', '…']) || text.ends_with("...");
    broken
        || words(text)
            .next_back()
            .is_some_and(|word| DANGLING.contains(&word.as_str()))
}

/// True for "Hello?", "hi there", "Good morning.": sounds finished, but the caller often takes a breath and goes on.
pub(super) fn is_greeting(text: &str) -> bool {
    let mut words = words(text).peekable();
    words.peek().is_some() && words.all(|word| GREETINGS.contains(&word.as_str()))
}

/// True when the text ends with thanks or a goodbye.
pub(super) fn is_closing(text: &str) -> bool {
    let words: Vec<String> = words(text).collect();
    let ends = |closing: &&[&str]| {
        words.len() >= closing.len()
            && words[words.len() - closing.len()..]
                .iter()
                .zip(*closing)
                .all(|(word, wanted)| word == wanted)
    };
    CLOSINGS.iter().any(ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_is_one_until_it_says_what_it_is_about() {
        for text in [
            "Hello?",
            "hi there",
            "Good morning.",
            "Hello, good evening!",
        ] {
            assert!(is_greeting(text), "{text}");
        }
        for text in [
            "",
            "Hello, what time is breakfast?",
            "Good.  Thank you",
            "tomorrow morning",
        ] {
            assert!(!is_greeting(text), "{text}");
        }
    }

    #[test]
    fn a_listener_noise_is_a_backchannel_and_a_request_is_not() {
        for text in [
            "Mm-hm.",
            "yeah",
            "Okay, okay.",
            "I see.",
            "Got it",
            "Uh-huh",
            "Right, yeah.",
        ] {
            assert!(is_backchannel(text), "{text}");
        }
        for text in [
            "",
            "stop",
            "yes please",
            "it",
            "okay but wait",
            "right now",
            "great, what about parking",
            "okay?  right?",
        ] {
            assert!(!is_backchannel(text), "{text}");
        }
    }

    #[test]
    fn thanks_and_goodbyes_close_a_turn() {
        for text in [
            "Thank you.",
            "Okay, thanks a lot.",
            "That's all, goodbye!",
            "Thank you very much",
        ] {
            assert!(is_closing(text), "{text}");
        }
        for text in ["", "Thank you for", "Thanks, and could you", "you"] {
            assert!(!is_closing(text), "{text}");
        }
    }

    #[test]
    fn a_text_that_breaks_off_is_dangling() {
        for text in [
            "My number is",
            "I would like to…",
            "I need a room for",
            "Hello, um",
            "well,",
            "and then...",
        ] {
            assert!(is_dangling(text), "{text}");
        }
        for text in ["", "Do you have parking?", "Yes.", "I need a room for two."] {
            assert!(!is_dangling(text), "{text}");
        }
    }
}
