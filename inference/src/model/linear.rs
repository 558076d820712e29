//! Linear layers.

use candle_core::{D, DType, Result, Tensor};
use candle_nn::Module;

use super::{numbers::with_numbers, product::product};
use crate::weights::{LinearWeight, LoadError, MappedMatrix, Matrix, Weights};

/// x · Wᵀ + b, with weights in floats or quantized.
#[derive(Debug, Clone)]
pub(super) struct Linear {
    weight: LinearWeight,
    bias: Option<Tensor>,
}

impl Linear {
    /// `{name}.weight` as `[out_dim, in_dim]` and, where the architecture has one, `{name}.bias`.
    pub(super) fn load(
        weights: &mut Weights,
        name: &str,
        dims: (usize, usize),
        bias: bool,
    ) -> std::result::Result<Self, LoadError> {
        let (in_dim, out_dim) = dims;
        let weight = weights.linear(&format!("{name}.weight"), (out_dim, in_dim))?;
        let bias = if bias { Some(weights.tensor(&format!("{name}.bias"), out_dim)?) } else { None };
        Ok(Self { weight, bias })
    }

    /// Of a weight that is there already, such as an embedding that is the output head too.
    pub(super) fn tied(weight: &Matrix) -> Self {
        Self { weight: LinearWeight::Floats(weight.clone()), bias: None }
    }

    /// `[…, in_dim]` to `[…, out_dim]`.
    pub(super) fn forward(&self, input: &Tensor) -> Result<Tensor> {
        let mut dims = input.dims().to_vec();
        let width = input.dim(D::Minus1)?;
        let flat = input.reshape((input.elem_count() / width, width))?;
        let output = match &self.weight {
            LinearWeight::Floats(Matrix::Mapped(weight)) => mapped_product(&flat, weight)?,
            LinearWeight::Floats(Matrix::Floats(weight)) => float_product(&flat, weight)?,
            LinearWeight::Quantized(weight) => weight.forward(&flat)?,
        };
        let output = match &self.bias {
            Some(bias) => output.broadcast_add(bias)?,
            None => output,
        };
        if let Some(last) = dims.last_mut() {
            *last = output.dim(1)?;
        }
        output.reshape(dims)
    }
}

fn mapped_product(input: &Tensor, weight: &MappedMatrix) -> Result<Tensor> {
    let (out_dim, _) = weight.dims();
    let output = with_numbers([input], |[input]| product(input, weight.values(), out_dim))?;
    Tensor::from_vec(output, (input.dim(0)?, out_dim), input.device())
}

/// On a CPU, weights of 32 bits that were read into memory go the way of those that are mapped.
fn float_product(input: &Tensor, weight: &Tensor) -> Result<Tensor> {
    if !(weight.device().is_cpu() && weight.dtype() == DType::F32 && weight.is_contiguous()) {
        return input.matmul(&weight.t()?);
    }
    let out_dim = weight.dim(0)?;
    let output = with_numbers([input, weight], |[input, weight]| product(input, weight, out_dim))?;
    Tensor::from_vec(output, (input.dim(0)?, out_dim), input.device())
}
