//! Multi-head attention.

use candle_core::{D, Device, Result, Tensor};

use super::{batch::TokenBatch, embedding::Embedding, heads};

/// `[batch, length, heads · width]` to `[batch, heads, length, width]`.
pub(super) fn split_heads(input: &Tensor, heads: usize) -> Result<Tensor> {
    let (batch, length, width) = input.dims3()?;
    input.reshape((batch, length, heads, width / heads))?.transpose(1, 2)?.contiguous()
}

/// `[batch, heads, length, width]` to `[batch, length, heads · width]`.
fn join_heads(input: &Tensor) -> Result<Tensor> {
    let (batch, heads, length, width) = input.dims4()?;
    input.transpose(1, 2)?.reshape((batch, length, heads * width))
}

/// softmax(q · kᵀ + bias) · v, with the heads joined. Queries, keys and values are `[batch, heads, …, width]`, and the bias
/// is whatever can be added to `[batch, heads, queries, keys]`.
pub(super) fn attend(queries: &Tensor, keys: &Tensor, values: &Tensor, bias: &[&Tensor]) -> Result<Tensor> {
    if heads::are_for(queries) {
        return join_heads(&heads::attend(queries, keys, values, bias)?);
    }
    let mut scores = queries.matmul(&keys.transpose(D::Minus1, D::Minus2)?)?;
    for bias in bias {
        scores = scores.broadcast_add(bias)?;
    }
    join_heads(&candle_nn::ops::softmax_last_dim(&scores)?.matmul(values)?)
}

/// Attention of one new token in each row, `[rows, 1, heads · width]`, to the source that the rows of an input share.
pub(super) fn attend_to_source(
    queries: &Tensor,
    heads: usize,
    source: &super::cache::Source,
    mask: Option<&Tensor>,
) -> Result<Tensor> {
    let (rows, _, width) = queries.dims3()?;
    let batch = source.values.dim(0)?;
    let queries = split_heads(&queries.reshape((batch, rows / batch, width))?, heads)?;
    attend(&queries, &source.keys, &source.values, mask.as_slice())?.reshape((rows, 1, width))
}

/// 0 for tokens and the lowest number for filling, `[batch, 1, 1, length]`; None where nothing is filling.
pub(super) fn padding_mask(inputs: &TokenBatch, like: &Embedding) -> Result<Option<Tensor>> {
    if inputs.is_full() {
        return Ok(None);
    }
    let (dtype, device) = like.table().place();
    let lowest = match dtype {
        candle_core::DType::F16 => -65504.0,
        _ => f32::MIN,
    };
    let mask: Vec<f32> = inputs.mask().iter().map(|kept| if *kept == 1 { 0.0 } else { lowest }).collect();
    let mask = Tensor::from_vec(mask, (inputs.rows(), 1, 1, inputs.length()), &Device::Cpu)?;
    Ok(Some(mask.to_dtype(dtype)?.to_device(&device)?))
}
