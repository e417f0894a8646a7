//! `make listen`: one call with the demo agent; the agent's side of the server's own recording is transcribed again and
//! compared with the stored messages. Ends with 1 when more than 15 % of the words differ.

use std::{fs, process::ExitCode, sync::Arc};

use anyhow::Result;
use clap::Parser;
use voiceos::talk::client::Format;
use voiceos_local::{Cpu, WhisperTranscriber};
use voiceos_tests::{
    caller_voice::CallerVoice,
    calls::{self, Line},
    figures, listen,
    stack::Stack,
    wer,
};

const TURNS: [&str; 3] = [
    "Hello, what time is breakfast?",
    "And do you have parking?",
    "How far is it to the airport?",
];
/// Share of the words that may differ.
const ACCEPTED: f64 = 0.15;

#[derive(Parser)]
struct Args {
    /// `fast`, `right` or the path of a GGUF file.
    #[arg(long, env = "MODEL", default_value = "fast")]
    model: String,
    /// Talk as over a telephone's line: 8 kHz µ-law.
    #[arg(long)]
    telephone: bool,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let format = if args.telephone {
        Format::TELEPHONE
    } else {
        Format::WIDE
    };
    let stack = Stack::start(&args.model).await?;
    let models = stack.models_dir();
    let lines = tokio::task::spawn_blocking(move || say(&models, format.rate)).await??;
    let held = calls::hold(&stack, format, &lines).await?;
    let recorded = stack.recording(&held.report.conversation_id).await?;
    let transcriber =
        WhisperTranscriber::load(&stack.models_dir(), Arc::new(Cpu::of_this_machine()))?;
    let heard = listen::hear(&transcriber, &recorded.right, recorded.rate).await?;
    stack.stop().await?;

    println!("{}\n", listen::beside("STORED", "HEARD", 58));
    let mut errors = wer::Errors::default();
    for pair in listen::pairs(&held.conversation, &heard) {
        errors += wer::compare(&pair.stored, &pair.heard);
        println!("{}\n", listen::beside(&pair.stored, &pair.heard, 58));
    }
    let picture = figures::results_dir()?.join("listen.svg");
    fs::write(
        &picture,
        listen::waveform(&recorded.left, &recorded.right, recorded.rate),
    )?;
    println!("waveform: {}", picture.display());
    let rate = errors.rate();
    println!(
        "{} of {} words differ: {:.1} % (at most {:.0} %)",
        errors.count(),
        errors.words,
        rate * 100.0,
        ACCEPTED * 100.0
    );
    Ok(if errors.words > 0 && rate <= ACCEPTED {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

fn say(models: &std::path::Path, rate: u32) -> Result<Vec<Line>> {
    let mut voice = CallerVoice::new(models)?;
    let line = |text: &&str| {
        Ok(Line {
            text: (*text).to_owned(),
            parts: voice.say(text, rate)?,
            ..Line::default()
        })
    };
    TURNS.iter().map(line).collect()
}
