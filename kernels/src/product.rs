//! Rows times a matrix: the linear layer.
#![expect(unsafe_code, reason = "threads write different columns of the same rows")]

use std::ops::Range;

use crate::{
    Cpu, Int8Matrix, Int8Rows, LANES, Team,
    columns::Columns,
    cpu::Loops,
    simd::{Simd, chunks},
    tile::{self, ByteRows, PANELS, ROWS, Sums},
};

/// Most rows whose panels are read one at a time, as one stream; of more, two share each row's values.
const ONE_STREAM: usize = 16;

/// Bytes of weights that are worth a thread.
const WORTH_A_THREAD: usize = 32 << 10;

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
    cpu: Cpu,
    input: &Int8Rows,
    matrix: &Int8Matrix,
    bias: Option<&[f32]>,
    finish: Finish,
    output: &mut [f32],
) {
    let job = Job { cpu, input, matrix, bias, finish, output: Columns::new(output, matrix.out_dim()) };
    job.panels(0..matrix.panels());
}

/// [`product`] with the outputs split among the threads of a team, each reading the weights of its own, where that pays: for few rows.
pub fn product_by(
    team: &Team,
    cpu: Cpu,
    input: &Int8Rows,
    matrix: &Int8Matrix,
    bias: Option<&[f32]>,
    finish: Finish,
    output: &mut [f32],
) {
    let job = Job { cpu, input, matrix, bias, finish, output: Columns::new(output, matrix.out_dim()) };
    let work = matrix.bytes().len() * input.len().div_ceil(ROWS);
    team.split(matrix.panels(), work / WORTH_A_THREAD, |panels| job.panels(panels));
}

struct Job<'a> {
    cpu: Cpu,
    input: &'a Int8Rows,
    matrix: &'a Int8Matrix,
    bias: Option<&'a [f32]>,
    finish: Finish,
    output: Columns<'a>,
}

impl Job<'_> {
    /// All rows of some panels: each panel is read once from memory, and the rows come from the cache.
    fn panels(&self, range: Range<usize>) {
        let groups = self.matrix.groups();
        if self.input.groups() != groups {
            return;
        }
        let at_once = if self.input.len() > ONE_STREAM { PANELS } else { 1 };
        let mut first = range.start;
        while first < range.end {
            let panels = first..(first + at_once).min(range.end);
            let lines = self.matrix.lines().get(panels.start * groups..panels.end * groups);
            for row in (0..self.input.len()).step_by(ROWS) {
                let rows = row..(row + ROWS).min(self.input.len());
                let mut sums = [Sums::default(); ROWS * PANELS];
                let values = self.input.values().get(rows.start * groups..rows.end * groups);
                let part = ByteRows {
                    values: values.unwrap_or_default(),
                    sums: self.input.sums().get(rows.clone()).unwrap_or_default(),
                };
                tile::bytes(self.cpu, lines.unwrap_or_default(), part, &mut sums);
                self.cpu.run(Scaled { job: self, panels: panels.clone(), rows, sums: &sums });
            }
            first = panels.end;
        }
    }
}

/// Sums of a tile to outputs, all in one go: there are few for each call.
struct Scaled<'a, 'b> {
    job: &'a Job<'b>,
    panels: Range<usize>,
    rows: Range<usize>,
    sums: &'a [Sums],
}

impl Loops for Scaled<'_, '_> {
    type Output = ();

    #[expect(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the instructions of the caller"
    )]
    #[inline(always)]
    fn run(self, simd: impl Simd) {
        let job = self.job;
        for (panel, sums) in self.panels.zip(self.sums.chunks_exact(self.rows.len())) {
            let columns = panel * LANES..(panel + 1) * LANES;
            let bias = job.bias.and_then(|bias| bias.get(columns.start..columns.end.min(bias.len())));
            let bias = match chunks(bias.unwrap_or_default(), 0.0).iter().next() {
                Some(bias) => simd.load(bias),
                None => simd.splat(0.0),
            };
            let scales = simd.load(&job.matrix.panel_scales().get(panel).copied().unwrap_or_default());
            for (row, sums) in self.rows.clone().zip(sums) {
                let scale = job.input.scales().get(row).copied().unwrap_or_default();
                let mut values = simd.fma(simd.floats(sums), simd.mul(scales, simd.splat(scale)), bias);
                if job.finish == Finish::Relu {
                    values = simd.max(values, simd.splat(0.0));
                }
                // SAFETY: each panel is in one part only, and a panel's rows are done one after the other.
                let output = unsafe { job.output.get(row, columns.clone()) };
                if let Some(output) = output.as_mut_array::<LANES>() {
                    if job.finish == Finish::Add {
                        values = simd.add(values, simd.load(output));
                    }
                    simd.store(values, output);
                } else {
                    last(simd, values, job.finish, output);
                }
            }
        }
    }
}

/// The last panel, where it is not whole.
#[expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]
#[inline(always)]
fn last<S: Simd>(simd: S, values: S::Floats, finish: Finish, output: &mut [f32]) {
    let mut all = [0.0; LANES];
    simd.store(values, &mut all);
    for (place, value) in output.iter_mut().zip(all) {
        *place = if finish == Finish::Add { *place + value } else { value };
    }
}
