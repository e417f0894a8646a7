//! Who may compute next. Inference libraries spin while they wait for each other's threads, so two jobs of two threads
//! on two cores are far slower than one after the other. A lane is a set of cores that one job has to itself; a job is
//! short (one token, one clause, one utterance: some tens of milliseconds) and takes a lane for just that long.

use std::{
    collections::BTreeSet,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

/// Served in this order, and first come first served within one urgency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Someone on a call hears silence until this is done.
    Now,
    /// Part of an answer whose beginning is already being played.
    Soon,
    /// Useful if there is time: interim transcripts, warming a prompt.
    Later,
}

/// The lanes of this machine. Share one over all engines.
pub struct Cpu {
    state: Mutex<State>,
    freed: Condvar,
    threads: usize,
}

struct State {
    free: usize,
    next: u64,
    waiting: BTreeSet<(Urgency, u64)>,
}

/// Permission to compute with [`Cpu::threads`] threads; given back on drop.
pub struct Turn<'a>(&'a Cpu);

impl Cpu {
    /// One lane for each two cores, two threads a lane; a single core is one lane of one thread.
    pub fn of_this_machine() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self::new((cores / 2).max(1), cores.min(2))
    }

    pub fn new(lanes: usize, threads: usize) -> Self {
        let state = State {
            free: lanes.max(1),
            next: 0,
            waiting: BTreeSet::new(),
        };
        Self {
            state: Mutex::new(state),
            freed: Condvar::new(),
            threads: threads.max(1),
        }
    }

    /// Threads that a job may use while it holds its turn.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Blocks until a lane is free and nobody more urgent or earlier waits. Call it from a worker thread only. How many
    /// wait is bounded by the number of workers.
    pub fn take(&self, urgency: Urgency) -> Turn<'_> {
        let mut state = self.lock();
        let ticket = (urgency, state.next);
        state.next += 1;
        state.waiting.insert(ticket);
        while state.free == 0 || state.waiting.first() != Some(&ticket) {
            state = self
                .freed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting.remove(&ticket);
        state.free -= 1;
        drop(state);
        self.freed.notify_all(); // with several lanes the next in line may go at once
        Turn(self)
    }

    /// True when somebody at least as urgent is waiting: a long job should end its turn and ask again.
    pub fn wanted(&self, urgency: Urgency) -> bool {
        self.lock()
            .waiting
            .first()
            .is_some_and(|(waiting, _)| *waiting <= urgency)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.lock().free += 1;
        self.0.freed.notify_all();
    }
}
