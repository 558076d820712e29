//! News sites, and what they have now.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A news site that the scraper knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Source {
    /// Name to ask for.
    pub id: String,
    /// Name to show.
    pub name: String,
    /// Address of its front page.
    pub homepage_url: String,
    /// BCP 47.
    pub language: Option<String>,
    /// Picked when a request names no source.
    pub is_default: bool,
    /// Bundled with the scraper, and there without a network.
    pub is_demo: bool,
    /// How the last visits went.
    pub health: SourceHealth,
}

/// How the last visits to a source went, as the answering replica saw it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct SourceHealth {
    /// RFC 3339, UTC; `null` when there was none.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_success_at: Option<Timestamp>,
    /// RFC 3339, UTC; `null` when there was none.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_failure_at: Option<Timestamp>,
    /// What went wrong at the last visit, also where only one of the source's feeds and sitemaps did.
    pub last_error: Option<String>,
}

/// The sources, in the order of the scraper's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Sources {
    /// All of them.
    pub sources: Vec<Source>,
}

/// A link to an article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Headline {
    /// Address of the article.
    pub url: String,
    /// Headline.
    pub title: String,
    /// The feed's own description, as plain text.
    pub summary: Option<String>,
    /// RFC 3339.
    pub published_at: Option<String>,
    /// Id of the source.
    pub source_id: Option<String>,
}

/// What a source has now, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Headlines {
    /// Id of the source that answered.
    pub source_id: String,
    /// Newest first.
    pub headlines: Vec<Headline>,
    /// Entries that were left out because they had no usable link or title.
    pub skipped: u32,
}
