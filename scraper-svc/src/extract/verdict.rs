//! What a page is, and how sure the extraction is of it.

use std::sync::LazyLock;

use regex::Regex;

use super::metadata::Metadata;
use super::{Candidate, ExtractError, Verdict, text_of};

/// Below this many characters a text is no article.
const MIN_LENGTH: usize = 140;
/// Below this many characters a text that is said not to be free is only its beginning.
const TEASER_LENGTH: usize = 1_800;

/// What walls say instead of an article.
static WALL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let says = [
        r"enable javascript and cookies to continue",
        r"checking (if the site connection is secure|your browser)",
        r"verify(ing)? (that )?you are (a )?human",
        r"are you a robot",
        r"attention required! \| cloudflare",
        r"unusual (activity|traffic) from your",
        r"press (&amp;|&|and) hold to confirm",
        r"please (solve|complete) the (captcha|security check)",
        r"access to this page has been denied",
        r"just a moment\.\.\.",
        r"before you continue to",
        r"request unsuccessful\. incapsula",
        r"pardon our interruption",
        r"you have been blocked",
        r"datadome",
    ];
    Regex::new(&format!("(?i){}", says.join("|"))).ok()
});

/// Says whether the text is an article, whole or not, with a confidence from 0 to 1.
pub(super) fn judge(
    html: &str,
    metadata: &Metadata,
    found: &Candidate,
) -> Result<(Verdict, f64), ExtractError> {
    let text = text_of(&found.paragraphs);
    let length = text.chars().count();
    if length < MIN_LENGTH {
        return Err(match (metadata.free, is_wall(html)) {
            (Some(false), _) => ExtractError::Paywalled,
            (_, true) => ExtractError::Blocked,
            (_, false) => ExtractError::NotArticle,
        });
    }
    let verdict = match metadata.free {
        Some(false) if length < TEASER_LENGTH => Verdict::Paywalled,
        _ => Verdict::Article,
    };
    Ok((verdict, confidence(metadata, found, length)))
}

fn is_wall(html: &str) -> bool {
    WALL.as_ref().is_some_and(|wall| wall.is_match(html))
}

fn confidence(metadata: &Metadata, found: &Candidate, length: usize) -> f64 {
    let long = (length as f64 / 1_500.0).min(1.0);
    let named = if metadata.title.is_empty() { 0.0 } else { 1.0 };
    let said = if metadata.is_article { 1.0 } else { 0.0 };
    let method = match found.extractor {
        "selectors" => 1.0,
        "density" => 0.8,
        _ => 0.5,
    };
    0.4 * long + 0.1 * named + 0.2 * said + 0.3 * method
}
