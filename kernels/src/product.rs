//! Rows times a matrix: the linear layer.

use std::ops::Range;

use crate::{
    Int8Matrix, Int8Rows, LANES, Team,
    columns::Columns,
    matrix::{GROUP, Line},
    tile::{self, Excess, Norms, PANELS, ROWS, Spans},
};

/// Bytes of weights that are worth a thread.
const WORTH_A_THREAD: usize = 32 << 10;
/// Bytes of weights that a thread takes at a time: some µs.
const GRAIN: usize = 32 << 10;

/// What becomes of the products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// They are the output.
    Store,
    /// They are added to what the output is: a residual connection.
    Add,
    /// The output is what of them is above 0: ReLU.
    Relu,
}

/// input · Wᵀ + bias: `output` is `[rows, out_dim]`, `bias` `[out_dim]`. Each row comes out the same, whatever other rows
/// there are. What is missing of the output is left out.
pub fn product(
    input: &Int8Rows,
    matrix: &Int8Matrix,
    bias: Option<&[f32]>,
    finish: Finish,
    output: &mut [f32],
) {
    let output = Columns::new(output, matrix.out_dim());
    Job { input, matrix, bias, finish, output }.run(0..matrix.panels());
}

/// [`product`] with the outputs split among the threads of a team, each reading the weights of its own, where that pays: for few rows.
/// `next` is the matrix that as many rows are likely to be multiplied with after this: of it each thread begins to fetch its own part
/// whenever it waits for others, until a product names another.
pub fn product_by(
    team: &Team,
    input: &Int8Rows,
    matrix: &Int8Matrix,
    bias: Option<&[f32]>,
    finish: Finish,
    output: &mut [f32],
    next: Option<&Int8Matrix>,
) {
    let job = Job { input, matrix, bias, finish, output: Columns::new(output, matrix.out_dim()) };
    let worth = |matrix: &Int8Matrix| matrix.bytes().len() * input.len().div_ceil(ROWS) / WORTH_A_THREAD;
    if let Some(next) = next {
        team.look_ahead(next.panels(), worth(next), |panels| {
            let panel = next.groups() * size_of::<Line>();
            next.bytes().get(panels.start * panel..panels.end * panel).unwrap_or_default()
        });
    }
    let grain = (GRAIN / (matrix.groups() * size_of::<Line>())).next_multiple_of(PANELS);
    team.split(matrix.panels(), worth(matrix), grain, |panels| job.run(panels));
}

struct Job<'a> {
    input: &'a Int8Rows,
    matrix: &'a Int8Matrix,
    bias: Option<&'a [f32]>,
    finish: Finish,
    output: Columns<'a>,
}

impl Job<'_> {
    /// All rows of some panels.
    fn run(&self, panels: Range<usize>) {
        let (groups, column) = (self.matrix.groups(), panels.start * LANES);
        if self.input.groups() != groups {
            return;
        }
        let norms = self.matrix.norms(self.input.cpu(), self.input.len(), panels.start);
        let product = Product {
            groups,
            lines: self.matrix.lines().get(panels.start * groups..).unwrap_or_default(),
            scales: self.matrix.panel_scales().get(panels).unwrap_or_default(),
            values: self.input.values(),
            stride: self.input.stride(),
            excess: self.input.excess(),
            spans: self.input.spans(),
            norms,
            sums: self.input.sums(),
            row_scales: self.input.scales(),
            bias: self.bias.map(|bias| bias.get(column..).unwrap_or_default()),
            finish: self.finish,
            output: &self.output,
            column,
        };
        tile::product(self.input.cpu(), &product);
    }
}

/// All rows of an input times some panels of a matrix.
pub(crate) struct Product<'a> {
    pub(crate) groups: usize,
    /// `[panels, groups]`; more may follow, which are likely to be needed next.
    pub(crate) lines: &'a [Line],
    /// Of each panel.
    pub(crate) scales: &'a [[f32; LANES]],
    /// Of the input, as in [`Int8Rows::values`].
    pub(crate) values: &'a [[i8; GROUP]],
    /// Groups from a row of the input to the next.
    pub(crate) stride: usize,
    /// Of the input, as in [`Int8Rows::excess`].
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "only AVX2 needs it"))]
    pub(crate) excess: (&'a [Excess], &'a [usize]),
    /// Of the input, as in [`Int8Rows::spans`].
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "only AVX2 needs it"))]
    pub(crate) spans: &'a Spans,
    /// Of these panels, as in [`tile::norms`].
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "only AVX2 needs it"))]
    pub(crate) norms: &'a [Norms],
    /// Of each row's integers.
    pub(crate) sums: &'a [i32],
    /// Of each row.
    pub(crate) row_scales: &'a [f32],
    /// From the first output on.
    pub(crate) bias: Option<&'a [f32]>,
    pub(crate) finish: Finish,
    pub(crate) output: &'a Columns<'a>,
    /// The first output.
    pub(crate) column: usize,
}

#[expect(
    clippy::inline_always,
    reason = "a call would pass slices through memory, where they are slow to read back"
)]
impl<'a> Product<'a> {
    #[inline(always)]
    pub(crate) fn rows(&self) -> usize {
        self.sums.len()
    }

    #[inline(always)]
    pub(crate) fn panels(&self) -> usize {
        self.scales.len()
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    pub(crate) fn panel(&self, at: usize) -> &'a [Line] {
        &self.lines[at * self.groups..][..self.groups]
    }

    /// From a row on.
    #[inline(always)]
    pub(crate) fn row(&self, at: usize) -> &'a [[i8; GROUP]] {
        &self.values[at * self.stride..]
    }

    /// So many rows, from one on.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    pub(crate) fn some_rows<const R: usize>(&self, at: usize) -> [&'a [[i8; GROUP]]; R] {
        let mut rows = [&[][..]; R];
        for (row, place) in (at..).zip(&mut rows) {
            *place = &self.row(row)[..self.groups];
        }
        rows
    }

    /// What a row's integers leave out.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    pub(crate) fn row_excess(&self, at: usize) -> &'a [Excess] {
        let (excess, ends) = self.excess;
        let begin = at.checked_sub(1).map_or(0, |before| ends[before]);
        &excess[begin..ends[at]]
    }

    /// What is added to a panel's outputs: 16, or fewer at the end.
    #[inline(always)]
    pub(crate) fn bias(&self, panel: usize) -> &'a [f32] {
        let bias = self.bias.and_then(|bias| bias.get(panel * LANES..)).unwrap_or_default();
        bias.get(..LANES).unwrap_or(bias)
    }

    /// Columns of a panel's outputs.
    #[inline(always)]
    pub(crate) fn columns(&self, panel: usize) -> Range<usize> {
        let begin = self.column + panel * LANES;
        begin..begin + LANES
    }
}
