//! Whether what Whisper wrote was said at all. On noise, a cough or a breath it writes what closed the films it learnt
//! from: "Thank you.", "you". Taking that for words would answer a cough; dropping it from a caller would be rude. So the
//! words that it makes up are believed only when it is sure, anything else unless it is very unsure.

use crate::whisper::Heard;

/// What is written over sound without words, in lower case and without marks.
const MADE_UP: [&str; 16] = [
    "you",
    "thank you",
    "thank you very much",
    "thank you so much",
    "thanks",
    "thanks for watching",
    "thank you for watching",
    "bye",
    "bye bye",
    "so",
    "oh",
    "okay",
    "i",
    "the",
    "hmm",
    "uh",
];

/// The words, or an empty text when there probably were none. `voiced` is how long the sound was loud, in seconds.
pub(crate) fn believed(heard: &Heard, voiced: f32) -> String {
    let text = without_brackets(&heard.text);
    let plain: String = text
        .chars()
        .filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '\'')
        .collect();
    let plain = plain.trim().to_lowercase();
    let made_up = MADE_UP.contains(&plain.as_str());
    let unsure = heard.nothing > 0.6 && heard.certainty < -0.7 || heard.certainty < -1.4;
    let too_fast = voiced < plain.len() as f32 / 60.0;
    let suspicious = made_up && (heard.certainty < -0.75 || heard.nothing > 0.5);
    if plain.is_empty() || unsure || too_fast || suspicious {
        String::new()
    } else {
        text
    }
}

/// "(coughs) Hello [noise]" is "Hello".
fn without_brackets(text: &str) -> String {
    let mut depth = 0u32;
    let kept = text.chars().filter(|c| match c {
        '(' | '[' => {
            depth += 1;
            false
        }
        ')' | ']' => {
            depth = depth.saturating_sub(1);
            false
        }
        '♪' | '*' => false,
        _ => depth == 0,
    });
    kept.collect::<String>()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(text: &str, certainty: f32, nothing: f32) -> Heard {
        Heard {
            text: text.into(),
            certainty,
            nothing,
            tokens: Vec::new(),
        }
    }

    #[test]
    fn clear_words_are_believed() {
        assert_eq!(
            believed(&heard("Do you have parking?", -0.2, 0.01), 1.4),
            "Do you have parking?"
        );
        assert_eq!(
            believed(&heard("Thank you.", -0.3, 0.05), 0.6),
            "Thank you."
        );
    }

    #[test]
    fn what_is_written_over_noise_is_not() {
        assert_eq!(believed(&heard("Thank you.", -0.9, 0.3), 0.6), "");
        assert_eq!(believed(&heard("you", -0.4, 0.8), 0.4), "");
        assert_eq!(
            believed(&heard("The man is in the house.", -1.0, 0.9), 1.0),
            ""
        );
        assert_eq!(
            believed(
                &heard("I would like to book a room for two.", -0.2, 0.0),
                0.1
            ),
            ""
        );
    }

    #[test]
    fn bracketed_text_is_dropped() {
        assert_eq!(believed(&heard("[BLANK_AUDIO]", -0.1, 0.0), 1.0), "");
        assert_eq!(
            believed(&heard("(coughs) Hello there.", -0.2, 0.0), 1.0),
            "Hello there."
        );
    }
}
