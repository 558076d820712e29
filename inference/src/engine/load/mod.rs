//! Weights by the names that transformers gives them.

mod bart;
mod t5;

use std::sync::Arc;

use candle_core::DType;
use kernels::ops;

pub(super) use bart::bart;
pub(super) use t5::t5;

use super::{
    layers::Linear,
    stack::{Numbers, Table},
};
use crate::{
    config::Activation,
    weights::{LoadError, Matrix, Weights},
};

type Loaded<T> = Result<T, LoadError>;

/// Several layers of one input as one; `dims` are outputs of each, and inputs.
fn linear(weights: &mut Weights, names: &[String], dims: (usize, usize), bias: bool) -> Loaded<Linear> {
    let mut biases = Vec::new();
    for name in names.iter().filter(|_| bias) {
        weights.append(&format!("{name}.bias"), dims.0, &mut biases)?;
    }
    Ok(Linear { matrix: weights.int8(names, dims)?, bias: bias.then_some(biases) })
}

fn table(weights: &mut Weights, names: &[&str], dims: (usize, usize)) -> Loaded<Arc<Table>> {
    let numbers = match weights.table(names, dims)? {
        Matrix::Mapped(matrix) => Numbers::Mapped(matrix),
        Matrix::Floats(tensor) => Numbers::Read(tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?),
    };
    Ok(Arc::new(Table { numbers, width: dims.1, vocab_size: dims.0 }))
}

/// The output head: the embedding, or a matrix of its own.
fn head(weights: &mut Weights, tied: bool, table: &Table, bias: Option<Vec<f32>>) -> Loaded<Linear> {
    let dims = (table.vocab_size, table.width);
    if tied {
        weights.ignore("lm_head.weight");
        return Ok(Linear { matrix: weights.int8_of("lm_head", table.numbers.values(), dims)?, bias });
    }
    let head = linear(weights, &["lm_head".to_owned()], dims, false)?;
    Ok(Linear { bias, ..head })
}

fn activation(activation: Activation) -> ops::Activation {
    match activation {
        Activation::Relu => ops::Activation::Relu,
        Activation::Gelu => ops::Activation::Gelu,
        Activation::GeluNew => ops::Activation::GeluTanh,
        Activation::Silu => ops::Activation::Silu,
    }
}
