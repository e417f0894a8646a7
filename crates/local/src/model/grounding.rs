//! What an answer may rest on: chooses the facts nearest to a question, and words the chat so that a small model uses
//! them. Whether an answer kept to them is decided in `guard`.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use voiceos_providers::{Line, Prompt};

use super::{
    guard::{Bounds, Source, amounts_of, denies},
    words::{stem, topics, words},
};

/// Said when no fact is near.
pub(super) const UNKNOWN: &str = "I'm sorry, I don't have that information.";

/// How the model is told to speak. Last in the system text: small models heed the end more.
const STYLE: &str = "You are speaking on the phone. Answer in one or two short sentences of plain words, without lists. ";
const RULES: &str = "Answer only from the facts. Never guess a price, a time or a number. If the facts do not answer the question, say: ";

/// Facts of agents, kept between questions, and what is done with them.
pub(super) struct Grounding {
    /// The agents last spoken for, the latest at the end.
    known: RefCell<Vec<Arc<Facts>>>,
}

/// Agents whose facts are kept ready.
const AGENTS: usize = 16;
/// Facts whose amounts an answer may name.
const NEAR: usize = 4;
/// How near a fact must be to be said in place of an invention.
const FITS: f32 = 0.5;
/// How near a fact must be to be the answer, whatever the model says.
const ANSWERS: f32 = 0.6;
/// What a word counts that is in the agent's instructions too: everything is about the hotel.
const SETTING: f32 = 0.2;

impl Grounding {
    pub(super) fn new() -> Self {
        Self {
            known: RefCell::default(),
        }
    }

    fn facts(&self, texts: &Arc<[String]>) -> Arc<Facts> {
        let mut known = self.known.borrow_mut();
        if let Some(at) = known.iter().position(|facts| facts.texts() == texts) {
            let facts = known.remove(at);
            known.push(Arc::clone(&facts));
            return facts;
        }
        if known.len() == AGENTS {
            known.remove(0);
        }
        let facts = Arc::new(Facts::new(Arc::clone(texts)));
        known.push(Arc::clone(&facts));
        facts
    }

    /// The chat to be shown to the model.
    pub(super) fn chat(&self, prompt: &Prompt) -> Vec<(&'static str, String)> {
        chat(prompt, &self.facts(&prompt.knowledge))
    }

    /// What the answer may hold; none for an agent without knowledge.
    pub(super) fn bounds(&self, prompt: &Prompt) -> Option<Bounds> {
        if prompt.knowledge.is_empty() {
            return None;
        }
        let facts = self.facts(&prompt.knowledge);
        let question = question(&prompt.lines)?;
        let near = facts.near(&question, &topics(&prompt.system));
        let spoken = || {
            prompt.lines.iter().filter_map(|line| match line {
                Line::Agent(text) => Some(text.as_str()),
                Line::Tool { output, .. } => output.as_deref(),
                Line::User(_) => None,
            })
        };
        let allowed = || {
            let near = near.iter().take(NEAR).map(|near| facts.text(near.fact));
            near.chain([prompt.system.as_str()]).chain(spoken())
        };
        let all = || facts.texts().iter().map(String::as_str);
        let said = || all().chain([prompt.system.as_str()]).chain(spoken());
        let stems = |text: &str| {
            words(text)
                .iter()
                .map(|word| stem(word))
                .collect::<Vec<_>>()
        };
        let known: HashSet<String> = said().flat_map(stems).collect();
        let nearest = near.first().filter(|near| near.score >= FITS);
        let instead = nearest.map_or(UNKNOWN, |near| facts.text(near.fact));
        Some(Bounds {
            amounts: amounts_of(allowed()),
            asked: amounts_of([question.as_str()]),
            sources: said().map(Source::new).collect(),
            recitable: near
                .iter()
                .take(NEAR)
                .flat_map(|near| facts.text(near.fact).split_inclusive(['.', '!', '?']))
                .map(words)
                .collect(),
            subjects: all().flat_map(topics).collect(),
            strange: topics(&question)
                .into_iter()
                .filter(|topic| !known.contains(topic))
                .collect(),
            // Without a near fact any may be meant.
            names: if near.is_empty() {
                known
            } else {
                allowed().flat_map(stems).collect()
            },
            instead: instead.to_owned(),
            answered: nearest.is_some_and(|near| near.score >= ANSWERS),
            denied: nearest.is_some()
                && (denies(instead)
                    || words(instead)
                        .iter()
                        .any(|word| word == "closed" || word == "non")),
        })
    }
}

/// The facts of one agent, ready for look-up.
pub(super) struct Facts {
    texts: Arc<[String]>,
    stems: Vec<Vec<String>>,
    /// How much a shared stem says: rare ones more.
    weights: HashMap<String, f32>,
}

/// A fact and how near it is to a question, 0 (no shared word) to about 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Near {
    pub(super) fact: usize,
    pub(super) score: f32,
}

impl Facts {
    pub(super) fn new(texts: Arc<[String]>) -> Self {
        let stems: Vec<Vec<String>> = texts.iter().map(|text| topics(text)).collect();
        let mut counts: HashMap<String, f32> = HashMap::new();
        for fact in &stems {
            let mut seen = fact.clone();
            seen.sort_unstable();
            seen.dedup();
            for stem in seen {
                *counts.entry(stem).or_default() += 1.0;
            }
        }
        let total = texts.len() as f32;
        let weights = counts
            .into_iter()
            .map(|(stem, count)| (stem, (1.0 + total / count).ln()))
            .collect();
        Self {
            texts,
            stems,
            weights,
        }
    }

