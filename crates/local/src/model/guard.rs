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
    pub(super) recitable: Vec<Vec<String>>,
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
        // Whoever has heard a claim hears its end; whoever has heard only a beginning, or half a recital, hears the
        // fact.
        let told = words(&self.said).len();
        let close = if self.said.is_empty() || self.said.trim_end().ends_with(['.', '!', '?']) {
            ""
        } else {
            "."
        };
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
    /// Whether the text, after a yes or a no, is the beginning of a near fact's sentence.
    fn recites(&self, text: &str) -> bool {
        let mut text: &[String] = &words(text);
        while let Some((first, rest)) = text.split_first()
            && !self.denied
            && matches!(first.as_str(), "yes" | "no" | "sure" | "certainly")
        {
            text = rest;
        }
        text.len() >= RECITAL && self.recitable.iter().any(|fact| fact.starts_with(text))
    }

    /// Whether what was said holds something of a near fact that the question did not: it is an answer, if a short one.
    fn told(&self, said: &str) -> bool {
        let said = words(said);
        said.len() >= RECITAL
            && self.recitable.iter().any(|fact| {
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
        let gives_up = self.answered && gives_up(clause);
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
mod tests {
    use super::*;

    fn bounds() -> Bounds {
        let fact = "Breakfast is served from 7:30 to 10 in the garden room at Harbour Street.";
        Bounds {
            amounts: amounts(fact),
            asked: [6, 2].into(),
            names: words(fact).iter().map(|word| stem(word)).collect(),
            strange: ["sauna".to_owned()].into(),
            instead: fact.to_owned(),
            ..Bounds::default()
        }
    }

    /// The whole of what is said of an answer that comes character by character.
    fn said(answer: &str) -> String {
        let mut guard = Guard::new(Some(bounds()));
        let mut text = String::new();
        for c in answer.chars() {
            match guard.push(c.encode_utf8(&mut [0; 4])) {
                Passed::On(more) => text += &more,
                Passed::Over(more) => return text + &more,
            }
        }
        text + &guard.finish()
    }

    #[test]
    fn what_rests_on_the_facts_passes_unchanged() {
        for answer in [
            "Breakfast is served from 7:30 to 10, in the garden room.",
            "Breakfast is from seven thirty to ten. Anything else?",
            "You're welcome! Have a good day.",
            "No, breakfast is not at 6, it starts at half past seven.",
            "Of course, for 2 people: breakfast is from 7:30.",
            "No, we don't have a sauna.",
            "We are at Harbour Street.",
            "Breakfast is from 7:30 a.m. to 10 a.m. daily.",
        ] {
            assert_eq!(said(answer), answer);
        }
    }

    #[test]
    fn an_invented_time_is_never_said() {
        assert_eq!(said("Breakfast is served from 6 to 10."), bounds().instead);
        assert_eq!(said("It is at eight o'clock."), bounds().instead);
    }

    #[test]
    fn an_invented_price_after_a_true_clause_only_ends_the_answer() {
        assert_eq!(
            said("Breakfast is served from 7:30 to 10, and it costs $15."),
            "Breakfast is served from 7:30 to 10."
        );
    }

    #[test]
    fn an_invention_after_a_mere_yes_is_replaced_by_the_fact() {
        assert_eq!(said("Yes, it costs 15 dollars."), bounds().instead);
    }

    #[test]
    fn an_unknown_name_is_never_said() {
        assert_eq!(said("You can eat at the Blue Lobster."), bounds().instead);
    }

    #[test]
    fn a_yes_to_what_nobody_mentions_is_never_said() {
        assert_eq!(said("Yes we have a sauna."), bounds().instead);
    }

    #[test]
    fn an_invention_after_a_clause_that_says_little_is_followed_by_the_fact() {
        let expected = format!("Let me look. {}", bounds().instead);
        assert_eq!(said("Let me look, it costs 15 dollars."), expected);
    }

    #[test]
    fn a_yes_to_what_a_fact_denies_is_replaced_by_the_fact() {
        let denied = Bounds {
            denied: true,
            ..bounds()
        };
        let mut guard = Guard::new(Some(denied));
        assert_eq!(
            guard.push("Yes, we have breakfast. "),
            Passed::Over(bounds().instead)
        );
    }

    #[test]
    fn giving_up_is_replaced_by_the_fact_that_answers() {
        let mut guard = Guard::new(Some(Bounds {
            answered: true,
            ..bounds()
        }));
        assert_eq!(
            guard.push("I'm sorry, I don't have that information. "),
            Passed::Over(bounds().instead)
        );
    }

    #[test]
    fn a_true_fact_about_something_else_is_not_the_answer() {
        let bounds = Bounds {
            answered: true,
            elsewhere: vec![words("The bar is open every evening.")],
            subjects: [stem("bar"), stem("breakfast")].into(),
            familiar: [stem("breakfast")].into(),
            ..bounds()
        };
        assert!(!bounds.allow("Yes, the bar is open every evening."));
        assert!(!bounds.allow("You can sit in the bar."));
        assert!(bounds.allow("You can have breakfast in the garden."));
    }

    #[test]
    fn an_answer_is_not_followed_by_a_regret() {
        let known = Bounds {
            answered: true,
            recitable: vec![words("We have a small gym.")],
            subjects: [stem("gym")].into(),
            familiar: [stem("gym")].into(),
            instead: "We have a small gym.".into(),
            ..bounds()
        };
        let mut guard = Guard::new(Some(known));
        let mut said = String::new();
        for part in [
            "Yes, there is a small gym. ",
            "I'm sorry, I don't have that information. ",
        ] {
            match guard.push(part) {
                Passed::On(text) | Passed::Over(text) => said += &text,
            }
        }
        assert_eq!(said, "Yes, there is a small gym.");
    }

    #[test]
    fn what_a_near_fact_denies_is_not_affirmed() {
        let bounds = Bounds {
            denials: vec![topics("The practice is closed on Sundays.")],
            subjects: topics("We are closed on Sundays and Mondays.")
                .into_iter()
                .collect(),
            ..bounds()
        };
        assert!(!bounds.allow("Yes, we are open on sundays."));
        assert!(bounds.allow("We are closed on sundays."));
        assert!(bounds.allow("We are open on mondays."));
    }

    #[test]
    fn a_yes_without_a_near_fact_is_not_said() {
        let bounds = Bounds {
            baseless: true,
            ..bounds()
        };
        assert!(!bounds.allow("Yes, you can do that here."));
        assert!(bounds.allow("I can ask a colleague."));
    }

    #[test]
    fn the_price_of_one_thing_is_not_given_for_another() {
        let facts = [
            "A single room costs 89 dollars.",
            "A double room costs 120 dollars.",
            "The bar is closed on Mondays.",
        ];
        let bounds = Bounds {
            amounts: [89, 120].into(),
            names: ["monday".to_owned(), stem("monday")].into(),
            sources: facts.iter().map(|fact| Source::new(fact)).collect(),
            subjects: facts.iter().flat_map(|fact| topics(fact)).collect(),
            ..bounds()
        };
        assert!(bounds.allow("A single room is 89 dollars a night."));
        assert!(bounds.allow("It costs 89 dollars."));
        assert!(!bounds.allow("A single room is 120 dollars a night."));
        assert!(bounds.allow("The bar is closed on Mondays."));
        assert!(!bounds.allow("The room is closed on Mondays."));
    }

    #[test]
    fn an_agent_without_facts_speaks_freely() {
        let mut guard = Guard::new(None);
        assert_eq!(guard.push("It is 42"), Passed::On("It is 42".to_owned()));
        assert_eq!(guard.finish(), "");
    }

    #[test]
    fn the_first_clause_leaves_before_the_sentence_is_complete() {
        let mut guard = Guard::new(Some(bounds()));
        assert_eq!(
            guard.push("Breakfast is served from 7:30 to 10, in"),
            Passed::On("Breakfast is served from 7:30 to 10".to_owned())
        );
    }

    #[test]
    fn a_recital_of_a_fact_passes_word_by_word() {
        let fact = "Breakfast is served from 7:30 to 10 in the garden room at Harbour Street.";
        let mut known = bounds();
        known.recitable = vec![words(fact)];
        let mut guard = Guard::new(Some(known));
        assert_eq!(guard.push("Breakfast is"), Passed::On(String::new()));
        assert_eq!(
            guard.push(" served from "),
            Passed::On("Breakfast is served from".into())
        );
        assert_eq!(guard.push("7:30 to"), Passed::On(" 7:30".into()));
        assert_eq!(
            guard.push(" 11 in"),
            Passed::On(" to".into()),
            "what leaves the fact waits for its clause"
        );
        assert!(
            guard.finish().contains("7:30 to 10"),
            "and is not said when it is invented"
        );
    }
}
