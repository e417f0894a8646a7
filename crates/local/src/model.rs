//! The language model on this CPU: any GGUF file through llama.cpp. Turns a prompt into a stream of text and keeps what
//! was evaluated, so that the next turn of a conversation starts where the last one ended. Answers of an agent with
//! knowledge are held to it (`model/guard.rs`); what is then spoken, and when, is not decided here.

pub mod demo;
mod gguf;
mod grounding;
mod guard;
mod llama;
mod slots;
mod template;
mod words;
mod worker;

use std::{
    path::Path,
    sync::{
        Arc,
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
};

use futures::{FutureExt, StreamExt, future::BoxFuture, stream};
use tokio::sync::{mpsc, oneshot};
use voiceos_providers::{Delta, Fault, Flow, Kind, LanguageModel, Prompt};

use self::{
    grounding::Grounding,
    llama::Loaded,
    worker::{Request, Worker},
};
use crate::{Cpu, LoadError, embedding::Embedding};

const VENDOR: &str = "local";
/// Requests that may wait for the worker; one more is answered with [`Kind::Busy`].
const QUEUE: usize = 32;
/// Tokens of the longest answer.
const MOST_TOKENS: usize = 1024;

/// A model file in memory and the thread that computes with it. Several conversations share it, token by token.
pub struct LlamaModel {
    requests: Option<SyncSender<Request>>,
    worker: Option<JoinHandle<()>>,
}

impl LlamaModel {
    /// Reads the GGUF file at `path` (some seconds for a large one: not on an async thread), and from `dir`,
    /// where the installed models lie, the one that finds facts by meaning.
    ///
    /// # Errors
    /// A file is missing, is no whole GGUF, or holds a model that llama.cpp cannot run.
    pub fn load(path: &Path, dir: &Path, cpu: Arc<Cpu>) -> Result<Self, LoadError> {
        gguf::check(path)?;
        let (path, dir, named) = (path.to_owned(), dir.to_owned(), path.to_owned());
        let (requests, inbox) = sync_channel(QUEUE);
        let (ready, loaded) = sync_channel(1);
        let worker = std::thread::Builder::new()
            .name("language model".into())
            .spawn(move || {
                let threads = cpu.threads();
                let refused = |why: String| LoadError::cannot_run(&path, why);
                let read = Loaded::read(&path).map_err(refused);
                let read = read.and_then(|file| Ok((file, Embedding::load(&dir, threads)?)));
                let (file, meanings) = match read {
                    Ok(read) => read,
                    Err(why) => return drop(ready.send(Err(why))),
                };
                let grounding = Grounding::new(meanings, Arc::clone(&cpu));
                match file.context(threads) {
                    Ok(context) => {
                        let _ = ready.send(Ok(()));
                        Worker::new(&file, context, grounding, cpu).run(&inbox);
                    }
                    Err(why) => drop(ready.send(Err(refused(why)))),
                }
            });
        let worker = worker.map_err(|cause| LoadError::cannot_run(&named, cause))?;
        match loaded.recv() {
            Ok(Ok(())) => Ok(Self {
                requests: Some(requests),
                worker: Some(worker),
            }),
            Ok(Err(why)) => Err(why),
            Err(_) => Err(LoadError::cannot_run(&named, "llama.cpp gave up on it")),
        }
    }

    fn ask(&self, request: Request) -> Result<(), Fault> {
        let Some(requests) = &self.requests else {
            return Err(Fault::new(
                VENDOR,
                Kind::Gone,
                "the language model has stopped",
            ));
        };
        requests.try_send(request).map_err(|error| match error {
            TrySendError::Full(_) => Fault::new(
                VENDOR,
                Kind::Busy,
                "too many requests wait for the language model",
            ),
            TrySendError::Disconnected(_) => {
                Fault::new(VENDOR, Kind::Gone, "the language model has stopped")
            }
        })
    }
}

impl LanguageModel for LlamaModel {
    fn reply(&self, prompt: Prompt) -> Flow<Delta> {
        // Never full: a token gives at most one item, and there is room for one of each and the end.
        let (out, answer) = mpsc::channel(MOST_TOKENS + 2);
        if let Err(fault) = self.ask(Request::Reply { prompt, out }) {
            return stream::iter([Err(fault)]).boxed();
        }
        stream::unfold((answer, false), |(mut answer, ended)| async move {
            if ended {
                return None;
            }
            match answer.recv().await {
                Some(item) => {
                    let ended = matches!(item, Err(_) | Ok(Delta::Usage(_)));
                    Some((item, (answer, ended)))
                }
                None => Some((
                    Err(Fault::new(
                        VENDOR,
                        Kind::Gone,
                        "the language model has stopped",
                    )),
                    (answer, true),
                )),
            }
        })
        .boxed()
    }

    fn warm(&self, prompt: Prompt) -> BoxFuture<'static, ()> {
        let (done, warmed) = oneshot::channel();
        if self.ask(Request::Warm { prompt, done }).is_err() {
            return std::future::ready(()).boxed();
        }
        warmed.map(drop).boxed()
    }
}

impl Drop for LlamaModel {
    /// Waits for the evaluation under way (some tens of milliseconds): llama.cpp must not run while the process ends.
    fn drop(&mut self) {
        self.requests = None;
        if let Some(worker) = self.worker.take() {
            let _ = worker.join(); // a panic in it has been reported by its thread
        }
    }
}

#[cfg(test)]
mod tests;
