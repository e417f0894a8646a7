//! Keeps an answer to what is known: holds each clause back until its numbers and names are found in the facts, the
//! instructions or the conversation, and a yes is not said to something nobody mentions. Sees texts only; which facts
//! are near is decided in `grounding`, what the model says next in `worker`.

use std::collections::{BTreeSet, HashSet};

use super::words::{amounts, is_common, numbers, stem, topics, words};

/// Words of the shortest clause that is judged alone: a mere "Yes," waits for what it is said to.
const SHORTEST: usize = 3;

/// One text that an answer may rest on.
#[derive(Clone, Debug)]
pub(super) struct Source {
    amounts: BTreeSet<u64>,
    stems: HashSet<String>,
}

impl Source {
    pub(super) fn new(text: &str) -> Self {
        Self {
            amounts: amounts(text),
            stems: words(text).iter().map(|word| stem(word)).collect(),
        }
    }
}

/// A sentence of a fact, and its words.
#[derive(Clone, Debug)]
pub(super) struct Recitable {
    text: String,
    words: Vec<String>,
}

impl Recitable {
    pub(super) fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            words: words(text),
        }
    }

    /// The text after its first `count` words, the mark or space before the next one included.
    fn after(&self, count: usize) -> &str {
        let mut ends = self.text.char_indices().map(|(at, _)| at);
        let said = ends.find(|at| {
            words(&self.text[..*at]).len() >= count
                && !self.text[*at..]
                    .starts_with(|c: char| c.is_alphanumeric() || matches!(c, '\'' | '’'))
        });
        &self.text[said.unwrap_or(self.text.len())..]
    }
}

/// What an answer to one question may hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Bounds {
    /// Amounts in the near facts, the instructions and what the agent said before.
    pub(super) amounts: BTreeSet<u64>,
    /// Amounts that the caller named: they may be repeated, not promised.
    pub(super) asked: BTreeSet<u64>,
    /// Stems of the near facts, the instructions and what the agent said before: names must be among them.
    pub(super) names: HashSet<String>,
    /// Each text by itself: an amount or a name belongs to what its own text is about.
    pub(super) sources: Vec<Source>,
    /// The words of each sentence of the near facts: who recites one is believed word by word.
    pub(super) recitable: Vec<Recitable>,
    /// The words of each sentence of all other facts: they answer something else.
    pub(super) elsewhere: Vec<Vec<String>>,
    /// Stems of the near facts, the question, the instructions and what the agent said before.
    pub(super) familiar: HashSet<String>,
    /// What each sentence of the near facts that denies something is about.
    pub(super) denials: Vec<Vec<String>>,
    /// What the facts are about.
    pub(super) subjects: HashSet<String>,
    /// Stems of the question that nothing known mentions.
    pub(super) strange: HashSet<String>,
    /// What to say in place of an invention: the nearest fact, or that it is not known.
    pub(super) instead: String,
    /// `instead` answers the question: whoever says that it is not known is wrong.
    pub(super) answered: bool,
    /// `instead` denies something: whoever begins with a yes is wrong.
    pub(super) denied: bool,
    /// The question is about something and no fact is near: whoever begins with a yes is wrong too.
    pub(super) baseless: bool,
    /// Nothing was asked that one could know: "How are you today?"
    pub(super) small_talk: bool,
}

/// What becomes of the text that was pushed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// To be said; may be empty.
    On(String),
    /// To be said, and then the answer is over: the model was about to invent.
    Over(String),
}

/// Watches one answer.
pub(super) struct Guard {
    bounds: Option<Bounds>,
    held: String,
    /// The comma or space that belongs before the next clause.
    joint: String,
    /// The part of the current clause that was let through because it recites a fact.
    recited: String,
    said: String,
}

impl Guard {
    /// Without bounds everything passes at once.
    pub(super) fn new(bounds: Option<Bounds>) -> Self {
        Self {
            bounds,
            held: String::new(),
            joint: String::new(),
            recited: String::new(),
            said: String::new(),
        }
    }

