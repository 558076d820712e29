//! One step of the decoder, for any rows.

use std::sync::{Arc, PoisonError};

use kernels::{
    Cpu, Finish, Floats, Team,
    attention::{Bias, Keys, KvPage, MOST_QUERIES, Queries, Strip, Tokens, attend_heads},
};

use super::{
    DecoderBlock, Engine, Row, Source,
    layers::{Linear, Scratch, Split},
    stack::{MOST_POSITIONS, Stack},
};
use crate::model::{Logits, ModelError};

/// Tokens of a page.
const PAGE: usize = kernels::LANES;

/// Memory of a step that is used again by the next.
#[derive(Debug, Default)]
pub(super) struct StepScratch {
    own: Scratch,
    hidden: Floats,
    /// What attention begins with: queries, keys and values of each row, or queries.
    projections: Floats,
}

/// A token that is taken.
#[derive(Debug, Clone, Copy)]
struct Taken {
    token: u32,
    row: usize,
    position: usize,
}

pub(super) fn step(
    engine: &Engine,
    rows: &mut [&mut Row],
    tokens: &[&[u32]],
    logits: &mut Logits,
) -> Result<(), ModelError> {
    let mut taken = Vec::with_capacity(tokens.len());
    for (at, (row, tokens)) in rows.iter().zip(tokens).enumerate() {
        for (token, position) in tokens.iter().zip(row.position..) {
            engine.decoder.check(&[*token], position, MOST_POSITIONS)?;
            taken.push(Taken { token: *token, row: at, position });
        }
    }
    let scores = logits.reset(taken.len(), engine.vocab_size);
    if taken.is_empty() {
        return Ok(());
    }
    let mut scratch = engine.scratch.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
    let (cpu, team) = (engine.cpu, engine.team);
    let mut step = Step { engine, cpu, team, rows, taken: &taken, scratch: &mut scratch };
    let embedded = step.embed();
    if embedded.is_ok() {
        step.run(scores);
    }
    engine.scratch.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
    embedded?;
    for (row, tokens) in rows.iter_mut().zip(tokens) {
        row.position += tokens.len();
    }
    Ok(())
}

impl DecoderBlock {
    /// The first of its products.
    fn first(&self) -> &Linear {
        &self.own.projections
    }
}

struct Step<'a, 'b> {
    engine: &'a Engine,
    cpu: Cpu,
    team: &'a Team,
    rows: &'a mut [&'b mut Row],
    /// Row by row; what follows has a row for each.
    taken: &'a [Taken],
    scratch: &'a mut StepScratch,
}

impl Step<'_, '_> {
    /// The input of the first block.
    fn embed(&mut self) -> Result<(), ModelError> {
        let (decoder, hidden) = (&self.engine.decoder, &mut self.scratch.hidden);
        hidden.resize(self.taken.len() * decoder.width());
        let vectors = hidden.chunks_exact_mut(decoder.width().max(1));
        self.taken.iter().zip(vectors).try_for_each(|(Taken { token, position, .. }, vector)| {
            decoder.embed(self.cpu, *token, *position, vector)
        })
    }

    fn run(mut self, scores: &mut [f32]) {
        let (engine, cpu, team) = (self.engine, self.cpu, self.team);
        for taken in self.taken {
            let Some(row) = self.rows.get_mut(taken.row) else { continue };
            if taken.position / PAGE >= row.pages.len() {
                let page = KvPage::new(&engine.kept, engine.decoder.shape, engine.decoder_blocks.len());
                row.pages.push(Arc::new(page));
            }
        }
        for (layer, block) in engine.decoder_blocks.iter().enumerate() {
            self.attend_to_tokens(layer, block);
            self.attend_to_source(layer, block);
            let StepScratch { own, hidden, .. } = &mut *self.scratch;
            let next = engine.decoder_blocks.get(layer + 1).map_or(&engine.head, DecoderBlock::first);
            block.feed_forward.forward(cpu, hidden, Split::Outputs { team, next: Some(next) }, own);
        }
        let StepScratch { own, hidden, .. } = self.scratch;
        engine.decoder.finish(cpu, hidden, engine.head_scale, own);
        // Of the next step.
        let next = engine.decoder_blocks.first().map(DecoderBlock::first);
        engine.head.forward(&own.rows, Finish::Store, Split::Outputs { team, next }, scores);
    }

