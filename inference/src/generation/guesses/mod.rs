//! Guesses of the tokens to come, which a model checks all in one step.
//!
//! A summary copies: where its last tokens stand in the source too, it often goes on as the source does. A step of some rows
//! takes hardly longer than one of a single row, for what takes time is moving the weights. So the source's next tokens go
//! into the step as guesses, and those that turn out to be what is chosen anyway are steps saved ("prompt lookup decoding",
//! Saxena 2023; speculative decoding, Leviathan et al., <https://arxiv.org/abs/2211.17192>). A guess never changes what comes
//! out: each token is chosen from the same scores, to the bit, and in the same order.

/// How many tokens are guessed where so many of the last ones stand in the source: the longer the match, the likelier it
/// goes on. Chosen on news and their summaries, for the most tokens in a time where a guess costs a tenth of a step.
const BY_MATCH: [usize; 5] = [0, 1, 3, 5, 7];

/// Most tokens that are ever guessed.
pub(crate) const MOST: usize = BY_MATCH[BY_MATCH.len() - 1];

/// What the source goes on with after the longest of its parts that `tokens` end with, the first of equals; at most `most` tokens.
/// Without such a part, nothing.
pub(super) fn guess<'a>(source: &'a [u32], tokens: &[u32], most: usize) -> &'a [u32] {
    let longest = BY_MATCH.len() - 1;
    let mut best = (0, 0);
    for end in 1..source.len() {
        let before = source.iter().take(end).rev();
        let length = before.zip(tokens.iter().rev()).take(longest).take_while(|(a, b)| a == b).count();
        if length > best.0 {
            best = (length, end);
        }
    }
    let (length, begin) = best;
    let count = BY_MATCH.get(length).copied().unwrap_or_default().min(most);
    let rest = source.get(begin..).unwrap_or_default();
    rest.get(..count).unwrap_or(rest)
}

#[cfg(test)]
mod tests;
