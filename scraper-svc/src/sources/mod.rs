//! The sources: the news sites that headlines come from, and what is known of each.

mod file;
pub mod opml;
pub(crate) mod watch;

use std::{fmt, net::SocketAddr, str::FromStr, sync::Arc};

use scraper::Selector;

use crate::article::ArticleUrl;

/// The sources that are there without a file.
const BUILT_IN: &str = include_str!("../../sources.toml");

/// A news site.
#[derive(Debug, Clone)]
pub struct Source {
    /// Short name.
    pub id: String,
    /// As readers see it.
    pub name: String,
    /// Front page; None for the bundled newspaper until it listens.
    pub homepage: Option<ArticleUrl>,
    /// BCP 47.
    pub language: String,
    /// RSS or Atom.
    pub feeds: Vec<ArticleUrl>,
    /// News sitemaps.
    pub sitemaps: Vec<ArticleUrl>,
    /// Headlines on the front page.
    pub headline_selector: Option<Selector>,
    /// Where an article's text is; each parses.
    pub body_selectors: Vec<String>,
    /// Whether it is the bundled newspaper.
    pub demo: bool,
}

/// All sources; at least one.
#[derive(Debug, Clone)]
pub struct Sources {
    list: Vec<Arc<Source>>,
    default: usize,
}

/// Everything that is wrong with a file of sources, a sentence each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct InvalidSources(pub Vec<String>);

impl fmt::Display for InvalidSources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

impl Sources {
    /// The built-in ones.
    ///
    /// # Errors
    ///
    /// Never, as a test makes sure.
    pub fn built_in() -> Result<Self, InvalidSources> {
        BUILT_IN.parse()
    }

    /// In the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Source>> {
        self.list.iter()
    }

    /// Whether the bundled newspaper is one of them.
    pub(crate) fn has_newspaper(&self) -> bool {
        self.list.iter().any(|source| source.demo)
    }

    /// Fills in where the bundled newspaper is.
    pub(crate) fn place_newspaper(&mut self, address: SocketAddr) {
        for source in self.list.iter_mut().map(Arc::make_mut).filter(|source| source.demo) {
            source.homepage = ArticleUrl::parse(&format!("http://{address}/")).ok();
            source.feeds = ArticleUrl::parse(&format!("http://{address}/rss.xml")).into_iter().collect();
        }
    }

    /// The one with this id; the default one for an empty id.
    pub fn find(&self, id: &str) -> Option<&Arc<Source>> {
        if id.is_empty() {
            self.list.get(self.default)
        } else {
            self.list.iter().find(|source| source.id == id)
        }
    }

    /// Whether a request that names none gets this one.
    pub fn is_default(&self, source: &Source) -> bool {
        self.list.get(self.default).is_some_and(|default| default.id == source.id)
    }

    /// The source whose site an address belongs to.
    pub fn of_url(&self, url: &ArticleUrl) -> Option<&Arc<Source>> {
        let site = |url: &ArticleUrl| {
            let host = url.as_url().host_str().unwrap_or_default();
            (host.strip_prefix("www.").unwrap_or(host).to_owned(), url.as_url().port_or_known_default())
        };
        let (host, port) = site(url);
        self.list.iter().find(|source| {
            source.homepage.as_ref().map(site).is_some_and(|(home, home_port)| {
                let below =
                    host.strip_suffix(&home).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                below && (!source.demo || home_port == port)
            })
        })
    }
}

impl FromStr for Sources {
    type Err = InvalidSources;

    fn from_str(text: &str) -> Result<Self, InvalidSources> {
        file::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_sources_are_whole_and_the_newspaper_is_the_default() {
        let sources = Sources::built_in().unwrap();
        assert_eq!(sources.iter().count(), 12);
        assert!(sources.find("").unwrap().demo);
        assert!(sources.find("nowhere").is_none());
    }

    #[test]
    fn an_address_belongs_to_the_source_whose_site_it_is_on() {
        let sources = Sources::built_in().unwrap();
        let of =
            |url: &str| sources.of_url(&ArticleUrl::parse(url).unwrap()).map(|source| source.id.as_str());
        assert_eq!(of("https://www.dailymail.co.uk/news/article-1.html"), Some("daily-mail"));
        assert_eq!(of("http://amp.dailymail.co.uk/news/article-1.html"), Some("daily-mail"));
        assert_eq!(of("https://notdailymail.co.uk/"), None);
        assert_eq!(of("https://dailymail.co.uk.example/"), None);
        assert_eq!(of("http://127.0.0.1:8090/"), None);
    }
}
