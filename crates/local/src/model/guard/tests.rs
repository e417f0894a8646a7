//! What the guard lets pass, and what it says instead.

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
        recitable: vec![Recitable::new("We have a small gym.")],
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
    known.recitable = vec![Recitable::new(fact)];
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
    assert_eq!(
        guard.finish(),
        " 10 in the garden room at Harbour Street.",
        "and where it is invented the fact goes on"
    );
}

#[test]
fn nobody_regrets_not_to_know_when_nothing_was_asked() {
    let small_talk = Bounds {
        small_talk: true,
        instead: "How can I help you?".into(),
        ..bounds()
    };
    let regret = "I'm sorry, I don't have that information. ";
    let mut guard = Guard::new(Some(small_talk.clone()));
    assert_eq!(
        guard.push(regret),
        Passed::Over("How can I help you?".into())
    );
    let mut guard = Guard::new(Some(small_talk));
    let kind = guard.push("I am very well today. ");
    assert_eq!(kind, Passed::On("I am very well today.".into()));
}
