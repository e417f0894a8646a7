//! Whether a frame holds speech, by a small network that needs no file (docs/decisions/0002-speech-detector.md). When
//! speech starts and stops is left to the gate in `voiceos-audio`.

use voiceos_audio::Frame;
use voiceos_providers::SpeechDetector;

/// Samples the network looks at in one step: 16 ms at 16 kHz.
const STEP: usize = 256;

/// Scores the frames of one direction of one call. Frames must be 16 kHz; 5 µs each.
pub struct EarshotDetector {
    network: Box<earshot::Detector>,
    /// What has come since the last whole step; less than [`STEP`] between calls.
    rest: Vec<i16>,
    score: f32,
}

impl EarshotDetector {
    pub fn new() -> Self {
        Self {
            network: Box::default(),
            rest: Vec::with_capacity(2 * STEP),
            score: 0.0,
        }
    }
}

impl Default for EarshotDetector {
    fn default() -> Self {
        Self::new()
    }
}

impl SpeechDetector for EarshotDetector {
    /// A frame of 20 ms completes one or two steps; the higher score counts.
    fn speech(&mut self, frame: &Frame) -> f32 {
        debug_assert_eq!(frame.rate, 16_000, "the network was trained at 16 kHz");
        self.rest.extend_from_slice(&frame.samples);
        let whole = self.rest.len() / STEP * STEP;
        let scores = self.rest[..whole]
            .chunks_exact(STEP)
            .map(|step| self.network.predict_i16(step));
        if let Some(score) = scores.reduce(f32::max) {
            self.score = score;
        }
        self.rest.drain(..whole);
        self.score
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::wav;

    fn scores(samples: &[i16]) -> Vec<f32> {
        let mut detector = EarshotDetector::new();
        let frames = samples.chunks_exact(Frame::len_at(16_000));
        frames
            .map(|s| {
                detector.speech(&Frame {
                    rate: 16_000,
                    samples: s.into(),
                })
            })
            .collect()
    }

    #[test]
    fn speech_scores_high_and_the_silence_around_it_low() {
        let scores = scores(&wav("breakfast"));
        let voiced = scores.iter().filter(|score| **score > 0.5).count();
        assert!(
            (50..130).contains(&voiced),
            "{voiced} of {} frames",
            scores.len()
        );
        assert!(
            scores[..15].iter().all(|score| *score < 0.5),
            "before the first word: {:?}",
            &scores[..15]
        );
        assert!(
            scores[scores.len() - 20..].iter().all(|score| *score < 0.5),
            "after the last word"
        );
    }

    #[test]
    fn silence_is_not_speech() {
        assert!(scores(&[0; 32_000]).iter().all(|score| *score < 0.5));
    }
}
