//! Overrides of a model's own generation settings, by the names of Hugging Face transformers. What a model does where
//! one is not given is the model's own affair.

use std::ops::RangeInclusive;

use serde::Deserialize;
use serde_json::Number;
use utoipa::ToSchema;

use crate::options::InvalidOption;

/// Overrides of a model's own generation settings; what is not given is as the model has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Generation)]
pub struct RawGeneration {
    /// Beams of the beam search; 1 for none.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 16)]
    pub num_beams: Option<Number>,
    /// Fewest tokens to write; at most `max_new_tokens`.
    #[schema(value_type = Option<u32>, maximum = 1024)]
    pub min_new_tokens: Option<Number>,
    /// Most tokens to write.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1024)]
    pub max_new_tokens: Option<Number>,
    /// Power of the length that a beam's score is divided by; above 0 prefers long ones.
    #[schema(value_type = Option<f64>, minimum = -100, maximum = 100)]
    pub length_penalty: Option<Number>,
    /// Tokens of the runs that must not come again; 0 for no such rule.
    #[schema(value_type = Option<u32>, maximum = 1000)]
    pub no_repeat_ngram_size: Option<Number>,
    /// What the scores of tokens that were written already are divided by; above 0, and 1 for none.
    #[schema(value_type = Option<f64>, exclusive_minimum = 0, maximum = 100)]
    pub repetition_penalty: Option<Number>,
    /// Draw tokens at random instead of taking the likeliest.
    pub do_sample: Option<bool>,
    /// What the scores are divided by before one is drawn.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 100)]
    pub temperature: Option<Number>,
    /// Draw among this many of the likeliest tokens; 0 for all.
    #[schema(value_type = Option<u32>, maximum = 1_000_000)]
    pub top_k: Option<Number>,
    /// Draw among the likeliest tokens that together have this probability.
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 1)]
    pub top_p: Option<Number>,
    /// Seed of the random draws.
    #[schema(value_type = Option<u64>)]
    pub seed: Option<Number>,
}

/// Overrides within their bounds; the model's own setting where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Generation {
    /// 1 to 16.
    pub num_beams: Option<u32>,
    /// 0 to 1024, and at most `max_new_tokens`.
    pub min_new_tokens: Option<u32>,
    /// 1 to 1024.
    pub max_new_tokens: Option<u32>,
    /// -100 to 100.
    pub length_penalty: Option<f64>,
    /// 0 to 1000.
    pub no_repeat_ngram_size: Option<u32>,
    /// Above 0, at most 100.
    pub repetition_penalty: Option<f64>,
    /// Whether tokens are drawn.
    pub do_sample: Option<bool>,
    /// 0 to 100.
    pub temperature: Option<f64>,
    /// 0 to 1,000,000.
    pub top_k: Option<u32>,
    /// 0 to 1.
    pub top_p: Option<f64>,
    /// Any.
    pub seed: Option<u64>,
}

impl TryFrom<RawGeneration> for Generation {
    type Error = InvalidOption;

    fn try_from(raw: RawGeneration) -> Result<Self, InvalidOption> {
        const TOKENS: u32 = 1_024;
        let generation = Self {
            num_beams: NUM_BEAMS.whole(raw.num_beams, 1..=16)?,
            min_new_tokens: MIN_NEW_TOKENS.whole(raw.min_new_tokens, 0..=TOKENS)?,
            max_new_tokens: MAX_NEW_TOKENS.whole(raw.max_new_tokens, 1..=TOKENS)?,
            length_penalty: LENGTH_PENALTY.real(raw.length_penalty, -100.0..=100.0)?,
            no_repeat_ngram_size: NO_REPEAT_NGRAM_SIZE.whole(raw.no_repeat_ngram_size, 0..=1000)?,
            repetition_penalty: REPETITION_PENALTY.real(raw.repetition_penalty, f64::MIN_POSITIVE..=100.0)?,
            do_sample: raw.do_sample,
            temperature: TEMPERATURE.real(raw.temperature, 0.0..=100.0)?,
            top_k: TOP_K.whole(raw.top_k, 0..=1_000_000)?,
            top_p: TOP_P.real(raw.top_p, 0.0..=1.0)?,
            seed: SEED.seed(raw.seed)?,
        };
        match (generation.min_new_tokens, generation.max_new_tokens) {
            (Some(min), Some(max)) if min > max => {
                Err(InvalidOption { expected: "at most max_new_tokens", ..MIN_NEW_TOKENS.0 })
            }
            _ => Ok(generation),
        }
    }
}

/// A field, with what is said where its value is out of bounds.
struct Field(InvalidOption);

const fn field(field: &'static str, expected: &'static str) -> Field {
    Field(InvalidOption { field, expected })
}

