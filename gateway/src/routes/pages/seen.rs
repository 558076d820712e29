//! What a reader has opened, so that *Get News* brings something else: a cookie of the session with a short hash of each
//! address, which works without scripts and on every replica. It names nobody, and only Get News reads it.

use http::{
    HeaderMap, HeaderValue,
    header::{COOKIE, InvalidHeaderValue},
};

use crate::{article::ArticleUrl, digest::MOST_EXCLUDED, source::Headline};

const NAME: &str = "nutgraf_seen";
/// Digits of one hash.
const DIGITS: usize = 8;

/// Hashes of addresses, oldest first; at most [`MOST_EXCLUDED`].
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Seen(Vec<u32>);

impl Seen {
    /// What the cookie says; nothing where it is damaged.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let value = pairs.find(|(name, _)| *name == NAME).map_or("", |(_, value)| value);
        let digits = value.as_bytes().chunks(DIGITS).take(MOST_EXCLUDED);
        let hash = |digits: &[u8]| u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok();
        Self(digits.map(hash).collect::<Option<_>>().unwrap_or_default())
    }

    /// Whether nothing was opened yet.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those of a source's articles that were opened, oldest first.
    pub(super) fn among(&self, headlines: &[Headline]) -> Vec<ArticleUrl> {
        let mut opened: Vec<(usize, ArticleUrl)> = headlines
            .iter()
            .filter_map(|headline| headline.url.parse().ok())
            .filter_map(|url: ArticleUrl| Some((self.0.iter().position(|seen| *seen == hash(&url))?, url)))
            .collect();
        opened.sort_by_key(|(place, _)| *place);
        opened.into_iter().map(|(_, url)| url).take(MOST_EXCLUDED).collect()
    }

    /// The cookie with one address more, and without the oldest where there are too many.
    pub(super) fn and(mut self, url: &ArticleUrl) -> Result<HeaderValue, InvalidHeaderValue> {
        let this = hash(url);
        self.0.retain(|other| *other != this);
        self.0.push(this);
        let first = self.0.len().saturating_sub(MOST_EXCLUDED);
        let digits: Vec<String> = self.0.iter().skip(first).map(|hash| format!("{hash:08x}")).collect();
        format!("{NAME}={}; Path=/; HttpOnly; SameSite=Lax", digits.concat()).parse()
    }
}

/// FNV-1a (Fowler, Noll and Vo), 32 bits: the same on every replica.
fn hash(url: &ArticleUrl) -> u32 {
    url.as_str().bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(index: usize) -> ArticleUrl {
        format!("https://news.example/{index}").parse().unwrap()
    }

    fn headline(index: usize) -> Headline {
        Headline {
            url: url(index).as_str().to_owned(),
            title: "T".to_owned(),
            summary: None,
            published_at: None,
            source_id: None,
        }
    }

    /// The request's headers after pages with these addresses were opened one after the other.
    fn opened(indexes: impl IntoIterator<Item = usize>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for index in indexes {
            let cookie = Seen::of(&headers).and(&url(index)).unwrap();
            let pair = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
            headers.insert(COOKIE, format!("theme=dark; {pair}; other=1").parse().unwrap());
        }
        headers
    }

    #[test]
    fn what_was_opened_is_told_oldest_first_and_once() {
        let headlines: Vec<Headline> = (0..5).map(headline).collect();
        let seen = Seen::of(&opened([3, 1, 9, 3]));
        assert_eq!(seen.among(&headlines), [url(1), url(3)]);
        assert!(Seen::of(&HeaderMap::new()).is_empty());
    }

    #[test]
    fn the_oldest_are_forgotten_where_there_are_too_many() {
        let headers = opened(0..300);
        assert!(headers[COOKIE].len() < 1_100, "{}", headers[COOKIE].len());
        let all: Vec<Headline> = (0..300).map(headline).collect();
        let expected: Vec<ArticleUrl> = (300 - MOST_EXCLUDED..300).map(url).collect();
        assert_eq!(Seen::of(&headers).among(&all), expected);
    }

    proptest! {
        #[test]
        fn any_cookie_is_read_and_bounded(value in "[ -~]{0,3000}") {
            let headers = HeaderMap::from_iter([(COOKIE, format!("{NAME}={value}").parse().unwrap())]);
            prop_assert!(Seen::of(&headers).0.len() <= MOST_EXCLUDED);
        }
    }
}
