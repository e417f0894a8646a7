//! What the ears make of recordings, and how soon: `ears [--live] [--threads 2] a.wav …` (16 kHz mono). Prints the text of
//! each, its word error when an `a.txt` lies beside it, and from the gate's close to the final text in milliseconds.
//! `--live` plays at speaking speed, so that interim runs happen as in a call; else the sound is handed in at once.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{SinkExt, StreamExt};
use voiceos_audio::{Edge, Frame, GateRules, SpeechGate, mix::dbfs};
use voiceos_local::{Cpu, EarshotDetector, SmartTurn, WhisperTranscriber};
use voiceos_providers::{Hearing, SpeechDetector, Transcriber, TurnAudio, TurnDetector};

struct Options {
    live: bool,
    threads: usize,
    files: Vec<PathBuf>,
}

#[derive(Default)]
struct Heard {
    text: String,
    interims: usize,
    /// Gate's close to final text, milliseconds, for each stop that had an answer.
    waits: Vec<f64>,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> anyhow::Result<()> {
    let options = options()?;
    let cache = std::env::var("VOICEOS_MODELS_DIR").map(PathBuf::from);
    let dir = cache.unwrap_or_else(|_| {
        PathBuf::from(std::env::var("HOME").unwrap_or_default()).join(".cache/voiceos/models")
    });
    let cpu = Arc::new(Cpu::new(1, options.threads));
    let whisper = WhisperTranscriber::load(&dir, Arc::clone(&cpu))?;
    let turns = SmartTurn::load(&dir, cpu)?;
    let (mut wrong, mut words, mut waits, mut judged) = (0, 0, Vec::new(), Vec::new());
    for file in &options.files {
        let samples: Vec<i16> = hound::WavReader::open(file)?
            .into_samples()
            .collect::<Result<_, _>>()?;
        let heard = hear(&whisper, &samples, options.live).await;
        let asked = Instant::now();
        let turn = samples.iter().map(|s| f32::from(*s) / 32768.0).collect();
        let finished = turns.finished(TurnAudio { samples: turn }).await?;
        judged.push(asked.elapsed().as_secs_f64() * 1000.0);
        let errors = std::fs::read_to_string(file.with_extension("txt"))
            .ok()
            .map(|text| {
                let (said, heard) = (normal(&text), normal(&heard.text));
                words += said.len();
                distance(&said, &heard)
            });
        wrong += errors.unwrap_or(0);
        waits.extend(&heard.waits);
        println!(
            "{:24} {:>2} wrong  finished {finished:.2}  {:>2} interim  {:>5.0} ms  {}",
            name(file),
            errors.map_or("?".into(), |e| e.to_string()),
            heard.interims,
            heard.waits.last().copied().unwrap_or(f64::NAN),
            heard.text
        );
    }
    println!(
        "word error {:.2} % of {words} words",
        100.0 * wrong as f64 / words.max(1) as f64
    );
    report("gate's close to final text", waits);
    report("turn detector", judged);
    Ok(())
}

fn options() -> anyhow::Result<Options> {
    let mut options = Options {
        live: false,
        threads: 2,
        files: Vec::new(),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--live" => options.live = true,
            "--threads" => options.threads = arguments.next().unwrap_or_default().parse()?,
            file => options.files.push(file.into()),
        }
    }
    Ok(options)
}

async fn hear(whisper: &WhisperTranscriber, samples: &[i16], live: bool) -> Heard {
    let (mut tell, told) = futures::channel::mpsc::channel(if live { 8 } else { 4096 });
    let mut said = whisper.transcribe(told.boxed());
    let closes = Arc::new(std::sync::Mutex::new(Vec::new()));
    let closed = Arc::clone(&closes);
    let samples = samples.to_vec();
    let feed = tokio::spawn(async move {
        let (mut detector, mut gate) = (
            EarshotDetector::new(),
            SpeechGate::new(GateRules::default()),
        );
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        for (chunk, i) in samples.chunks_exact(320).zip(0u32..) {
            if live {
                tick.tick().await;
            }
            let at = Duration::from_millis(20) * i;
            let frame = Frame {
                rate: 16_000,
                samples: chunk.into(),
            };
            let edge = gate.push(
                detector.speech(&frame),
                dbfs(&frame.samples),
                at + Duration::from_millis(20),
            );
            tell.send(Hearing::Frame { frame, at }).await.ok();
            match edge {
                Some(Edge::Started { at }) => tell.send(Hearing::SpeechStarted { at }).await.ok(),
                Some(Edge::Stopped { at }) => {
                    closed
                        .lock()
                        .expect("no thread panics with it")
                        .push((at, Instant::now()));
                    tell.send(Hearing::SpeechStopped { at }).await.ok()
                }
                None => None,
            };
        }
    });
    let mut heard = Heard::default();
    while let Some(Ok(utterance)) = said.next().await {
        if !utterance.is_final {
            heard.interims += 1;
            continue;
        }
        heard.text = utterance.text;
        let closes = closes.lock().expect("no thread panics with it");
        let close = closes.iter().find(|(at, _)| *at == utterance.until);
        heard
            .waits
            .extend(close.map(|(_, when)| when.elapsed().as_secs_f64() * 1000.0));
    }
    feed.await.ok();
    heard
}

fn report(what: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    let at = |part: usize| {
        times
            .get(times.len() * part / 100)
            .copied()
            .unwrap_or(f64::NAN)
    };
    println!(
        "{what}: median {:.0} ms, p90 {:.0} ms of {}",
        at(50),
        at(90),
        times.len()
    );
}

fn name(file: &Path) -> String {
    file.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Words in lower case without marks; the few numbers of the test sentences as words.
fn normal(text: &str) -> Vec<String> {
    let text = text.to_lowercase().replace('-', " ");
    let kept: String = text
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || c == '\'' {
                c
            } else {
                ' '
            }
        })
        .collect();
    let word = |word: &str| match word {
        "2" => "two".into(),
        "7" => "seven".into(),
        "11" => "eleven".into(),
        "15th" => "fifteenth".into(),
        other => other.to_owned(),
    };
    kept.split_whitespace().map(word).collect()
}

/// Words to change, add or drop.
fn distance(said: &[String], heard: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (i, word) in said.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, other) in heard.iter().enumerate() {
            let changed = diagonal + usize::from(word != other);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[heard.len()]
}
