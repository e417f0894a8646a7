use super::{Spoken, Word, spoken, spoken_in};

const TABLE: &str = include_str!("../../tests/spoken.tsv");

fn rows() -> impl Iterator<Item = (usize, String, String)> {
    TABLE
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.is_empty() && !line.starts_with("##\t"))
        .map(|(n, line)| {
            let (source, expected) = line.split_once('\t').expect("each row has a tab");
            (n + 1, source.replace("\\n", "\n"), expected.to_owned())
        })
}

/// A small generator, so that the same strings come on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn character(&mut self) -> char {
        const SPICE: &[char] = &[
            ' ', ' ', ' ', '.', ',', '-', '–', ':', '/', '(', ')', '[', ']', '*', '_', '`', '#',
            '@', '$', '€', '%', '+', '=', '<', '>', '&', ';', '\n', '|', '\'', '"', '½', '²', '°',
            '!', '?', '\\', '~', '\u{301}', '\u{200d}', '…', '’', 'V', 'I', 'X', 'x', 'm', 'k',
            'a', 'p', 's', 't', 'h', 'w', 'v', 'A', 'D', 'r', 'N', 'o',
        ];
        match self.roll(10) {
            0..4 => SPICE[usize::try_from(self.roll(SPICE.len() as u64)).unwrap()],
            4..7 => char::from(b'0' + u8::try_from(self.roll(10)).unwrap()),
            7..9 => char::from(b'a' + u8::try_from(self.roll(26)).unwrap()),
            _ => char::from_u32(u32::try_from(self.roll(0x11_0000)).unwrap()).unwrap_or('é'),
        }
    }

    fn text(&mut self, longest: u64) -> String {
        (0..self.roll(longest)).map(|_| self.character()).collect()
    }
}

fn check_map(source: &str, said: &Spoken) {
    let last = said.words.last().copied().unwrap_or(Word {
        spoken: 0,
        source: 0,
    });
    let ends = (said.text.chars().count(), source.chars().count());
    assert_eq!(
        (last.spoken as usize, last.source as usize),
        ends,
        "map of {source:?} does not end at the ends"
    );
    for pair in said.words.windows(2) {
        let rises = pair[0].spoken < pair[1].spoken && pair[0].source < pair[1].source;
        assert!(rises, "map of {source:?} does not rise: {pair:?}");
    }
}

#[test]
fn every_row_of_the_table_is_spoken_as_written_there() {
    let wrong: Vec<String> = rows()
        .filter_map(|(n, source, expected)| {
            let said = spoken(&source);
            check_map(&source, &said);
            (said.text != expected).then(|| {
                format!(
                    "{n}: {source:?}\n   want {expected:?}\n    got {:?}",
                    said.text
                )
            })
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} rows differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_table_is_long_enough_to_mean_something() {
    assert!(rows().count() >= 160, "only {} rows", rows().count());
}

#[test]
fn what_was_made_for_speech_stays_as_it_is_when_read_again() {
    for (n, _, expected) in rows() {
        if !expected.contains(|c: char| c == '.' || c == '"' || c == '\'' || c.is_uppercase()) {
            assert_eq!(spoken(&expected).text, expected, "row {n}");
        }
    }
}

#[test]
fn any_text_is_survived_and_its_map_rises_to_both_ends() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for turn in 0..100_000 {
        let source = dice.text(32);
        let language = if turn % 10 == 0 { "de" } else { "en" };
        check_map(&source, &spoken_in(language, &source));
    }
}

#[test]
fn plain_words_pass_untouched() {
    const WORDS: [&str; 12] = [
        "breakfast",
        "the",
        "lobby",
        "hotel",
        "You",
        "quiet",
        "garden",
        "FAQ",
        "well-known",
        "don't",
        "café",
        "I",
    ];
    let mut dice = Dice(7);
    for _ in 0..2_000 {
        let words: Vec<&str> = (0..=dice.roll(9))
            .map(|_| WORDS[usize::try_from(dice.roll(12)).unwrap()])
            .collect();
        let text = words.join(" ");
        assert_eq!(spoken(&text).text, text);
    }
}

#[test]
fn a_sum_is_said_only_with_its_last_word() {
    let said = spoken("It costs $17.50 a night.");
    assert_eq!(
        said.text,
        "It costs seventeen dollars and fifty cents a night."
    );
    assert_eq!(said.heard(0), 0);
    assert_eq!(said.heard(1), 0);
    assert_eq!(said.heard(2), 3);
    assert_eq!(said.heard(9), 9);
    assert_eq!(said.heard(40), 9, "not yet cents");
    assert_eq!(said.heard(42), 16);
    assert_eq!(said.heard(50), 24);
    assert_eq!(said.heard(u32::MAX), 24);
}

#[test]
fn markup_counts_with_the_word_it_is_on() {
    let said = spoken("**Two** rooms, [here](https://a.example/x) now");
    assert_eq!(said.text, "Two rooms, here now");
    assert_eq!(said.heard(3), 8);
    assert_eq!(said.heard(9), 15);
    assert_eq!(said.heard(15), 43);
}

#[test]
fn a_text_with_nothing_to_say_is_said_at_once() {
    assert_eq!(
        spoken("🎉"),
        Spoken {
            text: String::new(),
            words: vec![Word {
                spoken: 0,
                source: 1
            }]
        }
    );
    assert_eq!(spoken("🎉").heard(0), 1);
    assert_eq!(spoken("").heard(5), 0);
}

#[test]
fn a_piece_keeps_the_space_that_joins_it_to_the_next() {
    assert_eq!(spoken("At 7:30, ").text, "At seven thirty, ");
    assert_eq!(spoken("  hello").text, "hello");
}

#[test]
fn other_languages_only_lose_their_markup() {
    assert_eq!(
        spoken_in("de-DE", "**Das** kostet 17,50 € 😀").text,
        "Das kostet 17,50 €"
    );
    assert_eq!(
        spoken_in("fr", "Voilà : [la page](http://x.fr)").text,
        "Voilà : la page"
    );
    assert_eq!(
        spoken_in("zh", "# 早餐\n七点开始。").text,
        "早餐。 七点开始。"
    );
    assert_eq!(spoken_in("zh", "早餐").heard(1), 1);
    assert_eq!(spoken_in("EN_us", "5 km").text, "five kilometers");
}
