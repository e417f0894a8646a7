//! What an answer may rest on: chooses the facts nearest to a question, and words the chat so that a small model uses
//! them. Whether an answer kept to them is decided in `guard`.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use voiceos_providers::{Line, Prompt};

use super::{
    guard::{Bounds, Recitable, Source, amounts_of, refuses},
    words::{sentences, stem, topics, words},
};
use crate::{
    Cpu, Urgency,
    embedding::{Embedding, Meaning, alike},
};

/// Said when no fact is near.
pub(super) const UNKNOWN: &str = "I'm sorry, I don't have that information.";

/// Said in place of that when nothing was asked that one could know.
const HELP: &str = "How can I help you?";

/// How the model is told to speak. Last in the system text: small models heed the end more.
const STYLE: &str = "You are speaking on the phone. Answer in one or two short sentences of plain words, without lists. ";
const RULES: &str = "Answer only from the facts. Never guess a price, a time or a number. If the facts do not answer the question, say: ";

/// Facts of agents, kept between questions, and what is done with them.
pub(super) struct Grounding {
    meanings: Embedding,
    cpu: Arc<Cpu>,
    /// The agents last spoken for, the latest at the end.
    known: RefCell<Vec<Arc<Facts>>>,
}

/// Agents whose facts are kept ready.
const AGENTS: usize = 16;
/// Facts whose amounts an answer may name.
const NEAR: usize = 4;
/// How near a fact must be to be the answer, whatever the model says.
const FITS: f32 = 0.29;
/// Facts that are less near, or much less near than the nearest, lend no amount.
const FAR: f32 = 0.15;
const BESIDE: f32 = 0.6;
/// How near a fact without a word in common must be to a question for a price: all prices are somewhat alike.
const PRICE: f32 = 0.45;
/// What shared words add to a likeness of meanings.
const WORDS: f32 = 0.1;
/// How much the last of two joined questions counts by itself.
const LAST: f32 = 0.6;
/// What a sentence of a fact counts against the whole fact.
const PART: f32 = 0.9;
/// How much of what all facts have in common is left out of each.
const COMMON: f32 = 0.7;
/// What a word counts that is in the agent's instructions too: everything is about the hotel.
const SETTING: f32 = 0.2;

impl Grounding {
    pub(super) fn new(meanings: Embedding, cpu: Arc<Cpu>) -> Self {
        Self {
            meanings,
            cpu,
            known: RefCell::default(),
        }
    }

    fn meaning(&self, text: &str, urgency: Urgency) -> Meaning {
        let _turn = self.cpu.take(urgency);
        self.meanings.meaning(text)
    }

    /// Reads facts that are new, some milliseconds each: warm an agent's prompt before its first call.
    fn facts(&self, texts: &Arc<[String]>, urgency: Urgency) -> Arc<Facts> {
        let mut known = self.known.borrow_mut();
        if let Some(at) = known.iter().position(|facts| facts.texts() == texts) {
            let facts = known.remove(at);
            known.push(Arc::clone(&facts));
            return facts;
        }
        if known.len() == AGENTS {
            known.remove(0);
        }
        let meaning = |text: &str| self.meaning(text, urgency);
        let facts = Arc::new(Facts::new(Arc::clone(texts), meaning));
        known.push(Arc::clone(&facts));
        facts
    }

    /// The chat to be shown to the model.
    pub(super) fn chat(&self, prompt: &Prompt) -> Vec<(&'static str, String)> {
        chat(prompt)
    }

    /// Makes the agent's facts ready for look-up.
    pub(super) fn warm(&self, prompt: &Prompt) {
        if !prompt.knowledge.is_empty() {
            self.facts(&prompt.knowledge, Urgency::Later);
        }
    }

