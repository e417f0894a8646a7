//! The fence around the ONNX runtime: loading a file, and the threads that run it.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rten::{Model, ModelOptions, NodeId, RunError, RunOptions, ThreadPool, Value, ValueOrView};

use crate::{LoadError, load};

/// A model ready to run, from several threads at once if need be.
pub(crate) struct Onnx {
    path: PathBuf,
    model: Model,
}

impl Onnx {
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        let bytes = load::read(path)?;
        let model = ModelOptions::with_all_ops()
            .prepack_weights(true)
            .load(bytes);
        let model = model.map_err(|why| LoadError::corrupt(path, why))?;
        Ok(Self {
            path: path.into(),
            model,
        })
    }

    /// The place of an input or output.
    pub fn node(&self, name: &str) -> Result<NodeId, LoadError> {
        self.model
            .node_id(name)
            .map_err(|_| LoadError::cannot_run(&self.path, format!("it has no `{name}`")))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn run(
        &self,
        threads: &Arc<ThreadPool>,
        inputs: Vec<(NodeId, ValueOrView)>,
        outputs: &[NodeId],
    ) -> Result<Vec<Value>, RunError> {
        self.model.run(
            inputs,
            outputs,
            Some(RunOptions::default().with_thread_pool(Some(Arc::clone(threads)))),
        )
    }
}

/// Sets of threads, one for each job that runs at the same time; there come to be as many as there are lanes on the CPU.
pub(crate) struct Pools {
    threads: usize,
    free: Mutex<Vec<Arc<ThreadPool>>>,
}

impl Pools {
    pub fn new(threads: usize) -> Self {
        Self {
            threads,
            free: Mutex::default(),
        }
    }

    /// Runs `job` with a set of threads of its own.
    pub fn with<T>(&self, job: impl FnOnce(&Arc<ThreadPool>) -> T) -> T {
        let free = || self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = free().pop();
        let pool = idle.unwrap_or_else(|| Arc::new(ThreadPool::with_num_threads(self.threads)));
        let made = job(&pool);
        free().push(pool);
        made
    }
}
