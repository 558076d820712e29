//! The front page.

use askama::Template;

use super::{
    Panel,
    choices::{self, FORMATS, LENGTHS},
    date,
    engines::Engines,
};
use crate::{
    options::SummaryOptions,
    routes::static_files,
    source::{Headline, Source},
};

/// Longest title of a pasted text that the form takes, in UTF-16 code units.
const MAX_TITLE: usize = 300;
/// Characters of a headline's description that are shown.
const EXCERPT: usize = 240;

/// The part of the front page that a problem belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The source picker.
    Source,
    /// The box for an address.
    Url,
    /// The list of headlines.
    Headlines,
    /// The box for a text.
    Text,
}

/// A problem and the part of the page that it belongs to.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The part.
    pub(crate) place: Place,
    /// The problem.
    pub(crate) panel: Panel,
}

/// The front page.
#[derive(Debug, Template)]
#[template(path = "front.html")]
pub(crate) struct FrontPage {
    /// The sources to pick from; none when they can't be had.
    pub(crate) sources: Vec<Source>,
    /// Id of the source that is picked; the default one without it.
    pub(crate) chosen: Option<String>,
    /// What that source has now.
    pub(crate) headlines: Vec<Teaser>,
    /// What the visitor gave as an address.
    pub(crate) url: String,
    /// What the visitor gave as a title.
    pub(crate) title: String,
    /// What the visitor gave as a text.
    pub(crate) text: String,
    /// What the visitor chose of the summary.
    pub(crate) options: SummaryOptions,
    /// The engines and models to pick from.
    pub(crate) engines: Engines,
    /// What went wrong.
    pub(crate) failure: Option<Failure>,
}

impl FrontPage {
    fn chosen_source(&self) -> Option<&Source> {
        self.sources.iter().find(|source| self.is_chosen(source))
    }

    fn is_chosen(&self, source: &Source) -> bool {
        self.chosen.as_ref().map_or(source.is_default, |chosen| *chosen == source.id)
    }

    fn failure_at(&self, place: Place) -> Option<&Panel> {
        self.failure.as_ref().filter(|failure| failure.place == place).map(|failure| &failure.panel)
    }
}

/// A headline as the page shows it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Teaser {
    title: String,
    /// Where this page shows the article.
    href: String,
    excerpt: Option<String>,
    published_at: Option<String>,
    day: String,
}

impl From<Headline> for Teaser {
    fn from(headline: Headline) -> Self {
        let query =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("url", &headline.url).finish();
        Self {
            title: headline.title,
            href: format!("/article?{query}"),
            excerpt: headline.summary.as_deref().map(excerpt),
            day: headline.published_at.as_deref().map(date::day).unwrap_or_default(),
            published_at: headline.published_at,
        }
    }
}

/// The beginning of a text, up to a whole word.
fn excerpt(text: &str) -> String {
    let Some((cut, _)) = text.char_indices().nth(EXCERPT) else { return text.to_owned() };
    let (head, _) = text.split_at(cut);
    let whole = head.rfind(char::is_whitespace).map_or(head, |space| head.split_at(space).0);
    format!("{}…", whole.trim_end_matches(|c: char| !c.is_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_ends_with_a_whole_word() {
        assert_eq!(excerpt("Short."), "Short.");
        let long = "Überall, ".repeat(60);
        let short = excerpt(&long);
        assert!(short.ends_with("Überall…") && short.chars().count() <= EXCERPT + 1, "{short}");
        assert_eq!(excerpt(&"字".repeat(500)).chars().count(), EXCERPT + 1);
    }

    #[test]
    fn an_address_with_a_query_of_its_own_stays_one_value() {
        let headline = Headline {
            url: "https://news.example/a?b=c&d=\"é".into(),
            title: "T".into(),
            summary: None,
            published_at: None,
            source_id: None,
        };
        assert_eq!(
            Teaser::from(headline).href,
            "/article?url=https%3A%2F%2Fnews.example%2Fa%3Fb%3Dc%26d%3D%22%C3%A9"
        );
    }
}
