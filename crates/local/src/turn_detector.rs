//! Whether the caller has finished, by how the last 8 s sound: Smart Turn v3.2. What follows from the answer, and how
//! long to wait after a doubtful one, is left to the conversation.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError, mpsc},
};

use futures::{FutureExt, future::BoxFuture};
use rten::NodeId;
use rten_tensor::{NdTensor, prelude::*};
use tokio::sync::oneshot;
use voiceos_providers::{Fault, Kind, TurnAudio, TurnDetector};

use crate::{
    Cpu, LoadError, Urgency,
    mel::{self, Mel},
    onnx::{Onnx, Pools},
};

const VENDOR: &str = "smart-turn";
/// What the model looks at: 8 s at 16 kHz.
const SAMPLES: usize = 128_000;
const COLUMNS: usize = SAMPLES / mel::HOP;
/// Questions that may wait. One call asks one at a time, so a full queue means that the machine is overrun: the answer is
/// then a fault, and the conversation falls back on its waits.
const WAITING: usize = 64;

type Answer = Result<f32, Fault>;
type Question = (TurnAudio, oneshot::Sender<Answer>);

/// Smart Turn v3.2 on worker threads of its own. The threads end when it is dropped.
pub struct SmartTurn {
    questions: mpsc::SyncSender<Question>,
}

struct Judge {
    model: Onnx,
    input: NodeId,
    output: NodeId,
    pools: Pools,
    cpu: Arc<Cpu>,
}

impl SmartTurn {
    /// Loads `smart-turn-v3.2.onnx` from `dir` and runs it once, so that the first caller does not pay for it.
    pub fn load(dir: &Path, cpu: Arc<Cpu>) -> Result<Self, LoadError> {
        let judge = Arc::new(Judge::load(dir, cpu)?);
        let (questions, waiting) = mpsc::sync_channel::<Question>(WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..crate::workers() {
            let (judge, waiting) = (Arc::clone(&judge), Arc::clone(&waiting));
            let work = move || judge.serve(&waiting);
            let spawned = std::thread::Builder::new()
                .name("turn-detector".into())
                .spawn(work);
            spawned.map_err(|why| LoadError::cannot_run(dir, why))?;
        }
        Ok(Self { questions })
    }
}

impl TurnDetector for SmartTurn {
    fn finished(&self, turn: TurnAudio) -> BoxFuture<'static, Answer> {
        let (answer, answered) = oneshot::channel();
        let asked = self.questions.try_send((turn, answer));
        async move {
            asked
                .map_err(|_| Fault::new(VENDOR, Kind::Busy, "too many turns wait to be judged"))?;
            answered
                .await
                .unwrap_or_else(|_| Err(Fault::new(VENDOR, Kind::Gone, "the worker has ended")))
        }
        .boxed()
    }
}

impl Judge {
    fn load(dir: &Path, cpu: Arc<Cpu>) -> Result<Self, LoadError> {
        let model = Onnx::load(&dir.join("smart-turn-v3.2.onnx"))?;
        let (input, output) = (model.node("input_features")?, model.node("logits")?);
        let judge = Self {
            input,
            output,
            pools: Pools::new(cpu.threads()),
            cpu,
            model,
        };
        judge
            .answer(&[], &mut Mel::new())
            .map_err(|why| LoadError::cannot_run(judge.model.path(), why.told))?;
        Ok(judge)
    }

    fn serve(&self, waiting: &Mutex<mpsc::Receiver<Question>>) {
        let mut mel = Mel::new();
        loop {
            let next = waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .recv();
            let Ok((turn, answer)) = next else { return };
            if !answer.is_closed() {
                // Nobody listens any more when the call has moved on.
                answer.send(self.answer(&turn.samples, &mut mel)).ok();
            }
        }
    }

    fn answer(&self, samples: &[f32], mel: &mut Mel) -> Answer {
        let _turn = self.cpu.take(Urgency::Now);
        let features = NdTensor::from_data([1, mel::BANDS, COLUMNS], features(samples, mel));
        let inputs = vec![(self.input, features.view().into())];
        let outputs = self
            .pools
            .with(|threads| self.model.run(threads, inputs, &[self.output]));
        let probability = outputs
            .ok()
            .and_then(|mut out| out.pop())
            .and_then(|out| out.into_tensor::<f32>());
        let probability = probability.and_then(|p| p.iter().next().copied());
        probability
            .ok_or_else(|| Fault::new(VENDOR, Kind::Misconfigured, "the model gave no answer"))
    }
}