    fn attend_to_tokens(&mut self, layer: usize, block: &DecoderBlock) {
        let (cpu, team, stack) = (self.cpu, self.team, &self.engine.decoder);
        let StepScratch { own, hidden, projections, .. } = &mut *self.scratch;
        block.own.residual.before(cpu, hidden, own);
        let split = Split::Outputs { team, next: Some(&block.own.output) };
        block.own.projections.project(&own.rows, split, projections);
        let wide = block.own.projections.out_dim().max(1);
        self.write(layer, wide);
        let bias = stack.relative.as_ref().map(|relative| &*relative.before);
        let strip = |(at, taken): (usize, &Taken)| {
            let row = self.rows.get(taken.row)?;
            let (length, first) = (taken.position + 1, MOST_POSITIONS.saturating_sub(taken.position + 1));
            Some(Strip {
                rows: at..at + 1,
                keys: Keys::Pages { pages: &row.pages, layer, length },
                bias: bias.map(|values| Bias { values, stride: MOST_POSITIONS, first }),
            })
        };
        let strips: Vec<Strip<'_>> = self.taken.iter().enumerate().filter_map(strip).collect();
        attend(team, cpu, stack, (wide, &strips), self.scratch);
        let split = Split::Outputs { team, next: Some(&block.cross.queries) };
        block.own.finish(cpu, &mut self.scratch.hidden, split, &mut self.scratch.own);
    }

    /// Puts each token's keys and values, from where they are projected, into its row's pages.
    fn write(&mut self, layer: usize, wide: usize) {
        let (cpu, team, all, projections) = (self.cpu, self.team, self.taken, &self.scratch.projections);
        let inner = self.engine.decoder.shape.heads * self.engine.decoder.shape.width;
        let write = |(at, row): (usize, &mut Row)| {
            let first = all.partition_point(|taken| taken.row < at);
            let own = all.iter().skip(first).take_while(|taken| taken.row == at);
            for (Taken { position, .. }, projected) in own.zip(projections.chunks_exact(wide).skip(first)) {
                let part = |begin: usize| projected.get(begin..begin + inner).unwrap_or_default();
                if let Some(page) = row.pages.get_mut(position / PAGE) {
                    let token = Tokens { keys: part(inner), values: part(2 * inner), stride: inner };
                    Arc::make_mut(page).write(cpu, layer, position % PAGE, token);
                }
            }
        };
        let rows = self.rows.iter_mut().map(|row| &mut **row).enumerate();
        // One row is one thread's, and then it is the caller's.
        if rows.len() > 1 {
            team.each(rows, write);
        } else {
            rows.for_each(write);
        }
    }

    fn attend_to_source(&mut self, layer: usize, block: &DecoderBlock) {
        let (cpu, team, stack) = (self.cpu, self.team, &self.engine.decoder);
        let inner = stack.shape.heads * stack.shape.width;
        let StepScratch { own, hidden, projections, .. } = &mut *self.scratch;
        block.cross.residual.before(cpu, hidden, own);
        let split = Split::Outputs { team, next: Some(&block.cross.output) };
        block.cross.queries.project(&own.rows, split, projections);
        let mut strips: Vec<Strip<'_>> = Vec::with_capacity(self.taken.len());
        let mut last: Option<&Arc<Source>> = None;
        // Tokens of one source that stand side by side read it once.
        for (at, taken) in self.taken.iter().enumerate() {
            let Some(source) = self.rows.get(taken.row).map(|row| &row.source) else { continue };
            let Some(blocks) = source.layers.get(layer) else { continue };
            let same = last.is_some_and(|last| Arc::ptr_eq(last, source));
            last = Some(source);
            match strips.last_mut().filter(|strip| same && strip.rows.len() < MOST_QUERIES) {
                Some(strip) => strip.rows.end = at + 1,
                None => strips.push(Strip {
                    rows: at..at + 1,
                    keys: Keys::Source { blocks, length: source.length },
                    bias: None,
                }),
            }
        }
        attend(team, cpu, stack, (inner, &strips), self.scratch);
        let split = Split::Outputs { team, next: Some(&block.feed_forward.inner) };
        block.cross.finish(cpu, &mut self.scratch.hidden, split, &mut self.scratch.own);
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
    own.attended.resize(rows * stack.shape.heads * stack.shape.width);
    attend_heads(team, cpu, queries, strips, &mut own.attended);
}
