//! Cuts the silence around what a model said: nothing to speak of before it, since the caller waits, and after it the
//! pause that its punctuation asks for. Sound is handed on as it comes; silence is held until it is known whether more
//! sound follows.

use std::time::Duration;

use voiceos_providers::Timing;

use crate::g2p::Word;

/// Sound is what exceeds this root mean square (−50 dBFS) over a window.
const SOUND: f32 = 0.003;
/// Kept before the first sound, for the onset that is too soft to be seen.
const LEAD: Duration = Duration::from_millis(20);
const WINDOW: Duration = Duration::from_millis(5);
const FADE: Duration = Duration::from_millis(5);

/// The silence after a mark.
pub(super) fn pause(mark: Option<char>) -> Duration {
    Duration::from_millis(match mark {
        Some('.' | '!' | '?') => 250,
        Some(';' | ':') => 180,
        Some(_) => 120,
        None => 60,
    })
}

/// One uninterrupted stretch of a model's output.
pub(super) struct Clip {
    rate: u32,
    began: bool,
    /// Silence that may turn out to be inside the speech.
    held: Vec<f32>,
    /// Samples cut off before the first sound.
    cut: usize,
    given: usize,
}

impl Clip {
    pub(super) fn new(rate: u32) -> Self {
        Self {
            rate,
            began: false,
            held: Vec::new(),
            cut: 0,
            given: 0,
        }
    }

    /// More of the model's output; gives what can be played now.
    pub(super) fn push(&mut self, samples: &[f32]) -> Vec<f32> {
        self.held.extend_from_slice(samples);
        if !self.began {
            self.begin();
        }
        if !self.began {
            return Vec::new();
        }
        let until = self.last_sound().unwrap_or(0);
        let audio: Vec<f32> = self.held.drain(..until).collect();
        self.given += audio.len();
        audio
    }

    /// The end of the model's output: the rest with a pause after it. Empty if there was no sound at all.
    pub(super) fn finish(&mut self, pause: Duration) -> Vec<f32> {
        let mut audio = std::mem::take(&mut self.held);
        if !self.began {
            return Vec::new();
        }
        let pause = self.samples(pause);
        audio.truncate(pause);
        let fade = self.samples(FADE).min(audio.len());
        let start = audio.len() - fade;
        for (at, sample) in audio[start..].iter_mut().enumerate() {
            *sample *= (fade - at) as f32 / (fade + 1) as f32;
        }
        audio.resize(pause, 0.0);
        self.given += audio.len();
        audio
    }

    /// Samples given so far.
    pub(super) fn length(&self) -> usize {
        self.given
    }

    /// Where a sample of the model's output lies in what was given.
    pub(super) fn place(&self, sample: usize) -> usize {
        sample.saturating_sub(self.cut).min(self.given)
    }

    fn begin(&mut self) {
        let window = self.samples(WINDOW);
        let first = self
            .held
            .chunks(window)
            .position(is_sound)
            .map(|at| at * window);
        self.began = first.is_some();
        let silent = first
            .unwrap_or(self.held.len())
            .saturating_sub(self.samples(LEAD));
        self.held.drain(..silent);
        self.cut += silent;
        if self.began {
            let fade = self.samples(FADE).min(self.held.len());
            for (at, sample) in self.held[..fade].iter_mut().enumerate() {
                *sample *= (at + 1) as f32 / (fade + 1) as f32;
            }
        }
    }

    /// The end of the last window with sound.
    fn last_sound(&self) -> Option<usize> {
        let window = self.samples(WINDOW);
        let windows = self.held.len() / window;
        let last = (0..windows)
            .rev()
            .find(|at| is_sound(&self.held[at * window..(at + 1) * window]));
        last.map(|at| (at + 1) * window)
    }

    fn samples(&self, time: Duration) -> usize {
        (time.as_secs_f64() * f64::from(self.rate)) as usize
    }
}

fn is_sound(window: &[f32]) -> bool {
    let energy: f32 = window.iter().map(|sample| sample * sample).sum();
    energy > SOUND * SOUND * window.len().max(1) as f32
}

/// Where a word ends: characters of the piece up to there, and samples.
#[derive(Clone, Copy, Debug)]
pub(super) struct WordEnd {
    pub(super) chars: u32,
    pub(super) sample: usize,
}

/// When the words of a piece end, gathered clip by clip.
pub(super) struct Timeline {
    /// Characters of the piece.
    chars: u32,
    /// From the start of the piece.
    ends: Vec<WordEnd>,
    /// Samples of the clips that are complete.
    length: usize,
}

impl Timeline {
    pub(super) fn of(text: &str) -> Self {
        Self {
            chars: u32::try_from(text.chars().count()).unwrap_or(u32::MAX),
            ends: Vec::new(),
            length: 0,
        }
    }

    /// A complete clip and the ends of its words in samples of the model's output.
    pub(super) fn add(&mut self, clip: &Clip, ends: &[WordEnd]) {
        let start = self.length;
        self.ends.extend(ends.iter().map(|end| WordEnd {
            sample: start + clip.place(end.sample),
            ..*end
        }));
        self.length += clip.length();
    }

    /// Rising, the last one at the end of the audio with all characters; a piece without words is over at once.
    pub(super) fn timings(&self, rate: u32) -> Vec<Timing> {
        if self.ends.is_empty() && self.chars > 0 {
            return vec![Timing {
                chars: self.chars,
                until: Duration::ZERO,
            }];
        }
        let mut latest = 0;
        let last = self.ends.len().saturating_sub(1);
        let timing = |(at, end): (usize, &WordEnd)| {
            latest = if at == last {
                self.length
            } else {
                latest.max(end.sample)
            };
            Timing {
                chars: end.chars,
                until: Duration::from_secs_f64(latest as f64 / f64::from(rate)),
            }
        };
        self.ends.iter().enumerate().map(timing).collect()
    }
}

/// The words in groups that are computed as one: whole up to `most` words, else cut after a mark, and where there is none
/// for too long, anywhere.
pub(super) fn breaths(words: Vec<Word>, most: usize) -> Vec<Vec<Word>> {
    let mut breaths = Vec::new();
    let mut rest = words.as_slice();
    while rest.len() > most {
        let mark = rest[..most].iter().rposition(|word| word.mark.is_some());
        let (breath, after) = rest.split_at(mark.map_or(most, |at| at + 1));
        breaths.push(breath.to_vec());
        rest = after;
    }
    if !rest.is_empty() {
        breaths.push(rest.to_vec());
    }
    breaths
}
