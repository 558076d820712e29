//! One step of the decoder, for any rows.

use std::sync::{Arc, PoisonError};

use kernels::{
    Cpu, Finish, Team,
    attention::{Bias, Keys, KvBlocks, MOST_QUERIES, Precision, Queries, Strip, attend_heads},
};

use super::{
    DecoderBlock, Engine, Row,
    layers::{Scratch, Split},
    stack::{MOST_POSITIONS, Stack},
};
use crate::model::{Logits, ModelError};

/// Tokens of a page.
const PAGE: usize = kernels::LANES;

/// Memory of a step that is used again by the next.
#[derive(Debug, Default)]
pub(super) struct StepScratch {
    own: Scratch,
    hidden: Vec<f32>,
    /// What attention begins with: queries, keys and values of each row, or queries.
    projections: Vec<f32>,
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
    Step { engine, cpu: engine.cpu, team: engine.team, rows, scratch: &mut scratch }.run(tokens, scores);
    engine.scratch.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
    Ok(())
}

struct Step<'a, 'b> {
    engine: &'a Engine,
    cpu: Cpu,
    team: &'a Team,
    rows: &'a mut [&'b mut Row],
    scratch: &'a mut StepScratch,
}

impl Step<'_, '_> {
    fn run(mut self, tokens: &[u32], scores: &mut [f32]) {
        let (engine, cpu, team) = (self.engine, self.cpu, self.team);
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
            block.feed_forward.forward(cpu, hidden, Split::Outputs(team), own);
        }
        let StepScratch { own, hidden, .. } = self.scratch;
        engine.decoder.finish(cpu, hidden, engine.head_scale, own);
        engine.head.forward(cpu, &own.rows, Finish::Store, Split::Outputs(team), scores);
        for row in self.rows {
            row.position += 1;
        }
    }

    fn attend_to_tokens(&mut self, layer: usize, block: &DecoderBlock) {
        let (cpu, team, stack) = (self.cpu, self.team, &self.engine.decoder);
        let inner = stack.shape.heads * stack.shape.width;
        let StepScratch { own, hidden, projections, .. } = &mut *self.scratch;
        block.own.residual.before(cpu, hidden, own);
        block.own.projections.project(cpu, &own.rows, Split::Outputs(team), projections);
        let wide = block.own.projections.out_dim().max(1);
        for (row, projected) in self.rows.iter_mut().zip(projections.chunks_exact(wide)) {
            let (position, part) =
                (row.position, |begin: usize| projected.get(begin..begin + inner).unwrap_or_default());
            if let Some(page) = row.pages.get_mut(position / PAGE) {
                Arc::make_mut(page).write(cpu, layer, position % PAGE, part(inner), part(2 * inner));
            }
        }
        let bias = stack.relative.as_ref().map(|relative| &*relative.before);
        let rows = self.rows.iter().enumerate();
        let strips = rows.map(|(at, row)| Strip {
            rows: at..at + 1,
            keys: Keys::Pages { pages: &row.pages, layer, length: row.position + 1 },
            bias: bias.map(|values| Bias {
                values,
                stride: MOST_POSITIONS,
                first: MOST_POSITIONS.saturating_sub(row.position + 1),
            }),
        });
        let strips: Vec<Strip<'_>> = strips.collect();
        attend(team, cpu, stack, (wide, &strips), self.scratch);
        block.own.finish(cpu, &mut self.scratch.hidden, Split::Outputs(team), &mut self.scratch.own);
    }

    fn attend_to_source(&mut self, layer: usize, block: &DecoderBlock) {
        let (cpu, team, stack) = (self.cpu, self.team, &self.engine.decoder);
        let inner = stack.shape.heads * stack.shape.width;
        let StepScratch { own, hidden, projections, .. } = &mut *self.scratch;
        block.cross.residual.before(cpu, hidden, own);
        block.cross.queries.project(cpu, &own.rows, Split::Outputs(team), projections);
        let mut strips = Vec::with_capacity(self.rows.len());
        // Rows of one source that stand side by side read it once.
        for (at, row) in self.rows.iter().enumerate() {
            let Some(blocks) = row.source.layers.get(layer) else { continue };
            let before = self.rows.get(..at).and_then(<[_]>::last);
            let same = before.is_some_and(|before| Arc::ptr_eq(&before.source, &row.source));
            match strips.last_mut().filter(|strip: &&mut Strip<'_>| same && strip.rows.len() < MOST_QUERIES) {
                Some(strip) => strip.rows.end = at + 1,
                None => strips.push(Strip {
                    rows: at..at + 1,
                    keys: Keys::Source { blocks, length: row.source.length },
                    bias: None,
                }),
            }
        }
        attend(team, cpu, stack, (inner, &strips), self.scratch);
        block.cross.finish(cpu, &mut self.scratch.hidden, Split::Outputs(team), &mut self.scratch.own);
    }
}

/// What the rows attend to, into `scratch.own.attended`, `[rows, heads, width]`.
fn attend(
    team: &Team,
    cpu: Cpu,
    stack: &Stack,
    (stride, strips): (usize, &[Strip<'_>]),
    scratch: &mut StepScratch,
) {
    let StepScratch { own, projections, .. } = scratch;
    let queries = Queries { values: projections, stride, shape: stack.shape, scale: stack.score_scale };
    let rows = projections.len() / stride.max(1);
    own.attended.resize(rows * stack.shape.heads * stack.shape.width, 0.0);
    attend_heads(team, cpu, queries, strips, &mut own.attended);
}
