//! One step of the decoder, for any rows.

use std::sync::{Arc, PoisonError};

use kernels::{
    Cpu, Finish,
    attention::{self, HeadShape, Keys, KvBlocks, MOST_QUERIES, Precision, Query},
};
use rayon::prelude::*;

use super::{
    DecoderBlock, Engine, Row, in_pool,
    layers::{Scratch, Split},
    stack::MOST_POSITIONS,
};
use crate::model::{Logits, ModelError};

/// Tokens of a page.
const PAGE: usize = kernels::LANES;
/// Numbers of keys and values that are worth a second thread.
const WORTH_A_THREAD: usize = 64 << 10;

/// Memory of a step that is used again by the next.
#[derive(Debug, Default)]
pub(super) struct StepScratch {
    own: Scratch,
    hidden: Vec<f32>,
    /// What attention begins with: queries, keys and values of each row, or queries.
    projections: Vec<f32>,
    /// `[heads, rows, width]`.
    by_head: Vec<f32>,
    /// Of each head.
    attention: Vec<attention::Scratch>,
}

pub(super) fn step(
    engine: &Engine,
    rows: &mut [&mut Row],
    tokens: &[u32],
    logits: &mut Logits,
) -> Result<(), ModelError> {
    let count = rows.len().min(tokens.len());
    let rows = rows.get_mut(..count).unwrap_or_default();
    for (row, token) in rows.iter().zip(tokens) {
        engine.decoder.check(&[*token], row.position, MOST_POSITIONS)?;
    }
    let scores = logits.reset(count, engine.vocab_size);
    if count == 0 {
        return Ok(());
    }
    let mut scratch = engine.scratch.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
    in_pool(|| Step { engine, cpu: engine.cpu, rows, scratch: &mut scratch }.run(tokens, scores));
    engine.scratch.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
    Ok(())
}

struct Step<'a, 'b> {
    engine: &'a Engine,
    cpu: Cpu,
    rows: &'a mut [&'b mut Row],
    scratch: &'a mut StepScratch,
}

impl Step<'_, '_> {
    fn run(mut self, tokens: &[u32], scores: &mut [f32]) {
        let (engine, cpu) = (self.engine, self.cpu);
        self.scratch.hidden.clear();
        for (row, token) in self.rows.iter_mut().zip(tokens) {
            engine.decoder.embed(cpu, *token, row.position, &mut self.scratch.hidden);
            if row.position / PAGE >= row.pages.len() {
                row.pages.push(Arc::new(KvBlocks::new(
                    engine.decoder.shape,
                    engine.decoder_blocks.len(),
                    Precision::Bits16,
                )));
            }
        }
        for (layer, block) in engine.decoder_blocks.iter().enumerate() {
            self.attend_to_tokens(layer, block);
            self.attend_to_source(layer, block);
            let StepScratch { own, hidden, .. } = &mut *self.scratch;
            block.feed_forward.forward(cpu, hidden, Split::Outputs, own);
        }
        let StepScratch { own, hidden, .. } = self.scratch;
        engine.decoder.finish(cpu, hidden, engine.head_scale, own);
        engine.head.forward(cpu, &own.rows, Finish::Store, Split::Outputs, scores);
        for row in self.rows {
            row.position += 1;
        }
    }

    fn attend_to_tokens(&mut self, layer: usize, block: &DecoderBlock) {
        let (cpu, stack) = (self.cpu, &self.engine.decoder);
        let inner = stack.shape.heads * stack.shape.width;
        let StepScratch { own, hidden, projections, .. } = &mut *self.scratch;
        block.own.residual.before(cpu, hidden, own);
        block.own.projections.project(cpu, &own.rows, Split::Outputs, projections);
        let wide = block.own.projections.out_dim().max(1);
        for (row, projected) in self.rows.iter_mut().zip(projections.chunks_exact(wide)) {
            let (position, part) =
                (row.position, |begin: usize| projected.get(begin..begin + inner).unwrap_or_default());
            if let Some(page) = row.pages.get_mut(position / PAGE) {
                Arc::make_mut(page).write(cpu, layer, position % PAGE, part(inner), part(2 * inner));
            }
        }
        let work = self.rows.iter().map(|row| 2 * (row.position + 1) * inner).sum();
        let rows = &*self.rows;
        attend(stack.shape, rows.len(), work, self.scratch, |head, projections, output, scratch| {
            let places =
                output.chunks_exact_mut(stack.shape.width.max(1)).zip(projections.chunks_exact(wide));
            for (row, (output, projected)) in rows.iter().zip(places) {
                let columns = head * stack.shape.width..(head + 1) * stack.shape.width;
                let query = projected.get(columns).unwrap_or_default();
                let keys = Keys::Pages { pages: &row.pages, layer, length: row.position + 1 };
                let before = stack.relative.as_ref().map(|relative| &*relative.before);
                let end = (head + 1) * MOST_POSITIONS;
                let bias = before.and_then(|before| before.get(end - row.position - 1..end));
                let mut query = [Query { query, bias, output }];
                attention::attend(cpu, keys, head, stack.score_scale, &mut query, scratch);
            }
        });
        block.own.finish(cpu, &mut self.scratch.hidden, Split::Outputs, &mut self.scratch.own);
    }

