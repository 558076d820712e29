//! The thread that does the work, and in what order.

use std::{
    collections::VecDeque,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Weak, mpsc},
    time::{Duration, Instant},
};

use super::figures::{Figures, Seat};
use crate::{
    engine::{Encoding, Engine, Row, Source},
    model::{Logits, ModelError},
};

/// How long a step waits for those who are between two steps, as a share of what the last one took: one that comes late
/// costs a step of its own.
const PATIENCE: f64 = 0.25;

/// What somebody wants.
pub(super) enum Job {
    /// Sources to be encoded. Whoever gets them is decoding from then on.
    Encode(Encode),
    /// One more token for some rows.
    Step(Step),
    /// One who was decoding has ended, and need not be waited for.
    Left,
}

/// Encoded sources, of somebody who is decoding from now on.
pub(super) type Encoded = (Vec<Arc<Source>>, Seat);

/// Sources of one request.
pub(super) struct Encode {
    waiting: VecDeque<Encoding>,
    done: Vec<Arc<Source>>,
    reply: mpsc::SyncSender<Encoded>,
    /// Gone when nobody waits for it.
    wanted: Weak<()>,
}

/// A step of one request.
pub(super) struct Step {
    pub(super) rows: Vec<Row>,
    /// Of each row.
    pub(super) tokens: Vec<Vec<u32>>,
    /// Where the scores go.
    pub(super) logits: Logits,
    pub(super) reply: mpsc::SyncSender<Stepped>,
}

/// The rows come back with the scores.
pub(super) struct Stepped {
    pub(super) rows: Vec<Row>,
    pub(super) logits: Result<Logits, ModelError>,
}

impl Step {
    /// Tokens of all rows.
    fn tokens(&self) -> usize {
        self.tokens.iter().map(Vec::len).sum()
    }
}

impl Encode {
    pub(super) fn new(encodings: Vec<Encoding>, wanted: Weak<()>, reply: mpsc::SyncSender<Encoded>) -> Self {
        Self { waiting: encodings.into(), done: Vec::new(), reply, wanted }
    }
}

pub(super) struct Scheduler {
    engine: Arc<Engine>,
    inbox: mpsc::Receiver<Job>,
    figures: Arc<Figures>,
    encoding: VecDeque<Encode>,
    stepping: Vec<Step>,
    /// Memory for the scores of a step.
    scores: Logits,
    /// What the last step took.
    took: Duration,
}

impl Scheduler {
    pub(super) fn new(engine: Arc<Engine>, inbox: mpsc::Receiver<Job>, figures: Arc<Figures>) -> Self {
        let (encoding, stepping) = (VecDeque::new(), Vec::new());
        let (scores, took) = (Logits::default(), Duration::ZERO);
        Self { engine, inbox, figures, encoding, stepping, scores, took }
    }

    /// Until nobody can send any more.
    pub(super) fn run(mut self) {
        while self.listen() {
            if !self.stepping.is_empty() {
                let began = Instant::now();
                self.step();
                self.took = began.elapsed();
            }
            // As long as a step takes goes to those who wait to join, so that neither side waits for the other.
            let until = Instant::now() + self.took;
            while !self.encoding.is_empty() {
                self.encode();
                if self.figures.decoding() > 0 && Instant::now() >= until {
                    break;
                }
                if !self.hear() {
                    return;
                }
            }
        }
    }

    /// Takes in what is there; waits for work, and for a moment for all who are decoding. False when it is over.
    fn listen(&mut self) -> bool {
        if !self.hear() {
            return false;
        }
        let idle = self.encoding.is_empty() && self.stepping.is_empty();
        if idle {
            match self.inbox.recv() {
                Ok(job) => self.take(job),
                Err(mpsc::RecvError) => return false,
            }
        }
        let until = Instant::now() + self.took.mul_f64(PATIENCE);
        // Those who wait to be encoded are better use of the time.
        while self.encoding.is_empty() && self.stepping.len() < self.figures.decoding() {
            let left = until.saturating_duration_since(Instant::now());
            match self.inbox.recv_timeout(left) {
                Ok(job) => self.take(job),
                Err(mpsc::RecvTimeoutError::Timeout) => break,
                Err(mpsc::RecvTimeoutError::Disconnected) => return false,
            }
        }
        true
    }

