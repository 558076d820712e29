//! Attention of the encoder.

use std::ops::Range;

use super::{Engine, layers::Scratch};
use kernels::attention::{self, HeadShape, Keys, KvBlocks, Query, SourceQueries};

/// Some tokens' attention to all.
pub(super) struct Attend<'a> {
    pub(super) engine: &'a Engine,
    pub(super) queries: &'a SourceQueries,
    pub(super) keys: &'a KvBlocks,
    pub(super) biases: &'a [f32],
    pub(super) length: usize,
}

impl Attend<'_> {
    /// Into `scratch.attended`, `[tokens, heads, width]`.
    pub(super) fn run(&self, shape: HeadShape, tokens: Range<usize>, scratch: &mut Scratch) {
        let inner = shape.heads * shape.width;
        let Scratch { attended, attention, .. } = scratch;
        attended.resize(tokens.len() * inner);
        let (keys, most) = (Keys::Source { blocks: self.keys, length: self.length }, self.keys.queries());
        for head in 0..shape.heads {
            let columns = head * shape.width..(head + 1) * shape.width;
            for (strip, output) in attended.chunks_mut(most * inner).enumerate() {
                let first = tokens.start + strip * most;
                let query = |(at, output)| self.query(first + at, head, columns.clone(), output);
                let mut queries: Vec<Query<'_>> =
                    output.chunks_exact_mut(inner).enumerate().filter_map(query).collect();
                let scale = self.engine.encoder.score_scale;
                attention::attend(self.engine.cpu, keys, head, scale, &mut queries, attention);
            }
        }
    }

    fn query<'b>(
        &'b self,
        token: usize,
        head: usize,
        columns: Range<usize>,
        output: &'b mut [f32],
    ) -> Option<Query<'b>> {
        let query = self.queries.get(token, head)?;
        let distances = 2 * self.length - 1;
        let bias = self.biases.get(head * distances..(head + 1) * distances);
        let bias = bias.and_then(|bias| bias.get(self.length - 1 - token..));
        Some(Query { query, bias, output: output.get_mut(columns)? })
    }
}
