use super::{PieceRules, Pieces};

const TABLE: &str = include_str!("../../tests/pieces.txt");

fn pieces<'a>(parts: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut cutter = Pieces::new(PieceRules::default());
    let mut out = Vec::new();
    for part in parts {
        cutter.push(part, &mut out);
    }
    cutter.finish(&mut out);
    out
}

fn by_character(text: &str) -> Vec<String> {
    let parts: Vec<String> = text.chars().map(String::from).collect();
    pieces(parts.iter().map(String::as_str))
}

fn rows() -> Vec<String> {
    TABLE
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| line.replace("\\n", "\n"))
        .collect()
}

#[test]
fn every_row_of_the_table_is_cut_where_its_bars_stand() {
    let wrong: Vec<String> = rows()
        .iter()
        .filter_map(|row| {
            let got = pieces([row.replace('¦', "").as_str()]).join("¦");
            (got != *row).then(|| format!("want {row:?}\n got {got:?}"))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} rows differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(rows().len() >= 40, "only {} rows", rows().len());
}

#[test]
fn the_same_pieces_come_however_the_text_arrives() {
    for row in rows() {
        let text = row.replace('¦', "");
        assert_eq!(by_character(&text), pieces([text.as_str()]));
    }
}

/// A small generator, so that the same strings come on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }
}

const SCRAPS: [&str; 56] = [
    "we ",
    "the ",
    "room ",
    "and ",
    "Dr",
    "St",
    "No",
    "e.g",
    "a.m",
    "7",
    "30",
    ":",
    ".",
    ",",
    " ",
    " ",
    " ",
    "**",
    "*",
    "_",
    "`",
    "```",
    "(",
    ")",
    "[",
    "]",
    "(x)",
    "\n",
    "\n- ",
    "|",
    "$",
    "-",
    " – ",
    "—",
    "!",
    "?",
    "…",
    "\"",
    "'",
    "。",
    "，",
    "早餐",
    "é",
    "🎉",
    "Nov ",
    "2026",
    "I ",
    "with ",
    "breakfast",
    "Hotel ",
    "<b>",
    "</b>",
    "@",
    "#",
    "1.",
    "\u{301}",
];

#[test]
fn no_character_is_lost_and_no_split_changes_the_pieces() {
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    for _ in 0..8_000 {
        let parts: Vec<&str> = (0..dice.roll(40))
            .map(|_| SCRAPS[dice.roll(SCRAPS.len())])
            .collect();
        let text = parts.concat();
        let whole = pieces([text.as_str()]);
        assert_eq!(whole.concat(), text);
        assert_eq!(pieces(parts.iter().copied()), whole, "split of {text:?}");
        assert_eq!(by_character(&text), whole, "characters of {text:?}");
    }
}

/// What had left before the end was known.
fn early(text: &str) -> Vec<String> {
    let mut cutter = Pieces::new(PieceRules::default());
    let mut out = Vec::new();
    cutter.push(text, &mut out);
    out
}

#[test]
fn a_boundary_waits_for_the_character_that_decides_it() {
    assert!(early("The room costs 3.").is_empty());
    assert_eq!(early("The room costs three. "), Vec::<String>::new());
    assert_eq!(early("The room costs three. W"), ["The room costs three. "]);
    assert!(early("It is on Nov 23, ").is_empty());
    assert_eq!(early("It is on Nov 23, a"), ["It is on Nov 23, "]);
}

#[test]
fn the_first_piece_leaves_at_the_breath_before_a_new_phrase() {
    assert_eq!(
        early("Our breakfast room is open from "),
        ["Our breakfast room is open "]
    );
    assert!(early("Our breakfast room is open fro").is_empty());
}

#[test]
fn no_piece_grows_without_bound() {
    let text = "word ".repeat(200);
    let longest = pieces([text.as_str()])
        .iter()
        .map(|p| p.split_whitespace().count())
        .max();
    assert_eq!(longest, Some(25));
}

#[test]
fn own_rules_are_kept() {
    let rules = PieceRules {
        first_words_max: 3,
        first_words: 3,
        ..PieceRules::default()
    };
    let mut out = Vec::new();
    let mut cutter = Pieces::new(rules);
    cutter.push("one two three four five", &mut out);
    assert_eq!(out, ["one two three "]);
}
