//! T5's relative positions: a learned bias for each head and bucket of distances.

use std::ops::Range;

use candle_core::{DType, Device, Tensor};

use crate::{
    config::T5Config,
    model::ModelError,
    weights::{LoadError, Weights},
};

/// The biases of one stack.
#[derive(Debug)]
pub(crate) struct RelativePositions {
    /// `[buckets, heads]`.
    table: Vec<f32>,
    heads: usize,
    buckets: Buckets,
    device: Device,
    dtype: DType,
}

/// How distances are put into buckets (`T5Attention._relative_position_bucket`).
#[derive(Debug, Clone, Copy)]
struct Buckets {
    number: usize,
    max_distance: usize,
    bidirectional: bool,
}

impl Buckets {
    /// The bucket of a key that is `distance` tokens after the query (before it, where negative).
    fn of(self, distance: isize) -> usize {
        let (number, offset) = if self.bidirectional {
            (self.number / 2, if distance > 0 { self.number / 2 } else { 0 })
        } else {
            (self.number, 0)
        };
        let distance =
            if self.bidirectional { distance.unsigned_abs() } else { (-distance).max(0).unsigned_abs() };
        let exact = number / 2;
        if distance < exact {
            return offset + distance;
        }
        // In 32 bits, as the reference: at the buckets' edges the rounding decides.
        let share =
            (distance as f32 / exact as f32).ln() / (self.max_distance as f64 / exact as f64).ln() as f32;
        let logarithmic = exact + (share * (number - exact) as f32) as usize;
        offset + logarithmic.min(number - 1)
    }
}

impl RelativePositions {
    pub(crate) fn load(
        config: &T5Config,
        weights: &mut Weights,
        stack: &str,
        bidirectional: bool,
    ) -> Result<Self, LoadError> {
        let name = format!("{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight");
        let number = config.relative_attention_num_buckets;
        let table = weights.tensor(&name, (number, config.num_heads))?;
        Ok(Self {
            table: table.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?,
            heads: config.num_heads,
            buckets: Buckets { number, max_distance: config.relative_attention_max_distance, bidirectional },
            device: table.device().clone(),
            dtype: table.dtype(),
        })
    }

    /// The biases of all queries to all keys, `[1, heads, length, length]`.
    pub(super) fn square(&self, length: usize) -> Result<Tensor, ModelError> {
        let last = length.cast_signed() - 1;
        // By distance, from that of the last query to the first key on.
        let buckets: Vec<usize> = (-last..=last).map(|distance| self.buckets.of(distance)).collect();
        let mut biases = Vec::with_capacity(self.heads * length * length);
        for head in 0..self.heads {
            for query in 0..length {
                let keys = buckets.iter().skip(length - 1 - query).take(length);
                biases.extend(keys.map(|bucket| self.bias(*bucket, head)));
            }
        }
        self.tensor(biases, (1, self.heads, length, length))
    }

    /// The biases of the last of `length` tokens to all of them, `[1, heads, 1, length]`.
    pub(super) fn last_row(&self, length: usize) -> Result<Tensor, ModelError> {
        let buckets: Vec<usize> =
            (0..length.cast_signed()).rev().map(|before| self.buckets.of(-before)).collect();
        let biases =
            (0..self.heads).flat_map(|head| buckets.iter().map(move |bucket| self.bias(*bucket, head)));
        self.tensor(biases.collect(), (1, self.heads, 1, length))
    }

    /// The biases of keys that are so many tokens after their query (before it, where negative), `[heads, distances]`.
    pub(crate) fn of_distances(&self, distances: Range<isize>) -> Vec<f32> {
        let buckets: Vec<usize> = distances.map(|distance| self.buckets.of(distance)).collect();
        let of_head = |head| buckets.iter().map(move |bucket| self.bias(*bucket, head));
        (0..self.heads).flat_map(of_head).collect()
    }

    fn bias(&self, bucket: usize, head: usize) -> f32 {
        self.table.get(bucket * self.heads + head).copied().unwrap_or_default()
    }

    fn tensor(&self, biases: Vec<f32>, shape: (usize, usize, usize, usize)) -> Result<Tensor, ModelError> {
        Ok(Tensor::from_vec(biases, shape, &Device::Cpu)?.to_dtype(self.dtype)?.to_device(&self.device)?)
    }
}
