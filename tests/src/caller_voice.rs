//! The voice of the benches' callers: Kokoro's `am_michael`, another one than the agent's. Each line is computed once and
//! kept beside the models. When it is said is left to `calls`.
//!
//! `…` in a line is a pause in mid-sentence. The whole sentence is spoken first and then cut at the end of the word before
//! the `…`, so that the melody up to there is that of a sentence that goes on.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};
use futures::{StreamExt, executor::block_on};
use voiceos_audio::{measure, mix, resample, wav};
use voiceos_core::spoken::spoken;
use voiceos_local::{Cpu, KokoroVoice};
use voiceos_providers::{Piece, Speech, Timing, Voice};

const NAME: &str = "am_michael";
/// Peak of what callers say, in dBFS: a voice near the phone.
const PEAK: f32 = -6.0;
const PAUSE: char = '…';

/// Speaks lines and keeps them. The model is loaded when a line is new.
pub struct CallerVoice {
    models: PathBuf,
    kept: PathBuf,
    voice: Option<KokoroVoice>,
}

impl CallerVoice {
    pub fn new(models: &Path) -> Result<Self> {
        let kept = models.join("bench-cache");
        fs::create_dir_all(&kept).with_context(|| kept.display().to_string())?;
        Ok(Self {
            models: models.to_owned(),
            kept,
            voice: None,
        })
    }

    /// What is said before and after each pause, mono at `rate` Hz. Blocks.
    pub fn say(&mut self, line: &str, rate: u32) -> Result<Vec<Vec<i16>>> {
        let parts = 1 + line.matches(PAUSE).count();
        let mut found = Vec::new();
        for part in 0..parts {
            let path = self.path(line, part);
            if !path.is_file() {
                self.keep(line)?;
            }
            let wav = wav::open(&path).with_context(|| path.display().to_string())?;
            found.push(resample::resample(&wav.mono(), wav.rate, rate));
        }
        Ok(found)
    }

    fn path(&self, line: &str, part: usize) -> PathBuf {
        let mut hash = DefaultHasher::new();
        (NAME, line).hash(&mut hash);
        self.kept.join(format!("{:016x}-{part}.wav", hash.finish()))
    }

    fn keep(&mut self, line: &str) -> Result<()> {
        let whole = spoken(&without_pauses(line)).text;
        let (voice, rate) = self.voice()?;
        let (mut samples, timings) = speak(voice, &whole)?;
        measure::normalise(&mut samples, PEAK);
        let mut rest = samples.as_slice();
        for (part, chars) in ends(line).into_iter().enumerate() {
            let end = chars.map_or(rest.len(), |chars| {
                let before = samples.len() - rest.len();
                quietest(
                    rest,
                    word_end(&timings, chars, rate).saturating_sub(before),
                    rate,
                )
            });
            let (said, later) = rest.split_at(end);
            let mut said = said.to_vec();
            let fade = said.len().saturating_sub(rate as usize / 200);
            mix::fade_out(&mut said[fade..]);
            write(&self.path(line, part), rate, &said)?;
            rest = later;
        }
        Ok(())
    }

    fn voice(&mut self) -> Result<(&KokoroVoice, u32)> {
        if self.voice.is_none() {
            let cpu = Arc::new(Cpu::of_this_machine());
            self.voice = Some(KokoroVoice::load(&self.models, NAME, cpu)?);
        }
        let voice = self.voice.as_ref().context("loaded above")?;
        Ok((voice, voice.sample_rate()))
    }
}

/// A run that is interrupted leaves no half file.
fn write(path: &Path, rate: u32, samples: &[i16]) -> Result<()> {
    let new = path.with_extension("new");
    wav::write(fs::File::create(&new)?, rate, samples)?;
    Ok(fs::rename(&new, path)?)
}

fn speak(voice: &KokoroVoice, text: &str) -> Result<(Vec<i16>, Vec<Timing>)> {
    let piece = Piece {
        index: 0,
        text: text.to_owned(),
    };
    let mut speech = voice.speak(futures::stream::iter([piece]).boxed());
    let (mut samples, mut marks) = (Vec::new(), Vec::new());
    while let Some(step) = block_on(speech.next()) {
        match step? {
            Speech::Audio { samples: part, .. } => {
                samples.extend(
                    part.iter()
                        .map(|s| (s * 32767.0).clamp(-32768.0, 32767.0) as i16),
                );
            }
            Speech::Done { timings, .. } => marks = timings,
        }
    }
    Ok((samples, marks))
}

/// A line as it is written without its pauses.
pub fn without_pauses(line: &str) -> String {
    line.split(PAUSE)
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Where each part ends, in characters of the whole; `None` for the last.
fn ends(line: &str) -> Vec<Option<usize>> {
    let parts: Vec<&str> = line.split(PAUSE).map(str::trim).collect();
    let mut chars = 0;
    let mut ends: Vec<Option<usize>> = Vec::new();
    for part in &parts {
        chars += part.chars().count();
        ends.push(Some(chars));
        chars += 1;
    }
    if let Some(last) = ends.last_mut() {
        *last = None;
    }
    ends
}

fn word_end(timings: &[Timing], chars: usize, rate: u32) -> usize {
    let nearest = timings
        .iter()
        .min_by_key(|timing| (timing.chars as usize).abs_diff(chars));
    nearest.map_or(0, |timing| {
        (timing.until.as_secs_f64() * f64::from(rate)) as usize
    })
}

/// The quietest place within 50 ms of `at`: word ends are known to some 20 ms.
fn quietest(samples: &[i16], at: usize, rate: u32) -> usize {
    let (near, step) = (rate as usize / 20, rate as usize / 200);
    let at = at.min(samples.len());
    let places = (at.saturating_sub(near)..(at + near).min(samples.len())).step_by(step);
    let level = |&place: &usize| {
        mix::dbfs(&samples[place.saturating_sub(step)..(place + step).min(samples.len())])
    };
    places
        .min_by(|a, b| level(a).total_cmp(&level(b)))
        .unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_written_but_not_spoken() {
        let line = "I would like to book … a double room.";
        assert_eq!(without_pauses(line), "I would like to book a double room.");
        assert_eq!(ends(line), [Some("I would like to book".len()), None]);
        assert_eq!(ends("Hello."), [None]);
    }

    #[test]
    fn a_sentence_is_cut_where_it_is_quiet() {
        let mut samples = vec![8000; 2400];
        samples[1100..1400].fill(0);
        let cut = quietest(&samples, 1000, 24000);
        assert!((1100..1400).contains(&cut), "{cut}");
    }
}
