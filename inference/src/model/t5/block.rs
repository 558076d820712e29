//! T5's layers. Attention is not scaled: the initialisation of the weights is.

use candle_core::{Result, Tensor};

use crate::{
    config::{Activation, T5Config},
    model::{
        attention::{attend, attend_to_source, split_heads},
        cache::{KvCache, Source},
        layers::{RmsNorm, activate, clamp_half},
        linear::Linear,
    },
    weights::{LoadError, Weights},
};

type Loaded<T> = std::result::Result<T, LoadError>;

/// A norm, the projections of attention, and the residual connection.
#[derive(Debug)]
struct Attention {
    norm: RmsNorm,
    queries: Linear,
    keys: Linear,
    values: Linear,
    output: Linear,
    heads: usize,
}

impl Attention {
    fn load(config: &T5Config, weights: &mut Weights, layer: &str, name: &str) -> Loaded<Self> {
        let (width, inner) = (config.d_model, config.inner_dim());
        Ok(Self {
            norm: RmsNorm::load(weights, &format!("{layer}.layer_norm"), width, config.layer_norm_epsilon)?,
            queries: Linear::load(weights, &format!("{layer}.{name}.q"), (width, inner), false)?,
            keys: Linear::load(weights, &format!("{layer}.{name}.k"), (width, inner), false)?,
            values: Linear::load(weights, &format!("{layer}.{name}.v"), (width, inner), false)?,
            output: Linear::load(weights, &format!("{layer}.{name}.o"), (inner, width), false)?,
            heads: config.num_heads,
        })
    }

    fn heads(&self, projection: &Linear, input: &Tensor) -> Result<Tensor> {
        split_heads(&projection.forward(input)?, self.heads)
    }

    fn residual(&self, hidden: &Tensor, attended: &Tensor) -> Result<Tensor> {
        clamp_half((hidden + self.output.forward(attended)?)?)
    }
}

#[derive(Debug)]
struct FeedForward {
    norm: RmsNorm,
    gate: Option<Linear>,
    inner: Linear,
    outer: Linear,
    activation: Activation,
}

impl FeedForward {
    fn load(config: &T5Config, weights: &mut Weights, layer: &str) -> Loaded<Self> {
        let dims = (config.d_model, config.d_ff);
        let dense = format!("{layer}.DenseReluDense");
        // Gated, `wi_0` goes through the activation and `wi_1` is what it gates.
        let (gate, inner) = if config.gated {
            let gate = Linear::load(weights, &format!("{dense}.wi_0"), dims, false)?;
            (Some(gate), Linear::load(weights, &format!("{dense}.wi_1"), dims, false)?)
        } else {
            (None, Linear::load(weights, &format!("{dense}.wi"), dims, false)?)
        };
        Ok(Self {
            norm: RmsNorm::load(
                weights,
                &format!("{layer}.layer_norm"),
                config.d_model,
                config.layer_norm_epsilon,
            )?,
            gate,
            inner,
            outer: Linear::load(weights, &format!("{dense}.wo"), (config.d_ff, config.d_model), false)?,
            activation: config.activation,
        })
    }

    fn forward(&self, hidden: &Tensor) -> Result<Tensor> {
        let normed = self.norm.forward(hidden)?;
        let inner = self.inner.forward(&normed)?;
        let inner = match &self.gate {
            Some(gate) => (activate(self.activation, &gate.forward(&normed)?)? * inner)?,
            None => activate(self.activation, &inner)?,
        };
        clamp_half((hidden + self.outer.forward(&inner)?)?)
    }
}

#[derive(Debug)]
pub(super) struct EncoderBlock {
    attention: Attention,
    feed_forward: FeedForward,
}

impl EncoderBlock {
    pub(super) fn load(config: &T5Config, weights: &mut Weights, at: usize) -> Loaded<Self> {
        let block = format!("encoder.block.{at}.layer");
        Ok(Self {
            attention: Attention::load(config, weights, &format!("{block}.0"), "SelfAttention")?,
            feed_forward: FeedForward::load(config, weights, &format!("{block}.1"))?,
        })
    }

    /// `bias` is what is added to the scores: the positions', and that of the filling.
    pub(super) fn forward(&self, hidden: &Tensor, bias: &[&Tensor]) -> Result<Tensor> {
        let attention = &self.attention;
        let normed = attention.norm.forward(hidden)?;
        let queries = attention.heads(&attention.queries, &normed)?;
        let keys = attention.heads(&attention.keys, &normed)?;
        let values = attention.heads(&attention.values, &normed)?;
        let hidden = attention.residual(hidden, &attend(&queries, &keys, &values, bias)?)?;
        self.feed_forward.forward(&hidden)
    }
}

#[derive(Debug)]
pub(super) struct DecoderBlock {
    attention: Attention,
    cross_attention: Attention,
    feed_forward: FeedForward,
}

impl DecoderBlock {
    pub(super) fn load(config: &T5Config, weights: &mut Weights, at: usize) -> Loaded<Self> {
        let block = format!("decoder.block.{at}.layer");
        Ok(Self {
            attention: Attention::load(config, weights, &format!("{block}.0"), "SelfAttention")?,
            cross_attention: Attention::load(config, weights, &format!("{block}.1"), "EncDecAttention")?,
            feed_forward: FeedForward::load(config, weights, &format!("{block}.2"))?,
        })
    }

    /// Keys and values of the encoder's output, once for all steps.
    pub(super) fn source(&self, encoded: &Tensor) -> Result<Source> {
        let cross = &self.cross_attention;
        Ok(Source { keys: cross.heads(&cross.keys, encoded)?, values: cross.heads(&cross.values, encoded)? })
    }

    /// One token of each row.
    pub(super) fn forward(
        &self,
        hidden: &Tensor,
        positions: &Tensor,
        cache: &mut KvCache,
        source: &Source,
        mask: Option<&Tensor>,
    ) -> Result<Tensor> {
        let own = &self.attention;
        let normed = own.norm.forward(hidden)?;
        let (keys, values) =
            cache.append(own.heads(&own.keys, &normed)?, own.heads(&own.values, &normed)?)?;
        let attended = attend(&own.heads(&own.queries, &normed)?, &keys, &values, &[positions])?;
        let hidden = own.residual(hidden, &attended)?;
        let cross = &self.cross_attention;
        let queries = cross.queries.forward(&cross.norm.forward(&hidden)?)?;
        let hidden = cross.residual(&hidden, &attend_to_source(&queries, cross.heads, source, mask)?)?;
        self.feed_forward.forward(&hidden)
    }
}
