//! Where to cut a sentence that is too long.

use unicode_segmentation::UnicodeSegmentation as _;

use super::text::Text;

/// No sentence is longer, in code points; what is longer is cut at a clause, a space, or between two characters.
pub const LONGEST_SENTENCE: usize = 1_000;
/// As far back as a cut looks for the border of a character as readers know it.
const CLUSTER: usize = 32;

/// Where to cut a sentence that begins at `start` and goes on for more than [`LONGEST_SENTENCE`].
pub(super) fn cut(text: &Text<'_>, start: usize) -> usize {
    let latest = start + LONGEST_SENTENCE;
    let earliest = start + LONGEST_SENTENCE / 2;
    let clause = |index: &usize| text.is(index - 1, |c| matches!(c, ';' | ':' | ',' | '、' | '，' | '；'));
    let white = |index: &usize| text.is(*index, char::is_whitespace);
    let candidates = || (earliest..=latest).rev();
    candidates()
        .find(|index| clause(index) && white(index))
        .or_else(|| candidates().find(white))
        .or_else(|| candidates().find(clause))
        .unwrap_or_else(|| between_clusters(text, latest))
}

/// The last border at or before `latest` between two grapheme clusters ([UAX #29](https://www.unicode.org/reports/tr29/)).
fn between_clusters(text: &Text<'_>, latest: usize) -> usize {
    let from = latest - CLUSTER;
    // One more character shows whether `latest` itself is a border.
    let window = text.slice(from..latest + 1);
    let last = window.grapheme_indices(true).next_back().map_or(0, |(byte, _)| byte);
    let border = from + window.get(..last).unwrap_or_default().chars().count();
    if border > from { border } else { latest }
}
