//! The worker with real weights: a small model where any words will do.

use std::{fs, path::PathBuf, sync::Arc};

use futures::{StreamExt, executor::block_on};
use voiceos_providers::{Delta, LanguageModel, Line, Prompt, Usage};

use super::LlamaModel;
use crate::{Cpu, LoadError, fixtures::models};

const SMALL: &str = "smollm2-135m-instruct-q4_1.gguf";

fn small() -> LlamaModel {
    let path = models().join(SMALL);
    assert!(
        path.exists(),
        "{} is missing: run `make models`",
        path.display()
    );
    // One thread: whatever else this machine does, it cannot stall two that wait for each other.
    LlamaModel::load(&path, &models(), Arc::new(Cpu::new(1, 1))).expect("it loads")
}

fn prompt(lines: &[Line]) -> Prompt {
    Prompt {
        system: "You are the front desk of a small hotel by the sea. Breakfast is from 7 to 10."
            .into(),
        lines: lines.to_vec(),
        max_tokens: 24,
        ..Prompt::default()
    }
}

fn user(text: &str) -> Line {
    Line::User(text.into())
}

async fn whole(model: &LlamaModel, prompt: Prompt) -> (String, usize, Usage) {
    let items: Vec<_> = model.reply(prompt).collect().await;
    let (mut text, mut deltas) = (String::new(), 0);
    for item in &items {
        match item.as_ref().expect("no fault") {
            Delta::Text(more) => (text, deltas) = (text + more, deltas + 1),
            Delta::Usage(usage) => {
                assert_eq!(Some(item), items.last(), "the usage is last");
                return (text, deltas, *usage);
            }
            Delta::Tool { .. } => panic!("no tool was offered"),
        }
    }
    panic!("no usage in {items:?}")
}

#[test]
fn an_answer_streams_and_ends_with_its_usage() {
    let model = small();
    let (text, deltas, usage) = block_on(whole(&model, prompt(&[user("When is breakfast?")])));
    assert!(deltas > 2 && !text.is_empty(), "{deltas} {text}");
    assert!(
        usage.input_tokens > 20 && usage.output_tokens > 2,
        "{usage:?}"
    );
}

#[test]
fn the_second_turn_reads_only_what_is_new() {
    let model = small();
    block_on(async {
        let first = [user("When is breakfast?")];
        let (text, _, before) = whole(&model, prompt(&first)).await;
        let second = [first[0].clone(), Line::Agent(text), user("And dinner?")];
        let (_, _, usage) = whole(&model, prompt(&second)).await;
        assert!(
            usage.cached_tokens >= before.input_tokens,
            "{usage:?} after {before:?}"
        );
        assert!(usage.cached_tokens < usage.input_tokens);
    });
}

#[test]
fn a_dropped_answer_leaves_a_whole_cache() {
    let model = small();
    block_on(async {
        let question = prompt(&[user("Tell me all about the hotel.")]);
        let (expected, ..) = whole(&small(), question.clone()).await;
        for _ in 0..3 {
            let mut flow = model.reply(question.clone());
            flow.next().await.expect("it begins").expect("no fault");
        }
        let (text, _, usage) = whole(&model, question).await;
        assert!(usage.cached_tokens > 0);
        assert_eq!(text.split(' ').next(), expected.split(' ').next());
    });
}

#[test]
fn conversations_at_the_same_time_all_finish() {
    let model = small();
    block_on(async {
        let questions = [
            "When is breakfast?",
            "Is there a pool?",
            "Where are you?",
            "Hello!",
        ];
        let asked = questions.map(|text| whole(&model, prompt(&[user(text)])));
        for (text, ..) in futures::future::join_all(asked).await {
            assert!(!text.is_empty());
        }
    });
}

#[test]
fn a_warmed_prompt_is_not_read_again() {
    let model = small();
    block_on(async {
        model.warm(prompt(&[user("When is")])).await;
        let (_, _, usage) = whole(&model, prompt(&[user("When is breakfast?")])).await;
        assert!(usage.input_tokens - usage.cached_tokens < 15, "{usage:?}");
    });
}

#[test]
fn instructions_longer_than_the_memory_are_refused_in_words() {
    let model = small();
    let long = Prompt {
        system: "Be kind to every guest. ".repeat(2000),
        ..prompt(&[user("Hello")])
    };
    let fault = block_on(model.reply(long).next())
        .expect("an item")
        .expect_err("too long");
    assert!(fault.told.contains("shorten"), "{fault}");
    assert!(
        !block_on(whole(&model, prompt(&[user("Hello")])))
            .0
            .is_empty()
    );
}

#[test]
fn a_full_queue_answers_busy() {
    let model = small();
    let flows: Vec<_> = (0..80)
        .map(|turn| model.reply(prompt(&[user(&format!("Question {turn}"))])))
        .collect();
    let firsts = block_on(futures::future::join_all(
        flows
            .into_iter()
            .map(|mut flow| async move { flow.next().await }),
    ));
    let busy = |item: &Option<Result<Delta, voiceos_providers::Fault>>| matches!(item, Some(Err(fault)) if fault.kind == voiceos_providers::Kind::Busy);
    assert!(firsts.iter().any(busy));
    assert!(firsts.iter().any(|item| matches!(item, Some(Ok(_)))));
}

#[test]
fn a_warm_temperature_still_answers() {
    let model = small();
    let warm = Prompt {
        temperature: 0.8,
        ..prompt(&[user("Hello")])
    };
    assert!(!block_on(whole(&model, warm)).0.is_empty());
}

#[test]
fn files_that_are_no_model_are_errors_and_nothing_worse() {
    let dir = tempfile::tempdir().expect("a directory");
    let load = |path: &PathBuf| LlamaModel::load(path, &models(), Arc::new(Cpu::new(1, 1))).err();
    let good = fs::read(models().join(SMALL)).expect("the small model: run `make models`");
    assert!(matches!(
        load(&dir.path().join("none.gguf")),
        Some(LoadError::Missing { .. })
    ));
    let mut cases: Vec<Vec<u8>> = vec![
        b"hello".to_vec(),
        Vec::new(),
        good[..good.len() / 2].to_vec(),
        good[..5000].to_vec(),
    ];
    // Bytes changed all over the header.
    for at in (4..4000).step_by(331) {
        let mut bytes = good[..200_000].to_vec();
        bytes[at] ^= 0xff;
        cases.push(bytes);
    }
    for (case, bytes) in cases.iter().enumerate() {
        let path = dir.path().join(format!("{case}.gguf"));
        fs::write(&path, bytes).expect("written");
        let error = load(&path).unwrap_or_else(|| panic!("case {case} was taken for a model"));
        assert!(
            error.to_string().contains(&format!("{case}.gguf")),
            "{error}"
        );
    }
}

#[test]
fn a_header_that_only_looks_whole_is_refused_by_the_engine() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("odd.gguf");
    let mut bytes = fs::read(models().join(SMALL)).expect("the small model: run `make models`");
    let at = bytes
        .windows(5)
        .position(|window| window == b"llama")
        .expect("the architecture is named");
    bytes[at..at + 5].copy_from_slice(b"lxxma");
    fs::write(&path, bytes).expect("written");
    let error = LlamaModel::load(&path, &models(), Arc::new(Cpu::new(1, 1)))
        .err()
        .expect("an unknown architecture");
    assert!(matches!(error, LoadError::CannotRun { .. }), "{error}");
}
