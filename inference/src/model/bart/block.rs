//! The layers of BART and its relatives, which norm a block's output (BART, Marian) or its input (PEGASUS, mBART).

use candle_core::{Result, Tensor};

use crate::{
    config::{Activation, BartConfig},
    model::{
        attention::{attend, attend_to_source, split_heads},
        cache::{KvCache, Source},
        layers::{LayerNorm, activate},
        linear::Linear,
    },
    weights::{LoadError, Weights},
};

type Loaded<T> = std::result::Result<T, LoadError>;

/// What stands around every part of a block: its norm and the residual connection.
#[derive(Debug)]
struct Residual {
    norm: LayerNorm,
    pre_norm: bool,
}

impl Residual {
    fn load(config: &BartConfig, weights: &mut Weights, name: &str) -> Loaded<Self> {
        Ok(Self { norm: LayerNorm::load(weights, name, config.d_model)?, pre_norm: config.pre_norm })
    }

    fn around(&self, hidden: &Tensor, part: impl FnOnce(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
        if self.pre_norm {
            hidden + part(&self.norm.forward(hidden)?)?
        } else {
            self.norm.forward(&(hidden + part(hidden)?)?)
        }
    }
}

#[derive(Debug)]
struct Attention {
    queries: Linear,
    keys: Linear,
    values: Linear,
    output: Linear,
    heads: usize,
    scale: f64,
}

impl Attention {
    fn load(weights: &mut Weights, name: &str, width: usize, heads: usize) -> Loaded<Self> {
        let mut projection =
            |part: &str| Linear::load(weights, &format!("{name}.{part}"), (width, width), true);
        Ok(Self {
            queries: projection("q_proj")?,
            keys: projection("k_proj")?,
            values: projection("v_proj")?,
            output: projection("out_proj")?,
            heads,
            scale: ((width / heads) as f64).powf(-0.5),
        })
    }

    fn scaled_queries(&self, input: &Tensor) -> Result<Tensor> {
        self.queries.forward(input)? * self.scale
    }

    fn heads(&self, projected: &Tensor) -> Result<Tensor> {
        split_heads(projected, self.heads)
    }
}

#[derive(Debug)]
struct FeedForward {
    inner: Linear,
    outer: Linear,
    activation: Activation,
}

impl FeedForward {
    fn load(config: &BartConfig, weights: &mut Weights, block: &str, inner: usize) -> Loaded<Self> {
        let width = config.d_model;
        Ok(Self {
            inner: Linear::load(weights, &format!("{block}.fc1"), (width, inner), true)?,
            outer: Linear::load(weights, &format!("{block}.fc2"), (inner, width), true)?,
            activation: config.activation,
        })
    }

    fn forward(&self, input: &Tensor) -> Result<Tensor> {
        self.outer.forward(&activate(self.activation, &self.inner.forward(input)?)?)
    }
}

#[derive(Debug)]
pub(super) struct EncoderBlock {
    attention: Attention,
    around_attention: Residual,
    feed_forward: FeedForward,
    around_feed_forward: Residual,
}

impl EncoderBlock {
    pub(super) fn load(config: &BartConfig, weights: &mut Weights, at: usize) -> Loaded<Self> {
        let block = format!("encoder.layers.{at}");
        let heads = config.encoder_attention_heads;
        Ok(Self {
            attention: Attention::load(weights, &format!("{block}.self_attn"), config.d_model, heads)?,
            around_attention: Residual::load(config, weights, &format!("{block}.self_attn_layer_norm"))?,
            feed_forward: FeedForward::load(config, weights, &block, config.encoder_ffn_dim)?,
            around_feed_forward: Residual::load(config, weights, &format!("{block}.final_layer_norm"))?,
        })
    }

    pub(super) fn forward(&self, hidden: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
        let own = &self.attention;
        let hidden = self.around_attention.around(hidden, |input| {
            let queries = own.heads(&own.scaled_queries(input)?)?;
            let keys = own.heads(&own.keys.forward(input)?)?;
            let values = own.heads(&own.values.forward(input)?)?;
            own.output.forward(&attend(&queries, &keys, &values, mask.as_slice())?)
        })?;
        self.around_feed_forward.around(&hidden, |input| self.feed_forward.forward(input))
    }
}

#[derive(Debug)]
pub(super) struct DecoderBlock {
    attention: Attention,
    around_attention: Residual,
    cross_attention: Attention,
    around_cross_attention: Residual,
    feed_forward: FeedForward,
    around_feed_forward: Residual,
}

impl DecoderBlock {
    pub(super) fn load(config: &BartConfig, weights: &mut Weights, at: usize) -> Loaded<Self> {
        let block = format!("decoder.layers.{at}");
        let (width, heads) = (config.d_model, config.decoder_attention_heads);
        Ok(Self {
            attention: Attention::load(weights, &format!("{block}.self_attn"), width, heads)?,
            around_attention: Residual::load(config, weights, &format!("{block}.self_attn_layer_norm"))?,
            cross_attention: Attention::load(weights, &format!("{block}.encoder_attn"), width, heads)?,
            around_cross_attention: Residual::load(
                config,
                weights,
                &format!("{block}.encoder_attn_layer_norm"),
            )?,
            feed_forward: FeedForward::load(config, weights, &block, config.decoder_ffn_dim)?,
            around_feed_forward: Residual::load(config, weights, &format!("{block}.final_layer_norm"))?,
        })
    }

    /// Keys and values of the encoder's output, once for all steps.
    pub(super) fn source(&self, encoded: &Tensor) -> Result<Source> {
        let cross = &self.cross_attention;
        let keys = cross.heads(&cross.keys.forward(encoded)?)?;
        Ok(Source { keys, values: cross.heads(&cross.values.forward(encoded)?)? })
    }

    /// One token of each row.
    pub(super) fn forward(
        &self,
        hidden: &Tensor,
        cache: &mut KvCache,
        source: &Source,
        mask: Option<&Tensor>,
    ) -> Result<Tensor> {
        let own = &self.attention;
        let hidden = self.around_attention.around(hidden, |input| {
            let (keys, values) =
                (own.heads(&own.keys.forward(input)?)?, own.heads(&own.values.forward(input)?)?);
            let (keys, values) = cache.append(keys, values)?;
            let queries = own.heads(&own.scaled_queries(input)?)?;
            own.output.forward(&attend(&queries, &keys, &values, &[])?)
        })?;
        let cross = &self.cross_attention;
        let hidden = self.around_cross_attention.around(&hidden, |input| {
            let queries = cross.scaled_queries(input)?;
            cross.output.forward(&attend_to_source(&queries, cross.heads, source, mask)?)
        })?;
        self.around_feed_forward.around(&hidden, |input| self.feed_forward.forward(input))
    }
}