    pub(super) fn push(&mut self, text: &str) -> Passed {
        if self.bounds.is_none() {
            return Passed::On(text.to_owned());
        }
        self.held += text;
        if self.said.is_empty() && self.held.starts_with(char::is_whitespace) {
            self.held = self.held.trim_start().to_owned();
        }
        let mut out = String::new();
        while let Some(end) = clause_end(&self.held) {
            let rest = self.held.split_off(end);
            let clause = std::mem::replace(&mut self.held, rest);
            match self.judge(&clause) {
                Passed::On(text) => out += &text,
                Passed::Over(text) => return Passed::Over(out + &text),
            }
        }
        Passed::On(out + &self.recite())
    }

    /// The caller waits for the first words: those that recite a near fact need not wait for the end of their clause.
    fn recite(&mut self) -> String {
        // The longest whole words that still recite.
        let recites = |end: &usize| {
            let so_far = self.recited.clone() + &self.held[..*end];
            self.bounds
                .as_ref()
                .is_some_and(|bounds| bounds.recites(&so_far))
        };
        let ends = self.held.rmatch_indices(char::is_whitespace);
        let mut ends = ends.map(|(at, space)| at + space.len());
        let Some(end) = ends.find(|end| !self.held[..*end].trim().is_empty() && recites(end))
        else {
            return String::new();
        };
        let rest = self.held.split_off(end);
        let part = std::mem::replace(&mut self.held, rest);
        let bare = part.trim_end();
        let text = std::mem::take(&mut self.joint) + bare;
        self.joint = part[bare.len()..].to_owned();
        self.recited += &part;
        self.said += &text;
        text
    }

    /// The answer has ended: the last clause.
    pub(super) fn finish(&mut self) -> String {
        let clause = std::mem::take(&mut self.held);
        if clause.trim().is_empty() {
            return String::new();
        }
        match self.judge(&clause) {
            Passed::On(text) | Passed::Over(text) => text,
        }
    }

    fn judge(&mut self, clause: &str) -> Passed {
        let Some(bounds) = &self.bounds else {
            return Passed::On(clause.to_owned());
        };
        let recited = std::mem::take(&mut self.recited);
        let late = gives_up(clause) && bounds.told(&self.said);
        if !late && bounds.allow(&(recited.clone() + clause)) {
            let body = clause.trim_end();
            let bare = body.trim_end_matches([',', ';', ':', '-', '–', '—']);
            let text = std::mem::take(&mut self.joint) + bare;
            self.joint = clause[bare.len()..].to_owned();
            self.said += &text;
            return Passed::On(text);
        }
        // Whoever has heard a claim hears its end; whoever has heard only a beginning hears the fact.
        let told = words(&self.said).len();
        let close = if self.said.is_empty() || self.said.trim_end().ends_with(['.', '!', '?']) {
            ""
        } else {
            "."
        };
        // Who began to recite a fact ends as the fact does.
        if let Some(rest) = bounds.rest_of(&recited) {
            self.joint.clear();
            self.said += &rest;
            return Passed::Over(rest);
        }
        let enough = told >= 5 && (!numbers(&self.said).is_empty() || bounds.told(&self.said));
        let text = if told == 0 {
            bounds.instead.clone()
        } else if recited.is_empty() && enough {
            close.to_owned()
        } else {
            format!("{close} {}", bounds.instead)
        };
        self.said += &text;
        Passed::Over(text)
    }
}

/// Words of a recital before it is believed.
const RECITAL: usize = 4;

impl Bounds {
    /// The words of a text that may recite a fact, without a yes or a no before them.
    fn recital(&self, text: &str) -> Vec<String> {
        let mut text = words(text);
        let begins = text
            .iter()
            .position(|word| !matches!(word.as_str(), "yes" | "no" | "sure" | "certainly"));
        if !self.denied {
            text.drain(..begins.unwrap_or(text.len()));
        }
        text
    }

