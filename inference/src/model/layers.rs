//! Norms and activations.

use candle_core::{DType, Result, Tensor};

use crate::{
    config::Activation,
    weights::{LoadError, Weights},
};

/// Norm to mean 0 and variance 1, scaled and moved (Ba et al., <https://arxiv.org/abs/1607.06450>).
#[derive(Debug, Clone)]
pub(super) struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
}

impl LayerNorm {
    pub(super) fn load(
        weights: &mut Weights,
        name: &str,
        width: usize,
    ) -> std::result::Result<Self, LoadError> {
        let weight = weights.tensor(&format!("{name}.weight"), width)?;
        Ok(Self { weight, bias: weights.tensor(&format!("{name}.bias"), width)? })
    }

    pub(super) fn forward(&self, input: &Tensor) -> Result<Tensor> {
        candle_nn::ops::layer_norm(&input.contiguous()?, &self.weight, &self.bias, 1e-5)
    }
}

/// Norm to a mean square of 1, scaled (Zhang and Sennrich, <https://arxiv.org/abs/1910.07467>).
#[derive(Debug, Clone)]
pub(super) struct RmsNorm {
    weight: Tensor,
    epsilon: f32,
}

impl RmsNorm {
    pub(super) fn load(
        weights: &mut Weights,
        name: &str,
        width: usize,
        epsilon: f64,
    ) -> std::result::Result<Self, LoadError> {
        Ok(Self { weight: weights.tensor(&format!("{name}.weight"), width)?, epsilon: epsilon as f32 })
    }

    pub(super) fn forward(&self, input: &Tensor) -> Result<Tensor> {
        candle_nn::ops::rms_norm(&input.contiguous()?, &self.weight, self.epsilon)
    }
}

pub(super) fn activate(activation: Activation, input: &Tensor) -> Result<Tensor> {
    match activation {
        Activation::Relu => input.relu(),
        Activation::Gelu => input.gelu_erf(),
        Activation::GeluNew => input.gelu(),
        Activation::Silu => input.silu(),
    }
}

/// Keeps the residual stream of a 16-bit model from overflowing, as transformers does for T5.
pub(super) fn clamp_half(input: Tensor) -> Result<Tensor> {
    if input.dtype() == DType::F16 { input.clamp(-64504_f32, 64504_f32) } else { Ok(input) }
}