    fn attend_to_source(&mut self, layer: usize, block: &DecoderBlock) {
        let (cpu, stack) = (self.cpu, &self.engine.decoder);
        let inner = stack.shape.heads * stack.shape.width;
        let StepScratch { own, hidden, projections, .. } = &mut *self.scratch;
        block.cross.residual.before(cpu, hidden, own);
        block.cross.queries.project(cpu, &own.rows, Split::Outputs, projections);
        let work = self.rows.iter().map(|row| 2 * row.source.length * inner).sum();
        let rows = &*self.rows;
        attend(stack.shape, rows.len(), work, self.scratch, |head, projections, output, scratch| {
            let columns = head * stack.shape.width..(head + 1) * stack.shape.width;
            let mut places = output
                .chunks_exact_mut(stack.shape.width.max(1))
                .zip(projections.chunks_exact(inner.max(1)))
                .map(|(output, projected)| Query {
                    query: projected.get(columns.clone()).unwrap_or_default(),
                    bias: None,
                    output,
                });
            // Rows of one source that stand side by side read it once.
            for same in rows.chunk_by(|row, next| Arc::ptr_eq(&row.source, &next.source)) {
                for part in same.chunks(MOST_QUERIES) {
                    let Some(source) = part.first().map(|row| &row.source) else { continue };
                    let Some(blocks) = source.layers.get(layer) else { continue };
                    let mut queries: Vec<Query<'_>> = places.by_ref().take(part.len()).collect();
                    let keys = Keys::Source { blocks, length: source.length };
                    attention::attend(cpu, keys, head, stack.score_scale, &mut queries, scratch);
                }
            }
        });
        block.cross.finish(cpu, &mut self.scratch.hidden, &mut self.scratch.own);
    }
}

/// Calls `act` for each head with the projections and the head's part of the output, `[rows, width]`, on several threads
/// where there is work for them; puts the heads of each row side by side, into `scratch.own.attended`.
fn attend(
    shape: HeadShape,
    rows: usize,
    work: usize,
    scratch: &mut StepScratch,
    act: impl Fn(usize, &[f32], &mut [f32], &mut attention::Scratch) + Sync,
) {
    let StepScratch { own, projections, by_head, attention, .. } = scratch;
    let (part, inner) = (rows * shape.width, shape.heads * shape.width);
    by_head.resize(shape.heads * part, 0.0);
    attention.resize_with(shape.heads, attention::Scratch::default);
    if work >= WORTH_A_THREAD && rayon::current_num_threads() > 1 {
        let heads = by_head.par_chunks_mut(part.max(1)).zip(attention).enumerate();
        heads.for_each(|(head, (output, scratch))| act(head, projections, output, scratch));
    } else {
        let heads = by_head.chunks_mut(part.max(1)).zip(attention).enumerate();
        heads.for_each(|(head, (output, scratch))| act(head, projections, output, scratch));
    }
    own.attended.resize(rows * inner, 0.0);
    for (head, values) in by_head.chunks_exact(part.max(1)).enumerate() {
        let places = own.attended.chunks_exact_mut(inner.max(1));
        for (place, value) in places.zip(values.chunks_exact(shape.width.max(1))) {
            if let Some(place) = place.get_mut(head * shape.width..(head + 1) * shape.width) {
                place.copy_from_slice(value);
            }
        }
    }
}
