//! One token at a time: the likeliest, or one drawn at random (`GenerationMixin._sample`).

use super::{GenerateError, Generated, Next, Rows, Run, Watch, sampling, top};
use crate::model::Seq2Seq;

pub(super) fn search<M: Seq2Seq + ?Sized>(
    model: &M,
    mut run: Run<'_>,
    watch: &mut dyn Watch,
) -> Result<Generated, GenerateError> {
    let mut state = run.encode(model, watch)?;
    let mut rows = vec![vec![run.start]; run.rows()];
    let mut ended = vec![false; rows.len()];
    let pad = run.config.pad();
    let samples = run.config.do_sample == Some(true);
    while rows.first().is_some_and(|row| row.len() < run.longest) && !ended.iter().all(|ended| *ended) {
        let last: Vec<u32> = rows.iter().filter_map(|row| row.last().copied()).collect();
        let mut logits = model.decode(&last, &mut state)?;
        for (index, row) in rows.iter_mut().enumerate() {
            let token = if ended[index] {
                pad.unwrap_or_default()
            } else {
                let scores = logits.row_mut(index);
                run.processors.apply(run.context(index, row), scores);
                let chosen = if samples { sampling::draw(scores, &mut run.random) } else { argmax(scores) };
                chosen as u32
            };
            row.push(token);
            ended[index] |= run.is_end(token);
        }
        match watch.step(&Rows { tokens: &rows, is_final: true }) {
            Next::Continue => {}
            Next::Stop => break,
            Next::Cancel => return Err(GenerateError::Cancelled),
        }
    }
    Ok(Generated { sequences: rows, scores: None })
}

/// Index of the highest score; the first of equals.
fn argmax(scores: &[f32]) -> usize {
    top::highest_of_rows(1, std::iter::once(scores)).first().map_or(0, |(index, _)| *index)
}
