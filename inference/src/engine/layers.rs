//! Linear layers, norms and the feed-forward layer.

use std::{cell::RefCell, mem};

use kernels::{
    Cpu, Finish, Floats, Int8Matrix, Int8Rows, Team,
    ops::{self, Activation},
    product, product_by,
};

/// x · Wᵀ + b.
#[derive(Debug)]
pub(super) struct Linear {
    pub(super) matrix: Int8Matrix,
    pub(super) bias: Option<Vec<f32>>,
}

/// Who computes a product.
#[derive(Debug, Clone, Copy)]
pub(super) enum Split<'a> {
    /// This thread: others have rows of their own.
    Here,
    /// All threads of a team, each some outputs.
    Outputs {
        team: &'a Team,
        /// What is multiplied next.
        next: Option<&'a Linear>,
    },
}

impl<'a> Split<'a> {
    /// The same, with another product after it.
    fn before(self, next: &'a Linear) -> Self {
        match self {
            Self::Here => Self::Here,
            Self::Outputs { team, .. } => Self::Outputs { team, next: Some(next) },
        }
    }
}

impl Linear {
    pub(super) fn out_dim(&self) -> usize {
        self.matrix.out_dim()
    }

    pub(super) fn forward(&self, input: &Int8Rows, finish: Finish, split: Split<'_>, output: &mut [f32]) {
        let bias = self.bias.as_deref();
        match split {
            Split::Here => product(input, &self.matrix, bias, finish, output),
            Split::Outputs { team, next } => {
                let next = next.map(|next| &next.matrix);
                product_by(team, input, &self.matrix, bias, finish, output, next);
            }
        }
    }

    /// The output in the place of what `output` holds.
    pub(super) fn project(&self, input: &Int8Rows, split: Split<'_>, output: &mut Floats) {
        output.resize(input.len() * self.out_dim());
        self.forward(input, Finish::Store, split, output);
    }
}

/// A norm.
#[derive(Debug)]
pub(super) enum Norm {
    /// T5's.
    Rms { weight: Vec<f32>, epsilon: f32 },
    /// BART's.
    Layer { weight: Vec<f32>, bias: Vec<f32> },
}

/// Of BART and its relatives, whatever their configuration says.
const LAYER_NORM_EPSILON: f32 = 1e-5;

impl Norm {
    fn width(&self) -> usize {
        match self {
            Self::Rms { weight, .. } | Self::Layer { weight, .. } => weight.len(),
        }
    }

    fn apply(&self, cpu: Cpu, row: &[f32], output: &mut [f32]) {
        match self {
            Self::Rms { weight, epsilon } => ops::rms_norm(cpu, row, weight, *epsilon, output),
            Self::Layer { weight, bias } => {
                ops::layer_norm(cpu, row, weight, bias, LAYER_NORM_EPSILON, output);
            }
        }
    }

    /// All rows, in place.
    pub(super) fn in_place(&self, cpu: Cpu, rows: &mut [f32], normed: &mut Vec<f32>) {
        normed.resize(self.width(), 0.0);
        for row in rows.chunks_exact_mut(self.width().max(1)) {
            self.apply(cpu, row, normed);
            row.copy_from_slice(normed);
        }
    }

    /// All rows, quantized.
    pub(super) fn quantize(&self, cpu: Cpu, rows: &[f32], scratch: &mut Scratch) {
        scratch.normed.resize(self.width(), 0.0);
        scratch.rows.reset(cpu, self.width());
        for row in rows.chunks_exact(self.width().max(1)) {
            self.apply(cpu, row, &mut scratch.normed);
            scratch.rows.push(&scratch.normed);
        }
    }
}

/// Memory of one thread that is used again from layer to layer.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) normed: Vec<f32>,
    /// What goes into a product.
    pub(super) rows: Int8Rows,
    /// What goes into the second layer of a feed-forward layer.
    inner: Int8Rows,
    /// What comes out of the first product of a part.
    pub(super) wide: Floats,
    pub(super) attended: Floats,
    pub(super) attention: kernels::attention::Scratch,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Gives `act` this thread's own, which is not to ask for it again.
pub(super) fn with_scratch<T>(act: impl FnOnce(&mut Scratch) -> T) -> T {
    SCRATCH.with_borrow_mut(act)
}

/// The norm of a part of a block, and where it stands: before the part, or after the residual connection.
#[derive(Debug)]
pub(super) struct Residual {
    pub(super) norm: Norm,
    pub(super) pre_norm: bool,
}

