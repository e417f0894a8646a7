//! Golden calls as logs: played again they give the same commands, bit for bit; cut logs still tell what was heard.

#[expect(dead_code, reason = "the golden calls use the rest")]
mod story;

use std::{
    error::Error,
    io::{self, BufReader, Read},
};

use story::{Story, stories};
use voiceos_core::{
    At, Command, Event, Line, Reason, ReplyId,
    conversation::Entry,
    replay::{Head, ReplayError, Replayed, Step, VERSION, replay, write_head},
};

fn head(story: &Story) -> Head {
    Head {
        version: VERSION,
        conversation: story.name(),
        began_ms: 1_763_860_000_000,
        rules: story.rules.clone(),
    }
}

fn log(head: &Head, steps: &[Step]) -> Vec<u8> {
    let mut log = vec![];
    write_head(&mut log, head).expect("memory takes it");
    for step in steps {
        serde_json::to_writer(&mut log, step).expect("memory takes it");
        log.push(b'\n');
    }
    log
}

fn story(name: &str) -> Story {
    let found = stories().into_iter().find(|story| story.name() == name);
    found.unwrap_or_else(|| panic!("there is no golden call {name}"))
}

fn log_of(name: &str) -> (Head, Vec<Step>, Vec<u8>) {
    let story = story(name);
    let (head, steps) = (head(&story), story.punctual());
    let log = log(&head, &steps);
    (head, steps, log)
}

fn error(log: &[u8]) -> ReplayError {
    match replay(log) {
        Ok(_) => panic!("this log was replayed: {}", String::from_utf8_lossy(log)),
        Err(error) => error,
    }
}

/// What the caller and the agent said, as it was told.
fn messages(commands: &[Command]) -> Vec<&Entry> {
    let message = |command| match command {
        &Command::Tell {
            event: Event::Message { ref entry, .. },
        } => Some(entry),
        _ => None,
    };
    commands.iter().filter_map(message).collect()
}

#[test]
fn every_golden_call_replays_bit_for_bit() {
    for story in stories() {
        let (head, steps) = (head(&story), story.punctual());
        let written = log(&head, &steps);
        let replayed = replay(&written[..]).unwrap();
        assert_eq!(replayed.difference, None, "{}", head.conversation);
        assert!(!replayed.truncated, "{}", head.conversation);
        assert_eq!(replayed.head, head);
        assert_eq!(replayed.steps, steps, "{}", head.conversation);
        assert_eq!(log(&replayed.head, &replayed.steps), written);
    }
}

