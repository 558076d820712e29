//! A bounded queue with worker threads behind it.
//!
//! Summaries are made on threads of their own: they compute, and must not hold up the runtime that answers health checks.

mod figures;
mod rotation;
#[cfg(test)]
mod tests;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rotation::Rotation;

/// Weight of the newest job in the average of how long they take.
const NEWEST: f64 = 0.1;

/// Runs on a worker.
pub type Work = Box<dyn FnOnce() -> Ended + Send>;

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was done to its end.
    Done,
    /// It was cut short, and says nothing about how long jobs take.
    Stopped,
}

/// A place in the queue. Dropping it takes the job out, if it still waits.
pub struct Ticket {
    /// Where the job stood when it was taken.
    pub place: Place,
    id: u64,
    shared: Arc<Shared>,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Jobs before it; 0 when it starts at once.
    pub position: usize,
    /// By how long recent jobs took.
    pub estimated_wait: Duration,
}

/// What a new job has to expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlook {
    /// Until it starts.
    pub wait: Duration,
    /// From then on, as long as jobs take.
    pub work: Duration,
}

/// Why a job was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// As many wait as may.
    Full {
        /// When there should be room again.
        retry_after: Duration,
    },
    /// The queue takes no more jobs.
    Closed,
}

/// A bounded queue; its workers end when it is closed or dropped and the jobs in it are done.
pub struct Queue {
    shared: Arc<Shared>,
    limit: usize,
    workers: usize,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

struct State {
    waiting: Rotation<Work>,
    next_id: u64,
    running: usize,
    /// Jobs that were not taken because it was full.
    refused: u64,
    closed: bool,
    /// Moving average of the time that a job takes; a guess before the first.
    typical: Duration,
    /// Whether there was a first.
    has_learned: bool,
}

impl Queue {
    /// Starts `workers` threads behind a queue that holds `limit` jobs, of which each takes about as long as `guess`, as
    /// far as is known before the first.
    pub fn start(workers: usize, limit: usize, guess: Duration) -> Self {
        let state = State::new(guess);
        let shared = Arc::new(Shared { state: Mutex::new(state), wake: Condvar::new() });
        let mut started = 0;
        for number in 0..workers.max(1) {
            let shared = Arc::clone(&shared);
            let name = format!("summary-{number}");
            match thread::Builder::new().name(name).spawn(move || shared.work()) {
                Ok(_) => started += 1,
                Err(error) => tracing::error!(%error, number, "a worker thread could not be started"),
            }
        }
        Self { shared, limit, workers: started }
    }

    /// Worker threads that were started; fewer than asked for where the system has no room for them.
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// Takes a job. Jobs with the same `key` share one place in the rotation; an empty key is nobody's.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when it is full or closed.
    pub fn push(&self, key: &str, work: Work) -> Result<Ticket, Refusal> {
        let mut state = self.shared.lock();
        if state.closed || self.workers == 0 {
            return Err(Refusal::Closed);
        }
        let free = self.workers.saturating_sub(state.running);
        let queued = (state.waiting.len() + 1).saturating_sub(free);
        if queued > self.limit {
            state.refused += 1;
            let retry_after = state.wait(queued, self.workers).max(Duration::from_secs(1));
            return Err(Refusal::Full { retry_after });
        }
        let id = state.next_id;
        state.next_id += 1;
        let before = state.waiting.push(key, id, work);
        let position = (before + 1).saturating_sub(free);
        let place = Place { position, estimated_wait: state.wait(position, self.workers) };
        drop(state);
        self.shared.wake.notify_one();
        Ok(Ticket { place, id, shared: Arc::clone(&self.shared) })
    }

    /// What a job with this key would have to expect now.
    pub fn outlook(&self, key: &str) -> Outlook {
        let state = self.shared.lock();
        let free = self.workers.saturating_sub(state.running);
        let position = (state.waiting.before(key) + 1).saturating_sub(free);
        Outlook { wait: state.wait(position, self.workers), work: state.typical }
    }

    /// Takes no more jobs; those in it are still done.
    pub fn close(&self) {
        self.shared.lock().closed = true;
        self.shared.wake.notify_all();
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.close();
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let job = self.shared.lock().waiting.remove(self.id);
        // What the job holds is freed with the lock open.
        drop(job);
    }
}

impl State {
    fn new(guess: Duration) -> Self {
        Self {
            waiting: Rotation::new(),
            next_id: 0,
            running: 0,
            refused: 0,
            closed: false,
            typical: guess,
            has_learned: false,
        }
    }

    /// How long until a job in this position starts: its workers get through the jobs before it side by side.
    fn wait(&self, position: usize, workers: usize) -> Duration {
        self.typical.mul_f64(position as f64 / workers.max(1) as f64)
    }

    fn learn(&mut self, took: Duration) {
        let average = self.typical.mul_f64(1.0 - NEWEST) + took.mul_f64(NEWEST);
        self.typical = if self.has_learned { average } else { took };
        self.has_learned = true;
    }
}

impl Shared {
    /// A panic while the lock is held leaves the state whole: every change to it is a single step.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        while let Some(work) = self.next() {
            let began = Instant::now();
            let ended = catch_unwind(AssertUnwindSafe(work));
            let mut state = self.lock();
            state.running -= 1;
            match ended {
                Ok(Ended::Done) => state.learn(began.elapsed()),
                Ok(Ended::Stopped) => {}
                Err(_) => tracing::error!("a summary panicked"),
            }
        }
    }

    /// The next job; None when the queue is closed and empty.
    fn next(&self) -> Option<Work> {
        let mut state = self.lock();
        loop {
            if let Some(work) = state.waiting.pop() {
                state.running += 1;
                return Some(work);
            }
            if state.closed {
                return None;
            }
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