const NUM_BEAMS: Field = field("generation.num_beams", "a whole number from 1 to 16");
const MIN_NEW_TOKENS: Field = field("generation.min_new_tokens", "a whole number from 0 to 1024");
const MAX_NEW_TOKENS: Field = field("generation.max_new_tokens", "a whole number from 1 to 1024");
const LENGTH_PENALTY: Field = field("generation.length_penalty", "a number from -100 to 100");
const NO_REPEAT_NGRAM_SIZE: Field = field("generation.no_repeat_ngram_size", "a whole number from 0 to 1000");
const REPETITION_PENALTY: Field = field("generation.repetition_penalty", "a number above 0 and at most 100");
const TEMPERATURE: Field = field("generation.temperature", "a number from 0 to 100");
const TOP_K: Field = field("generation.top_k", "a whole number from 0 to 1000000");
const TOP_P: Field = field("generation.top_p", "a number from 0 to 1");
const SEED: Field = field("generation.seed", "a whole number from 0 to 18446744073709551615");

impl Field {
    fn whole(
        self,
        number: Option<Number>,
        bounds: RangeInclusive<u32>,
    ) -> Result<Option<u32>, InvalidOption> {
        let Some(number) = number else { return Ok(None) };
        let whole = number.as_u64().and_then(|number| u32::try_from(number).ok());
        whole.filter(|whole| bounds.contains(whole)).map(Some).ok_or(self.0)
    }

    fn real(self, number: Option<Number>, bounds: RangeInclusive<f64>) -> Result<Option<f64>, InvalidOption> {
        let Some(number) = number else { return Ok(None) };
        number.as_f64().filter(|real| bounds.contains(real)).map(Some).ok_or(self.0)
    }

    fn seed(self, number: Option<Number>) -> Result<Option<u64>, InvalidOption> {
        let Some(number) = number else { return Ok(None) };
        number.as_u64().map(Some).ok_or(self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(json: Value) -> Result<Generation, InvalidOption> {
        serde_json::from_value::<RawGeneration>(json).unwrap().try_into()
    }

    #[test]
    fn the_ends_of_every_range_are_taken() {
        let low = json!({"num_beams": 1, "min_new_tokens": 0, "max_new_tokens": 1, "length_penalty": -100,
            "no_repeat_ngram_size": 0, "repetition_penalty": 0.01, "do_sample": false, "temperature": 0,
            "top_k": 0, "top_p": 0.0, "seed": 0});
        let high = json!({"num_beams": 16, "min_new_tokens": 1024, "max_new_tokens": 1024,
            "length_penalty": 1e2, "no_repeat_ngram_size": 1000, "repetition_penalty": 100, "do_sample": true,
            "temperature": 100, "top_k": 1_000_000, "top_p": 1, "seed": u64::MAX});
        assert_eq!(parse(low).unwrap().length_penalty, Some(-100.0));
        let high = parse(high).unwrap();
        assert_eq!((high.num_beams, high.top_p, high.seed), (Some(16), Some(1.0), Some(u64::MAX)));
        assert_eq!(parse(json!({"top_k": null})), Ok(Generation::default()));
    }

    #[test]
    fn what_is_out_of_its_range_is_named() {
        for (name, values) in [
            ("num_beams", [json!(0), json!(17), json!(2.5)]),
            ("min_new_tokens", [json!(-1), json!(1025), json!(1.5)]),
            ("max_new_tokens", [json!(0), json!(1025), json!(1e9)]),
            ("length_penalty", [json!(-101), json!(100.5), json!(1e300)]),
            ("no_repeat_ngram_size", [json!(-3), json!(1001), json!(u64::MAX)]),
            ("repetition_penalty", [json!(0), json!(-1), json!(101)]),
            ("temperature", [json!(-0.1), json!(101), json!(1e300)]),
            ("top_k", [json!(-1), json!(1_000_001), json!(0.5)]),
            ("top_p", [json!(-0.1), json!(1.01), json!(2)]),
            ("seed", [json!(-1), json!(0.5), json!(1e30)]),
        ] {
            for value in values {
                let invalid = parse(json!({ name: value })).unwrap_err();
                assert_eq!(invalid.field, format!("generation.{name}"), "{value}");
            }
        }
        let crossed = parse(json!({"min_new_tokens": 50, "max_new_tokens": 49})).unwrap_err();
        assert_eq!(crossed.to_string(), "generation.min_new_tokens can be at most max_new_tokens");
    }

    #[test]
    fn a_name_that_there_is_not_and_a_value_of_another_kind_are_refused() {
        for json in
            [json!({"beams": 4}), json!({"num_beams": "4"}), json!({"do_sample": 1}), json!("num_beams")]
        {
            assert!(serde_json::from_value::<RawGeneration>(json.clone()).is_err(), "{json}");
        }
    }
}
