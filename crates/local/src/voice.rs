//! Speaking. Pieces of text come in, audio goes out while later audio is still being computed: the first steps of a reply
//! are urgent, the rest is not, since the caller is already listening. What a step computes is left to `piper` and
//! `kokoro`, how the words sound to `g2p`.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use futures::{StreamExt, stream::BoxStream};
use tokio::sync::{mpsc, oneshot};
use voiceos_providers::{Fault, Flow, Kind, Piece, Speech, Timing};

use crate::{Cpu, LoadError, Urgency, onnx::Pools};

mod clip;
mod espeak;
mod kokoro;
mod noise;
mod piper;

pub use kokoro::KokoroVoice;
pub use piper::{PiperSettings, PiperVoice};

/// A model that reads text aloud in steps, each short enough to be one turn at the cores.
trait Reader: Send + Sync + 'static {
    /// A piece that is being read: what of it is still to be computed.
    type Reading: Send + 'static;

    /// Cheap: looks at the words, runs no model.
    fn open(&self, text: &str) -> Self::Reading;

    fn step(&self, reading: &mut Self::Reading) -> Result<Step, Fault>;
}

/// What one step of reading gave.
enum Step {
    /// Not empty, and more will follow.
    Audio(Vec<f32>),
    /// The end of the piece; the audio may be empty.
    Last {
        audio: Vec<f32>,
        timings: Vec<Timing>,
    },
}

/// A reader with the threads that it computes on.
struct Speaker<R: Reader> {
    reader: Arc<R>,
    workers: Arc<Workers>,
}

impl<R: Reader> Speaker<R> {
    fn new(name: &'static str, reader: R, cpu: Arc<Cpu>) -> Self {
        Self {
            reader: Arc::new(reader),
            workers: Arc::new(Workers::start(name, cpu)),
        }
    }

    fn speak(&self, mut pieces: BoxStream<'static, Piece>) -> Flow<Speech> {
        let (reader, workers) = (self.reader.clone(), self.workers.clone());
        Box::pin(async_stream::try_stream! {
            let mut urgency = Urgency::Now;
            while let Some(Piece { index: piece, text }) = pieces.next().await {
                let opener = reader.clone();
                let mut reading = None;
                loop {
                    let (stepper, text) = (opener.clone(), text.clone());
                    let step = move || {
                        let mut reading = reading.unwrap_or_else(|| stepper.open(&text));
                        let step = stepper.step(&mut reading);
                        step.map(|step| (reading, step))
                    };
                    let (rest, step) = workers.run(urgency, step).await??;
                    reading = Some(rest);
                    match step {
                        Step::Audio(samples) => {
                            urgency = Urgency::Soon;
                            yield Speech::Audio { piece, samples };
                        }
                        Step::Last { audio: samples, timings } => {
                            if !samples.is_empty() {
                                urgency = Urgency::Soon;
                                yield Speech::Audio { piece, samples };
                            }
                            yield Speech::Done { piece, timings };
                            break;
                        }
                    }
                }
            }
        })
    }

    /// The whole text at once, on the calling thread.
    fn speak_all(&self, text: &str) -> Result<Vec<f32>, Fault> {
        let mut reading = self.reader.open(text);
        let mut samples = Vec::new();
        loop {
            let _turn = self.workers.cpu.take(Urgency::Soon);
            match self.reader.step(&mut reading)? {
                Step::Audio(audio) => samples.extend(audio),
                Step::Last { audio, .. } => {
                    samples.extend(audio);
                    return Ok(samples);
                }
            }
        }
    }
}

/// Threads that compute steps. There are more of them than lanes, so that an urgent step overtakes those that already
/// wait for the cores.
struct Workers {
    name: &'static str,
    cpu: Arc<Cpu>,
    jobs: mpsc::Sender<Job>,
}

type Job = Box<dyn FnOnce(&Cpu) + Send>;

/// How many steps of different replies may compete for the cores.
const WORKERS: usize = 4;
/// A reply has one step under way, so this many replies wait in order; further ones wait to enter the queue.
const QUEUE: usize = 64;

impl Workers {
    fn start(name: &'static str, cpu: Arc<Cpu>) -> Self {
        let (jobs, queue) = mpsc::channel::<Job>(QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..WORKERS {
            let (queue, cpu) = (queue.clone(), cpu.clone());
            let work = move || {
                loop {
                    let job = queue
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .blocking_recv();
                    let Some(job) = job else {
                        return; // the voice is gone
                    };
                    // a panic ends this step only: its reply hears that the worker is gone
                    if catch_unwind(AssertUnwindSafe(|| job(&cpu))).is_err() {
                        tracing::error!(voice = name, "a step of the voice panicked");
                    }
                }
            };
            thread::Builder::new()
                .name(name.into())
                .spawn(work)
                .expect("the system gives a thread at start-up");
        }
        Self { name, cpu, jobs }
    }

    /// Computes on a worker as soon as the cores are free. Dropping the future before its turn cancels the work.
    async fn run<T: Send + 'static>(
        &self,
        urgency: Urgency,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let (answer, result) = oneshot::channel();
        let job: Job = Box::new(move |cpu| {
            let _turn = cpu.take(urgency);
            if !answer.is_closed() {
                let _ = answer.send(work()); // refused when nobody waits any more
            }
        });
        let gone = || {
            Fault::new(
                self.name,
                Kind::Gone,
                "a worker of the voice ended; see the log for why",
            )
        };
        self.jobs.send(job).await.map_err(|_| gone())?;
        result.await.map_err(|_| gone())
    }
}

/// A model that cannot be run is a broken file: the operator has to act.
fn broken(voice: &'static str, why: impl std::fmt::Display) -> Fault {
    Fault::new(
        voice,
        Kind::Misconfigured,
        format!("the voice's model failed ({why}): run `make models`"),
    )
}

/// An ONNX model and the ids of its nodes by name.
struct Graph {
    model: rten::Model,
    path: PathBuf,
    pools: Pools,
}

impl Graph {
    fn of(model: Vec<u8>, path: &Path, cpu: &Cpu) -> Result<Self, LoadError> {
        let model = rten::ModelOptions::with_all_ops()
            .prepack_weights(true)
            .load(model)
            .map_err(|why| LoadError::corrupt(path, why))?;
        Ok(Self {
            model,
            path: path.into(),
            pools: Pools::new(cpu.threads()),
        })
    }

    fn node(&self, name: &str) -> Result<rten::NodeId, LoadError> {
        let missing = |_| LoadError::cannot_run(&self.path, format_args!("it has no node {name}"));
        self.model.node_id(name).map_err(missing)
    }

    fn run<const N: usize>(
        &self,
        inputs: Vec<(rten::NodeId, rten::ValueOrView<'_>)>,
        outputs: [rten::NodeId; N],
    ) -> Result<[rten::Value; N], rten::RunError> {
        self.pools.with(|threads| {
            let options = rten::RunOptions::default().with_thread_pool(Some(threads.clone()));
            self.model.run_n(inputs, outputs, Some(options))
        })
    }
}

fn floats(voice: &'static str, value: rten::Value) -> Result<Vec<f32>, Fault> {
    let tensor: rten_tensor::Tensor<f32> = value
        .try_into()
        .map_err(|_| broken(voice, "it answers in another type"))?;
    Ok(tensor.into_data())
}

#[cfg(test)]
mod tests;
