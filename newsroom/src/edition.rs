//! The newspaper's content: its articles and authors, parsed once.

use std::sync::OnceLock;

use jiff::Timestamp;
use serde::Deserialize;

/// One file for each article.
const ARTICLES: &[&str] = &[
    include_str!("../articles/central-bank-holds-rate.toml"),
    include_str!("../articles/council-backs-ferry-terminal-move.toml"),
    include_str!("../articles/harbour-tunnel-reopens.toml"),
    include_str!("../articles/hohenried-baut-skilifte-ab.toml"),
    include_str!("../articles/ines-halloran-obituary.toml"),
    include_str!("../articles/lost-film-found-in-lighthouse.toml"),
    include_str!("../articles/pharmacist-calls-lower-blood-pressure.toml"),
    include_str!("../articles/port-of-aske-ransomware.toml"),
    include_str!("../articles/puffin-2-calls-home.toml"),
    include_str!("../articles/rovers-reach-cup-final.toml"),
    include_str!("../articles/sandvell-votes-on-moving-inland.toml"),
    include_str!("../articles/seagrass-meadow-single-plant.toml"),
    include_str!("../articles/une-bibliotheque-prete-des-outils.toml"),
];
const COURIER: &str = include_str!("../courier.toml");

/// Everything that the site shows.
#[derive(Debug)]
pub struct Edition {
    /// Newest first.
    pub articles: Vec<Article>,
    /// Who writes.
    pub authors: Vec<Author>,
    /// Slugs of what readers read most.
    pub most_read: Vec<String>,
}

/// Why the bundled files make no edition. Never seen outside development: a test parses them all.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the bundled articles can't be read: {0}")]
pub struct EditionError(String);

/// An article as its file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Article {
    /// Last part of its address.
    pub slug: String,
    /// Headline.
    pub title: String,
    /// The sentence below the headline.
    pub standfirst: String,
    /// Section of the newspaper.
    pub section: String,
    /// BCP 47.
    pub language: String,
    /// Slugs of its authors.
    pub authors: Vec<String>,
    /// When it appeared.
    pub published: Timestamp,
    /// When it was last changed.
    pub updated: Option<Timestamp>,
    /// Topics.
    pub tags: Vec<String>,
    /// Slugs of related articles.
    pub related: Vec<String>,
    /// Blocks apart by blank lines: `## ` a heading, `> ` a quotation, `- ` a list, else a paragraph.
    pub body: String,
    /// The picture at the top.
    pub lead_image: LeadImage,
    /// What readers wrote below it.
    #[serde(default)]
    pub comments: Vec<Comment>,
}

/// A drawn stand-in for a photograph.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeadImage {
    /// For those who can't see it.
    pub alt: String,
    /// Below it.
    pub caption: String,
    /// Whose it is.
    pub credit: String,
    /// Its colour, in degrees.
    pub hue: u16,
}

/// A reader's comment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    /// Who.
    pub reader: String,
    /// When.
    pub posted: Timestamp,
    /// What.
    pub text: String,
}

/// A journalist.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Author {
    /// Name in files.
    pub slug: String,
    /// Full name.
    pub name: String,
    /// What they cover.
    pub role: String,
    /// A line or two about them.
    pub bio: String,
}

/// A block of an article's body.
#[derive(Debug, PartialEq, Eq)]
pub enum Block<'a> {
    /// Running text.
    Paragraph(&'a str),
    /// A heading.
    Heading(&'a str),
    /// A quotation, a line for each part.
    Quote(Vec<&'a str>),
    /// A list.
    List(Vec<&'a str>),
}

impl Article {
    /// The body's blocks in order.
    pub fn blocks(&self) -> Vec<Block<'_>> {
        self.body.split("\n\n").map(str::trim).filter(|block| !block.is_empty()).map(block).collect()
    }
}

fn block(text: &str) -> Block<'_> {
    let lines = |mark: &str| text.lines().map(|line| line.trim_start_matches(mark).trim()).collect();
    match text {
        _ if text.starts_with("## ") => Block::Heading(text.trim_start_matches("## ")),
        _ if text.starts_with("> ") => Block::Quote(lines("> ")),
        _ if text.starts_with("- ") => Block::List(lines("- ")),
        _ => Block::Paragraph(text),
    }
}

impl Edition {
    /// The bundled edition.
    ///
    /// # Errors
    ///
    /// When a bundled file is broken.
    pub fn bundled() -> Result<&'static Self, EditionError> {
        static EDITION: OnceLock<Result<Edition, EditionError>> = OnceLock::new();
        EDITION.get_or_init(Self::read).as_ref().map_err(Clone::clone)
    }

    fn read() -> Result<Self, EditionError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Courier {
            most_read: Vec<String>,
            authors: Vec<Author>,
        }
        let broken = |error: toml::de::Error| EditionError(error.to_string());
        let courier: Courier = toml::from_str(COURIER).map_err(broken)?;
        let articles: Result<Vec<Article>, _> = ARTICLES.iter().map(|text| toml::from_str(text)).collect();
        let mut articles = articles.map_err(broken)?;
        articles.sort_by_key(|article| std::cmp::Reverse(article.published));
        Ok(Self { articles, authors: courier.authors, most_read: courier.most_read })
    }

    /// The article with this slug.
    pub fn article(&self, slug: &str) -> Option<&Article> {
        self.articles.iter().find(|article| article.slug == slug)
    }

    /// The author with this slug.
    pub fn author(&self, slug: &str) -> Option<&Author> {
        self.authors.iter().find(|author| author.slug == slug)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_article_is_whole() {
        let edition = Edition::bundled().unwrap();
        assert!(edition.articles.len() >= 12);
        for article in &edition.articles {
            let words = article.body.split_whitespace().count();
            assert!((300..=1250).contains(&words), "{}: {words} words", article.slug);
            assert!(article.blocks().len() > 4, "{}", article.slug);
            for author in &article.authors {
                assert!(edition.author(author).is_some(), "{}: no author {author}", article.slug);
            }
            for other in &article.related {
                assert!(edition.article(other).is_some(), "{}: no article {other}", article.slug);
            }
        }
        assert!(edition.most_read.iter().all(|slug| edition.article(slug).is_some()));
    }

    #[test]
    fn other_languages_and_kinds_of_blocks_are_there() {
        let edition = Edition::bundled().unwrap();
        for language in ["en", "de", "fr"] {
            assert!(edition.articles.iter().any(|article| article.language == language), "{language}");
        }
        let blocks: Vec<Block<'_>> = edition.articles.iter().flat_map(Article::blocks).collect();
        assert!(blocks.iter().any(|block| matches!(block, Block::Quote(lines) if lines.len() == 2)));
        assert!(blocks.iter().any(|block| matches!(block, Block::List(items) if items.len() > 1)));
        assert!(blocks.iter().any(|block| matches!(block, Block::Heading(_))));
    }
}
