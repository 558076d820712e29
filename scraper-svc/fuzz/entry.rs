//! What is fuzzed: whatever the bytes, nothing panics, and what comes out keeps the promises of its types.

use std::sync::LazyLock;

use scraper_svc::{
    article::ArticleUrl,
    discovery::{self, Found},
    extract::{self, Hints},
    fetch::{FeedDocument, Rules, decode},
    sources::{InvalidSources, Sources},
};

type Entry = fn(&[u8]);

/// The entry points, by the names of their targets.
const ENTRIES: [(&str, Entry); 4] =
    [("html", html), ("feed", feed), ("robots", robots), ("charset", charset)];

/// Read once: that takes longer than most feeds.
static SOURCES: LazyLock<Result<Sources, InvalidSources>> = LazyLock::new(Sources::built_in);

/// Runs what `target` names, or everything where it is empty.
pub(super) fn run(target: &str, bytes: &[u8]) {
    for (_, entry) in ENTRIES.iter().filter(|(name, _)| target.is_empty() || *name == target) {
        entry(bytes);
    }
}

/// A page to its article.
fn html(bytes: &[u8]) {
    let page = decode(bytes, None, None);
    let Ok(article) = extract::extract(&page, None, &Hints::default()) else { return };
    assert!((0.0..=1.0).contains(&article.confidence), "{}", article.confidence);
    for paragraph in &article.paragraphs {
        assert!(!paragraph.text.is_empty() && !paragraph.text.contains('\n'), "{:?}", paragraph.text);
    }
}

/// A feed or sitemap to its headlines.
fn feed(bytes: &[u8]) {
    let Ok(url) = ArticleUrl::parse("https://news.example/feed") else { unreachable!("it is one") };
    let source = SOURCES.as_ref().ok().and_then(|sources| sources.find(""));
    let Some(source) = source else { unreachable!("there is a default") };
    let document = FeedDocument { url, body: bytes.to_vec().into(), charset: None };
    for read in [discovery::of_feed, discovery::of_sitemap] {
        let found: Found = read(&document, source).unwrap_or_default();
        assert!(found.headlines.len() <= discovery::MOST_HEADLINES);
        assert!(found.headlines.iter().all(|headline| !headline.title.is_empty()));
    }
}

/// A robots.txt to its rules.
fn robots(bytes: &[u8]) {
    let rules = Rules::parse(bytes);
    for text in [
        "https://news.example/",
        "https://news.example/a/b.html?c=d&e=%C3%A9",
        "https://news.example/robots.txt",
    ] {
        if let Ok(url) = ArticleUrl::parse(text) {
            // The same question has the same answer.
            assert_eq!(rules.verdict(&url), rules.verdict(&url));
        }
    }
}

/// Bytes to text; the first byte picks the label of the header.
fn charset(bytes: &[u8]) {
    const LABELS: [Option<&str>; 6] =
        [None, Some("utf-8"), Some("utf-16le"), Some("gb18030"), Some("iso-2022-jp"), Some("nonsense")];
    let (label, body) = bytes.split_first().map_or((0, bytes), |(first, rest)| (usize::from(*first), rest));
    let text = decode(body, LABELS[label % LABELS.len()], Some("news.example"));
    // Each byte gives three bytes of UTF-8 at most (U+FFFD, or a two-byte character's share).
    assert!(text.len() <= body.len().saturating_mul(3) + 3, "{} of {}", text.len(), body.len());
}
