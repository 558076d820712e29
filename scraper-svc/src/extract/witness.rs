//! What the page says elsewhere that its text is: `articleBody` in JSON-LD.
//!
//! It is often cut short, and sometimes it is another text altogether. So it speaks for the blocks that it holds, and
//! never against the others.

use super::blocks::Block;

/// How many letters and digits are compared at once.
const WINDOW: usize = 16;
/// The most letters and digits that are read; a novel has fewer.
const MAX_LENGTH: usize = 400_000;
/// The least that a text must hold, in letters and digits, to say anything.
const MIN_LENGTH: usize = 300;

/// Marks the blocks that `body` holds. Blocks that are too short to be told apart are left as they are.
pub(super) fn confirm(blocks: &mut [Block], body: Option<&str>) {
    let Some(body) = body else { return };
    let letters: Vec<char> = folded(body).take(MAX_LENGTH).collect();
    if letters.len() < MIN_LENGTH {
        return;
    }
    let mut known = hashes(&letters);
    known.sort_unstable();
    for block in blocks {
        let letters: Vec<char> = folded(&block.text).collect();
        let asked: Vec<u64> = hashes(&letters).into_iter().step_by(WINDOW / 2).collect();
        let found = asked.iter().filter(|hash| known.binary_search(hash).is_ok()).count();
        block.confirmed = asked.len() >= 3 && found * 10 >= asked.len() * 8;
    }
}

/// Letters and digits, lower case: what typography and markup leave as it is.
fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}

/// A rolling polynomial hash of each window, modulo 2⁶⁴ (Karp and Rabin, 1987).
fn hashes(letters: &[char]) -> Vec<u64> {
    const BASE: u64 = 0x9e37_79b9_7f4a_7c15;
    let first = BASE.wrapping_pow(WINDOW as u32);
    let mut hash = 0_u64;
    let rolled = letters.iter().enumerate().map(|(index, &letter)| {
        let gone = index.checked_sub(WINDOW).map_or(0, |gone| u64::from(letters[gone]).wrapping_mul(first));
        hash = hash.wrapping_mul(BASE).wrapping_add(u64::from(letter)).wrapping_sub(gone);
        hash
    });
    rolled.skip(WINDOW - 1).collect()
}

#[cfg(test)]
mod tests {
    use scraper::Html;

    use super::super::{blocks, page::Page};
    use super::*;

    const SENTENCE: &str = "The council met on Monday, and spoke of the old bridge for three hours.";

    fn confirmed(html: &str, body: &str) -> Vec<bool> {
        let html = Html::parse_document(html);
        let mut blocks = blocks::of_page(&Page::new(&html));
        confirm(&mut blocks, Some(body));
        blocks.iter().map(|block| block.confirmed).collect()
    }

    #[test]
    fn blocks_that_the_body_holds_are_confirmed_whatever_their_typography() {
        let body =
            format!("{} “Never,” said she — and left the room without another word. ", SENTENCE.repeat(6));
        let html = "<p>\"Never\", <b>said she</b> - and left the room without another word.</p><p>Another text, about the weather of next week.</p><p>Never</p>";
        assert_eq!(confirmed(html, &body), [true, false, false]);
    }

    #[test]
    fn a_body_that_is_only_a_teaser_confirms_nothing() {
        assert_eq!(confirmed(&format!("<p>{SENTENCE}</p>"), SENTENCE), [false]);
    }
}
