//! Rows of floats in 8-bit integers, as the input of a product.
#![expect(unsafe_code, reason = "integers lie in blocks that begin where a line of the cache begins")]
#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]

use std::mem;

use crate::{
    Cpu, LANES,
    cpu::Loops,
    matrix::GROUP,
    ops::highest_magnitude,
    simd::Simd,
    tile::{self, Excess, Spans},
};

/// Rows are filled up to a multiple of this, which is what a tile of AMX reads.
pub(crate) const FILL: usize = 16;
/// Groups of a block.
const BLOCK: usize = 16;
/// Where rows begin a multiple of so many bytes after each other, a tile of AMX finds all 16 of them in one or two sets of the nearest
/// cache, which have room for 12 lines each; so there is a line between them.
const CROWDED: usize = 2048;

/// Some integers, in one line of the cache.
#[repr(C, align(64))]
#[derive(Debug, Clone, Copy)]
struct Block([[i8; GROUP]; BLOCK]);

/// `[rows, width]`, each row with a scale of its own: a value is about `scale · int8`, with integers from −127 to 127. They
/// lie as the instructions want them that have quantized them, and that multiply them.
#[derive(Debug, Clone, Default)]
pub struct Int8Rows {
    cpu: Cpu,
    /// `[rows, stride]`, each row filled up with zeros to its groups, and with any rows to a multiple of [`FILL`].
    blocks: Vec<Block>,
    groups: usize,
    /// Groups from a row to the next.
    stride: usize,
    scales: Vec<f32>,
    /// Of each row's integers.
    sums: Vec<i32>,
    /// What `blocks` leave out, row by row.
    excess: Vec<Excess>,
    /// Where each row's excess ends.
    ends: Vec<usize>,
    /// Of each row.
    spans: Spans,
}

impl Int8Rows {
    /// Forgets all rows; what follows has `width` values a row.
    pub fn reset(&mut self, cpu: Cpu, width: usize) {
        self.cpu = cpu;
        self.scales.clear();
        self.sums.clear();
        self.excess.clear();
        self.ends.clear();
        self.groups = width.div_ceil(GROUP);
        let crowded = (self.groups * GROUP).is_multiple_of(CROWDED);
        self.stride = self.groups + if crowded { BLOCK } else { 0 };
        self.spans.reset(self.groups);
    }

    /// Quantizes one row more, of the width that was set. What is not a number becomes zero.
    pub fn push(&mut self, row: &[f32]) {
        let begin = self.len() * self.stride;
        let end = begin + self.groups;
        let wanted = ((self.len() + 1).next_multiple_of(FILL) * self.stride).div_ceil(BLOCK);
        if wanted > self.blocks.len() {
            self.blocks.resize(wanted, Block([[0; GROUP]; BLOCK]));
        }
        let cpu = self.cpu;
        let place = self.values_mut().get_mut(begin..end).unwrap_or_default();
        let (scale, sum) = cpu.run(QuantizeRow { row, place: place.as_flattened_mut() });
        self.scales.push(scale);
        self.sums.push(sum);
        let (mut excess, mut spans) = (mem::take(&mut self.excess), mem::take(&mut self.spans));
        let row = self.values_mut().get_mut(begin..end).unwrap_or_default();
        tile::take_excess(cpu, row, &mut excess);
        tile::measure_spans(cpu, row, sum, &mut spans);
        self.ends.push(excess.len());
        (self.excess, self.spans) = (excess, spans);
    }

    /// Quantizes `rows`, `[rows, width]`, in the place of what was there.
    pub fn quantize(&mut self, cpu: Cpu, rows: &[f32], width: usize) {
        self.reset(cpu, width);
        for row in rows.chunks_exact(width.max(1)) {
            self.push(row);
        }
    }

    /// Rows that there are.
    pub fn len(&self) -> usize {
        self.scales.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.scales.is_empty()
    }

    /// Whose instructions they are for.
    pub(crate) fn cpu(&self) -> Cpu {
        self.cpu
    }

    pub(crate) fn groups(&self) -> usize {
        self.groups
    }

    /// What [`values`](Self::values) leave out of each row: all rows' one after the other, and where each ends.
    pub(crate) fn excess(&self) -> (&[Excess], &[usize]) {
        (&self.excess, &self.ends)
    }

    /// What is known of the spans of [`values`](Self::values).
    pub(crate) fn spans(&self) -> &Spans {
        &self.spans
    }

    /// Groups from a row of [`values`](Self::values) to the next.
    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// `[rows, stride]`, and behind the last row as many more as make their number a multiple of [`FILL`].
    pub(crate) fn values(&self) -> &[[i8; GROUP]] {
        // SAFETY: a block is so many groups, and nothing else.
        unsafe { std::slice::from_raw_parts(self.blocks.as_ptr().cast(), self.blocks.len() * BLOCK) }
    }

    fn values_mut(&mut self) -> &mut [[i8; GROUP]] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.blocks.as_mut_ptr().cast(), self.blocks.len() * BLOCK) }
    }

    pub(crate) fn scales(&self) -> &[f32] {
        &self.scales
    }

    pub(crate) fn sums(&self) -> &[i32] {
        &self.sums
    }
}

struct QuantizeRow<'a> {
    row: &'a [f32],
    place: &'a mut [i8],
}

impl Loops for QuantizeRow<'_> {
    /// The scale, and the sum of the integers.
    type Output = (f32, i32);

    #[inline(always)]
    fn run(self, simd: impl Simd) -> (f32, i32) {
        let highest = highest_magnitude(simd, self.row);
        let inverse = 127.0 / highest;
        if !(highest.is_finite() && inverse.is_finite()) {
            self.place.fill(0);
            return (0.0, 0);
        }
        let inverse = simd.splat(inverse);
        let (whole, rest) = self.row.as_chunks::<LANES>();
        for (values, place) in whole.iter().zip(self.place.as_chunks_mut().0) {
            *place = integers(simd, values, inverse);
        }
        if !rest.is_empty() {
            let mut last = [0.0; LANES];
            last.iter_mut().zip(rest).for_each(|(last, value)| *last = *value);
            let place = self.place.iter_mut().skip(whole.len() * LANES);
            place.zip(integers(simd, &last, inverse)).for_each(|(place, byte)| *place = byte);
        }
        // Afterwards: what was just written in parts would be slow to read.
        (highest / 127.0, self.place.iter().map(|byte| i32::from(*byte)).sum())
    }
}

/// The nearest integers, in 8 bits.
#[inline(always)]
fn integers<S: Simd>(simd: S, values: &[f32; LANES], inverse: S::Floats) -> [i8; LANES] {
    simd.bytes(simd.nearest(simd.mul(simd.load(values), inverse)))
}

/// Adding this to a float of at most 2^22 leaves its nearest integer in the low bits.
const ROUND: f32 = 12_582_912.0;

/// The nearest integer, even of two; its low bytes are 0 of what is no number.
#[inline(always)]
pub(crate) fn nearest(value: f32) -> i32 {
    (value + ROUND).to_bits().wrapping_sub(ROUND.to_bits()).cast_signed()
}
