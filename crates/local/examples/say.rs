//! Says a text into a WAV file and tells how long each part took:
//! `say [--threads 2] [--voice piper|af_heart|am_michael] [--out said.wav] TEXT…`; without a text, the three clauses that
//! the reference page quotes.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use futures::{StreamExt, stream};
use voiceos_local::{Cpu, KokoroVoice, PiperVoice};
use voiceos_providers::{Piece, Speech, Voice};

const CLAUSES: [&str; 3] = [
    "Yes, of course.",
    "Breakfast is served until ten thirty.",
    "We have free parking behind the house, and if you arrive after midnight please ring the bell beside the front door.",
];

struct Options {
    threads: usize,
    voice: String,
    out: Option<PathBuf>,
    text: Vec<String>,
}

fn main() -> anyhow::Result<()> {
    let options = options()?;
    let models = models_dir().context("set VOICEOS_MODELS_DIR or HOME")?;
    let cpu = Arc::new(Cpu::new(1, options.threads));
    let loading = Instant::now();
    let voice = load(&options.voice, &models, cpu)?;
    eprintln!("loaded in {:.0?}", loading.elapsed());
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    if options.text.is_empty() {
        for clause in CLAUSES {
            let mut firsts: Vec<Duration> = Vec::new();
            let mut totals: Vec<Duration> = Vec::new();
            let mut length = 0;
            for _ in 0..9 {
                let (samples, first, total) =
                    runtime.block_on(say(voice.as_ref(), &[clause.to_owned()], false))?;
                firsts.push(first);
                totals.push(total);
                length = samples.len();
            }
            firsts.sort();
            totals.sort();
            let seconds = length as f64 / f64::from(voice.sample_rate());
            let words = clause.split(' ').count();
            println!(
                "{words:2} words, {seconds:.2} s: first audio {:.1?} (worst {:.1?}), all {:.1?}, {:.3} of real time",
                firsts[4],
                firsts[8],
                totals[4],
                totals[4].as_secs_f64() / seconds
            );
        }
        return Ok(());
    }
    let (samples, first, total) = runtime.block_on(say(voice.as_ref(), &options.text, true))?;
    eprintln!("first audio after {first:.1?}, all after {total:.1?}");
    if let Some(out) = options.out {
        save(&out, voice.sample_rate(), &samples)?;
    }
    Ok(())
}

fn load(name: &str, models: &Path, cpu: Arc<Cpu>) -> anyhow::Result<Box<dyn Voice>> {
    Ok(match name {
        "piper" => Box::new(PiperVoice::load(models, cpu)?),
        "af_heart" | "am_michael" => Box::new(KokoroVoice::load(models, name, cpu)?),
        name => bail!("no voice {name}"),
    })
}

async fn say(
    voice: &dyn Voice,
    text: &[String],
    tell: bool,
) -> anyhow::Result<(Vec<f32>, Duration, Duration)> {
    let pieces: Vec<Piece> = (0..)
        .zip(text)
        .map(|(index, text)| Piece {
            index,
            text: text.clone(),
        })
        .collect();
    let begun = Instant::now();
    let mut speech = voice.speak(stream::iter(pieces).boxed());
    let mut first = None;
    let mut said = Vec::new();
    while let Some(part) = speech.next().await {
        match part? {
            Speech::Audio { samples, .. } => {
                first.get_or_insert_with(|| begun.elapsed());
                said.extend(samples);
            }
            Speech::Done { piece, timings } if tell => {
                for timing in timings {
                    println!(
                        "{piece}\t{}\t{:.3}",
                        timing.chars,
                        timing.until.as_secs_f64()
                    );
                }
            }
            Speech::Done { .. } => {}
        }
    }
    Ok((said, first.unwrap_or_default(), begun.elapsed()))
}

fn save(path: &Path, rate: u32, samples: &[f32]) -> anyhow::Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(path, spec)?;
    for sample in samples {
        wav.write_sample((sample.clamp(-1.0, 1.0) * 32767.0) as i16)?;
    }
    Ok(wav.finalize()?)
}

fn options() -> anyhow::Result<Options> {
    let mut options = Options {
        threads: 2,
        voice: "piper".into(),
        out: None,
        text: Vec::new(),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--threads" => {
                options.threads = arguments
                    .next()
                    .context("--threads needs a number")?
                    .parse()?
            }
            "--voice" => options.voice = arguments.next().context("--voice needs a name")?,
            "--out" => options.out = Some(arguments.next().context("--out needs a path")?.into()),
            _ => options.text.push(argument),
        }
    }
    Ok(options)
}

/// Where `make models` puts the models.
fn models_dir() -> Option<PathBuf> {
    if let Some(dir) = std::env::var_os("VOICEOS_MODELS_DIR") {
        return Some(dir.into());
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    Some(cache.join("voiceos/models"))
}
