//! An article, and its summary when there is one.

use askama::Template;

use super::{
    Panel,
    choices::{self, FORMATS, LENGTHS, NOTICES},
    date,
    engines::Engines,
    measure::Minutes,
    passages::{Block, Piece, blocks},
    summary::Answer,
};
use crate::{
    article::{Article, Paragraph, Verdict},
    options::SummaryOptions,
    routes::static_files,
    summary::Summary,
};

/// Headline of a pasted text that has none.
const UNTITLED: &str = "Your text";

/// The page of an article.
#[derive(Debug, Template)]
#[template(path = "story.html")]
pub(crate) struct StoryPage {
    head: Head,
    blocks: Vec<Block>,
    /// What the form sends again; None for an article with an address.
    pasted: Option<Pasted>,
    options: SummaryOptions,
    engines: Engines,
    answer: Option<Answer>,
    failure: Option<Panel>,
}

/// A text that a visitor pasted.
#[derive(Debug)]
pub(crate) struct Pasted {
    /// The text.
    pub(crate) text: String,
    /// Its title; may be empty.
    pub(crate) title: String,
}

/// What the form shows as chosen, and what it lets choose from.
#[derive(Debug)]
pub(crate) struct Choices {
    /// What was chosen.
    pub(crate) options: SummaryOptions,
    /// The engines and models to pick from.
    pub(crate) engines: Engines,
}

/// What is told above the text.
#[derive(Debug)]
struct Head {
    /// Empty for a pasted text.
    url: String,
    title: String,
    /// Name of the site; empty for a pasted text.
    site: String,
    byline: Option<String>,
    published_at: Option<String>,
    moment: String,
    language: Option<String>,
    /// RFC 3339; tells whether another answer is of the same fetch.
    fetched_at: String,
    is_paywalled: bool,
    reading_time: String,
}

/// How far a summary has come.
#[derive(Debug)]
pub(crate) enum Outcome<'a> {
    /// Nobody asked for one.
    NotAsked,
    /// Here it is.
    Summary(&'a Summary),
    /// There is none.
    Failed(Panel),
}

impl StoryPage {
    /// The page of a fetched article.
    pub(crate) fn article(article: &Article, choices: Choices, outcome: Outcome<'_>) -> Self {
        Self::new(Head::of(article), &article.paragraphs, None, choices, outcome)
    }

    /// The page of a pasted text, of which `paragraphs` were made.
    pub(crate) fn pasted(
        pasted: Pasted,
        paragraphs: &[Paragraph],
        choices: Choices,
        summary: &Summary,
    ) -> Self {
        let title = if pasted.title.is_empty() { UNTITLED } else { &pasted.title };
        let head = Head::of_text(title, paragraphs, summary.language.clone());
        Self::new(head, paragraphs, Some(pasted), choices, Outcome::Summary(summary))
    }

    fn new(
        head: Head,
        paragraphs: &[Paragraph],
        pasted: Option<Pasted>,
        Choices { options, engines }: Choices,
        outcome: Outcome<'_>,
    ) -> Self {
        let (summary, failure) = match outcome {
            Outcome::NotAsked => (None, None),
            Outcome::Summary(summary) => (Some(summary), None),
            Outcome::Failed(panel) => (None, Some(panel)),
        };
        let site = Some(head.site.as_str()).filter(|site| !site.is_empty());
        let answer = summary.map(|summary| Answer::new(summary, paragraphs, site));
        let sentences = summary.map_or(&[][..], |summary| &summary.sentences);
        Self { blocks: blocks(paragraphs, sentences), head, pasted, options, engines, answer, failure }
    }
}

impl Head {
    fn of(article: &Article) -> Self {
        let host = || url::Url::parse(&article.url).ok().and_then(|url| url.host_str().map(str::to_owned));
        Self {
            url: article.url.clone(),
            title: article.title.clone(),
            site: article.site_name.clone().or_else(host).unwrap_or_default(),
            byline: article.byline.clone(),
            moment: article.published_at.as_deref().map(date::moment).unwrap_or_default(),
            published_at: article.published_at.clone(),
            language: article.language.clone(),
            fetched_at: article.fetched_at.map(|time| time.to_string()).unwrap_or_default(),
            is_paywalled: article.extraction.verdict == Verdict::Paywalled,
            reading_time: reading_time(&article.paragraphs),
        }
    }

    fn of_text(title: &str, paragraphs: &[Paragraph], language: Option<String>) -> Self {
        Self {
            url: String::new(),
            title: title.to_owned(),
            site: String::new(),
            byline: None,
            published_at: None,
            moment: String::new(),
            language,
            fetched_at: String::new(),
            is_paywalled: false,
            reading_time: reading_time(paragraphs),
        }
    }
}

fn reading_time(paragraphs: &[Paragraph]) -> String {
    Minutes::of(paragraphs.iter().map(|paragraph| paragraph.text.as_str())).spoken()
}
