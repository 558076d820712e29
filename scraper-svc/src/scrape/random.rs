//! Any article of a source.

use std::sync::Arc;

use rand::RngExt as _;

use super::{ScrapeError, Scraper};
use crate::{
    article::{Article, ArticleUrl},
    sources::Source,
};

/// How many of a source's articles are tried.
const ATTEMPTS: usize = 4;

impl Scraper {
    /// Any article of a source; the same for the same seed as long as the headlines are the same. Without a seed none
    /// comes twice before all came once. Where one can't be read, up to three others are tried.
    ///
    /// # Errors
    ///
    /// [`ScrapeError`] of the last that was tried, or of the first that failed for a reason of ours.
    pub async fn random(&self, source: &Arc<Source>, seed: Option<u64>) -> Result<Article, ScrapeError> {
        let found = self.headlines(source).await?;
        let mut left: Vec<&ArticleUrl> = found.headlines.iter().map(|headline| &headline.url).collect();
        if seed.is_none() {
            left = self.inner.served.unserved(&source.id, &left);
        }
        let picks = seed.is_none();
        let mut seed = seed.unwrap_or_else(|| rand::rng().random());
        let mut failure = ScrapeError::NoHeadlines;
        for _ in 0..ATTEMPTS.min(left.len()) {
            let index = (split_mix(&mut seed) % left.len().max(1) as u64) as usize;
            let url = left.swap_remove(index);
            let read = self.article(url).await;
            if picks {
                self.inner.served.note(&source.id, url.clone());
            }
            match read {
                Ok(article) => return Ok(article),
                Err(error) if error.meets_others() => return Err(error),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014): the same on every machine and in every version, as `rand`'s generators are
/// not.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