impl Residual {
    /// The part's input, in `scratch.rows`.
    pub(super) fn before(&self, cpu: Cpu, hidden: &[f32], scratch: &mut Scratch) {
        if self.pre_norm {
            self.norm.quantize(cpu, hidden, scratch);
        } else {
            scratch.rows.quantize(cpu, hidden, self.norm.width());
        }
    }

    /// After the part's output has been added.
    pub(super) fn after(&self, cpu: Cpu, hidden: &mut [f32], scratch: &mut Scratch) {
        if !self.pre_norm {
            self.norm.in_place(cpu, hidden, &mut scratch.normed);
        }
    }
}

/// Attention of a stack's tokens to each other.
#[derive(Debug)]
pub(super) struct SelfAttention {
    pub(super) residual: Residual,
    /// Queries, keys and values.
    pub(super) projections: Linear,
    pub(super) output: Linear,
}

/// Attention to the source.
#[derive(Debug)]
pub(super) struct CrossAttention {
    pub(super) residual: Residual,
    pub(super) queries: Linear,
    /// Keys and values, of the encoder's output.
    pub(super) source: Linear,
    pub(super) output: Linear,
}

impl CrossAttention {
    /// As [`SelfAttention::finish`].
    pub(super) fn finish(&self, cpu: Cpu, hidden: &mut [f32], split: Split<'_>, scratch: &mut Scratch) {
        finish(&self.residual, &self.output, cpu, hidden, split, scratch);
    }
}

impl SelfAttention {
    /// Adds what was attended to, `scratch.attended`.
    pub(super) fn finish(&self, cpu: Cpu, hidden: &mut [f32], split: Split<'_>, scratch: &mut Scratch) {
        finish(&self.residual, &self.output, cpu, hidden, split, scratch);
    }
}

fn finish(
    residual: &Residual,
    output: &Linear,
    cpu: Cpu,
    hidden: &mut [f32],
    split: Split<'_>,
    scratch: &mut Scratch,
) {
    let Scratch { rows, attended, .. } = scratch;
    rows.quantize(cpu, attended, output.matrix.in_dim());
    output.forward(rows, Finish::Add, split, hidden);
    residual.after(cpu, hidden, scratch);
}

/// Two linear layers with an activation between them.
#[derive(Debug)]
pub(super) struct FeedForward {
    pub(super) residual: Residual,
    /// Where gated, what goes through the activation and then what it gates.
    pub(super) inner: Linear,
    pub(super) gated: bool,
    pub(super) outer: Linear,
    pub(super) activation: Activation,
}

impl FeedForward {
    pub(super) fn forward(&self, cpu: Cpu, hidden: &mut [f32], split: Split<'_>, scratch: &mut Scratch) {
        let mut inner = mem::take(&mut scratch.inner);
        self.widen(cpu, hidden, split.before(&self.outer), scratch, &mut inner);
        self.narrow(cpu, hidden, split, &inner, scratch);
        scratch.inner = inner;
    }

    /// The first layer and the activation, into `inner`.
    pub(super) fn widen(
        &self,
        cpu: Cpu,
        hidden: &[f32],
        split: Split<'_>,
        scratch: &mut Scratch,
        inner: &mut Int8Rows,
    ) {
        self.residual.before(cpu, hidden, scratch);
        let Scratch { rows, wide, .. } = scratch;
        wide.resize(rows.len() * self.inner.out_dim());
        let fused = self.activation == Activation::Relu && !self.gated;
        let finish = if fused { Finish::Relu } else { Finish::Store };
        self.inner.forward(rows, finish, split, wide);
        inner.reset(cpu, self.outer.matrix.in_dim());
        for row in wide.chunks_exact_mut(self.inner.out_dim().max(1)) {
            let (gates, values) = row.split_at_mut(self.outer.matrix.in_dim());
            if self.gated {
                ops::gate(cpu, self.activation, gates, values);
            } else if !fused {
                ops::activate(cpu, self.activation, gates);
            }
            inner.push(gates);
        }
    }

    /// Adds the second layer of what [`widen`](Self::widen) made.
    pub(super) fn narrow(
        &self,
        cpu: Cpu,
        hidden: &mut [f32],
        split: Split<'_>,
        inner: &Int8Rows,
        scratch: &mut Scratch,
    ) {
        self.outer.forward(inner, Finish::Add, split, hidden);
        self.residual.after(cpu, hidden, scratch);
    }
}
