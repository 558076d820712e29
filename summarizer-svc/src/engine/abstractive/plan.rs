//! How long an output is.

use serde_json::{Map, Value, json};

use crate::summary::{GenerationOptions, Length};

/// Tokens over the plan that a sentence may take to its end, where tokens are told as they come.
const TO_THE_END: usize = 60;
/// A part's summary is at most this share of a window, so that each round of joining leaves fewer parts.
const SHARE: usize = 4;
/// The longest summary of a part.
const LONGEST_PART: usize = 142;

/// Bounds of an output, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) shortest: usize,
    /// From here on the first end of a sentence ends the output.
    pub(super) longest: usize,
    /// Whether tokens are told as they come, so that a sentence that was begun has to be ended.
    pub(super) streams: bool,
    /// No output can have more.
    pub(super) most: usize,
}

impl Plan {
    /// Of a summary of `length` of an input of so many tokens. The figures of the medium one are those that the CNN/DailyMail
    /// models were tuned with (56 to 142), a little shorter; an input of few tokens gets a summary of fewer.
    pub(super) fn of(length: Length, input: usize, streams: bool, positions: Option<usize>) -> Self {
        let (shortest, longest) = match length {
            Length::Short => (12, 60),
            Length::Medium => (40, 130),
            Length::Long => (90, 240),
        };
        // Of a model's positions, the first is the token that its decoder begins with.
        let room = positions
            .map_or(usize::MAX, |positions| positions.saturating_sub(TO_THE_END + 1).max(positions / 2));
        let longest = longest.min(room).min((input * 3 / 4).max(12));
        let most = positions.map_or(usize::MAX, |positions| positions.saturating_sub(1).max(1));
        Self { shortest: shortest.min(longest / 2).min(input / 4), longest, streams, most }
    }

    /// Of the summary of one part among several.
    pub(super) fn of_part(window: usize) -> Self {
        let longest = (window / SHARE).clamp(1, LONGEST_PART);
        Self { shortest: longest / SHARE, longest, streams: false, most: longest }
    }

    /// As generation parameters, with a caller's on top; who allows more tokens than there can be gets what there can be.
    pub(super) fn parameters(&self, options: &GenerationOptions) -> Map<String, Value> {
        let over = if self.streams { TO_THE_END } else { 0 };
        let mut parameters = Map::new();
        parameters.insert("min_new_tokens".to_owned(), json!(self.shortest.max(1)));
        parameters.insert("max_new_tokens".to_owned(), json!((self.longest + over).min(self.most)));
        parameters.extend(options.parameters());
        if let Some(most) = options.max_new_tokens {
            parameters.insert("max_new_tokens".to_owned(), json!((most as usize).min(self.most)));
        }
        // A caller's shorter limit is no contradiction to our shortest.
        if let (Some(most), None) = (options.max_new_tokens, options.min_new_tokens) {
            parameters.insert("min_new_tokens".to_owned(), json!((self.shortest.max(1)).min(most as usize)));
        }
        parameters
    }

    /// Whether an output of so many tokens is long enough to be ended.
    pub(super) fn is_reached(&self, tokens: usize) -> bool {
        self.streams && tokens >= self.longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_input_gets_a_shorter_summary() {
        let long = Plan::of(Length::Long, 900, false, Some(1024));
        let short = Plan::of(Length::Long, 60, false, Some(1024));
        assert_eq!((long.shortest, long.longest), (90, 240));
        assert_eq!((short.shortest, short.longest), (15, 45));
    }

    #[test]
    fn a_model_with_few_positions_is_not_asked_for_more() {
        for positions in [2, 16, 64, 128] {
            let plan = Plan::of(Length::Long, 900, true, Some(positions));
            for asked in [None, Some(5000)] {
                let options = GenerationOptions { max_new_tokens: asked, ..GenerationOptions::default() };
                let most = plan.parameters(&options).get("max_new_tokens").and_then(Value::as_u64).unwrap();
                assert!(most < positions as u64, "{most}");
            }
        }
    }

    #[test]
    fn a_callers_parameters_are_on_top() {
        let options =
            GenerationOptions { max_new_tokens: Some(5), num_beams: Some(2), ..GenerationOptions::default() };
        let parameters = Plan::of(Length::Medium, 500, false, None).parameters(&options);
        assert_eq!((&parameters["max_new_tokens"], &parameters["min_new_tokens"]), (&json!(5), &json!(5)));
        assert_eq!(parameters["num_beams"], json!(2));
    }

    #[test]
    fn four_summaries_of_parts_fit_one_window() {
        for window in [16, 64, 512, 1024, 4096] {
            assert!(Plan::of_part(window).longest * 4 <= window, "{window}");
        }
    }
}
