//! Beam search (`GenerationMixin._beam_search` of transformers 4.57), score for score in 32-bit floats.

use std::sync::{Mutex, PoisonError};

use super::{EarlyStopping, GenerateError, Generated, Next, Rows, Run, Watch, log_softmax, sampling, top};
use crate::model::{Logits, Seq2Seq};

/// What takes a score out of the running, without being infinite. transformers adds it, and so do we.
const OUT: f32 = -1.0e9;

/// A sequence with its score.
#[derive(Debug, Clone)]
struct Hypothesis {
    tokens: Vec<u32>,
    score: f32,
    /// The row that it continues.
    parent: usize,
    /// Whether it is at its end.
    ended: bool,
}

/// The beams of one input.
struct Beams {
    running: Vec<Hypothesis>,
    /// The best that ended, best first; filled up with some that haven't.
    finished: Vec<Hypothesis>,
    /// Whether a running one can still beat the worst finished one.
    improvable: bool,
    /// Whether every candidate of the last step is at its end.
    stuck: bool,
}

pub(super) fn search<M: Seq2Seq + ?Sized>(
    model: &M,
    mut run: Run<'_>,
    watch: &mut dyn Watch,
) -> Result<Generated, GenerateError> {
    let mut state = run.encode(model, watch)?;
    let mut items: Vec<Beams> = (0..run.inputs.rows()).map(|_| Beams::new(run.start, run.expand)).collect();
    loop {
        let last: Vec<u32> = running(&items).filter_map(|row| row.tokens.last().copied()).collect();
        let mut logits = model.decode(&last, &mut state)?;
        let best = score(model, &items, &run, &mut logits);
        for (index, item) in items.iter_mut().enumerate() {
            item.step(&mut run, index, &logits, &best);
        }
        model.reuse(&mut state, logits);
        let rows: Vec<Vec<u32>> = running(&items).map(|row| row.tokens.clone()).collect();
        if watch.step(&Rows { tokens: &rows, is_final: false }) == Next::Cancel {
            return Err(GenerateError::Cancelled);
        }
        if is_over(&items, run.config.early_stopping) {
            return Ok(result(&items, &run));
        }
        let parents: Vec<usize> = running(&items).map(|row| row.parent).collect();
        model.reorder(&mut state, &parents)?;
    }
}

/// The best continuations of a row: enough, should all of an input's be of one row.
type Best = Vec<(usize, f32)>;

/// Makes of the scores of the next token those of the sequences that it continues; gives the best of each row, unless they are drawn.
fn score<M: Seq2Seq + ?Sized>(model: &M, items: &[Beams], run: &Run<'_>, logits: &mut Logits) -> Vec<Best> {
    let rows: Vec<(&Hypothesis, Mutex<Best>)> = running(items).map(|row| (row, Mutex::default())).collect();
    model.each_row(logits, &|row, scores| {
        let Some((hypothesis, best)) = rows.get(row) else { return };
        log_softmax(scores);
        run.processors.apply(run.context(row, &hypothesis.tokens), scores);
        kernels::ops::add_number(kernels::Cpu::best(), scores, hypothesis.score);
        if run.config.do_sample != Some(true) {
            *best.lock().unwrap_or_else(PoisonError::into_inner) = top::highest_of_row(kept(run), scores);
        }
    });
    rows.into_iter().map(|(_, best)| best.into_inner().unwrap_or_else(PoisonError::into_inner)).collect()
}

/// Continuations of an input that are looked at: even where the best ones all end, as many as there are beams go on.
fn kept(run: &Run<'_>) -> usize {
    (run.config.eos().len().max(1) + 1) * run.expand
}

fn running(items: &[Beams]) -> impl Iterator<Item = &Hypothesis> {
    items.iter().flat_map(|item| &item.running)
}

/// Whether no input needs another step; all go on together until then.
fn is_over(items: &[Beams], early: Option<EarlyStopping>) -> bool {
    let improvable = items.iter().any(|item| item.improvable);
    let full = early == Some(EarlyStopping::Yes) && items.iter().all(Beams::is_full);
    !improvable || full || items.iter().all(|item| item.stuck)
}

fn result(items: &[Beams], run: &Run<'_>) -> Generated {
    let best = || items.iter().flat_map(|item| item.finished.iter().take(run.config.returned()));
    // A padding token of 0 is no padding token to transformers, which then takes the end of the sequence.
    let fill = run
        .config
        .pad()
        .filter(|pad| *pad != 0)
        .or_else(|| run.config.eos().first().copied())
        .unwrap_or_default();
    let longest = best().map(|hypothesis| hypothesis.tokens.len()).max().unwrap_or_default();
    let padded = |hypothesis: &Hypothesis| {
        let mut tokens = hypothesis.tokens.clone();
        tokens.resize(longest, fill);
        tokens
    };
    Generated {
        sequences: best().map(padded).collect(),
        scores: Some(best().map(|hypothesis| hypothesis.score).collect()),
    }
}

