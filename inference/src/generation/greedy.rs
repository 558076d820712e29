//! One token at a time: the likeliest, or one drawn at random (`GenerationMixin._sample`).

use super::{GenerateError, Generated, Next, Rows, Run, Watch, guesses, sampling, top};
use crate::model::{ModelError, Seq2Seq};

pub(super) fn search<M: Seq2Seq + ?Sized>(
    model: &M,
    run: Run<'_>,
    watch: &mut dyn Watch,
) -> Result<Generated, GenerateError> {
    let state = run.encode(model, watch)?;
    let rows = vec![vec![run.start]; run.rows()];
    let ended = vec![false; rows.len()];
    let mut search = Search { model, run, state, rows, ended };
    while search.goes_on() {
        let step = if search.rows.len() == 1 { search.guess(watch)? } else { search.step(watch)? };
        match step {
            Next::Continue => {}
            Next::Stop => break,
            Next::Cancel => return Err(GenerateError::Cancelled),
        }
    }
    Ok(Generated { sequences: search.rows, scores: None })
}

struct Search<'a, M: Seq2Seq + ?Sized> {
    model: &'a M,
    run: Run<'a>,
    state: M::State,
    rows: Vec<Vec<u32>>,
    ended: Vec<bool>,
}

impl<M: Seq2Seq + ?Sized> Search<'_, M> {
    fn goes_on(&self) -> bool {
        let room = self.rows.first().is_some_and(|row| row.len() < self.run.longest);
        room && !self.ended.iter().all(|ended| *ended)
    }

    /// One token for each row.
    fn step(&mut self, watch: &mut dyn Watch) -> Result<Next, ModelError> {
        let last: Vec<u32> = self.rows.iter().filter_map(|row| row.last().copied()).collect();
        let mut logits = self.model.decode(&last, &mut self.state)?;
        for index in 0..self.rows.len() {
            self.choose(index, logits.row_mut(index));
        }
        self.model.reuse(&mut self.state, logits);
        Ok(watch.step(&Rows { tokens: &self.rows, is_final: true }))
    }

    /// One token for the only row, and as many more as were guessed.
    fn guess(&mut self, watch: &mut dyn Watch) -> Result<Next, ModelError> {
        let [row] = self.rows.as_slice() else { return self.step(watch) };
        let room = self.run.longest.saturating_sub(row.len() + 1);
        let most = room.min(self.model.guesses());
        let guesses = guesses::guess(self.run.inputs.row(0), row, most);
        if guesses.is_empty() {
            return self.step(watch);
        }
        let tokens: Vec<u32> = row.last().into_iter().chain(guesses).copied().collect();
        let mut logits = self.model.decode_guesses(&tokens, &mut self.state)?;
        for (at, guess) in guesses.iter().map(Some).chain([None]).enumerate() {
            let token = self.choose(0, logits.row_mut(at));
            let next = watch.step(&Rows { tokens: &self.rows, is_final: true });
            if next != Next::Continue || !self.goes_on() {
                return Ok(next);
            }
            if guess != Some(&token) {
                self.model.take_back(&mut self.state, guesses.len() - at)?;
                break;
            }
        }
        self.model.reuse(&mut self.state, logits);
        Ok(Next::Continue)
    }

    /// Appends a row's next token, which is filling where it has ended.
    fn choose(&mut self, index: usize, scores: &mut [f32]) -> u32 {
        let row = &self.rows[index];
        let token = if self.ended[index] {
            self.run.config.pad().unwrap_or_default()
        } else {
            self.run.processors.apply(self.run.context(index, row), scores);
            let samples = self.run.config.do_sample == Some(true);
            let chosen = if samples { sampling::draw(scores, &mut self.run.random) } else { argmax(scores) };
            chosen as u32
        };
        self.rows[index].push(token);
        self.ended[index] |= self.run.is_end(token);
        token
    }
}

/// Index of the highest score; the first of equals.
fn argmax(scores: &[f32]) -> usize {
    top::highest_of_row(1, scores).first().map_or(0, |(index, _)| *index)
}
