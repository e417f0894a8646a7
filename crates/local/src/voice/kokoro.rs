//! The better-sounding voice: Kokoro-82M with 8-bit weights. It normalises over the whole of what it is given, so a piece
//! cannot be computed in stretches as with `piper`; long pieces are cut where they pause instead.

use std::{path::Path, sync::Arc};

use futures::stream::BoxStream;
use rten::NodeId;
use rten_tensor::NdTensor;
use voiceos_providers::{Fault, Flow, Piece, Speech, Voice};

use super::{
    Graph, Reader, Speaker, Step, broken,
    clip::{self, Clip, Timeline, WordEnd},
    floats,
};
use crate::{
    Cpu, LoadError,
    g2p::{Pronouncer, Word},
    load,
};

mod patch;

const NAME: &str = "kokoro";
/// Hz.
const RATE: u32 = 24_000;
/// Samples in one unit of the model's durations.
const FRAME: usize = 600;
/// Numbers in one row of a voice's style.
const STYLE: usize = 256;
/// Styles of a voice, one for each number of phonemes.
const STYLES: usize = 510;
/// Words that are computed as one.
const MOST_WORDS: usize = 12;
/// Brings the voice to the level of the Piper voice.
const GAIN: f32 = 1.0;

/// Kokoro-82M, 24,000 Hz.
pub struct KokoroVoice(Speaker<Kokoro>);

impl KokoroVoice {
    /// Reads the model, the lexicons and the named voice (`af_heart`, `am_michael`) from `dir`.
    pub fn load(dir: &Path, voice: &str, cpu: Arc<Cpu>) -> Result<Self, LoadError> {
        let kokoro = Kokoro::load(dir, voice, &cpu)?;
        let path = kokoro.graph.path.clone();
        let voice = Self(Speaker::new(NAME, kokoro, cpu));
        voice
            .speak_all("Hello.")
            .map_err(|why| LoadError::cannot_run(&path, why))?;
        Ok(voice)
    }

    /// Speaks a whole text at once; blocks.
    pub fn speak_all(&self, text: &str) -> Result<Vec<f32>, Fault> {
        self.0.speak_all(text)
    }
}

impl Voice for KokoroVoice {
    fn sample_rate(&self) -> u32 {
        RATE
    }

    fn speak(&self, pieces: BoxStream<'static, Piece>) -> Flow<Speech> {
        self.0.speak(pieces)
    }
}

struct Kokoro {
    graph: Graph,
    tokens: NodeId,
    style: NodeId,
    speed: NodeId,
    durations: NodeId,
    audio: NodeId,
    pronouncer: Pronouncer,
    styles: Vec<f32>,
}

impl Kokoro {
    fn load(dir: &Path, voice: &str, cpu: &Cpu) -> Result<Self, LoadError> {
        let style_path = dir.join(format!("kokoro-{voice}.bin"));
        let bytes = load::read(&style_path)?;
        if bytes.len() != STYLES * STYLE * size_of::<f32>() {
            return Err(LoadError::corrupt(
                &style_path,
                format_args!("{} bytes", bytes.len()),
            ));
        }
        let (numbers, _) = bytes.as_chunks::<4>();
        let path = dir.join("kokoro-82m-int8.onnx");
        let mut model = load::read(&path)?;
        patch::replace_fused_matmul(&mut model)
            .ok_or_else(|| LoadError::corrupt(&path, "it is not an ONNX model"))?;
        let graph = Graph::of(model, &path, cpu)?;
        Ok(Self {
            tokens: graph.node("tokens")?,
            style: graph.node("style")?,
            speed: graph.node("speed")?,
            durations: graph.node("/encoder/Clip_output_0")?,
            audio: graph.node("audio")?,
            graph,
            pronouncer: Pronouncer::load(dir)?,
            styles: numbers
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes))
                .collect(),
        })
    }

    /// The words' samples, and where each word ends in them.
    fn say(&self, words: &[Word]) -> Result<(Vec<f32>, Vec<WordEnd>), Fault> {
        let (tokens, ends) = tokens(words);
        let count = tokens.len();
        let row = (count - 2).min(STYLES - 1) * STYLE;
        let style = self.styles[row..row + STYLE].to_vec();
        let inputs = vec![
            (self.tokens, NdTensor::from_data([1, count], tokens).into()),
            (self.style, NdTensor::from_data([1, STYLE], style).into()),
            (self.speed, NdTensor::from_data([1], vec![1.0f32]).into()),
        ];
        let outputs = [self.durations, self.audio];
        let [durations, audio] = self
            .graph
            .run(inputs, outputs)
            .map_err(|why| broken(NAME, why))?;
        let (durations, mut audio) = (floats(NAME, durations)?, floats(NAME, audio)?);
        audio
            .iter_mut()
            .for_each(|sample| *sample = (*sample * GAIN).clamp(-1.0, 1.0));
        let until = |end: usize| durations.iter().take(end + 1).sum::<f32>() as usize * FRAME;
        let ends = words
            .iter()
            .zip(ends)
            .map(|(word, end)| WordEnd {
                chars: word.chars,
                sample: until(end),
            })
            .collect();
        Ok((audio, ends))
    }
}