impl Beams {
    /// Only the first beam counts at first, so that the beams don't all say the same.
    fn new(start: u32, beams: usize) -> Self {
        let hypothesis = |score| Hypothesis { tokens: vec![start], score, parent: 0, ended: false };
        let running = (0..beams).map(|beam| hypothesis(if beam == 0 { 0.0 } else { OUT })).collect();
        Self { running, finished: vec![hypothesis(OUT); beams], improvable: true, stuck: false }
    }

    fn is_full(&self) -> bool {
        self.finished.iter().all(|hypothesis| hypothesis.ended)
    }

    fn step(&mut self, run: &mut Run<'_>, item: usize, logits: &Logits, best: &[Best]) {
        let candidates = self.candidates(run, item * run.expand, logits, best);
        self.stuck = candidates.iter().all(|candidate| candidate.ended);
        self.running = self.continued(&candidates);
        self.finish(candidates, run);
        self.improvable &= self.can_improve(run);
    }

    /// The best continuations, or some that are drawn; `best` has those of each row, and this input's are from the `first` on.
    fn candidates(&self, run: &mut Run<'_>, first: usize, logits: &Logits, best: &[Best]) -> Vec<Hypothesis> {
        let (vocab_size, kept) = (logits.vocab_size(), kept(run));
        let best = if run.config.do_sample == Some(true) {
            let rows = (0..self.running.len()).map(|beam| logits.row(first + beam));
            let random = &mut run.random;
            let noisy = rows.flatten().copied().map(|score| sampling::perturb(score, random));
            let drawn = top::highest(kept, noisy);
            drawn
                .into_iter()
                .map(|(index, _)| (index, logits.row(first + index / vocab_size)[index % vocab_size]))
                .collect()
        } else {
            let rows = best.iter().skip(first).take(self.running.len());
            top::highest_of_rows(kept, vocab_size, rows.map(Vec::as_slice))
        };
        let hypothesis = |(index, score): (usize, f32)| {
            let (beam, token) = (index / vocab_size, (index % vocab_size) as u32);
            let mut tokens = self.running[beam].tokens.clone();
            tokens.push(token);
            let ended = run.is_end(token) || tokens.len() >= run.longest;
            Hypothesis { tokens, score, parent: first + beam, ended }
        };
        best.into_iter().map(hypothesis).collect()
    }

    /// The best of those that are not at their end.
    fn continued(&self, candidates: &[Hypothesis]) -> Vec<Hypothesis> {
        let scores = candidates
            .iter()
            .map(|candidate| if candidate.ended { candidate.score + OUT } else { candidate.score });
        let best = top::highest(self.running.len(), scores);
        best.into_iter().map(|(index, score)| Hypothesis { score, ..candidates[index].clone() }).collect()
    }

    /// Takes in those of the best that are at their end, where they beat what has ended before.
    fn finish(&mut self, candidates: Vec<Hypothesis>, run: &Run<'_>) {
        let beams = self.running.len();
        let length = candidates.first().map_or(1, |candidate| candidate.tokens.len() - 1);
        let penalty = power(length, run.config.length_penalty);
        let closed = run.config.early_stopping == Some(EarlyStopping::Yes) && self.is_full();
        let mut merged = std::mem::take(&mut self.finished);
        merged.extend(candidates.into_iter().enumerate().map(|(rank, mut candidate)| {
            candidate.ended &= rank < beams;
            candidate.score /= penalty;
            for out in [closed, !self.improvable, !candidate.ended] {
                candidate.score += if out { OUT } else { 0.0 };
            }
            candidate
        }));
        let best = top::highest(beams, merged.iter().map(|hypothesis| hypothesis.score));
        self.finished = best.into_iter().map(|(index, _)| merged[index].clone()).collect();
    }

    /// Whether the best running one could still come in, by the heuristics of transformers.
    fn can_improve(&self, run: &Run<'_>) -> bool {
        let Some(best) = self.running.first() else { return false };
        let penalty = run.config.length_penalty;
        let length =
            if run.config.early_stopping == Some(EarlyStopping::Never) && penalty.unwrap_or(1.0) > 0.0 {
                run.longest - 1
            } else {
                best.tokens.len() - 1
            };
        let possible = best.score / power(length, penalty);
        let scores = self.finished.iter().map(|hypothesis| hypothesis.score);
        // As torch's `min`, which what is not a number goes through.
        let worst = scores.reduce(|worst, score| if worst < score || worst.is_nan() { worst } else { score });
        let worst = worst.unwrap_or(OUT);
        self.finished.iter().any(|hypothesis| possible > if hypothesis.ended { worst } else { OUT })
    }
}

/// The divisor of a score of that many new tokens.
fn power(length: usize, penalty: Option<f64>) -> f32 {
    (length as f64).powf(penalty.unwrap_or(1.0)) as f32
}