    /// Takes in what is there. False when it is over.
    fn hear(&mut self) -> bool {
        loop {
            match self.inbox.try_recv() {
                Ok(job) => self.take(job),
                Err(mpsc::TryRecvError::Empty) => return true,
                // Nobody is left who could want anything.
                Err(mpsc::TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn take(&mut self, job: Job) {
        match job {
            Job::Encode(encode) => self.encoding.push_back(encode),
            Job::Step(step) => self.stepping.push(step),
            Job::Left => {}
        }
    }

    /// One layer of the first source; who has waited the longest goes first.
    fn encode(&mut self) {
        let Some(mut encode) = self.encoding.pop_front() else { return };
        if encode.wanted.strong_count() == 0 {
            return;
        }
        if let Some(mut encoding) = encode.waiting.pop_front() {
            // Whoever waits for a source that breaks hears that it is gone.
            let Ok(source) = catch_unwind(AssertUnwindSafe(|| self.engine.advance(&mut encoding))) else {
                return;
            };
            match source {
                Some(source) => encode.done.push(Arc::new(source)),
                None => encode.waiting.push_front(encoding),
            }
        }
        if encode.waiting.is_empty() {
            // Who has left meanwhile takes no seat: it is dropped with what he doesn't get.
            let _ = encode.reply.send((encode.done, Seat::take(&self.figures)));
        } else {
            self.encoding.push_front(encode);
        }
    }

    /// One step of all who wait for one.
    fn step(&mut self) {
        let mut steps = mem::take(&mut self.stepping);
        self.figures.stepped(steps.iter().map(Step::tokens).sum());
        // Rows that are cut short by a panic are lost with it: those who wait for them hear that they are gone.
        let Ok(scores) =
            catch_unwind(AssertUnwindSafe(|| together(&self.engine, &mut steps, &mut self.scores)))
        else {
            return;
        };
        for (step, logits) in steps.into_iter().zip(scores) {
            // Who has left needs none.
            let _ = step.reply.send(Stepped { rows: step.rows, logits });
        }
    }
}

/// The scores of each request; `all` is memory for those of all.
fn together(engine: &Engine, steps: &mut [Step], all: &mut Logits) -> Vec<Result<Logits, ModelError>> {
    // Of one it is a step of its own, whose scores go where they are wanted.
    if let [_] = steps {
        return steps.iter_mut().map(|step| alone(engine, step)).collect();
    }
    if steps.iter().any(|step| step.rows.len() != step.tokens.len()) || advance(engine, steps, all).is_err() {
        // One of them asks for what can't be; no row has changed.
        return steps.iter_mut().map(|step| alone(engine, step)).collect();
    }
    let mut rows = all.rows();
    let own = |step: &mut Step| {
        let (count, mut logits) = (step.tokens(), mem::take(&mut step.logits));
        let places = logits.reset(count, engine.vocab_size()).chunks_exact_mut(engine.vocab_size().max(1));
        places.zip(&mut rows).for_each(|(place, scores)| place.copy_from_slice(scores));
        Ok(logits)
    };
    steps.iter_mut().map(own).collect()
}

fn alone(engine: &Engine, step: &mut Step) -> Result<Logits, ModelError> {
    let mut logits = mem::take(&mut step.logits);
    if step.rows.len() != step.tokens.len() {
        return Err(ModelError::OtherState);
    }
    advance(engine, std::slice::from_mut(step), &mut logits)?;
    Ok(logits)
}

fn advance(engine: &Engine, steps: &mut [Step], logits: &mut Logits) -> Result<(), ModelError> {
    let mut rows: Vec<&mut Row> = Vec::new();
    let mut tokens: Vec<&[u32]> = Vec::new();
    for step in steps {
        rows.extend(&mut step.rows);
        tokens.extend(step.tokens.iter().map(Vec::as_slice));
    }
    engine.step_ahead(&mut rows, &tokens, logits)
}
