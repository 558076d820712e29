//! Keys and values of 16 tokens of an output.

use std::sync::Arc;

use super::{
    HeadShape, Precision, Tokens,
    blocks::Scales,
    write::{WriteKey, WriteValue},
};
use crate::{
    BufferPool, Cpu, LANES,
    buffer::Buffer,
    tile::{KvRun, PairLines, PairLinesMut, TOKEN_PAIRS},
};

type Line = [i8; 2 * LANES];

/// A block of 16 tokens for each layer, in 8 bits. What a head of a layer reads lies in one place, and the next head's after it:
/// a step reads a little of each page, and so much else in between that it comes from memory each time.
#[derive(Debug, Clone)]
pub struct KvPage {
    shape: HeadShape,
    /// `[layers, heads]`, of each the keys' lines and then the values' as in [`KvRun`].
    lines: Buffer,
    /// `[layers, heads]`, of keys and of values.
    scales: Vec<[[f32; LANES]; 2]>,
}

impl KvPage {
    /// Of so many layers, all zero.
    pub fn new(pool: &Arc<BufferPool>, shape: HeadShape, layers: usize) -> Self {
        let all = layers * shape.heads;
        let lines = shape.pairs() + shape.value_lines();
        let mut lines = Buffer::new(pool, all * lines * size_of::<Line>());
        lines.fill(0);
        Self { shape, lines, scales: vec![[[0.0; LANES]; 2]; all] }
    }

    /// Layers that there are.
    pub(super) fn layers(&self) -> usize {
        self.scales.len() / self.shape.heads.max(1)
    }

    /// Writes a layer's token; outside of the page, nothing.
    pub fn write(&mut self, cpu: Cpu, layer: usize, slot: usize, token: Tokens<'_>) {
        if layer >= self.layers() || slot >= LANES {
            return;
        }
        let (shape, panel) = (self.shape, TOKEN_PAIRS);
        let [of_keys, of_values] = Precision::Bits8.limits(shape);
        let (first, lines) = (layer * shape.heads, shape.pairs() + shape.value_lines());
        let all = bytemuck::cast_slice_mut::<u8, Line>(&mut self.lines);
        let heads = all.chunks_exact_mut(lines.max(1)).zip(&mut self.scales).skip(first);
        for (head, (lines, [keys, values])) in heads.enumerate().take(shape.heads) {
            let [key, value] = token.row(head, shape.width);
            let lines = &mut PairLinesMut::Bytes(lines);
            keys[slot] = cpu.run(WriteKey { row: key, limit: of_keys, lines, first: 0, slot });
            let first = shape.pairs();
            values[slot] = cpu.run(WriteValue { row: value, limit: of_values, lines, first, panel, slot });
        }
    }

    /// A head of a layer; nothing where it isn't there.
    pub(super) fn run(&self, layer: usize, head: usize) -> KvRun<'_> {
        let (pairs, lines) = (self.shape.pairs(), self.shape.pairs() + self.shape.value_lines());
        let begin = (layer * self.shape.heads + head) * lines;
        let all: &[Line] = bytemuck::cast_slice(&self.lines);
        let Some(part) = all.get(begin..begin + lines) else { return KvRun::default() };
        let (keys, values) = part.split_at(pairs);
        KvRun {
            keys: PairLines::Bytes(keys),
            values: PairLines::Bytes(values),
            apart: TOKEN_PAIRS,
            blocks: 1,
            ahead: Some(size_of_val(part)),
        }
    }

    /// Of a head of a layer; none where it isn't there.
    pub(super) fn scales(&self, layer: usize, head: usize) -> Scales<'_> {
        let all = self.scales.get(layer * self.shape.heads + head);
        all.map_or_else(Scales::default, |[keys, values]| Scales {
            keys: std::slice::from_ref(keys),
            values: std::slice::from_ref(values),
        })
    }
}