#[test]
fn times_are_whole_microseconds_in_the_log() {
    let (_, _, log) = log_of("plain_turn");
    let text = String::from_utf8(log).unwrap();
    let second = text.lines().nth(2).unwrap();
    let wanted = concat!(
        r#"{"at":1000000,"in":{"is":"speech_started","at":940000},"#,
        r#""out":[{"do":"tell","event":{"event":"speech_started","who":"user"}}]}"#
    );
    assert_eq!(second, wanted);
    let head = text.lines().next().unwrap();
    let begins = r#"{"version":1,"conversation":"plain_turn","began_ms":1763860000000,"rules":{"#;
    assert!(head.starts_with(begins), "{head}");
    assert!(head.contains(r#""idle":10000000"#), "{head}");
    assert!(text.contains(r#""first_audio":2350000"#), "{text}");
}

#[test]
fn a_last_line_that_was_cut_off_is_tolerated() {
    let (head, steps, whole) = log_of("speculation_promoted");
    let kept = log(&head, &steps[..steps.len() - 1]).len();
    for cut in kept + 1..whole.len() - 1 {
        let replayed = replay(&whole[..cut]).unwrap();
        assert!(replayed.truncated, "cut at {cut}");
        assert_eq!(replayed.steps.len(), steps.len() - 1, "cut at {cut}");
        assert_eq!(replayed.difference, None, "cut at {cut}");
    }
    let unfinished = replay(&whole[..whole.len() - 1]).unwrap();
    assert!(!unfinished.truncated, "only the line's end is missing");
    assert_eq!(unfinished.steps.len(), steps.len());
    assert!(!replay(&whole[..kept]).unwrap().truncated);
}

#[test]
fn a_line_that_is_not_understood_is_named() {
    let (head, steps, _) = log_of("plain_turn");
    let mut broken = log(&head, &steps[..3]);
    broken.extend_from_slice(b"{\"at\":1\n");
    let next = broken.len();
    broken.extend_from_slice(&log(&head, &steps)[log(&head, &steps[..3]).len()..]);
    let error = error(&broken);
    let wanted = "line 5 of the log is not understood; was it written by another version?";
    assert_eq!(error.to_string(), wanted);
    assert!(matches!(error, ReplayError::Malformed { line: 5, .. }));
    assert!(error.source().is_some());
    assert!(replay(&broken[..next]).unwrap().truncated, "it is the last");
}

#[test]
fn a_log_of_nothing_or_of_another_version_is_refused() {
    assert!(matches!(error(b""), ReplayError::Empty));
    for bad in ["\n", "{}\n", "{\"version\":1", "a call\n"] {
        let error = error(bad.as_bytes());
        assert!(matches!(error, ReplayError::Malformed { line: 1, .. }));
    }
    let (mut head, steps, _) = log_of("plain_turn");
    head.version += 1;
    let error = error(&log(&head, &steps));
    assert!(matches!(error, ReplayError::Version(2)));
    let wanted = "the log has version 2, this program reads version 1";
    assert_eq!(error.to_string(), wanted);
}

#[test]
fn a_log_that_cannot_be_read_says_why() {
    struct Gone;
    impl Read for Gone {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let error = replay(BufReader::new(Gone)).err().unwrap();
    assert_eq!(error.to_string(), "the log cannot be read");
    assert_eq!(error.source().unwrap().to_string(), "the disk is gone");
}

#[test]
fn the_first_difference_is_reported_with_its_step() {
    let (head, mut steps, _) = log_of("plain_turn");
    let play = Command::Play { reply: ReplyId(1) };
    let index = steps
        .iter()
        .position(|step| step.commands.contains(&play))
        .unwrap();
    let really = steps[index].commands.clone();
    steps[index].commands.clear();
    steps[index + 2].commands.clear();
    let replayed = replay(&log(&head, &steps)[..]).unwrap();
    let difference = replayed.difference.unwrap();
    assert_eq!(difference.step, index + 1);
    assert_eq!(difference.at, At::from_millis(2300));
    assert_eq!(difference.logged, []);
    assert_eq!(difference.replayed, really);
    assert_eq!(replayed.steps.len(), steps.len(), "it goes on to the end");
}

#[test]
fn a_transcript_that_came_a_microsecond_later_makes_a_difference() {
    let (head, mut steps, _) = log_of("plain_turn");
    steps[4].at += At::from_micros(1);
    let difference = replay(&log(&head, &steps)[..]).unwrap().difference;
    let answered = 14; // the step whose event has the timings of the turn
    assert_eq!(difference.map(|difference| difference.step), Some(answered));
}

/// The program died after this step.
fn killed_after(name: &str, keep: impl Fn(&Step) -> bool) -> Replayed {
    let (head, steps, _) = log_of(name);
    let last = steps.iter().position(keep).expect("such a step");
    let mut cut = log(&head, &steps[..=last]);
    cut.extend_from_slice(b"{\"at\":33");
    replay(&cut[..]).expect("a cut log is a log")
}

#[test]
fn closing_a_cut_log_stores_what_was_heard() {
    let mut replayed = killed_after("hang_up_while_the_agent_speaks", |step| {
        step.at == At::from_millis(3350)
    });
    assert!(replayed.truncated && !replayed.conversation.ended());
    let commands = replayed.close(Reason::LegLost);
    let [entry] = messages(&commands)[..] else {
        panic!("{commands:?}")
    };
    assert_eq!(entry.line, Line::Agent("Breakfast is served".into()));
    let (from, to) = (At::from_millis(2350), At::from_millis(3350));
    assert_eq!((entry.from, entry.to), (from, to));
    assert!(entry.interrupted);
    let reason = Reason::LegLost;
    assert_eq!(commands.last(), Some(&Command::HangUp { reason }));
    assert!(replayed.conversation.ended());
}

#[test]
fn closing_a_cut_log_stores_the_open_words_of_the_caller() {
    let mut replayed = killed_after("hang_up_in_mid_word", |step| {
        step.at == At::from_millis(3600)
    });
    let commands = replayed.close(Reason::Shutdown);
    let [entry] = messages(&commands)[..] else {
        panic!("{commands:?}")
    };
    assert_eq!(entry.line, Line::User("thank".into()));
    assert_eq!(entry.to, At::from_millis(3600));
}

#[test]
fn closing_a_log_of_a_whole_call_changes_nothing() {
    let (_, _, log) = log_of("hang_up_in_mid_word");
    let mut replayed = replay(&log[..]).unwrap();
    assert!(replayed.conversation.ended());
    assert_eq!(replayed.close(Reason::Fault), []);
}
