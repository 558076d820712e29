//! Rows times a matrix: the linear layer.

use std::ops::Range;

use crate::{
    Cpu, Int8Matrix, Int8Rows, LANES, Team,
    columns::Columns,
    outputs::Outputs,
    tile::{self, ByteRows, PANELS, ROWS},
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
            let (scales, column) = (self.matrix.panel_scales().get(panels.clone()), first * LANES);
            for row in (0..self.input.len()).step_by(ROWS) {
                let rows = row..(row + ROWS).min(self.input.len());
                let values = self.input.values().get(rows.start * groups..rows.end * groups);
                let part = ByteRows {
                    values: values.unwrap_or_default(),
                    sums: self.input.sums().get(rows.clone()).unwrap_or_default(),
                };
                let outputs = Outputs {
                    scales: scales.unwrap_or_default(),
                    row_scales: self.input.scales().get(rows).unwrap_or_default(),
                    bias: self.bias.and_then(|bias| bias.get(column..)),
                    finish: self.finish,
                    all: &self.output,
                    row,
                    column,
                };
                tile::product(self.cpu, lines.unwrap_or_default(), part, &outputs);
            }
            first = panels.end;
        }
    }
}