    pub(super) fn text(&self, fact: usize) -> &str {
        &self.texts[fact]
    }

    pub(super) fn texts(&self) -> &Arc<[String]> {
        &self.texts
    }

    /// Facts that share a word with the question, nearest first.
    pub(super) fn near(&self, question: &str, setting: &[String]) -> Vec<Near> {
        let asked = topics(question);
        let unknown = (1.0 + self.texts.len() as f32).ln();
        let weight = |stem: &String| {
            let weight = self.weights.get(stem).copied().unwrap_or(unknown);
            if setting.contains(stem) {
                weight * SETTING
            } else {
                weight
            }
        };
        let whole: f32 = asked.iter().map(weight).sum();
        let mut near: Vec<Near> = (0..self.texts.len())
            .map(|fact| {
                let shared: f32 = asked
                    .iter()
                    .filter(|stem| self.stems[fact].contains(stem))
                    .map(weight)
                    .sum();
                Near {
                    fact,
                    score: shared / whole.max(f32::EPSILON),
                }
            })
            .filter(|near| near.score > 0.0)
            .collect();
        near.sort_by(|a, b| b.score.total_cmp(&a.score));
        near
    }
}

/// The caller's words that are to be answered, with the question before them where they cannot stand alone.
pub(super) fn question(lines: &[Line]) -> Option<String> {
    let mut asked = lines.iter().rev().filter_map(|line| match line {
        Line::User(text) => Some(text.as_str()),
        _ => None,
    });
    let last = asked.next()?;
    let before = asked.next().filter(|_| leans(last));
    Some(before.map_or_else(|| last.to_owned(), |before| format!("{before} {last}")))
}

/// "And a single?", "How much is it?", "What about Sundays?": few words of their own, or begun as a follow-up.
fn leans(text: &str) -> bool {
    let words = words(text);
    let begun = matches!(
        words.first().map(String::as_str),
        Some("and" | "what's" | "or" | "but")
    ) || text.to_lowercase().starts_with("what about")
        || text.to_lowercase().starts_with("how about");
    let points = words.iter().any(|word| {
        matches!(
            word.as_str(),
            "it" | "that" | "there" | "they" | "them" | "one" | "this"
        )
    });
    let own = topics(text).len();
    own <= 3 && (begun && words.len() <= 6 || points || own == 0 && words.len() > 2)
}

/// The chat to be shown to the model: role and text. The last is the caller's.
pub(super) fn chat(prompt: &Prompt, facts: &Facts) -> Vec<(&'static str, String)> {
    let mut chat = vec![("system", system(&prompt.system, facts.texts()))];
    let mut results = String::new();
    for line in &prompt.lines {
        match line {
            Line::User(text) => chat.push(("user", std::mem::take(&mut results) + text)),
            Line::Agent(text) => chat.push(("assistant", text.clone())),
            Line::Tool {
                name,
                arguments,
                output,
                ..
            } => {
                let output = output.as_deref().unwrap_or("still running");
                results += &format!("[{name}({arguments}): {output}]\n");
            }
        }
    }
    if !results.is_empty() {
        chat.push(("user", results));
    }
    chat
}

fn system(own: &str, facts: &[String]) -> String {
    let mut text = own.trim().to_owned();
    if facts.is_empty() {
        return text;
    }
    text += "\n\nFacts:\n";
    for fact in facts {
        text += &format!("- {}\n", fact.trim());
    }
    text + "\n" + STYLE + RULES + "\"" + UNKNOWN + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts::new(Arc::from([
            "Breakfast is served from 7 to 10.".to_owned(),
            "Parking costs 12 dollars a night.".to_owned(),
            "A single room costs 85 dollars a night.".to_owned(),
        ]))
    }

    fn asked(lines: &[&str]) -> String {
        let lines: Vec<Line> = lines
            .iter()
            .map(|text| Line::User((*text).to_owned()))
            .collect();
        question(&lines).expect("there is a question")
    }

    #[test]
    fn the_nearest_fact_shares_the_rare_word() {
        assert_eq!(
            facts()
                .near("When is breakfast?", &[])
                .first()
                .map(|near| near.fact),
            Some(0)
        );
        assert_eq!(
            facts()
                .near("Can I park my car?", &[])
                .first()
                .map(|near| near.fact),
            Some(1)
        );
        assert_eq!(facts().near("Do you have a sauna?", &[]), vec![]);
    }

    #[test]
    fn a_follow_up_is_joined_with_the_question_before_it() {
        assert_eq!(
            asked(&["How much is a double room?", "And a single?"]),
            "How much is a double room? And a single?"
        );
        assert_eq!(
            asked(&["Do you have parking?", "How much is it?"]),
            "Do you have parking? How much is it?"
        );
        assert_eq!(
            asked(&[
                "Do you have parking?",
                "When does the restaurant open in the evening?"
            ]),
            "When does the restaurant open in the evening?"
        );
    }

    #[test]
    fn results_of_tools_are_shown_with_the_callers_next_words() {
        let prompt = Prompt {
            lines: vec![
                Line::Tool {
                    call: 1,
                    name: "book".into(),
                    arguments: "{}".into(),
                    output: Some("done".into()),
                },
                Line::User("thanks".into()),
            ],
            ..Prompt::default()
        };
        let chat = chat(&prompt, &Facts::new(Arc::from([])));
        assert_eq!(chat[1], ("user", "[book({}): done]\nthanks".to_owned()));
    }
}