    /// What the answer may hold; none for an agent without knowledge.
    pub(super) fn bounds(&self, prompt: &Prompt) -> Option<Bounds> {
        if prompt.knowledge.is_empty() {
            return None;
        }
        let facts = self.facts(&prompt.knowledge, Urgency::Now);
        let Asked { question, last } = asked(&prompt.lines)?;
        let setting = topics(&prompt.system);
        let mut near = facts.near(&question, last, &setting, |text| {
            self.meaning(text, Urgency::Now)
        });
        let top = near.first().map_or(0.0, |near| near.score);
        let priced = asks_a_price(&question);
        near.retain(|near| {
            let fair = !priced || near.shared || near.score >= PRICE;
            fair && near.score >= FAR.max(top * BESIDE)
        });
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
        let known: HashSet<String> = said()
            .flat_map(stems)
            .chain(callers_name(&prompt.lines))
            .collect();
        let nearest = near.first().filter(|near| near.score >= FITS);
        let small_talk = nearest.is_none() && topics(&question).is_empty();
        let unknown = if small_talk { HELP } else { UNKNOWN };
        let instead = nearest.map_or(unknown, |near| facts.text(near.fact));
        Some(Bounds {
            amounts: amounts_of(allowed()),
            asked: amounts_of([question.as_str()]),
            sources: said().map(Source::new).collect(),
            recitable: near
                .iter()
                .take(NEAR)
                .flat_map(|near| sentences(facts.text(near.fact)))
                .map(Recitable::new)
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
                allowed()
                    .flat_map(stems)
                    .chain(callers_name(&prompt.lines))
                    .collect()
            },
            familiar: allowed()
                .chain([question.as_str()])
                .flat_map(stems)
                .collect(),
            elsewhere: (0..facts.texts().len())
                .filter(|fact| !near.iter().any(|near| near.fact == *fact))
                .flat_map(|fact| sentences(facts.text(fact)))
                .map(words)
                .collect(),
            instead: instead.to_owned(),
            answered: nearest.is_some(),
            baseless: nearest.is_none() && !small_talk,
            small_talk,
            denied: nearest.is_some() && refuses(instead),
            denials: near
                .iter()
                .flat_map(|near| sentences(facts.text(near.fact)))
                .filter(|sentence| refuses(sentence))
                .map(topics)
                .collect(),
        })
    }
}

/// The facts of one agent, ready for look-up.
pub(super) struct Facts {
    texts: Arc<[String]>,
    stems: Vec<Vec<String>>,
    /// Of the whole fact, then of each of its sentences; without what all facts have in common.
    meanings: Vec<Vec<Meaning>>,
    /// What all facts have in common.
    common: Meaning,
    /// How much a shared stem says: rare ones more.
    weights: HashMap<String, f32>,
}

/// A fact and how near it is to a question, from below 0 to about 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Near {
    pub(super) fact: usize,
    pub(super) score: f32,
    /// They have a word in common.
    pub(super) shared: bool,
}

impl Facts {
    pub(super) fn new(texts: Arc<[String]>, meaning: impl Fn(&str) -> Meaning) -> Self {
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
        let mut meanings: Vec<Vec<Meaning>> = texts
            .iter()
            .map(|text| {
                let parts = sentences(text);
                let parts = if parts.len() > 1 { parts } else { Vec::new() };
                std::iter::once(text.as_str())
                    .chain(parts)
                    .map(&meaning)
                    .collect()
            })
            .collect();
        // Few facts say little about what they have in common.
        let share = COMMON / (total + 4.0);
        let mut common = vec![0.0; meanings.first().map_or(0, |fact| fact[0].len())];
        for fact in &meanings {
            for (sum, value) in common.iter_mut().zip(&fact[0]) {
                *sum += value * share;
            }
        }
        for meaning in meanings.iter_mut().flatten() {
            without(meaning, &common);
        }
        Self {
            texts,
            stems,
            meanings,
            common,
            weights,
        }
    }

    pub(super) fn text(&self, fact: usize) -> &str {
        &self.texts[fact]
    }

    pub(super) fn texts(&self) -> &Arc<[String]> {
        &self.texts
    }

