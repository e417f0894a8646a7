//! `make bench-voice`: how long a caller waits for the agent, measured on the waveform, for each language model; and how
//! often a pause in mid-sentence is taken for the end of a turn.

use std::{fs, time::Duration};

use anyhow::{Context, Result};
use clap::Parser;
use voiceos::talk::client::Format;
use voiceos_tests::{
    bench::{
        chart, lines, page,
        voice::{self, Run, Turn},
    },
    caller_voice::CallerVoice,
    calls::{self, Held, Line},
    figures,
    stack::Stack,
};

/// Turns of a whole run: only such a run is written into the docs.
const WHOLE: usize = 40;
const MODELS: [&str; 2] = ["fast", "right"];

#[derive(Parser)]
struct Args {
    /// `fast` or `right`; both when none is named.
    #[arg(long)]
    model: Option<String>,
    /// Turns for each model.
    #[arg(long, default_value_t = WHOLE)]
    turns: usize,
    /// Keep each call as a stereo WAV file in target/bench.
    #[arg(long)]
    keep: bool,
    /// Write page, chart and README from the results that are there, without a call.
    #[arg(long)]
    draw: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let models = args
        .model
        .as_deref()
        .map_or(MODELS.to_vec(), |model| vec![model]);
    if !args.draw {
        for model in models {
            let run = measure(model, &args)
                .await
                .with_context(|| format!("with the language model {model}"))?;
            show(&run)?;
            if run.turns.len() >= WHOLE {
                fs::write(
                    figures::results_dir()?.join(format!("voice-{model}.json")),
                    serde_json::to_vec_pretty(&run)?,
                )?;
            }
        }
    }
    if args.draw || args.turns >= WHOLE {
        write_docs()?;
    }
    Ok(())
}

async fn measure(model: &str, args: &Args) -> Result<Run> {
    let load = figures::load();
    let stack = Stack::start(model).await?;
    let models_dir = stack.models_dir();
    let wanted = args.turns;
    let said = tokio::task::spawn_blocking(move || scripts(&models_dir, wanted)).await??;
    let mut run = Run {
        model: model.to_owned(),
        load,
        turns: Vec::new(),
    };
    for (n, lines) in said.iter().enumerate() {
        let held = calls::hold(&stack, Format::WIDE, lines).await?;
        let log = stack.log(&held.report.conversation_id)?;
        let turns = voice::turns(&held, &log);
        turns.iter().for_each(tell);
        trouble(&held);
        run.turns.extend(turns);
        if args.keep {
            keep(&held, &format!("voice-{model}-{n}.wav"))?;
        }
    }
    stack.stop().await?;
    Ok(run)
}

/// The lines of the first `wanted` turns, call by call.
fn scripts(models: &std::path::Path, wanted: usize) -> Result<Vec<Vec<Line>>> {
    let mut voice = CallerVoice::new(models)?;
    let mut left = wanted;
    let mut pauses = 0;
    let mut calls = Vec::new();
    for texts in lines::CALLS.iter().cycle() {
        let mut call = Vec::new();
        for text in texts.iter().take(left) {
            let parts = voice.say(text, Format::WIDE.rate)?;
            // 0.7 s to 1.2 s, in no order that a turn could follow.
            let pause = Duration::from_millis(700 + 500 * (pauses * 7 % 10) / 9);
            pauses += u64::from(parts.len() > 1);
            call.push(Line {
                text: (*text).to_owned(),
                parts,
                pause,
            });
        }
        left -= call.len();
        calls.push(call);
        if left == 0 {
            return Ok(calls);
        }
    }
    Ok(calls)
}

fn tell(turn: &Turn) {
    let heard = turn
        .voice_to_voice
        .map_or("  no answer".to_owned(), |ms| format!("{ms:>6.0} ms  "));
    let early = match (turn.cut_off, turn.taken_early) {
        (true, _) => "  ANSWERED TOO EARLY",
        (false, true) => "  (taken too early, not heard)",
        (false, false) => "",
    };
    let stages = turn
        .stages
        .map(|stage| stage.map_or("-".to_owned(), |ms| format!("{ms:.0}")));
    println!(
        "{heard}{}{early}\n             {}",
        turn.text,
        stages.join(" · ")
    );
}

fn trouble(held: &Held) {
    let report = &held.report;
    if report.gaps + report.dropped > 0 || !report.errors.is_empty() {
        let told = report.errors.join("; ");
        println!(
            "! {} gaps within the agent's sound, {} own frames dropped {told}",
            report.gaps, report.dropped
        );
    }
}

fn keep(held: &Held, name: &str) -> Result<()> {
    let file = fs::File::create(figures::results_dir()?.join(name))?;
    let mut wav =
        voiceos_audio::wav::Writer::stereo(std::io::BufWriter::new(file), held.report.rate)?;
    wav.push(&held.report.caller, &held.report.agent)?;
    Ok(wav.finish()?)
}

fn show(run: &Run) -> Result<()> {
    let spread = run.spread().context("no turn was answered")?;
    let mut stages = String::new();
    page::stages(&mut stages, run);
    println!(
        "\n{} language model, {}\n\n{}",
        run.model,
        figures::machine(),
        figures::histogram(&run.answered())
    );
    println!(
        "{stages}median {:.0} ms, 95th percentile {:.0} ms, longest {:.0} ms",
        spread.p50, spread.p95, spread.max
    );
    let pauses = run.count(|turn| turn.paused);
    let taken = run.count(|turn| turn.paused && turn.taken_early);
    let heard = run.count(|turn| turn.cut_off);
    println!(
        "of {pauses} pauses in mid-sentence {taken} were taken for the end; {heard} turns were answered too early"
    );
    println!("{}\n", page::left_on_the_table(run));
    Ok(())
}

fn write_docs() -> Result<()> {
    let mut runs = Vec::new();
    for model in MODELS {
        if let Ok(text) =
            fs::read_to_string(figures::results_dir()?.join(format!("voice-{model}.json")))
        {
            runs.push(serde_json::from_str::<Run>(&text)?);
        }
    }
    let drawn: Vec<_> = runs
        .iter()
        .map(|run| (run, page::aim(&run.model)))
        .collect();
    let runs: Vec<&Run> = runs.iter().collect();
    let docs = figures::repository().join("docs");
    fs::write(docs.join("images/bench-voice.svg"), chart::draw(&drawn))?;
    fs::write(
        docs.join("reference/bench-voice.md"),
        page::voice_page(&runs, &figures::machine()),
    )?;
    figures::fill_in_readme(
        "bench-voice",
        &page::voice_block(&runs, &figures::machine()),
    )?;
    println!("written: docs/reference/bench-voice.md, docs/images/bench-voice.svg, README.md");
    Ok(())
}
