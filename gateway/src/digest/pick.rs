//! Some article of a source, and none that the reader has had.

use std::sync::Arc;

use super::{Call, DigestError, DigestService};
use crate::article::{Article, ArticleUrl};

/// Most addresses that a choice may exclude; the scraper takes no more.
pub const MOST_EXCLUDED: usize = 128;

/// What to pick an article from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// Id of a source; the default one without it.
    pub source: Option<String>,
    /// The same seed picks the same article.
    pub seed: Option<u64>,
    /// What the reader has had, oldest first; at most [`MOST_EXCLUDED`]. It comes only where there is nothing else.
    pub excluded: Vec<ArticleUrl>,
}

/// An article that was picked.
#[derive(Debug, Clone, PartialEq)]
pub struct Picked {
    /// Address of its headline, which may redirect to the article's own.
    pub headline_url: String,
    /// The article.
    pub article: Arc<Article>,
}

impl DigestService {
    /// Some article. It is kept by its address and by its headline's.
    ///
    /// # Errors
    ///
    /// [`DigestError::Scraper`].
    pub async fn random_article(&self, choice: &Choice, call: &Call) -> Result<Picked, DigestError> {
        let (headline_url, article) = self.scraper.random_article(choice, call).await?;
        let article = Arc::new(article);
        let headline = headline_url.parse::<ArticleUrl>().ok();
        self.keep(&article, headline.as_ref()).await;
        if let Some(headline) = headline {
            self.articles.insert(headline, Arc::clone(&article)).await;
        }
        Ok(Picked { headline_url, article })
    }
}
