//! The sources, from a TOML file: parsed into types that can't be wrong, or refused with every problem in it.

use std::{collections::HashSet, fmt, str::FromStr};

use scraper::Selector;
use serde::Deserialize;

use crate::article::ArticleUrl;

/// The sources that are there without a file.
const BUILT_IN: &str = include_str!("../sources.toml");

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
    list: Vec<Source>,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    source: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    name: String,
    homepage: Option<String>,
    language: String,
    #[serde(default)]
    feeds: Vec<String>,
    headline_selector: Option<String>,
    #[serde(default)]
    body_selectors: Vec<String>,
    #[serde(default)]
    default: bool,
    #[serde(default)]
    demo: bool,
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
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.list.iter()
    }

    /// For whoever has to fill in where the bundled newspaper is.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Source> {
        self.list.iter_mut()
    }

    /// The one with this id; the default one for an empty id.
    pub fn find(&self, id: &str) -> Option<&Source> {
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
    pub fn of_url(&self, url: &ArticleUrl) -> Option<&Source> {
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
        let file: File = toml::from_str(text).map_err(|error| InvalidSources(vec![error.to_string()]))?;
        let mut problems = Vec::new();
        if file.source.is_empty() {
            problems.push("there is no [[source]]".to_owned());
        }
        let mut ids = HashSet::new();
        for row in &file.source {
            if !ids.insert(row.id.clone()) {
                problems.push(format!("source {:?} is there twice", row.id));
            }
        }
        let defaults: Vec<usize> =
            file.source.iter().enumerate().filter(|(_, row)| row.default).map(|(index, _)| index).collect();
        if defaults.len() > 1 {
            problems.push("more than one source is the default".to_owned());
        }
        let list: Vec<Source> = file.source.into_iter().map(|row| source(row, &mut problems)).collect();
        let default = defaults.first().copied().unwrap_or(0);
        if problems.is_empty() { Ok(Self { list, default }) } else { Err(InvalidSources(problems)) }
    }
}

/// A source of a row, and what is wrong with it.
fn source(row: Row, problems: &mut Vec<String>) -> Source {
    let id = row.id;
    let mut problem = |what: String| problems.push(format!("source {id:?}: {what}"));
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if id.is_empty() || id.len() > 64 || !id.chars().all(plain) {
        problem("an id has a to z, 0 to 9 and hyphens".to_owned());
    }
    let mut url = |text: &String| match ArticleUrl::parse(text) {
        Ok(url) => Some(url),
        Err(error) => {
            problem(format!("{text:?}: {error}"));
            None
        }
    };
    let homepage = row.homepage.as_ref().and_then(&mut url);
    let feeds: Vec<ArticleUrl> = row.feeds.iter().filter_map(&mut url).collect();
    if homepage.is_none() && !row.demo {
        problem("it needs a homepage".to_owned());
    }
    for text in row.headline_selector.iter().chain(&row.body_selectors) {
        if Selector::parse(text).is_err() {
            problem(format!("{text:?} is no CSS selector"));
        }
    }
    let headline_selector = row.headline_selector.and_then(|text| Selector::parse(&text).ok());
    if feeds.is_empty() && headline_selector.is_none() && !row.demo {
        problem("it needs feeds or a headline_selector".to_owned());
    }
    Source {
        id,
        name: row.name,
        homepage,
        language: row.language,
        feeds,
        headline_selector,
        body_selectors: row.body_selectors,
        demo: row.demo,
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
        let url = ArticleUrl::parse("https://www.dailymail.co.uk/news/article-1.html").unwrap();
        assert_eq!(sources.of_url(&url).unwrap().id, "daily-mail");
        let other = ArticleUrl::parse("https://notdailymail.co.uk/").unwrap();
        assert!(sources.of_url(&other).is_none());
    }

    #[test]
    fn every_problem_of_a_file_is_named() {
        let text = "[[source]]\nid = \"A b\"\nname = \"x\"\nlanguage = \"en\"\nhomepage = \"nowhere\"\nfeeds = [\"ftp://x/\"]\n";
        let InvalidSources(problems) = text.parse::<Sources>().unwrap_err();
        assert_eq!(problems.len(), 5, "{problems:?}");
        assert!("source = []".parse::<Sources>().is_err());
        assert!(
            "[[source]]\nid = \"a\"\nname = \"a\"\nlanguage = \"en\"\nhompage = \"x\""
                .parse::<Sources>()
                .is_err()
        );
    }
}
