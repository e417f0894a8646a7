//! The questions of `bench-demo`: how they are put into calls, and what is counted of the answers. Whether an answer is
//! right is decided by the rule of its question.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use voiceos_local::demo::{Question, Questions};

use crate::{calls::Exchange, wer};

/// Questions that do not belong together, asked one after the other in a call.
const A_CALL: usize = 5;

pub fn questions() -> Result<Vec<Question>> {
    let path = crate::figures::repository().join("bench/demo-questions.json");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let all: Questions = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    Ok(all.questions)
}

/// What is said in one call, and for each line the question whose answer counts.
pub type Lines = Vec<(String, Option<usize>)>;

/// A question with earlier ones has a call of its own, the others share some.
pub fn calls(questions: &[Question]) -> Vec<Lines> {
    let (alone, shared): (Vec<usize>, Vec<usize>) =
        (0..questions.len()).partition(|&n| !questions[n].before.is_empty());
    let line = |n: usize| (questions[n].question.clone(), Some(n));
    let shared = shared
        .chunks(A_CALL)
        .map(|chunk| chunk.iter().copied().map(line).collect());
    let alone = alone.into_iter().map(|n| {
        let before = questions[n].before.iter().map(|text| (text.clone(), None));
        before.chain([line(n)]).collect()
    });
    shared.chain(alone).collect()
}

/// One question and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub question: String,
    pub understood: String,
    pub answer: String,
    pub right: bool,
    pub invented: Vec<u64>,
}

impl Answer {
    pub fn judged(question: &Question, exchange: &Exchange, knowledge: &[String]) -> Self {
        let verdict = question.judge(&exchange.answer, knowledge);
        Self {
            question: question.question.clone(),
            understood: exchange.understood.clone(),
            answer: exchange.answer.clone(),
            // Silence is never right.
            right: verdict.right && !exchange.answer.is_empty(),
            invented: verdict.invented,
        }
    }
}

/// All questions with one language model over one kind of line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub model: String,
    pub line: String,
    pub answers: Vec<Answer>,
}

impl Run {
    pub fn right(&self) -> usize {
        self.answers.iter().filter(|answer| answer.right).count()
    }

    pub fn invented(&self) -> usize {
        self.answers
            .iter()
            .map(|answer| answer.invented.len())
            .sum()
    }

    /// Of the transcriber on the questions.
    pub fn errors(&self) -> wer::Errors {
        let mut all = wer::Errors::default();
        for answer in &self.answers {
            all += wer::compare(&answer.question, &answer.understood);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_is_asked_once_and_follow_ups_follow() {
        let questions = questions().unwrap();
        let calls = calls(&questions);
        let mut asked: Vec<usize> = calls
            .iter()
            .flatten()
            .filter_map(|(_, question)| *question)
            .collect();
        asked.sort_unstable();
        assert_eq!(asked, (0..questions.len()).collect::<Vec<_>>());
        let follow_up = calls
            .iter()
            .find(|call| call.iter().any(|(text, _)| text == "And a single?"))
            .unwrap();
        assert_eq!(
            follow_up[0],
            ("How much is a double room?".to_owned(), None)
        );
        assert_eq!(follow_up.len(), 2);
    }

    #[test]
    fn silence_is_never_right_and_an_invented_price_is_counted() {
        let question = Question {
            none: vec!["yes".to_owned()],
            ..Question::default()
        };
        let mut exchange = Exchange {
            text: String::new(),
            said: Vec::new(),
            until: std::time::Duration::ZERO,
            timings: None,
            understood: String::new(),
            answer: String::new(),
        };
        assert!(!Answer::judged(&question, &exchange, &[]).right);
        exchange.answer = "That is 70 dollars.".to_owned();
        let answer = Answer::judged(&question, &exchange, &["It costs 12 dollars.".to_owned()]);
        assert_eq!((answer.right, answer.invented.clone()), (false, vec![70]));
        let run = Run {
            answers: vec![answer],
            ..Run::default()
        };
        assert_eq!((run.right(), run.invented()), (0, 1));
    }
}
