//! What a caller may ask of a language model.

use serde_json::{Map, Value};

/// The most beams that a caller gets.
const MOST_BEAMS: u32 = 16;
/// The most tokens that a caller gets.
const MOST_TOKENS: u32 = 1024;

/// Overrides of a model's own generation parameters, by the names of Hugging Face transformers.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(missing_docs, reason = "each field is documented by transformers, under its name")]
pub struct GenerationOptions {
    pub num_beams: Option<u32>,
    pub min_new_tokens: Option<u32>,
    pub max_new_tokens: Option<u32>,
    pub length_penalty: Option<f64>,
    pub no_repeat_ngram_size: Option<u32>,
    pub repetition_penalty: Option<f64>,
    pub do_sample: Option<bool>,
    pub temperature: Option<f64>,
    pub top_k: Option<u32>,
    pub top_p: Option<f64>,
    pub seed: Option<u64>,
}

impl GenerationOptions {
    /// Those that are given, by name.
    pub fn parameters(&self) -> Map<String, Value> {
        let given = [
            ("num_beams", self.num_beams.map(Value::from)),
            ("min_new_tokens", self.min_new_tokens.map(Value::from)),
            ("max_new_tokens", self.max_new_tokens.map(Value::from)),
            ("length_penalty", self.length_penalty.map(Value::from)),
            ("no_repeat_ngram_size", self.no_repeat_ngram_size.map(Value::from)),
            ("repetition_penalty", self.repetition_penalty.map(Value::from)),
            ("do_sample", self.do_sample.map(Value::from)),
            ("temperature", self.temperature.map(Value::from)),
            ("top_k", self.top_k.map(Value::from)),
            ("top_p", self.top_p.map(Value::from)),
            ("seed", self.seed.map(Value::from)),
        ];
        given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    /// The first that has a value that it can't have, or one that would take the machine.
    pub fn invalid(&self) -> Option<&'static str> {
        let many = |value: Option<u32>, most: u32| value.is_some_and(|value| value > most);
        let bad =
            |value: Option<f64>, least: f64| value.is_some_and(|value| !value.is_finite() || value < least);
        let none = |value: Option<u32>| value == Some(0);
        // Where nothing is drawn, a temperature has no effect, and 0 is a common way to say so.
        let coldest = if self.do_sample == Some(true) { f64::MIN_POSITIVE } else { 0.0 };
        [
            ("num_beams", none(self.num_beams) || many(self.num_beams, MOST_BEAMS)),
            ("min_new_tokens", many(self.min_new_tokens, MOST_TOKENS)),
            ("max_new_tokens", none(self.max_new_tokens) || many(self.max_new_tokens, MOST_TOKENS)),
            ("length_penalty", bad(self.length_penalty, f64::MIN)),
            ("no_repeat_ngram_size", many(self.no_repeat_ngram_size, MOST_TOKENS)),
            ("repetition_penalty", bad(self.repetition_penalty, f64::MIN_POSITIVE)),
            ("temperature", bad(self.temperature, coldest)),
            ("top_p", bad(self.top_p, 0.0) || self.top_p.is_some_and(|share| share > 1.0)),
        ]
        .into_iter()
        .find_map(|(name, invalid)| invalid.then_some(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_model_can_do_is_named() {
        let good = GenerationOptions {
            num_beams: Some(4),
            length_penalty: Some(-2.0),
            ..GenerationOptions::default()
        };
        assert_eq!((good.invalid(), good.parameters().len()), (None, 2));
        let many = GenerationOptions { num_beams: Some(17), ..good.clone() };
        let cold = GenerationOptions { temperature: Some(f64::NAN), ..good.clone() };
        let all = GenerationOptions { top_p: Some(1.5), ..good };
        assert_eq!(
            [many, cold, all].map(|options| options.invalid()),
            [Some("num_beams"), Some("temperature"), Some("top_p")]
        );
    }
}