/// As the model was trained: silence in front up to 8 s, mean 0 and variance 1 over all of it, mirrored at both ends.
fn features(samples: &[f32], mel: &mut Mel) -> Vec<f32> {
    const MIRRORED: usize = mel::WINDOW / 2;
    let last = &samples[samples.len().saturating_sub(SAMPLES)..];
    let count = SAMPLES as f64;
    let mean = last.iter().map(|x| f64::from(*x)).sum::<f64>() / count;
    let square = last.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / count;
    let scale = 1.0 / (square - mean * mean + 1e-7).sqrt();
    let mut padded = vec![((-mean) * scale) as f32; MIRRORED + SAMPLES - last.len()];
    padded.extend(last.iter().map(|x| ((f64::from(*x) - mean) * scale) as f32));
    for i in 1..=MIRRORED {
        padded[MIRRORED - i] = padded[MIRRORED + i];
        padded.push(padded[MIRRORED + SAMPLES - 1 - i]);
    }
    let mut columns = Vec::with_capacity((COLUMNS + 1) * mel::BANDS);
    mel.columns(&padded, &mut columns);
    mel::features(&columns, COLUMNS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    /// What the reference (pipecat-ai 1.14.0, onnxruntime 1.31) answers to the same samples, and how far another runtime
    /// may be off. The model's numbers are of eight bits: where it is in doubt the last digit of a feature moves its answer
    /// (`book-a`: 0.16, and 0.48 from the same runtime without its optimizations).
    const REFERENCE: [(&str, f32, f32); 4] = [
        ("breakfast", 0.9901, 0.01),
        ("book-a", 0.1605, 0.2),
        ("parking", 0.9897, 0.01),
        ("pause", 0.9697, 0.02),
    ];

    fn judged(name: &str) -> f32 {
        let turns = SmartTurn::load(&fixtures::models(), Arc::new(Cpu::new(1, 2))).unwrap();
        let samples = fixtures::wav(name)
            .iter()
            .map(|s| f32::from(*s) / 32768.0)
            .collect();
        futures::executor::block_on(turns.finished(TurnAudio { samples })).unwrap()
    }

    #[test]
    fn answers_equal_those_of_the_reference() {
        for (name, expected, off) in REFERENCE {
            let answer = judged(name);
            assert!(
                (answer - expected).abs() < off,
                "{name}: {answer}, the reference says {expected}"
            );
        }
    }

    #[test]
    fn a_question_is_finished_and_a_sentence_cut_short_is_not() {
        assert!(judged("breakfast") > 0.5);
        assert!(judged("book-a") < 0.5);
    }

    #[test]
    fn features_equal_those_of_the_reference() {
        let samples: Vec<f32> = fixtures::wav("breakfast")
            .iter()
            .map(|s| f32::from(*s) / 32768.0)
            .collect();
        let features = features(&samples, &mut Mel::new());
        for (band, column, expected) in FEATURES {
            let value = features[band * COLUMNS + column];
            assert!(
                (value - expected).abs() < 1e-3,
                "band {band}, column {column}: {value} is not {expected}"
            );
        }
    }

    const FEATURES: [(usize, usize, f32); 6] = [
        (0, 0, 0.2491),
        (5, 500, 0.0065),
        (40, 640, 1.0483),
        (60, 700, 0.5719),
        (79, 799, 0.0065),
        (20, 720, 0.0065),
    ];

    #[test]
    fn a_missing_file_and_a_corrupt_file_are_told_apart() {
        let dir = fixtures::empty_dir("smart-turn");
        let file = dir.join("smart-turn-v3.2.onnx");
        let load = || {
            SmartTurn::load(&dir, Arc::new(Cpu::new(1, 1)))
                .err()
                .map(|e| e.to_string())
                .unwrap_or_default()
        };
        let missing = load();
        assert!(
            missing.contains("is missing") && missing.contains("smart-turn-v3.2.onnx"),
            "{missing}"
        );
        std::fs::write(&file, b"not a model").unwrap();
        let corrupt = load();
        assert!(
            corrupt.contains("is corrupt") && corrupt.contains("make models"),
            "{corrupt}"
        );
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
