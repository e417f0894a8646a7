//! The fast voice: a Piper model (VITS), computed in three parts. The first gives the words' durations and the latent
//! speech of the whole piece, the last turns a stretch of it into samples; so the first third of a second is on its way
//! to the caller while the rest of a long piece is still to be computed, and word timings are the model's own.

use std::{collections::HashMap, path::Path, sync::Arc};

use futures::stream::BoxStream;
use rten::NodeId;
use rten_tensor::NdTensor;
use voiceos_providers::{Fault, Flow, Piece, Speech, Voice};

use super::{
    Graph, Reader, Speaker, Step, broken,
    clip::{self, Clip, Timeline, WordEnd},
    espeak, floats,
    noise::Noise,
};
use crate::{
    Cpu, LoadError,
    g2p::{Pronouncer, Word},
    load,
};

const NAME: &str = "piper";
/// Samples that the decoder makes of one frame of latent speech.
const FRAME: usize = 256;
/// Numbers in one frame of latent speech.
const DEPTH: usize = 192;
/// Frames on either side that a frame's samples depend on: 3 in the first convolution, 6 and 1 in the two stages after it.
const CONTEXT: usize = 12;
/// Frames in the first stretch of a piece, 0.19 s; each further one is three times as long, up to 1.1 s.
const FIRST: usize = 16;
const LONGEST: usize = 96;
/// Frames that are computed before the first word's first sound and after the last word's last: what is further away is
/// silence, which costs as much as speech.
const MARGIN_BEFORE: usize = 4;
const MARGIN_AFTER: usize = 28;
/// Words that are computed as one; longer pieces are cut where they pause.
const MOST_WORDS: usize = 40;
/// Brings the voice to about −21 dBFS while it speaks.
const GAIN: f32 = 1.2;

/// `en_US-joe-medium`, 22,050 Hz.
pub struct PiperVoice(Speaker<Piper>);

/// How lively the voice is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PiperSettings {
    /// Variation of the sound, 0..1.
    pub noise_scale: f32,
    /// Slowness: 1 is the speaker's own pace, 1.2 a fifth slower.
    pub length_scale: f32,
    /// Variation of the rhythm, 0..1.
    pub noise_w: f32,
}

impl PiperVoice {
    /// Reads the model and the lexicons from `dir` and speaks a word to itself, so that the first reply is not slower
    /// than the others.
    pub fn load(dir: &Path, cpu: Arc<Cpu>) -> Result<Self, LoadError> {
        Self::load_with(dir, cpu, None)
    }

    /// As [`PiperVoice::load`] with other settings than the model's own.
    pub fn load_with(
        dir: &Path,
        cpu: Arc<Cpu>,
        settings: Option<PiperSettings>,
    ) -> Result<Self, LoadError> {
        let piper = Piper::load(dir, &cpu, settings)?;
        let path = piper.graph.path.clone();
        let voice = Self(Speaker::new(NAME, piper, cpu));
        voice
            .speak_all("Hello there, one moment.")
            .map_err(|why| LoadError::cannot_run(&path, why))?;
        Ok(voice)
    }

    /// Speaks a whole text at once; blocks.
    pub fn speak_all(&self, text: &str) -> Result<Vec<f32>, Fault> {
        self.0.speak_all(text)
    }
}

impl Voice for PiperVoice {
    fn sample_rate(&self) -> u32 {
        self.0.reader.rate
    }

    fn speak(&self, pieces: BoxStream<'static, Piece>) -> Flow<Speech> {
        self.0.speak(pieces)
    }
}

struct Piper {
    graph: Graph,
    nodes: Nodes,
    pronouncer: Pronouncer,
    ids: HashMap<char, i32>,
    settings: PiperSettings,
    rate: u32,
}

/// Where the model is entered and left. The names are those of the published export.
struct Nodes {
    phonemes: NodeId,
    lengths: NodeId,
    scales: NodeId,
    rhythm_noise: NodeId,
    durations: NodeId,
    mean: NodeId,
    log_deviation: NodeId,
    latent_noised: NodeId,
    mask: NodeId,
    latent: NodeId,
    samples: NodeId,
}

#[derive(serde::Deserialize)]
struct Config {
    audio: Audio,
    inference: Inference,
    phoneme_id_map: HashMap<String, Vec<i32>>,
}

#[derive(serde::Deserialize)]
struct Audio {
    sample_rate: u32,
}

#[derive(serde::Deserialize)]
struct Inference {
    noise_scale: f32,
    length_scale: f32,
    noise_w: f32,
}

