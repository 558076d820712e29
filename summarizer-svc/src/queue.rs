//! A bounded queue with worker threads behind it.
//!
//! Summaries are made on threads of their own: they block, and must not hold up the runtime that answers health checks.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

/// What a first request is told of the time that a summary takes, before any was made.
const FIRST_GUESS: Duration = Duration::from_millis(20);

/// Work, and how to tell that nobody wants it any more.
pub struct Job {
    /// Runs on a worker.
    pub work: Box<dyn FnOnce() + Send>,
    /// A cancelled job is dropped without being run.
    pub cancelled: CancellationToken,
}

/// A place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Jobs before it; 0 when it starts at once.
    pub position: usize,
    /// By how long recent jobs took.
    pub estimated_wait: Duration,
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

/// A bounded queue; its workers end when it is dropped and the jobs in it are done.
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
    waiting: VecDeque<Job>,
    running: usize,
    closed: bool,
    /// Moving average of the time that a job takes.
    typical: Duration,
}

impl Queue {
    /// Starts `workers` threads behind a queue that holds `limit` jobs.
    pub fn start(workers: usize, limit: usize) -> Self {
        let state = State { waiting: VecDeque::new(), running: 0, closed: false, typical: FIRST_GUESS };
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

    /// Takes a job.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when it is full or closed.
    pub fn push(&self, job: Job) -> Result<Place, Refusal> {
        let mut state = self.shared.lock();
        if state.closed || self.workers == 0 {
            return Err(Refusal::Closed);
        }
        state.waiting.retain(|job| !job.cancelled.is_cancelled());
        let free = self.workers.saturating_sub(state.running);
        let position = (state.waiting.len() + 1).saturating_sub(free);
        if position > self.limit {
            return Err(Refusal::Full {
                retry_after: state.wait(position, self.workers).max(Duration::from_secs(1)),
            });
        }
        let estimated_wait = state.wait(position, self.workers);
        state.waiting.push_back(job);
        drop(state);
        self.shared.wake.notify_one();
        Ok(Place { position, estimated_wait })
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

impl State {
    fn wait(&self, position: usize, workers: usize) -> Duration {
        self.typical.mul_f64(position as f64 / workers.max(1) as f64)
    }
}

impl Shared {
    /// A panic while the lock is held leaves the state whole: every change to it is a single step.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        while let Some(job) = self.next() {
            let began = Instant::now();
            let ended = (!job.cancelled.is_cancelled()).then(|| catch_unwind(AssertUnwindSafe(job.work)));
            let mut state = self.lock();
            state.running -= 1;
            if let Some(ended) = ended {
                state.typical = state.typical.mul_f64(0.9) + began.elapsed().mul_f64(0.1);
                if ended.is_err() {
                    tracing::error!("a summary panicked");
                }
            }
        }
    }

    /// The next job; None when the queue is closed and empty.
    fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.waiting.pop_front() {
                state.running += 1;
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    const LONG: Duration = Duration::from_secs(10);

    /// A job that says when it begins, and ends when it is told to.
    fn gated(begun: &Sender<()>) -> (Job, Sender<()>) {
        let (open, gate): (Sender<()>, Receiver<()>) = channel();
        let begun = begun.clone();
        let work = Box::new(move || {
            begun.send(()).unwrap();
            let _ = gate.recv_timeout(LONG);
        });
        (Job { work, cancelled: CancellationToken::new() }, open)
    }

    #[test]
    fn a_full_queue_refuses_and_a_cancelled_job_makes_room() {
        let queue = Queue::start(1, 1);
        let (begun, seen) = channel();
        let (running, open) = gated(&begun);
        assert_eq!(queue.push(running).unwrap().position, 0);
        seen.recv_timeout(LONG).unwrap();
        let (waiting, _open) = gated(&begun);
        let cancelled = waiting.cancelled.clone();
        assert_eq!(queue.push(waiting).unwrap().position, 1);
        assert!(matches!(queue.push(gated(&begun).0), Err(Refusal::Full { .. })));
        cancelled.cancel();
        let (next, _open) = gated(&begun);
        assert_eq!(queue.push(next).unwrap().position, 1);
        open.send(()).unwrap();
        // Only the one that was not cancelled runs.
        seen.recv_timeout(LONG).unwrap();
        assert!(seen.try_recv().is_err());
    }

    #[test]
    fn a_panic_does_not_take_the_worker_along() {
        let queue = Queue::start(1, 4);
        let work = Box::new(|| panic!("on purpose"));
        queue.push(Job { work, cancelled: CancellationToken::new() }).unwrap();
        let (begun, seen) = channel();
        let (job, _open) = gated(&begun);
        queue.push(job).unwrap();
        seen.recv_timeout(LONG).unwrap();
    }

    #[test]
    fn a_closed_queue_finishes_what_it_took_and_takes_no_more() {
        let queue = Queue::start(1, 4);
        let (begun, seen) = channel();
        let (first, open) = gated(&begun);
        let (second, _open) = gated(&begun);
        queue.push(first).unwrap();
        queue.push(second).unwrap();
        queue.close();
        assert_eq!(queue.push(gated(&begun).0), Err(Refusal::Closed));
        open.send(()).unwrap();
        seen.recv_timeout(LONG).unwrap();
        seen.recv_timeout(LONG).unwrap();
    }
}