    /// All facts, nearest first: by what is meant, and a little by shared words. `last` is the end of the question that
    /// another one was put before; words of the `setting` are left out, since everything is about the hotel.
    pub(super) fn near(
        &self,
        question: &str,
        last: Option<&str>,
        setting: &[String],
        meaning: impl Fn(&str) -> Meaning,
    ) -> Vec<Near> {
        let read = |text: &str| {
            let mut read = meaning(&own(text, setting));
            without(&mut read, &self.common);
            read
        };
        let whole = read(question);
        let last = last.map(read);
        let mut near: Vec<Near> = (0..self.texts.len())
            .map(|fact| {
                let meant = self.meant(fact, &whole);
                let meant = last.as_ref().map_or(meant, |last| {
                    (1.0 - LAST) * meant + LAST * self.meant(fact, last)
                });
                let shared = self.shared(fact, question, setting);
                Near {
                    fact,
                    score: meant + WORDS * shared,
                    shared: shared > 0.0,
                }
            })
            .collect();
        near.sort_by(|a, b| b.score.total_cmp(&a.score));
        near
    }

    fn meant(&self, fact: usize, question: &Meaning) -> f32 {
        let (whole, parts) = self.meanings[fact].split_at(1);
        let parts = parts.iter().map(|part| alike(part, question) * PART);
        parts.fold(alike(&whole[0], question), f32::max)
    }

    /// How much of what the question says is in the fact word by word, 0 to 1.
    fn shared(&self, fact: usize, question: &str, setting: &[String]) -> f32 {
        let asked = topics(question);
        let unknown = (1.0 + self.texts.len() as f32).ln();
        let weight = |stem: &String| {
            let weight = self.weights.get(stem).copied().unwrap_or(unknown);
            weight * if setting.contains(stem) { SETTING } else { 1.0 }
        };
        let whole: f32 = asked.iter().map(weight).sum();
        let shared = asked.iter().filter(|stem| self.stems[fact].contains(stem));
        shared.map(weight).sum::<f32>() / whole.max(f32::EPSILON)
    }
}

/// Takes what is common out of a meaning.
fn without(meaning: &mut Meaning, common: &[f32]) {
    for (value, common) in meaning.iter_mut().zip(common) {
        *value -= common;
    }
    let length = alike(meaning, meaning).sqrt().max(f32::EPSILON);
    meaning.iter_mut().for_each(|value| *value /= length);
}

/// The text without the words that the setting goes without saying; all of it if nothing else is left.
fn own(text: &str, setting: &[String]) -> String {
    let kept: Vec<&str> = text
        .split_whitespace()
        .filter(|word| {
            words(word)
                .iter()
                .all(|word| !setting.contains(&stem(word)))
        })
        .collect();
    if kept.is_empty() {
        text.to_owned()
    } else {
        kept.join(" ")
    }
}

/// What is to be answered.
struct Asked<'a> {
    question: String,
    /// The caller's last words, where the question has others before them.
    last: Option<&'a str>,
}

/// The caller's words that are to be answered, with the question before them where they cannot stand alone.
fn asked(lines: &[Line]) -> Option<Asked<'_>> {
    let mut asked = lines.iter().rev().filter_map(|line| match line {
        Line::User(text) => Some(text.as_str()),
        _ => None,
    });
    let last = asked.next()?;
    Some(match asked.next().filter(|_| leans(last)) {
        Some(before) => Asked {
            question: format!("{before} {last}"),
            last: Some(last),
        },
        None => Asked {
            question: last.to_owned(),
            last: None,
        },
    })
}

/// The stems of how the caller introduced themselves: "my name is Peter Mayer", "this is Anna".
fn callers_name(lines: &[Line]) -> Vec<String> {
    let mut found = Vec::new();
    for line in lines {
        let Line::User(text) = line else { continue };
        let lower = text.to_lowercase();
        for start in ["my name is ", "my name's ", "this is ", "i am ", "i'm "] {
            let Some(at) = lower.find(start).map(|at| at + start.len()) else {
                continue;
            };
            let after = text.get(at..).unwrap_or_default();
            let end = after.find(['.', ',', '!', '?']).unwrap_or(after.len());
            let names = after[..end]
                .split_whitespace()
                .take(3)
                .take_while(|word| word.starts_with(char::is_uppercase));
            found.extend(names.flat_map(words).map(|word| stem(&word)));
        }
    }
    found
}

