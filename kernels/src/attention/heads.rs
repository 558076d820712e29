//! All heads of some rows, on several threads.
#![expect(unsafe_code, reason = "threads write different columns of the same rows")]

use std::{cell::RefCell, ops::Range};

use super::{HeadShape, Keys, MOST_QUERIES, Query, QueryVector, Scratch, attend};
use crate::{Cpu, Team, columns::Columns};

/// Numbers of keys and values that are worth a thread.
const WORTH_A_THREAD: usize = 16 << 10;

thread_local! {
    /// Memory that is used again from call to call.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Queries of some rows.
#[derive(Debug, Clone, Copy)]
pub struct Queries<'a> {
    /// A row's `[heads, width]` every `stride` numbers.
    pub values: &'a [f32],
    /// Numbers from one row to the next.
    pub stride: usize,
    /// Sizes of the heads.
    pub shape: HeadShape,
    /// What the scores are multiplied by before a bias is added.
    pub scale: f32,
}

/// Some rows that attend to the same keys.
#[derive(Debug, Clone)]
pub struct Strip<'a> {
    /// At most [`MOST_QUERIES`]; of more, those are left out.
    pub rows: Range<usize>,
    /// What they attend to.
    pub keys: Keys<'a>,
    /// Added to the scores of each row.
    pub bias: Option<Bias<'a>>,
}

/// Biases of all heads, one for each key.
#[derive(Debug, Clone, Copy)]
pub struct Bias<'a> {
    /// A head's every `stride` numbers, from `first` on.
    pub values: &'a [f32],
    /// Numbers from one head to the next.
    pub stride: usize,
    /// Where the first key's is.
    pub first: usize,
}

/// [`attend`] for all heads of all rows, each head by one thread of the team: `output` is `[rows, heads, width]`, and stays
/// as it is of rows that are in no strip.
pub fn attend_heads(team: &Team, cpu: Cpu, queries: Queries<'_>, strips: &[Strip<'_>], output: &mut [f32]) {
    let HeadShape { heads, width } = queries.shape;
    let numbers = strips.iter().map(|strip| 2 * strip.keys.length() * heads * width).sum::<usize>();
    let output = Columns::new(output, heads * width);
    team.split(heads, numbers / WORTH_A_THREAD, 1, |heads| {
        SCRATCH.with_borrow_mut(|scratch| {
            for head in heads {
                for strip in strips {
                    one_head(cpu, queries, strip, head, &output, scratch);
                }
            }
        });
    });
}

fn one_head(
    cpu: Cpu,
    queries: Queries<'_>,
    strip: &Strip<'_>,
    head: usize,
    output: &Columns<'_>,
    scratch: &mut Scratch,
) {
    let columns = head * queries.shape.width..(head + 1) * queries.shape.width;
    let bias = strip.bias.and_then(|bias| bias.values.get(head * bias.stride + bias.first..));
    let mut rows: [Query<'_>; MOST_QUERIES] = std::array::from_fn(|at| {
        let row = strip.rows.start + at;
        let inside = row < strip.rows.end;
        let query = queries.values.get(row * queries.stride..).and_then(|row| row.get(columns.clone()));
        // SAFETY: each head is in one part only, and strips have different rows or are done one after the other.
        let output = unsafe { output.get(row, if inside { columns.clone() } else { 0..0 }) };
        Query { query: QueryVector::Floats(query.unwrap_or_default()), bias, output }
    });
    let count = strip.rows.len().min(MOST_QUERIES);
    attend(cpu, strip.keys, head, queries.scale, rows.get_mut(..count).unwrap_or_default(), scratch);
}
