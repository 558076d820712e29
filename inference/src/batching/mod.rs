//! Continuous batching: one engine for many threads, whose steps are taken together.
//!
//! A step of decoding takes as long as the weights take to come from memory, for one row as for eight. So the steps of all
//! requests that are under way are taken as one: a request joins between two steps as soon as its source is encoded, and
//! leaves when it has ended ("iteration-level scheduling", Yu et al., Orca, OSDI 2022). Sources are encoded layer by layer in
//! between, so that those who are decoding go on meanwhile.
//!
//! It is itself a [`Seq2Seq`]: each request runs its own search on a thread of its own, greedy or by beams or at random, and
//! what comes out is, to the bit, what it would be alone ([`engine`](crate::engine)).
//!
//! # Layout
//!
//! - `scheduler`: the thread that does the work, and in what order.
//! - `figures`: what was done so far.

mod figures;
mod scheduler;
#[cfg(test)]
mod tests;

use std::{
    fmt, io, mem,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

pub use figures::{BatchFigures, BatchWatch};
use figures::{Figures, Seat};
use scheduler::{Encode, Job, Scheduler, Step};

use crate::{
    engine::{Engine, Row},
    model::{Logits, ModelError, Seq2Seq, TokenBatch},
};

/// How often somebody whose source is being encoded is asked whether he still waits for it.
const LOOK_UP: Duration = Duration::from_millis(20);

/// An engine that any number of threads use at once.
pub struct Batching {
    engine: Arc<Engine>,
    jobs: mpsc::Sender<Job>,
    figures: Arc<Figures>,
}

/// A request that is being decoded: its rows.
#[derive(Debug)]
pub struct Decoding {
    rows: Vec<Row>,
    /// Where the next scores go.
    logits: Logits,
    seat: Option<Seat>,
    jobs: mpsc::Sender<Job>,
}

impl Drop for Decoding {
    fn drop(&mut self) {
        self.seat = None;
        // Where nobody listens, nobody waits either.
        let _ = self.jobs.send(Job::Left);
    }
}

impl Batching {
    /// Starts a thread for the engine, which ends when nobody has this or a state of it any more. The arithmetic is done by
    /// the process's [team](kernels::Team).
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start(engine: Engine) -> io::Result<Self> {
        let engine = Arc::new(engine);
        let (jobs, inbox) = mpsc::channel();
        let figures = Arc::new(Figures::default());
        let scheduler = Scheduler::new(Arc::clone(&engine), inbox, Arc::clone(&figures));
        let team = engine.team();
        thread::Builder::new().name("decoder".to_owned()).spawn(move || {
            team.make_room();
            scheduler.run();
        })?;
        Ok(Self { engine, jobs, figures })
    }

    /// What was done so far.
    pub fn figures(&self) -> BatchFigures {
        self.figures.read()
    }

    /// The same, until this is gone.
    pub fn watch(&self) -> BatchWatch {
        self.figures.watch()
    }

    fn step(&self, tokens: Vec<Vec<u32>>, state: &mut Decoding) -> Result<Logits, ModelError> {
        let (rows, logits) = (mem::take(&mut state.rows), mem::take(&mut state.logits));
        let done = self.ask(|reply| Job::Step(Step { rows, tokens, logits, reply }))?;
        state.rows = done.rows;
        done.logits
    }

    /// Hands a job over and waits for what becomes of it.
    fn ask<T>(&self, job: impl FnOnce(mpsc::SyncSender<T>) -> Job) -> Result<T, ModelError> {
        let (reply, answer) = mpsc::sync_channel(1);
        self.jobs.send(job(reply)).map_err(|_| ModelError::Stopped)?;
        answer.recv().map_err(|_| ModelError::Stopped)
    }
}

impl fmt::Debug for Batching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batching").field("engine", &self.engine).finish_non_exhaustive()
    }
}

impl Seq2Seq for Batching {
    type State = Decoding;

    fn vocab_size(&self) -> usize {
        self.engine.vocab_size()
    }

    fn max_positions(&self) -> Option<usize> {
        self.engine.max_positions()
    }

    fn encode(&self, inputs: &TokenBatch, beams: usize) -> Result<Decoding, ModelError> {
        self.encode_while(inputs, beams, &mut || true)
    }

    fn encode_while(
        &self,
        inputs: &TokenBatch,
        beams: usize,
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<Decoding, ModelError> {
        let encodings = self.engine.begin_batch(inputs)?;
        let ((reply, answer), waits) = (mpsc::sync_channel(1), Arc::new(()));
        let encode = Encode::new(encodings, Arc::downgrade(&waits), reply);
        self.jobs.send(Job::Encode(encode)).map_err(|_| ModelError::Stopped)?;
        let (sources, seat) = loop {
            if !wanted() {
                return Err(ModelError::Unwanted);
            }
            match answer.recv_timeout(LOOK_UP) {
                Ok(encoded) => break encoded,
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return Err(ModelError::Stopped),
            }
        };
        let rows = sources.into_iter().flat_map(|source| vec![self.engine.row(source); beams]).collect();
        Ok(Decoding { rows, logits: Logits::default(), seat: Some(seat), jobs: self.jobs.clone() })
    }

    fn decode(&self, tokens: &[u32], state: &mut Decoding) -> Result<Logits, ModelError> {
        self.step(tokens.iter().map(|token| vec![*token]).collect(), state)
    }

    /// As many as leave all who are decoding together the places that they would have without guesses.
    fn guesses(&self) -> usize {
        let places = (self.engine.guesses() + 1) / self.figures.decoding().max(1);
        places.saturating_sub(1)
    }

    fn decode_guesses(&self, tokens: &[u32], state: &mut Decoding) -> Result<Logits, ModelError> {
        self.step(vec![tokens.to_vec()], state)
    }

    fn take_back(&self, state: &mut Decoding, count: usize) -> Result<(), ModelError> {
        state.rows.iter_mut().for_each(|row| row.take_back(count));
        Ok(())
    }

    fn reuse(&self, state: &mut Decoding, logits: Logits) {
        state.logits = logits;
    }

    /// By the engine's threads, unless another request is decoding: its next step would have to do without them.
    fn each_row(&self, logits: &mut Logits, act: &(dyn Fn(usize, &mut [f32]) + Sync)) {
        if self.figures.decoding() > 1 {
            logits.rows_mut().enumerate().for_each(|(row, scores)| act(row, scores));
        } else {
            self.engine.each_row(logits, act);
        }
    }

    fn reorder(&self, state: &mut Decoding, parents: &[usize]) -> Result<(), ModelError> {
        if parents.iter().enumerate().any(|(row, parent)| row != *parent) {
            state.rows = parents.iter().filter_map(|parent| state.rows.get(*parent).cloned()).collect();
        }
        Ok(())
    }
}