/// The model's token ids between two pads, and for each word the index of its last one.
fn tokens(words: &[Word]) -> (Vec<i32>, Vec<usize>) {
    const PAD: i32 = 0;
    const SPACE: i32 = 16;
    let mut tokens = vec![PAD];
    let mut ends = Vec::with_capacity(words.len());
    for (at, word) in words.iter().enumerate() {
        if at > 0 {
            tokens.push(SPACE);
        }
        tokens.extend(word.said.chars().filter_map(token));
        ends.push(tokens.len() - 1);
        tokens.extend(word.mark.and_then(token));
    }
    tokens.truncate(STYLES + 1);
    tokens.push(PAD);
    (tokens, ends)
}

/// The published vocabulary, as far as English uses it.
fn token(sign: char) -> Option<i32> {
    Some(match sign {
        ';' => 1,
        ':' => 2,
        ',' => 3,
        '.' => 4,
        '!' => 5,
        '?' => 6,
        'A' => 24,
        'I' => 25,
        'O' => 31,
        'ɾ' => 36, // the model's T
        'W' => 39,
        'Y' => 41,
        'ᵊ' => 42,
        'b' => 44,
        'd' => 46,
        'f' => 48,
        'h' => 50,
        'i' => 51,
        'j' => 52,
        'k' => 53,
        'l' => 54,
        'm' => 55,
        'n' => 56,
        'p' => 58,
        's' => 61,
        't' | 'ʔ' => 62,
        'u' => 63,
        'v' => 64,
        'w' => 65,
        'z' => 68,
        'ɑ' => 69,
        'æ' => 72,
        'ɔ' => 76,
        'ð' => 81,
        'ʤ' => 82,
        'ə' => 83,
        'ɛ' => 86,
        'ɜ' => 87,
        'ɡ' => 92,
        'ɪ' => 102,
        'ŋ' => 112,
        'θ' => 119,
        'ɹ' => 123,
        'ʃ' => 131,
        'ʧ' => 133,
        'ʊ' => 135,
        'ʌ' => 138,
        'ʒ' => 147,
        'ˈ' => 156,
        'ˌ' => 157,
        'ᵻ' => 177,
        _ => return None,
    })
}

struct Reading {
    breaths: std::vec::IntoIter<Vec<Word>>,
    timeline: Timeline,
}

impl Reader for Kokoro {
    type Reading = Reading;

    fn open(&self, text: &str) -> Reading {
        let breaths = clip::breaths(self.pronouncer.words(text), MOST_WORDS);
        Reading {
            breaths: breaths.into_iter(),
            timeline: Timeline::of(text),
        }
    }

    fn step(&self, reading: &mut Reading) -> Result<Step, Fault> {
        loop {
            let Some(words) = reading.breaths.next() else {
                return Ok(Step::Last {
                    audio: Vec::new(),
                    timings: reading.timeline.timings(RATE),
                });
            };
            let mark = words.last().and_then(|word| word.mark);
            let (samples, ends) = self.say(&words)?;
            let mut clip = Clip::new(RATE);
            let mut audio = clip.push(&samples);
            audio.extend(clip.finish(clip::pause(mark)));
            reading.timeline.add(&clip, &ends);
            if reading.breaths.len() == 0 {
                return Ok(Step::Last {
                    audio,
                    timings: reading.timeline.timings(RATE),
                });
            }
            if !audio.is_empty() {
                return Ok(Step::Audio(audio));
            }
        }
    }
}
