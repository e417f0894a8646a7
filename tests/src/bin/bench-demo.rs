//! `make bench-demo`: what the demo agent answers to forty spoken questions of a hotel guest, over wideband and over a
//! telephone's line, with each language model; judged by a rule.

use std::fs;

use anyhow::{Context, Result};
use clap::Parser;
use futures::{StreamExt, TryStreamExt, stream};
use voiceos::talk::client::Format;
use voiceos_local::demo::{Agent, Question};
use voiceos_tests::{
    bench::{
        demo::{self, Answer, Lines, Run},
        page,
    },
    caller_voice::CallerVoice,
    calls::{self, Line},
    figures,
    stack::Stack,
};

const MODELS: [&str; 2] = ["fast", "right"];
const LINES: [(&str, Format); 2] = [("16 kHz", Format::WIDE), ("8 kHz µ-law", Format::TELEPHONE)];

#[derive(Parser)]
struct Args {
    /// `fast` or `right`; both when none is named.
    #[arg(long)]
    model: Option<String>,
    /// Ask only the first so many questions; nothing is written then.
    #[arg(long)]
    questions: Option<usize>,
    /// Calls at a time: while one is answered aloud, the other can think.
    #[arg(long, default_value_t = 2)]
    calls: usize,
    /// Write page and README from the results that are there, without a call.
    #[arg(long)]
    draw: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let mut questions = demo::questions()?;
    let whole = questions.len();
    questions.truncate(args.questions.unwrap_or(whole));
    let models = args
        .model
        .as_deref()
        .map_or(MODELS.to_vec(), |model| vec![model]);
    if !args.draw {
        for model in models {
            ask_all(model, &questions, &args)
                .await
                .with_context(|| format!("with the language model {model}"))?;
        }
    }
    if args.draw || questions.len() == whole {
        write_docs()?;
    }
    Ok(())
}

async fn ask_all(model: &str, questions: &[Question], args: &Args) -> Result<()> {
    let stack = Stack::start(model).await?;
    for (n, (line, format)) in LINES.into_iter().enumerate() {
        let run = ask(&stack, (model, line, format), questions, args.calls).await?;
        println!("\n{}", page::demo_block(&[&run]));
        if args.questions.is_none() {
            let path = figures::results_dir()?.join(format!("demo-{model}-{n}.json"));
            fs::write(path, serde_json::to_vec_pretty(&run)?)?;
        }
    }
    stack.stop().await
}

async fn ask(
    stack: &Stack,
    (model, line, format): (&str, &str, Format),
    questions: &[Question],
    at_a_time: usize,
) -> Result<Run> {
    let calls = demo::calls(questions);
    let (models, texts) = (stack.models_dir(), calls.clone());
    let spoken =
        tokio::task::spawn_blocking(move || spoken(&models, &texts, format.rate)).await??;
    let held = stream::iter(calls.iter().zip(&spoken))
        .map(|(call, lines)| one(stack, format, call, lines, questions));
    let answers: Vec<Vec<(usize, Answer)>> = held.buffer_unordered(at_a_time).try_collect().await?;
    let mut answers: Vec<(usize, Answer)> = answers.into_iter().flatten().collect();
    answers.sort_by_key(|(n, _)| *n);
    let answers = answers.into_iter().map(|(_, answer)| answer).collect();
    Ok(Run {
        model: model.to_owned(),
        line: line.to_owned(),
        answers,
    })
}

async fn one(
    stack: &Stack,
    format: Format,
    call: &Lines,
    lines: &[Line],
    questions: &[Question],
) -> Result<Vec<(usize, Answer)>> {
    let held = calls::hold(stack, format, lines).await?;
    let knowledge = Agent::hotel().knowledge;
    let mut answers = Vec::new();
    for ((_, question), exchange) in call.iter().zip(&held.exchanges) {
        let Some(n) = *question else { continue };
        let answer = Answer::judged(&questions[n], exchange, &knowledge);
        let mark = if answer.right { "right" } else { "WRONG" };
        println!(
            "{mark}  {}\n       {}\n       → {}",
            answer.question, answer.understood, answer.answer
        );
        answers.push((n, answer));
    }
    Ok(answers)
}

fn spoken(models: &std::path::Path, calls: &[Lines], rate: u32) -> Result<Vec<Vec<Line>>> {
    let mut voice = CallerVoice::new(models)?;
    let mut line = |text: &String| -> Result<Line> {
        Ok(Line {
            text: text.clone(),
            parts: voice.say(text, rate)?,
            ..Line::default()
        })
    };
    calls
        .iter()
        .map(|call| call.iter().map(|(text, _)| line(text)).collect())
        .collect()
}

fn write_docs() -> Result<()> {
    let mut runs = Vec::new();
    for model in MODELS {
        for n in 0..LINES.len() {
            if let Ok(text) =
                fs::read_to_string(figures::results_dir()?.join(format!("demo-{model}-{n}.json")))
            {
                runs.push(serde_json::from_str::<Run>(&text)?);
            }
        }
    }
    let runs: Vec<&Run> = runs.iter().collect();
    let page = figures::repository().join("docs/reference/bench-demo.md");
    fs::write(page, page::demo_page(&runs, &figures::machine()))?;
    let block = page::demo_block(&runs);
    let link =
        "\nEvery wrong answer: [docs/reference/bench-demo.md](docs/reference/bench-demo.md).\n";
    figures::fill_in_readme("bench-demo", &format!("{block}{link}"))?;
    println!("written: docs/reference/bench-demo.md, README.md");
    Ok(())
}
