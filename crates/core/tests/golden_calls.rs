//! Golden calls: one story per file in `tests/calls`, each guarding a complaint that users of other products have.
//! `BLESS=1 cargo test -p voiceos-core --test golden_calls` writes down what the machine does now; read the diff.

mod story;

use std::{fs, path::PathBuf};

use story::{Row, Story, stories};
use voiceos_core::{At, Command, Conversation, Input, Line, Reason, ReplyId, Rules, replay::Step};

#[test]
fn every_golden_call_goes_as_it_is_written() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = String::new();
    for story in stories() {
        if bless {
            let new = story.path.with_extension("new"); // renamed, so that no other test sees half a file
            fs::write(&new, story.blessed()).expect("a golden call can be written");
            fs::rename(&new, &story.path).expect("a golden call can be renamed");
        } else {
            wrong += &story.mismatches();
        }
    }
    assert!(
        wrong.is_empty(),
        "\n{wrong}\nIf this is right, run it once more with BLESS=1.\n"
    );
}

fn commands(steps: &[Step]) -> Vec<&Command> {
    steps.iter().flat_map(|step| &step.commands).collect()
}

#[test]
fn a_late_wake_up_changes_no_golden_call() {
    for story in stories() {
        let (punctual, late) = (story.punctual(), story.late());
        assert_eq!(commands(&punctual), commands(&late), "{}", story.name());
    }
}

#[test]
fn every_golden_call_ends_exactly_once_if_time_runs_out() {
    for story in stories() {
        let mut call = Conversation::new(story.rules.clone());
        let mut out = vec![];
        for (at, input) in story.facts() {
            call.handle(at, input.clone(), &mut out);
        }
        let mut wakes = 0;
        while let Some(deadline) = call.deadline() {
            wakes += 1;
            assert!(wakes < 100, "{}: no end", story.name());
            call.handle(deadline, Input::Wake, &mut out);
        }
        let ends = |command: &&Command| matches!(command, Command::HangUp { .. });
        assert_eq!(out.iter().filter(ends).count(), 1, "{}", story.name());
        assert!(out.last().as_ref().is_some_and(ends), "{}", story.name());
    }
}

#[test]
fn every_golden_call_says_first_what_it_guards() {
    let all = stories();
    assert!(all.len() >= 30, "only {} golden calls", all.len());
    for story in all {
        let says = matches!(story.rows.first(), Some(Row::Prose(text)) if text.starts_with("# "));
        assert!(says, "{}: the first line is no comment", story.name());
    }
}

fn parsed(text: &str) -> Result<Story, String> {
    Story::parse(PathBuf::from("one.call"), text)
}

#[test]
fn a_mismatch_names_file_and_line_and_shows_both() {
    let story = parsed("# noise\n1000 speech starts\n> tell agent speaks\n").unwrap();
    let shown = "one.call:2: 1000 speech starts\n  - > tell agent speaks\n  + > tell user speaks\n";
    assert_eq!(story.mismatches(), shown);
    assert_eq!(
        story.blessed(),
        "# noise\n1000 speech starts\n> tell user speaks\n"
    );
}

#[test]
fn a_mistake_in_a_golden_call_is_named() {
    for (text, mistake) in [
        ("5 sings", "one.call:1: a word is missing"),
        ("5 sings 3", "one.call:1: sings is no fact"),
        (
            "9 wake\n5 wake",
            "one.call:2: facts must come in the order of their times",
        ),
        ("# a\nrules tempo=3s", "one.call:2: tempo is no rule"),
        ("5 say \"hello", "one.call:1: a quote is not closed"),
        ("5 wake up", "one.call:1: too many words: 5 wake up"),
        ("5 closed at_noon", "one.call:1: at_noon is not known here"),
    ] {
        assert_eq!(parsed(text).err().as_deref(), Some(mistake), "{text}");
    }
}

fn give(call: &mut Conversation, at: u64, input: Input) -> Vec<Command> {
    let mut out = vec![];
    call.handle(At::from_millis(at), input, &mut out);
    out
}

#[test]
fn a_model_can_be_warmed_with_what_was_said_and_heard_so_far() {
    let mut call = Conversation::new(Rules::default());
    let (text, reply) = ("One two. ".to_owned(), ReplyId(1));
    let interruptible = true;
    give(
        &mut call,
        100,
        Input::Say {
            text,
            interruptible,
        },
    );
    let said = |words: &str| vec![Line::User(words.to_owned())];
    assert_eq!(call.lines_with("hello"), said("hello"));
    let (piece, length) = (0, At::from_secs(1));
    give(
        &mut call,
        200,
        Input::Synthesized {
            reply,
            piece,
            length,
        },
    );
    let marks = vec![];
    give(
        &mut call,
        200,
        Input::Pronounced {
            reply,
            piece,
            marks,
        },
    );
    let until = length;
    give(
        &mut call,
        700,
        Input::Played {
            reply,
            until: until / 2,
        },
    );
    let heard = |words: &str| vec![Line::Agent(words.to_owned())];
    assert_eq!(call.lines_with(""), heard("One"));
    give(&mut call, 1200, Input::Played { reply, until });
    assert_eq!(call.lines_with(""), heard("One two."));
    let (id, text, is_final) = (1, " hello ".to_owned(), false);
    let until = At::from_millis(1300);
    give(
        &mut call,
        1300,
        Input::Utterance {
            id,
            text,
            until,
            is_final,
        },
    );
    assert_eq!(call.open_turn(), "hello");
}

#[test]
fn the_eighteenth_announcement_is_refused_while_the_first_is_in_the_air() {
    let mut call = Conversation::new(Rules::default());
    let mut spoken = 0;
    let speaks = |out: &[Command]| {
        let speak = |command: &&Command| matches!(command, Command::Speak { .. });
        out.iter().filter(speak).count()
    };
    for n in 0..30 {
        let (text, interruptible) = (format!("Number {n}."), false);
        let say = Input::Say {
            text,
            interruptible,
        };
        spoken += speaks(&give(&mut call, 100, say));
    }
    for n in 1..=30 {
        let (reply, piece, marks) = (ReplyId(n), 0, vec![]);
        let silent = Input::Pronounced {
            reply,
            piece,
            marks,
        };
        spoken += speaks(&give(&mut call, 200, silent));
    }
    assert_eq!(spoken, 17);
    let reason = Reason::CallerHungUp;
    let last = give(&mut call, 300, Input::Closed { reason });
    assert_eq!(last.last(), Some(&Command::HangUp { reason }));
}
