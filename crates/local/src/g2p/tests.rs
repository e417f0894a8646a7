use std::sync::LazyLock;

use super::*;

static PRONOUNCER: LazyLock<Pronouncer> = LazyLock::new(|| {
    Pronouncer::load(&crate::fixtures::models())
        .expect("the lexicons are installed: run `make models`, or `make test`")
});

fn said(text: &str) -> String {
    PRONOUNCER
        .words(text)
        .into_iter()
        .map(|word| word.said)
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn known_words_come_from_the_lexicon() {
    assert_eq!(said("hello"), "həlˈO");
    assert_eq!(said("Breakfast"), "bɹˈɛkfəst");
}

#[test]
fn little_words_lean_on_what_follows() {
    assert_eq!(said("the apple"), "ði ˈæpᵊl");
    assert_eq!(said("the pear"), "ðə pˈɛɹ");
    assert!(said("to Ann").starts_with("tʊ "));
    assert!(said("to Bob").starts_with("tə "));
}

#[test]
fn endings_take_the_sound_of_the_stem() {
    for (word, ending) in [
        ("hotels", "z"),
        ("forks", "s"),
        ("Marcus's", "ᵻz"),
        ("rebooked", "t"),
        ("emailed", "d"),
    ] {
        assert!(said(word).ends_with(ending), "{word}: {}", said(word));
    }
}

#[test]
fn abbreviations_are_spelled() {
    assert_eq!(said("TV"), "tˌivˈi");
    assert_eq!(said("call the US office").split(' ').nth(2), Some("jˌuˈɛs"));
    assert_eq!(said("come with us").split(' ').nth(2), Some("ˌʌs"));
    assert_eq!(said("at nine a.m. today").split(' ').nth(2), Some("ˌAˈɛm"));
}

#[test]
fn the_neighbours_decide_between_two_pronunciations() {
    assert!(said("we close at ten").contains("klˈOz"));
    assert!(said("very close to the beach").contains("klˈOs"));
    assert!(said("can I use it").contains("jˈuz") && said("the use of it").contains("jˈus "));
    assert!(said("I live here").contains("lˈɪv") && said("live music").contains("lˈIv"));
}

#[test]
fn every_character_belongs_to_a_word() {
    for text in [
        "Hello, world!",
        "  well -- yes ",
        "“Quoted,” he said (twice).",
        "a.m. and p.m.",
        "one/two",
    ] {
        let words = PRONOUNCER.words(text);
        assert!(words.is_sorted_by(|a, b| a.chars < b.chars), "{words:?}");
        assert_eq!(
            words.last().map(|word| word.chars as usize),
            Some(text.chars().count())
        );
    }
}

#[test]
fn a_word_ends_before_the_space_after_it() {
    let chars: Vec<u32> = PRONOUNCER
        .words("Yes, of course")
        .iter()
        .map(|word| word.chars)
        .collect();
    assert_eq!(chars, [4, 7, 14]);
}

#[test]
fn names_that_no_rule_gets_right_are_known() {
    assert_eq!(said("Nguyen"), "nwˈɪn");
    assert_eq!(said("Siobhan's"), "ʃəvˈɔnz");
}

#[test]
fn marks_stay_with_the_word_before_them() {
    let marks = |text: &str| {
        PRONOUNCER
            .words(text)
            .into_iter()
            .map(|word| word.mark)
            .collect::<Vec<_>>()
    };
    assert_eq!(marks("Well, yes!"), [Some(','), Some('!')]);
    assert_eq!(marks("Dr. Who?"), [None, Some('?')]);
    assert_eq!(marks("nine a.m. today"), [None, None, None]);
    assert_eq!(marks("wait — what?!"), [Some(','), Some('?')]);
}

#[test]
fn digits_that_slipped_through_are_read_one_by_one() {
    assert_eq!(said("12"), format!("{}{}", said("one"), said("two")));
}

#[test]
fn unknown_names_keep_their_sounds() {
    for name in NAMES {
        let said = said(name);
        let vowels = said
            .chars()
            .filter(|sound| stress::is_vowel(*sound))
            .count();
        assert!(vowels >= 1 && said.contains('ˈ'), "{name}: {said}");
        assert!(
            said.chars().count() * 2 >= name.chars().count(),
            "{name}: {said}"
        );
    }
}

const NAMES: &[&str] = &[
    "Abernathy",
    "Achterberg",
    "Adeyemi",
    "Agarwal",
    "Bartholomew",
    "Bjornstad",
    "Brzezinski",
    "Cavanaugh",
    "Chaudhary",
    "Czarnecki",
    "Dijkstra",
    "Dougherty",
    "Eichmann",
    "Evangelista",
    "Fitzwilliam",
    "Fjeldsted",
    "Galbraith",
    "Gutierrez",
    "Hakimi",
    "Haverford",
    "Ibrahimovic",
    "Ingersoll",
    "Jankowski",
    "Jayawardena",
    "Kowalczyk",
    "Krishnamurthy",
    "Kvitova",
    "Lachlan",
    "Lindqvist",
    "MacAllister",
    "Mbeki",
    "McKinnock",
    "Mikkelsen",
    "Nakamura",
    "Ngozi",
    "Nguyen",
    "Okonkwo",
    "Oyelaran",
    "Papadopoulos",
    "Pfeiffer",
    "Quetzal",
    "Quillfeather",
    "Radhakrishnan",
    "Rhys",
    "Rzepka",
    "Saoirse",
    "Schwarzkopf",
    "Siobhan",
    "Szymanski",
    "Tchaikovsky",
    "Thistlewood",
    "Umarov",
    "Vandersloot",
    "Vlahos",
    "Wojciech",
    "Wrigglesworth",
    "Xanthopoulos",
    "Yevgenia",
    "Zdravko",
    "Zylberman",
    "Tamsin",
    "Voxley",
    "Quorra",
    "Brightmoor",
];
