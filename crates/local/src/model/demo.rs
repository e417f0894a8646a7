//! The demo agent, and the rules by which its answers are found right or wrong: text-level here, and again by the
//! spoken bench on what was heard. Decides nothing about how answers are made.

use std::sync::Arc;

use serde::Deserialize;
use voiceos_providers::{Line, Prompt};

use super::words::{amounts, numbers, words};

/// The front desk of a small hotel, as shipped.
pub const HOTEL: &str = include_str!("../../demo/hotel.json");

/// An agent as far as its language model is concerned.
#[derive(Clone, Debug, Deserialize)]
pub struct Agent {
    pub name: String,
    /// Said before the caller says anything.
    pub initial_message: String,
    pub prompt: String,
    /// Short texts that its answers rest on.
    #[serde(deserialize_with = "shared")]
    pub knowledge: Arc<[String]>,
}

fn shared<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Arc<[String]>, D::Error> {
    Vec::deserialize(from).map(Arc::from)
}

impl Agent {
    /// The shipped demo.
    pub fn hotel() -> Self {
        serde_json::from_str(HOTEL).expect("the shipped file is tested")
    }

    /// What its language model is shown once `spoken` has been said after the initial message.
    pub fn prompt(&self, spoken: &[Line]) -> Prompt {
        let mut lines = vec![Line::Agent(self.initial_message.clone())];
        lines.extend_from_slice(spoken);
        Prompt {
            system: self.prompt.clone(),
            knowledge: Arc::clone(&self.knowledge),
            lines,
            temperature: 0.0,
            max_tokens: 80,
        }
    }
}

/// A file of questions.
#[derive(Clone, Debug, Deserialize)]
pub struct Questions {
    /// Who is asked; the demo if it is not said.
    #[serde(default = "Agent::hotel")]
    pub agent: Agent,
    pub questions: Vec<Question>,
}

/// One question and what a right answer to it holds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Question {
    pub question: String,
    /// Earlier questions of the same call.
    pub before: Vec<String>,
    /// `unknown`, `follow_up`, `small_talk`; empty for plain ones.
    pub kind: String,
    /// Amounts that the answer must name, in digits or words.
    pub numbers: Vec<u64>,
    /// Amounts of which it must name one.
    pub any_number: Vec<u64>,
    /// Amounts that it must not name.
    pub wrong: Vec<u64>,
    /// Of each list one phrase must occur.
    pub all: Vec<Vec<String>>,
    /// Phrases that must not occur.
    pub none: Vec<String>,
}

/// What became of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    pub right: bool,
    /// Amounts in the answer that no fact holds.
    pub invented: Vec<u64>,
}

impl Question {
    /// Judges an answer by the rule alone.
    pub fn judge(&self, answer: &str, knowledge: &[String]) -> Verdict {
        let named = numbers(answer);
        let known: Vec<u64> = knowledge.iter().flat_map(|fact| amounts(fact)).collect();
        // An amount may come in parts: "0142" as "zero one four two", "7:00" as 7 and 0.
        let invented: Vec<u64> = named
            .iter()
            .copied()
            .filter(|amount| *amount > 0 && !known.contains(amount) && !self.spelled(answer))
            .collect();
        let told = format!(" {} ", words(answer).join(" "));
        let says = |phrase: &String| told.contains(&format!(" {} ", words(phrase).join(" ")));
        let right = invented.is_empty()
            && self.numbers.iter().all(|number| named.contains(number))
            && (self.any_number.is_empty() || self.any_number.iter().any(|n| named.contains(n)))
            && !self.wrong.iter().any(|number| named.contains(number))
            && self.all.iter().all(|phrases| phrases.iter().any(says))
            && !self.none.iter().any(says);
        Verdict { right, invented }
    }

    /// The answer spells a telephone number that the rule asks for, digit by digit.
    fn spelled(&self, answer: &str) -> bool {
        let digits: String = numbers(answer).iter().map(u64::to_string).collect();
        self.numbers.contains(&555) && digits.replace("555", "").trim_start_matches('0') == "142"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn questions(text: &str) -> Vec<Question> {
        serde_json::from_str::<Questions>(text)
            .expect("well formed")
            .questions
    }

    fn asked(what: &str) -> Question {
        let all = questions(include_str!("../../../../bench/demo-questions.json"));
        all.into_iter()
            .find(|question| question.question.contains(what))
            .expect("it is asked")
    }

    #[test]
    fn the_shipped_agent_and_all_sets_of_questions_can_be_read() {
        assert!((20..=30).contains(&Agent::hotel().knowledge.len()));
        for (text, count) in [
            (include_str!("../../../../bench/demo-questions.json"), 40),
            (
                include_str!("../../../../bench/demo-questions-tuning.json"),
                50,
            ),
            (
                include_str!("../../../../bench/demo-questions-held-out.json"),
                30,
            ),
            (include_str!("../../../../bench/dentist-questions.json"), 15),
        ] {
            assert_eq!(questions(text).len(), count);
        }
    }

    #[test]
    fn an_amount_counts_in_digits_and_in_words() {
        let knowledge = Agent::hotel().knowledge;
        let question = asked("what time is breakfast");
        for answer in [
            "From 7 am to 10:30 am.",
            "From seven to half past ten.",
            "From seven to ten thirty.",
        ] {
            assert!(question.judge(answer, &knowledge).right, "{answer}");
        }
        assert!(!question.judge("From 7 to 10.", &knowledge).right);
    }

    #[test]
    fn an_invented_price_fails_whatever_else_is_right() {
        let verdict = asked("What does parking cost").judge(
            "Parking costs 12 dollars, or 70 a week.",
            &Agent::hotel().knowledge,
        );
        assert_eq!(
            verdict,
            Verdict {
                right: false,
                invented: vec![70]
            }
        );
    }

    #[test]
    fn a_true_price_of_something_else_fails() {
        assert!(
            !asked("single room")
                .judge("It costs 120 dollars.", &Agent::hotel().knowledge)
                .right
        );
    }

    #[test]
    fn a_yes_to_what_is_not_there_fails() {
        let question = asked("sauna");
        assert!(
            !question
                .judge("Yes, we have a sauna.", &Agent::hotel().knowledge)
                .right
        );
        assert!(
            question
                .judge(
                    "I'm sorry, I don't have that information.",
                    &Agent::hotel().knowledge
                )
                .right
        );
    }
}