    /// How the fact goes on whose beginning has been said.
    fn rest_of(&self, recited: &str) -> Option<String> {
        let said = self.recital(recited);
        let begun = |fact: &&Recitable| fact.words.starts_with(&said);
        let fact = self
            .recitable
            .iter()
            .find(begun)
            .filter(|_| !said.is_empty())?;
        Some(fact.after(said.len()).to_owned())
    }

    /// Whether the text, after a yes or a no, is the beginning of a near fact's sentence.
    fn recites(&self, text: &str) -> bool {
        let text = self.recital(text);
        text.len() >= RECITAL
            && self
                .recitable
                .iter()
                .any(|fact| fact.words.starts_with(&text))
    }

    /// Whether what was said holds something of a near fact that the question did not: it is an answer, if a short one.
    fn told(&self, said: &str) -> bool {
        let said = words(said);
        said.len() >= RECITAL
            && self.recitable.iter().map(|fact| &fact.words).any(|fact| {
                fact.windows(RECITAL.min(fact.len()))
                    .any(|part| said.windows(part.len()).any(|words| words == part))
                    || topics(&said.join(" ")).iter().any(|topic| {
                        self.subjects.contains(topic)
                            && fact.iter().any(|word| stem(word) == *topic)
                    })
            })
    }

    /// The clause affirms what a near fact denies: all that it is about is in the denial.
    fn contradicts(&self, clause: &str) -> bool {
        let mut about = topics(clause);
        about.retain(|topic| self.subjects.contains(topic));
        let denied = |denial: &Vec<String>| about.iter().all(|topic| denial.contains(topic));
        !about.is_empty() && !refuses(clause) && self.denials.iter().any(denied)
    }

    /// The clause recites a fact that answers something else, or is about what only such facts mention.
    fn strays(&self, clause: &str) -> bool {
        let words = words(clause);
        let begins = words
            .iter()
            .position(|word| !matches!(word.as_str(), "yes" | "no" | "sure"));
        let words = &words[begins.unwrap_or_default()..];
        let recites = |fact: &Vec<String>| fact.starts_with(words);
        let foreign =
            |topic: &String| self.subjects.contains(topic) && !self.familiar.contains(topic);
        words.len() >= RECITAL
            && (self.elsewhere.iter().any(recites)
                || self.answered && topics(clause).iter().any(foreign))
    }

    /// Whether the clause says nothing that is not known.
    fn allow(&self, clause: &str) -> bool {
        let denies = denies(clause);
        let counts = counts_people(clause);
        let amounts_known = numbers(clause).iter().all(|amount| {
            self.amounts.contains(amount) || ((denies || counts) && self.asked.contains(amount))
        });
        let gives_up = (self.answered || self.small_talk) && gives_up(clause);
        let agrees = (self.denied || self.baseless)
            && matches!(
                words(clause).first().map(String::as_str),
                Some("yes" | "sure" | "absolutely" | "certainly")
            );
        amounts_known
            && self.names_known(clause)
            && (denies || self.belongs(clause))
            && (denies || !self.promises(clause))
            && !gives_up
            && !agrees
            && (denies || !self.strays(clause) && !self.contradicts(clause))
    }

    /// Each amount and name stands in a text that is also about whatever else the clause is about: the price of one room
    /// is not given for another.
    fn belongs(&self, clause: &str) -> bool {
        let about: Vec<String> = topics(clause)
            .into_iter()
            .filter(|topic| self.subjects.contains(topic))
            .collect();
        let holds = |source: &Source| about.iter().all(|topic| source.stems.contains(topic));
        numbers(clause)
            .iter()
            .filter(|amount| !self.asked.contains(amount))
            .all(|amount| {
                let mut sources = self
                    .sources
                    .iter()
                    .filter(|source| source.amounts.contains(amount))
                    .peekable();
                sources.peek().is_none() || sources.any(holds)
            })
            && names(clause).iter().all(|name| {
                let mut sources = self
                    .sources
                    .iter()
                    .filter(|source| source.stems.contains(&stem(name)))
                    .peekable();
                sources.peek().is_none() || sources.any(holds)
            })
    }