impl Piper {
    fn load(dir: &Path, cpu: &Cpu, settings: Option<PiperSettings>) -> Result<Self, LoadError> {
        let path = dir.join("piper-en_US-joe-medium.onnx");
        let config_path = dir.join("piper-en_US-joe-medium.onnx.json");
        let config: Config = serde_json::from_slice(&load::read(&config_path)?)
            .map_err(|why| LoadError::corrupt(&config_path, why))?;
        let Inference {
            noise_scale,
            length_scale,
            noise_w,
        } = config.inference;
        let own = PiperSettings {
            noise_scale,
            length_scale,
            noise_w,
        };
        let id = |(sign, ids): (&String, &Vec<i32>)| Some((sign.chars().next()?, *ids.first()?));
        let graph = Graph::of(load::read(&path)?, &path, cpu)?;
        Ok(Self {
            nodes: Nodes::find(&graph)?,
            graph,
            pronouncer: Pronouncer::load(dir)?,
            ids: config.phoneme_id_map.iter().filter_map(id).collect(),
            settings: settings.unwrap_or(own),
            rate: config.audio.sample_rate,
        })
    }

    /// The model's phoneme ids, and for each word the index of its last one.
    fn ids(&self, words: &[Word]) -> (Vec<i32>, Vec<usize>) {
        const PAD: i32 = 0;
        const BEGIN: i32 = 1;
        const END: i32 = 2;
        let mut ids = vec![BEGIN, PAD];
        let mut ends = Vec::with_capacity(words.len());
        let push = |ids: &mut Vec<i32>, sign: char| {
            if let Some(id) = self.ids.get(&sign) {
                ids.extend([*id, PAD]);
            }
        };
        for (at, word) in words.iter().enumerate() {
            if at > 0 {
                push(&mut ids, ' ');
            }
            espeak::spelled(&word.said, word.weak)
                .chars()
                .for_each(|sound| push(&mut ids, sound));
            ends.push(ids.len() - 1);
            word.mark.into_iter().for_each(|mark| push(&mut ids, mark));
        }
        ids.push(END);
        (ids, ends)
    }

    /// Rhythm and latent speech of some words.
    fn compose(&self, words: &[Word]) -> Result<Composed, Fault> {
        let (ids, ends) = self.ids(words);
        let mut noise = Noise::of(&ids);
        let count = ids.len();
        let ids_before_words = 1; // the beginning and a pad
        let PiperSettings {
            noise_scale,
            length_scale,
            noise_w,
        } = self.settings;
        let rhythm = NdTensor::from_data([1, 2, count], noise.take(2 * count));
        let lengths = NdTensor::from_data([1], vec![i32::try_from(count).unwrap_or(i32::MAX)]);
        let scales = NdTensor::from_data([3], vec![noise_scale, length_scale, noise_w]);
        let inputs = vec![
            (
                self.nodes.phonemes,
                NdTensor::from_data([1, count], ids).into(),
            ),
            (self.nodes.lengths, lengths.into()),
            (self.nodes.scales, scales.into()),
            (self.nodes.rhythm_noise, rhythm.into()),
        ];
        let outputs = [
            self.nodes.durations,
            self.nodes.mean,
            self.nodes.log_deviation,
        ];
        let [durations, mean, deviation] = self
            .graph
            .run(inputs, outputs)
            .map_err(|why| broken(NAME, why))?;
        let durations = floats(NAME, durations)?;
        let (mean, deviation) = (floats(NAME, mean)?, floats(NAME, deviation)?);
        let frames = mean.len() / DEPTH;
        let noise = noise.take(mean.len());
        // the model gives [frames, depth] and goes on with [depth, frames]
        let mut noised = vec![0.0; mean.len()];
        for frame in 0..frames {
            for depth in 0..DEPTH {
                let at = frame * DEPTH + depth;
                noised[depth * frames + frame] =
                    mean[at] + noise[at] * deviation[at].exp() * noise_scale;
            }
        }
        let inputs = vec![
            (
                self.nodes.latent_noised,
                NdTensor::from_data([1, DEPTH, frames], noised).into(),
            ),
            (
                self.nodes.mask,
                NdTensor::from_data([1, 1, frames], vec![1.0f32; frames]).into(),
            ),
        ];
        let [latent] = self
            .graph
            .run(inputs, [self.nodes.latent])
            .map_err(|why| broken(NAME, why))?;
        let until: Vec<usize> = durations
            .iter()
            .scan(0.0, |played, duration| {
                *played += duration;
                Some(*played as usize)
            })
            .collect();
        let end_of = |index: usize| until.get(index).copied().unwrap_or(frames).min(frames);
        let from = end_of(ids_before_words).saturating_sub(MARGIN_BEFORE);
        let to = ends
            .last()
            .map_or(frames, |end| (end_of(*end) + MARGIN_AFTER).min(frames));
        let end = |(word, end): (&Word, &usize)| WordEnd {
            chars: word.chars,
            sample: end_of(*end).saturating_sub(from) * FRAME,
        };
        let ends = words.iter().zip(&ends).map(end).collect();
        Ok(Composed {
            latent: floats(NAME, latent)?,
            frames,
            next: from,
            to,
            ends,
        })
    }

