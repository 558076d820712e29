//! What gets summarized, and how.

use std::sync::Arc;

use crate::{
    article::{Article, Paragraph},
    clients::summarizer::Text,
    options::SummaryOptions,
};

/// An article, or the lines of a text, and what was chosen.
#[derive(Debug)]
pub(crate) struct Material {
    pub(super) article: Option<Arc<Article>>,
    pub(super) title: Option<String>,
    pub(super) lines: Vec<Paragraph>,
    pub(super) options: SummaryOptions,
}

impl Material {
    pub(crate) fn text(&self) -> Text<'_> {
        let article = self.article.as_deref();
        let title = self.title.as_deref().or(article.map(|article| article.title.as_str()));
        Text {
            title: title.unwrap_or_default(),
            paragraphs: article.map_or(&self.lines, |article| &article.paragraphs),
            language: article.and_then(|article| article.language.as_deref()),
            options: &self.options,
        }
    }
}
