//! Any article of a source.

use std::sync::Arc;

use rand::RngExt as _;

use super::{ScrapeError, Scraper};
use crate::{
    article::{Article, ArticleUrl, InvalidUrl},
    discovery::identity,
    sources::Source,
};

/// How many of a source's articles are tried.
const ATTEMPTS: usize = 4;
/// Most addresses that a caller may exclude.
pub const MOST_EXCLUDED: usize = 128;

/// An article that was picked at random.
#[derive(Debug, Clone, PartialEq)]
pub struct Picked {
    /// The address of its headline.
    pub headline: ArticleUrl,
    /// What was read there.
    pub article: Article,
}

/// What a caller has had, oldest first; at most [`MOST_EXCLUDED`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Excluded(Vec<ArticleUrl>);

/// Why addresses can't be excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidExcluded {
    /// More than [`MOST_EXCLUDED`].
    #[error("More than {MOST_EXCLUDED} addresses are excluded. Leave out the oldest.")]
    TooMany,
    /// One of them is no address of a page.
    #[error(transparent)]
    Url(#[from] InvalidUrl),
}

impl Excluded {
    /// Takes them as they come from the wire.
    ///
    /// # Errors
    ///
    /// [`InvalidExcluded`] says what is wrong with them.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, InvalidExcluded> {
        if texts.len() > MOST_EXCLUDED {
            return Err(InvalidExcluded::TooMany);
        }
        let urls = texts.iter().map(|text| ArticleUrl::parse(text.as_ref()));
        Ok(Self(urls.collect::<Result<_, _>>()?))
    }

    /// Parts `all` into those that the caller has not had, and the others, oldest first.
    fn part<'a>(&self, all: &[&'a ArticleUrl]) -> (Vec<&'a ArticleUrl>, Vec<&'a ArticleUrl>) {
        let order: Vec<String> = self.0.iter().map(|url| identity(url.as_url())).collect();
        let place = |url: &ArticleUrl| {
            let this = identity(url.as_url());
            order.iter().rposition(|had| *had == this)
        };
        let mut had: Vec<_> = all.iter().filter_map(|url| Some((place(url)?, *url))).collect();
        had.sort_by_key(|(place, _)| *place);
        let new = all.iter().copied().filter(|url| place(url).is_none()).collect();
        (new, had.into_iter().map(|(_, url)| url).collect())
    }

    /// Whether the caller has had an article, by whichever of its addresses.
    fn holds(&self, article: &Article) -> bool {
        let own = [&article.url, &article.canonical_url].map(identity);
        self.0.iter().any(|url| own.contains(&identity(url.as_url())))
    }
}

impl Scraper {
    /// Any article of a source; the same for the same seed as long as the headlines are the same. One that the caller
    /// has had comes only when there is no other, the oldest first. Without a seed and `excluded`, none comes twice
    /// before all came once. Where one can't be read, up to three others are tried.
    ///
    /// # Errors
    ///
    /// [`ScrapeError`] of the last that was tried, or of the first that failed for a reason of ours.
    pub async fn random(
        &self,
        source: &Arc<Source>,
        seed: Option<u64>,
        excluded: &Excluded,
    ) -> Result<Picked, ScrapeError> {
        let found = self.headlines(source).await?;
        let all: Vec<&ArticleUrl> = found.headlines.iter().map(|headline| &headline.url).collect();
        let remembers = seed.is_none() && excluded.0.is_empty();
        let (new, had) = if remembers {
            (self.inner.served.unserved(&source.id, &all), Vec::new())
        } else {
            excluded.part(&all)
        };
        let seed = seed.unwrap_or_else(|| rand::rng().random());
        let mut failure = ScrapeError::NoHeadlines;
        let mut second_best = None;
        for url in shuffled(new, seed).chain(had).take(ATTEMPTS) {
            let read = self.article(url).await;
            if remembers {
                self.inner.served.note(&source.id, url.clone());
            }
            match read.map(|article| Picked { headline: url.clone(), article }) {
                // A headline that leads to what the caller has had by another address.
                Ok(picked) if excluded.holds(&picked.article) => _ = second_best.get_or_insert(picked),
                Ok(picked) => return Ok(picked),
                Err(error) if error.meets_others() => return second_best.ok_or(error),
                Err(error) => failure = error,
            }
        }
        second_best.ok_or(failure)
    }
}

/// In an order that the seed decides. Each is drawn when it is asked for.
fn shuffled(mut left: Vec<&ArticleUrl>, mut seed: u64) -> impl Iterator<Item = &ArticleUrl> {
    std::iter::from_fn(move || {
        let count = u64::try_from(left.len()).ok().filter(|count| *count > 0)?;
        let index = (split_mix(&mut seed) % count) as usize;
        Some(left.swap_remove(index))
    })
}
/// SplitMix64 (Steele, Lea and Flood 2014): the same on every machine and in every version, as `rand`'s generators are
/// not.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(paths: &[&str]) -> Vec<ArticleUrl> {
        paths.iter().map(|path| ArticleUrl::parse(&format!("https://a.example/{path}")).unwrap()).collect()
    }

    #[test]
    fn what_was_had_stands_behind_the_rest_oldest_first_whatever_its_address_says_of_its_reader() {
        let all = urls(&["a?utm_source=rss", "b", "c", "d"]);
        let all: Vec<&ArticleUrl> = all.iter().collect();
        let had = [
            "https://a.example/d",
            "https://a.example/a?at_medium=x",
            "https://b.example/b",
            "https://a.example/d",
        ];
        let (new, old) = Excluded::parse(&had).unwrap().part(&all);
        assert_eq!(new, [all[1], all[2]]);
        // The last time counts.
        assert_eq!(old, [all[0], all[3]]);
    }

    #[test]
    fn too_many_addresses_and_what_is_none_are_refused() {
        let many = vec!["https://a.example/"; MOST_EXCLUDED + 1];
        assert_eq!(Excluded::parse(&many), Err(InvalidExcluded::TooMany));
        assert!(Excluded::parse(&many[1..]).is_ok());
        assert_eq!(Excluded::parse(&["a"]), Err(InvalidUrl::NotAbsolute.into()));
        let long = format!("https://a.example/{}", "a".repeat(3_000));
        assert_eq!(Excluded::parse(&[long]), Err(InvalidUrl::TooLong.into()));
    }

    #[test]
    fn a_seed_decides_the_order_and_every_article_is_in_it_once() {
        let all = urls(&["a", "b", "c", "d", "e"]);
        let order = |seed| shuffled(all.iter().collect(), seed).cloned().collect::<Vec<_>>();
        assert_eq!(order(7), order(7));
        assert!((0..20).any(|seed| order(seed) != order(7)));
        let mut sorted = order(7);
        sorted.sort_by_key(ToString::to_string);
        assert_eq!(sorted, all);
    }
}
