//! A bounded queue with worker threads behind it.
//!
//! Summaries are made on threads of their own: they compute, and must not hold up the runtime that answers health checks.

mod rotation;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rotation::Rotation;

/// What a first request is told of the time that a summary takes, before any was made.
const FIRST_GUESS: Duration = Duration::from_millis(20);
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
    closed: bool,
    /// Moving average of the time that a job takes; None before the first.
    typical: Option<Duration>,
}

impl Queue {
    /// Starts `workers` threads behind a queue that holds `limit` jobs.
    pub fn start(workers: usize, limit: usize) -> Self {
        let state = State { waiting: Rotation::new(), next_id: 0, running: 0, closed: false, typical: None };
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
    /// How long until a job in this position starts: its workers get through the jobs before it side by side.
    fn wait(&self, position: usize, workers: usize) -> Duration {
        self.typical.unwrap_or(FIRST_GUESS).mul_f64(position as f64 / workers.max(1) as f64)
    }

    fn learn(&mut self, took: Duration) {
        let average = |typical: Duration| typical.mul_f64(1.0 - NEWEST) + took.mul_f64(NEWEST);
        self.typical = Some(self.typical.map_or(took, average));
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    const LONG: Duration = Duration::from_secs(10);

    /// A job that says when it begins, and ends when it is told to.
    fn gated(begun: &Sender<&'static str>, name: &'static str) -> (Work, Sender<()>) {
        let (open, gate): (Sender<()>, Receiver<()>) = channel();
        let begun = begun.clone();
        let work = Box::new(move || {
            begun.send(name).unwrap();
            gate.recv_timeout(LONG).map_or(Ended::Stopped, |()| Ended::Done)
        });
        (work, open)
    }

    #[test]
    fn a_full_queue_refuses_until_somebody_gives_up_a_place() {
        let queue = Queue::start(1, 1);
        let (begun, seen) = channel();
        let (running, open) = gated(&begun, "running");
        let running = queue.push("", running).ok().unwrap();
        assert_eq!(running.place.position, 0);
        seen.recv_timeout(LONG).unwrap();
        let (waiting, _open) = gated(&begun, "waiting");
        let waiting = queue.push("", waiting).ok().unwrap();
        assert_eq!(waiting.place.position, 1);
        assert!(matches!(queue.push("", gated(&begun, "third").0), Err(Refusal::Full { .. })));
        drop(waiting);
        let (next, _open) = gated(&begun, "next");
        let _next = queue.push("", next).ok().unwrap();
        open.send(()).unwrap();
        assert_eq!(seen.recv_timeout(LONG).unwrap(), "next");
    }

    #[test]
    fn a_job_that_is_given_up_is_freed_at_once() {
        let queue = Queue::start(1, 4);
        let (begun, seen) = channel();
        let (running, _open) = gated(&begun, "running");
        let _running = queue.push("", running).ok().unwrap();
        seen.recv_timeout(LONG).unwrap();
        let article = Arc::new(());
        let held = Arc::clone(&article);
        let work = Box::new(move || {
            drop(held);
            Ended::Done
        });
        drop(queue.push("", work).ok().unwrap());
        assert_eq!(Arc::strong_count(&article), 1);
    }

    #[test]
    fn callers_take_turns() {
        let queue = Queue::start(1, 8);
        let (begun, seen) = channel();
        let (running, open) = gated(&begun, "running");
        let mut tickets = vec![queue.push("a", running).ok().unwrap()];
        seen.recv_timeout(LONG).unwrap();
        let mut gates = vec![open];
        for (key, name) in [("a", "a1"), ("a", "a2"), ("b", "b1")] {
            let (work, open) = gated(&begun, name);
            tickets.push(queue.push(key, work).ok().unwrap());
            gates.push(open);
        }
        let positions: Vec<usize> = tickets.iter().map(|ticket| ticket.place.position).collect();
        assert_eq!(positions, [0, 1, 2, 2]);
        for open in &gates {
            open.send(()).unwrap();
        }
        let order: Vec<&str> = (0..3).map(|_| seen.recv_timeout(LONG).unwrap()).collect();
        assert_eq!(order, ["a1", "b1", "a2"]);
    }

    #[test]
    fn a_panic_takes_no_worker_along() {
        let queue = Queue::start(2, 16);
        let panics: Vec<_> = (0..8).map(|_| queue.push("", Box::new(|| panic!("on purpose")))).collect();
        assert!(panics.iter().all(Result::is_ok));
        // Both workers are there: two jobs run at once.
        let (begun, seen) = channel();
        let held = ["one", "two"].map(|name| {
            let (work, open) = gated(&begun, name);
            (queue.push("", work).ok().unwrap(), open)
        });
        seen.recv_timeout(LONG).unwrap();
        seen.recv_timeout(LONG).unwrap();
        drop(held);
    }

    #[test]
    fn a_closed_queue_finishes_what_it_took_and_takes_no_more() {
        let queue = Queue::start(1, 4);
        let (begun, seen) = channel();
        let (first, open) = gated(&begun, "first");
        let (second, _open) = gated(&begun, "second");
        let _tickets = [queue.push("", first).ok().unwrap(), queue.push("", second).ok().unwrap()];
        queue.close();
        assert_eq!(queue.push("", gated(&begun, "third").0).err(), Some(Refusal::Closed));
        open.send(()).unwrap();
        assert_eq!(seen.recv_timeout(LONG).unwrap(), "first");
        assert_eq!(seen.recv_timeout(LONG).unwrap(), "second");
    }

    #[test]
    fn the_wait_is_estimated_by_what_jobs_took_and_not_by_those_cut_short() {
        let mut state =
            State { waiting: Rotation::new(), next_id: 0, running: 0, closed: false, typical: None };
        assert_eq!(state.wait(2, 1), FIRST_GUESS * 2);
        state.learn(Duration::from_secs(1));
        assert_eq!(state.wait(3, 2), Duration::from_millis(1_500));
        state.learn(Duration::from_secs(2));
        assert_eq!(state.wait(1, 1), Duration::from_millis(1_100));
    }
}
