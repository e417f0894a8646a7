//! How fast a language model answers on this machine:
//! `cargo run --release -p voiceos-local --example ask -- model.gguf [threads] ["a question"]`.

use std::{path::PathBuf, sync::Arc, time::Instant};

use futures::{StreamExt, executor::block_on};
use voiceos_local::{Cpu, LlamaModel, demo::Agent};
use voiceos_providers::{Delta, LanguageModel, Line, Usage};

const QUESTION: &str = "Could you please tell me how much a double room is tonight?";

/// Times of one answer in milliseconds since it was asked for, and what was said.
struct Answer {
    text: String,
    first: f64,
    five_words: f64,
    all: f64,
    usage: Usage,
}

fn ask(model: &LlamaModel, agent: &Agent, lines: &[Line]) -> Answer {
    let start = Instant::now();
    let ms = || start.elapsed().as_secs_f64() * 1000.0;
    let mut flow = model.reply(agent.prompt(lines));
    let mut answer = Answer {
        text: String::new(),
        first: 0.0,
        five_words: 0.0,
        all: 0.0,
        usage: Usage::default(),
    };
    while let Some(item) = block_on(flow.next()) {
        match item {
            Ok(Delta::Text(text)) => {
                answer.text += &text;
                if answer.first == 0.0 {
                    answer.first = ms();
                }
                if answer.five_words == 0.0 && answer.text.split_whitespace().count() > 5 {
                    answer.five_words = ms();
                }
            }
            Ok(Delta::Usage(usage)) => answer.usage = usage,
            Ok(Delta::Tool { .. }) => {}
            Err(fault) => panic!("{fault}"),
        }
    }
    answer.all = ms();
    answer
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let mut args = std::env::args().skip(1);
    let path = PathBuf::from(args.next().expect("give the path of a GGUF file"));
    let threads = args
        .next()
        .map_or(2, |threads| threads.parse().expect("a number of threads"));
    let question = args.next().unwrap_or_else(|| QUESTION.to_owned());
    let dir = path.parent().map(PathBuf::from).unwrap_or_default();
    let start = Instant::now();
    let model =
        LlamaModel::load(&path, &dir, Arc::new(Cpu::new(1, threads))).expect("the model loads");
    println!(
        "{}: loaded in {:.1} s, {threads} threads",
        path.display(),
        start.elapsed().as_secs_f64()
    );
    let agent = Agent::hotel();
    for (name, agent) in [
        ("with knowledge", agent.clone()),
        ("free, no guard", unguarded(agent)),
    ] {
        let start = Instant::now();
        let mut cold = agent.prompt(&[]);
        cold.max_tokens = 1;
        block_on(model.warm(cold));
        let warm = start.elapsed().as_secs_f64() * 1000.0;
        let mut rounds: Vec<Answer> = Vec::new();
        for round in 0..5 {
            // A new question each time: only the prefix is known.
            let text = format!(
                "{} {question}",
                ["Hello.", "Hi there.", "Good day.", "Excuse me.", "Right."][round]
            );
            rounds.push(ask(&model, &agent, &[Line::User(text)]));
        }
        let of =
            |pick: fn(&Answer) -> f64| median(&mut rounds.iter().map(pick).collect::<Vec<_>>());
        let rate = of(|answer| {
            (answer.usage.output_tokens as f64 - 1.0) * 1000.0
                / (answer.all - answer.first).max(0.1)
        });
        let last = &rounds[4];
        println!(
            "  {name}: prefix of {} tokens read in {warm:.0} ms",
            last.usage.cached_tokens
        );
        println!(
            "    first text {:.0} ms, five words {:.0} ms, whole {:.0} ms, {rate:.0} tokens/s",
            of(|a| a.first),
            of(|a| a.five_words),
            of(|a| a.all)
        );
        println!(
            "    {} new tokens, {} said: {}",
            last.usage.input_tokens - last.usage.cached_tokens,
            last.usage.output_tokens,
            last.text
        );
    }
}

/// The same prompt with the facts in its instructions, so that every token comes out at once.
fn unguarded(mut agent: Agent) -> Agent {
    agent.prompt = format!(
        "{}\nFacts:\n- {}\nAnswer in one short sentence.",
        agent.prompt,
        agent.knowledge.join("\n- ")
    );
    agent.knowledge = Arc::from([]);
    agent
}