fn asks_a_price(question: &str) -> bool {
    let words = words(question);
    let asks = |word: &String| matches!(word.as_str(), "cost" | "costs" | "price" | "rate");
    words.iter().any(asks)
        || words
            .windows(2)
            .any(|pair| pair[0] == "how" && pair[1] == "much")
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
pub(super) fn chat(prompt: &Prompt) -> Vec<(&'static str, String)> {
    let mut chat = vec![("system", system(&prompt.system, &prompt.knowledge))];
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
    use crate::{fixtures::models, model::demo::Agent};

    fn grounding() -> Grounding {
        let meanings = Embedding::load(&models(), 1).expect("it loads: run `make models`");
        Grounding::new(meanings, Arc::new(Cpu::new(1, 1)))
    }

    fn hotel() -> Arc<[String]> {
        Agent::hotel().knowledge
    }

    /// The beginning of the nearest fact, and how near it is.
    fn nearest(question: &str) -> (String, f32) {
        let grounding = grounding();
        let meaning = |text: &str| grounding.meanings.meaning(text);
        let facts = Facts::new(hotel(), meaning);
        let near = facts.near(question, None, &topics(&Agent::hotel().prompt), meaning)[0];
        (facts.text(near.fact)[..20].to_owned(), near.score)
    }

    fn joined(lines: &[&str]) -> String {
        let lines: Vec<Line> = lines
            .iter()
            .map(|text| Line::User((*text).to_owned()))
            .collect();
        asked(&lines).expect("there is a question").question
    }

    #[test]
    fn what_no_fact_mentions_is_near_to_none() {
        for question in [
            "Do you have a sauna?",
            "How much is a massage at the hotel?",
            "what's the weather like over there this weekend",
            "Good morning! How are you today?",
        ] {
            assert!(
                nearest(question).1 < FITS,
                "{question} {:?}",
                nearest(question)
            );
        }
    }

    #[test]
    fn the_nearest_fact_means_the_same_in_other_words() {
        for (question, fact) in [
            ("Is there any place to work out?", "We have a small gym."),
            (
                "how do I get onto the internet with my laptop",
                "Wi-Fi is free in the",
            ),
            ("does somebody do laundry", "Laundry costs 8 doll"),
            ("can the kids swim at your place", "We do not have a swi"),
            ("When is breakfast?", "Breakfast is served "),
        ] {
            let (near, score) = nearest(question);
            assert!(near == fact && score >= FITS, "{question} {near} {score}");
        }
    }

    #[test]
    fn facts_are_read_when_the_prompt_is_warmed_and_kept() {
        let grounding = grounding();
        grounding.warm(&Agent::hotel().prompt(&[]));
        let kept = Arc::clone(&grounding.known.borrow()[0]);
        assert!(Arc::ptr_eq(&kept, &grounding.facts(&hotel(), Urgency::Now)));
    }

    #[test]
    fn a_follow_up_is_joined_with_the_question_before_it() {
        assert_eq!(
            joined(&["How much is a double room?", "And a single?"]),
            "How much is a double room? And a single?"
        );
        assert_eq!(
            joined(&["Do you have parking?", "How much is it?"]),
            "Do you have parking? How much is it?"
        );
        assert_eq!(
            joined(&[
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
        let chat = chat(&prompt);
        assert_eq!(chat[1], ("user", "[book({}): done]\nthanks".to_owned()));
    }

    #[test]
    fn callers_may_be_called_by_their_name() {
        let names = |text: &str| callers_name(&[Line::User(text.to_owned())]);
        assert_eq!(
            names("Good evening, my name is Peter, nice to talk to you."),
            ["peter"]
        );
        assert_eq!(
            names("This is Anna Miller. I'm calling about a room."),
            ["anna", "miller"]
        );
        assert_eq!(names("This is about the sauna."), Vec::<String>::new());
    }
}
