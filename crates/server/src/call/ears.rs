//! The caller's way in: frames at the leg's rate become 16 kHz, the speech gate finds where speech starts and stops, the
//! transcriber gets both, and the turn detector's eight seconds are kept at hand.

use std::{collections::VecDeque, sync::Arc};

use futures::StreamExt;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use voiceos_audio::{Edge, Frame, Framer, GateRules, Resampler, SpeechGate, mix};
use voiceos_core::At;
use voiceos_providers::{Flow, Hearing, SpeechDetector, Transcriber, TurnAudio, Utterance};

/// Hz inside the house: what detectors and transcribers hear.
pub const RATE: u32 = 16_000;

/// What the turn detector looks at.
const TURN_SAMPLES: usize = 8 * RATE as usize;

/// Five seconds of frames: a transcriber that is further behind loses the newest frame rather than hold up the call.
const HEARING: usize = 256;

/// One call's ears.
pub struct Ears {
    resampler: Resampler,
    framer: Framer,
    detector: Box<dyn SpeechDetector>,
    gate: SpeechGate,
    samples: Vec<i16>,
    /// The caller's last eight seconds.
    recent: VecDeque<i16>,
    to_transcriber: mpsc::Sender<Hearing>,
    /// Frames that the transcriber was too slow for.
    pub lost_frames: u64,
}

impl Ears {
    pub fn new(
        leg_rate: u32,
        detector: Box<dyn SpeechDetector>,
        rules: GateRules,
    ) -> (Self, mpsc::Receiver<Hearing>) {
        let (to_transcriber, hearing) = mpsc::channel(HEARING);
        let ears = Self {
            resampler: Resampler::new(leg_rate, RATE),
            framer: Framer::new(RATE),
            detector,
            gate: SpeechGate::new(rules),
            samples: Vec::with_capacity(960),
            recent: VecDeque::with_capacity(TURN_SAMPLES),
            to_transcriber,
            lost_frames: 0,
        };
        (ears, hearing)
    }

    /// A frame of the leg that ended at `now`. Edges are appended in their order.
    pub fn hear(&mut self, frame: &Frame, now: At, edges: &mut Vec<Edge>) {
        let mut samples = std::mem::take(&mut self.samples);
        samples.clear();
        self.resampler.push(&frame.samples, &mut samples);
        self.framer.push(&samples);
        self.samples = samples;
        while let Some(frame) = self.framer.pop() {
            self.hear_frame(frame, now, edges);
        }
    }

    fn hear_frame(&mut self, frame: Frame, now: At, edges: &mut Vec<Edge>) {
        let more = (self.recent.len() + frame.samples.len()).saturating_sub(TURN_SAMPLES);
        self.recent.drain(..more);
        self.recent.extend(frame.samples.iter());
        let score = self.detector.speech(&frame);
        let edge = self.gate.push(score, mix::dbfs(&frame.samples), now);
        self.tell(Hearing::Frame { frame, at: now });
        if let Some(edge) = edge {
            self.tell(match edge {
                Edge::Started { at } => Hearing::SpeechStarted { at },
                Edge::Stopped { at } => Hearing::SpeechStopped { at },
            });
            edges.push(edge);
        }
    }

    fn tell(&mut self, heard: Hearing) {
        if self.to_transcriber.try_send(heard).is_err() {
            self.lost_frames += 1;
        }
    }

    pub fn turn_taken(&mut self) {
        self.tell(Hearing::TurnTaken);
    }

    pub fn turn_audio(&self) -> TurnAudio {
        TurnAudio {
            samples: self
                .recent
                .iter()
                .map(|s| f32::from(*s) / 32768.0)
                .collect(),
        }
    }

    /// Opens the transcriber anew after a fault: it hears what comes from now on.
    pub fn reopen(&mut self, transcriber: &Arc<dyn Transcriber>) -> Flow<Utterance> {
        let (to_transcriber, hearing) = mpsc::channel(HEARING);
        self.to_transcriber = to_transcriber;
        open(transcriber, hearing)
    }
}

pub fn open(
    transcriber: &Arc<dyn Transcriber>,
    hearing: mpsc::Receiver<Hearing>,
) -> Flow<Utterance> {
    transcriber.transcribe(ReceiverStream::new(hearing).boxed())
}