    /// Names are among what is near.
    fn names_known(&self, clause: &str) -> bool {
        names(clause)
            .iter()
            .all(|name| self.names.contains(&stem(name)))
    }

    /// A claim about something in the question that nothing known mentions.
    fn promises(&self, clause: &str) -> bool {
        topics(clause)
            .iter()
            .any(|topic| self.strange.contains(topic))
            && !clause.trim_end().ends_with('?')
    }
}

/// The text denies something or says that it is closed to the caller.
pub(super) fn refuses(text: &str) -> bool {
    denies(text)
        || words(text)
            .iter()
            .any(|word| word == "closed" || word == "non")
}

fn gives_up(clause: &str) -> bool {
    let clause = clause.to_lowercase().replace('’', "'");
    clause.contains("have that information")
}

/// Words with a capital letter within a sentence, in small letters.
fn names(clause: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut starts = true;
    for word in clause.split_whitespace() {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let name = bare.starts_with(char::is_uppercase) && bare.contains(char::is_lowercase);
        let lower = bare.to_lowercase();
        let title = matches!(
            lower.as_str(),
            "mr" | "mrs" | "ms" | "sir" | "madam" | "ma'am"
        );
        if name && !starts && !title && !is_common(&lower) {
            found.extend(words(bare));
        }
        starts = word.ends_with(['.', '!', '?', ':', '"']) || (starts && bare.is_empty());
    }
    found
}

/// The clause denies or regrets.
pub(super) fn denies(clause: &str) -> bool {
    words(clause).iter().any(|word| {
        word.ends_with("n't")
            || matches!(
                word.as_str(),
                "no" | "not"
                    | "cannot"
                    | "sorry"
                    | "unfortunately"
                    | "never"
                    | "without"
                    | "unable"
                    | "neither"
                    | "nor"
            )
    })
}

/// "For two people", "for three nights": amounts that a guest brings along.
fn counts_people(clause: &str) -> bool {
    words(clause).iter().any(|word| {
        matches!(
            word.as_str(),
            "people"
                | "persons"
                | "guests"
                | "adults"
                | "nights"
                | "night"
                | "children"
                | "kids"
                | "rooms"
        )
    }) && !clause.contains(['$', '€', '£', '%'])
        && !words(clause).iter().any(|word| {
            matches!(
                word.as_str(),
                "dollar" | "dollars" | "euro" | "euros" | "pounds" | "cents"
            )
        })
}

/// Where the first clause ends, its trailing space included: at a mark that is followed by a space, so that "7:30" and
/// "$1,200" stay whole.
fn clause_end(text: &str) -> Option<usize> {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let (next, following) = chars.peek().copied()?;
        if c == '\n' && !text[..at].trim().is_empty() {
            return Some(at + 1);
        }
        if !following.is_whitespace() || !matches!(c, '.' | '!' | '?' | ',' | ';' | ':' | '…' | '—')
        {
            continue;
        }
        let before = text[..at]
            .rsplit(|c: char| c.is_whitespace())
            .next()
            .unwrap_or_default()
            .to_lowercase();
        let short = c == '.'
            && matches!(
                before.as_str(),
                "a.m" | "p.m" | "mr" | "mrs" | "dr" | "st" | "no"
            );
        if short || words(&text[..at]).len() < SHORTEST {
            continue;
        }
        return Some(next + following.len_utf8());
    }
    None
}

/// Amounts in all of `texts`.
pub(super) fn amounts_of<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeSet<u64> {
    texts.into_iter().flat_map(amounts).collect()
}

#[cfg(test)]
mod tests;