    /// The samples of some frames; exact at the edges, since the frames around them are computed too.
    fn decode(
        &self,
        latent: &[f32],
        frames: usize,
        from: usize,
        to: usize,
    ) -> Result<Vec<f32>, Fault> {
        let (first, last) = (from.saturating_sub(CONTEXT), (to + CONTEXT).min(frames));
        let width = last - first;
        let mut part = Vec::with_capacity(DEPTH * width);
        for depth in 0..DEPTH {
            part.extend_from_slice(&latent[depth * frames + first..depth * frames + last]);
        }
        let part = NdTensor::from_data([1, DEPTH, width], part);
        let inputs = vec![(self.nodes.latent, part.into())];
        let [samples] = self
            .graph
            .run(inputs, [self.nodes.samples])
            .map_err(|why| broken(NAME, why))?;
        let mut samples = floats(NAME, samples)?;
        samples.truncate((to - first) * FRAME);
        samples.drain(..(from - first) * FRAME);
        samples
            .iter_mut()
            .for_each(|sample| *sample = (*sample * GAIN).clamp(-1.0, 1.0));
        Ok(samples)
    }
}

impl Nodes {
    fn find(graph: &Graph) -> Result<Self, LoadError> {
        Ok(Self {
            phonemes: graph.node("input")?,
            lengths: graph.node("input_lengths")?,
            scales: graph.node("scales")?,
            rhythm_noise: graph.node("/dp/RandomNormalLike_output_0")?,
            durations: graph.node("/Ceil_output_0")?,
            mean: graph.node("/MatMul_output_0")?,
            log_deviation: graph.node("/MatMul_1_output_0")?,
            latent_noised: graph.node("/Add_output_0")?,
            mask: graph.node("/Cast_2_output_0")?,
            latent: graph.node("/Mul_7_output_0")?,
            samples: graph.node("output")?,
        })
    }
}

/// Words whose rhythm is fixed and whose samples are to be computed from frame `next` on. The ends of words count samples
/// from the first frame that is computed.
struct Composed {
    latent: Vec<f32>,
    frames: usize,
    next: usize,
    /// The frame to stop at.
    to: usize,
    ends: Vec<WordEnd>,
}

struct Reading {
    /// The words still to be composed, in the order in which they are said, cut where the speaker breathes.
    breaths: std::vec::IntoIter<Vec<Word>>,
    now: Option<(Composed, Clip, Option<char>)>,
    timeline: Timeline,
    /// Frames in the next stretch.
    stretch: usize,
}

impl Reader for Piper {
    type Reading = Reading;

    fn open(&self, text: &str) -> Reading {
        let breaths = clip::breaths(self.pronouncer.words(text), MOST_WORDS);
        Reading {
            breaths: breaths.into_iter(),
            now: None,
            timeline: Timeline::of(text),
            stretch: FIRST,
        }
    }

    fn step(&self, reading: &mut Reading) -> Result<Step, Fault> {
        loop {
            let (mut composed, mut clip, mark) = match reading.now.take() {
                Some(now) => now,
                None => match reading.breaths.next() {
                    Some(words) => {
                        let mark = words.last().and_then(|word| word.mark);
                        (self.compose(&words)?, Clip::new(self.rate), mark)
                    }
                    None => {
                        return Ok(Step::Last {
                            audio: Vec::new(),
                            timings: reading.timeline.timings(self.rate),
                        });
                    }
                },
            };
            let rest = composed.to - composed.next;
            // no crumb at the end: it would cost a turn for little
            let to = composed.next
                + if rest < reading.stretch + FIRST {
                    rest
                } else {
                    reading.stretch
                };
            let samples = self.decode(&composed.latent, composed.frames, composed.next, to)?;
            composed.next = to;
            let mut audio = clip.push(&samples);
            if to == composed.to {
                audio.extend(clip.finish(clip::pause(mark)));
                reading.timeline.add(&clip, &composed.ends);
                if reading.breaths.len() == 0 {
                    return Ok(Step::Last {
                        audio,
                        timings: reading.timeline.timings(self.rate),
                    });
                }
            } else {
                reading.now = Some((composed, clip, mark));
            }
            if !audio.is_empty() {
                reading.stretch = (3 * reading.stretch).min(LONGEST);
                return Ok(Step::Audio(audio));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_join_to_what_one_long_run_gives() {
        let cpu = Cpu::new(1, 2);
        let piper = Piper::load(&crate::fixtures::models(), &cpu, None)
            .expect("the models are installed: run `make models`");
        let _turn = cpu.take(crate::Urgency::Soon);
        let words = piper
            .pronouncer
            .words("We have a double room, with a bath.");
        let Composed { latent, frames, .. } = piper.compose(&words).expect("a rhythm");
        let whole = piper.decode(&latent, frames, 0, frames).expect("sound");
        let cuts = [0, FIRST, 4 * FIRST, frames];
        let parts = cuts.windows(2).map(|cut| {
            piper
                .decode(&latent, frames, cut[0], cut[1])
                .expect("sound")
        });
        let joined: Vec<f32> = parts.flatten().collect();
        assert_eq!(joined.len(), whole.len());
        let worst = joined
            .iter()
            .zip(&whole)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(worst < 1e-4, "samples differ by up to {worst}");
    }
}
