//! The demo agent's answers, judged by rule, for each language model that is given:
//! `cargo run --release -p voiceos-local --example demo_text -- bench/demo-questions.json model.gguf …`.

use std::{path::PathBuf, sync::Arc, time::Instant};

use futures::{StreamExt, executor::block_on};
use voiceos_local::{
    Cpu, LlamaModel,
    demo::{Agent, Questions},
};
use voiceos_providers::{Delta, LanguageModel, Line};

fn main() {
    let mut args = std::env::args().skip(1);
    let file = args
        .next()
        .expect("give a file of questions, then GGUF files");
    let text = std::fs::read_to_string(&file).expect("the questions can be read");
    let asked: Questions = serde_json::from_str(&text).expect("the questions are well formed");
    let mut table = format!(
        "{file}\n| model | right | invented numbers | first text, median | p90 |\n|---|---|---|---|---|\n"
    );
    // One thread by default: comparable figures on a machine that does other things too.
    let threads = std::env::var("THREADS")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(1);
    for path in args.map(PathBuf::from) {
        let dir = path.parent().map(PathBuf::from).unwrap_or_default();
        let model =
            LlamaModel::load(&path, &dir, Arc::new(Cpu::new(1, threads))).expect("the model loads");
        table += &row(
            &path.file_stem().unwrap_or_default().to_string_lossy(),
            &model,
            &asked,
        );
    }
    println!("{table}");
}

fn row(name: &str, model: &LlamaModel, asked: &Questions) -> String {
    let agent = &asked.agent;
    block_on(model.warm(agent.prompt(&[])));
    let (mut right, mut invented, mut times) = (0, 0, Vec::new());
    for question in &asked.questions {
        let mut lines = Vec::new();
        let mut answer = String::new();
        let mut first = None;
        for text in question.before.iter().chain([&question.question]) {
            lines.push(Line::User(text.clone()));
            (answer, first) = ask(model, agent, &lines);
            lines.push(Line::Agent(answer.clone()));
        }
        let verdict = question.judge(&answer, &agent.knowledge);
        right += usize::from(verdict.right);
        invented += verdict.invented.len();
        times.extend(first);
        println!(
            "{} {name}: {} -> {answer}",
            if verdict.right { "ok " } else { "BAD" },
            question.question
        );
    }
    times.sort_by(f64::total_cmp);
    let at = |share: usize| {
        times
            .get((times.len() * share / 100).min(times.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    };
    format!(
        "| {name} | {right}/{} | {invented} | {:.0} ms | {:.0} ms |\n",
        asked.questions.len(),
        at(50),
        at(90)
    )
}

/// The answer, and after how many milliseconds its first clause came.
fn ask(model: &LlamaModel, agent: &Agent, lines: &[Line]) -> (String, Option<f64>) {
    let start = Instant::now();
    let mut flow = model.reply(agent.prompt(lines));
    let (mut answer, mut first) = (String::new(), None);
    while let Some(item) = block_on(flow.next()) {
        if let Delta::Text(text) = item.expect("the model answers") {
            first.get_or_insert_with(|| start.elapsed().as_secs_f64() * 1000.0);
            answer += &text;
        }
    }
    (answer, first)
}
