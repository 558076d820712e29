//! What a response holds: by its media type, or by its first bytes where it has none or a vague one.

use mime::Mime;

use super::{FetchError, Wanted, charset};

/// Bytes that are looked at.
const SNIFFED: usize = 1024;

/// First bytes of an HTML page, in lower case (WHATWG MIME Sniffing, section 7.1).
const HTML_STARTS: [&str; 18] = [
    "<!doctype html",
    "<html",
    "<head",
    "<script",
    "<iframe",
    "<h1",
    "<div",
    "<font",
    "<table",
    "<a",
    "<style",
    "<title",
    "<b",
    "<body",
    "<br",
    "<p",
    "<!--",
    "<meta",
];

/// First bytes of a feed, in lower case, after an XML declaration, comments and processing instructions.
const FEED_STARTS: [&str; 3] = ["<rss", "<feed", "<rdf:rdf"];

/// What a media type says about a wish for a page or a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Yes,
    No,
    /// The body has to be looked at.
    Open,
}

/// Refuses a media type that can't hold what is wanted, before the body is read.
pub(super) fn check_type(wanted: Wanted, media_type: Option<&Mime>) -> Result<(), FetchError> {
    if fit(wanted, media_type) == Fit::No { Err(FetchError::UnsupportedContent { wanted }) } else { Ok(()) }
}

/// Refuses a body that is not what is wanted, where its media type doesn't settle it.
pub(super) fn check_body(wanted: Wanted, media_type: Option<&Mime>, body: &[u8]) -> Result<(), FetchError> {
    let fits = match fit(wanted, media_type) {
        Fit::Yes => true,
        Fit::No => false,
        Fit::Open => looks_like(wanted, body),
    };
    if fits { Ok(()) } else { Err(FetchError::UnsupportedContent { wanted }) }
}

fn fit(wanted: Wanted, media_type: Option<&Mime>) -> Fit {
    let Some(media_type) = media_type else { return Fit::Open };
    let xml = media_type.suffix() == Some(mime::XML) || media_type.subtype() == mime::XML;
    match (wanted, media_type.essence_str()) {
        (Wanted::Page, "text/html" | "application/xhtml+xml") => Fit::Yes,
        (Wanted::Feed, _) if xml && media_type.essence_str() != "application/xhtml+xml" => Fit::Yes,
        // Feeds are often served under these by mistake.
        (Wanted::Feed, "text/html" | "text/plain" | "application/octet-stream") => Fit::Open,
        (Wanted::Page | Wanted::Feed, _) => Fit::No,
    }
}

fn looks_like(wanted: Wanted, body: &[u8]) -> bool {
    let start = charset::decode_start(body.get(..SNIFFED).unwrap_or(body)).to_lowercase();
    let start = start.trim_start();
    match wanted {
        Wanted::Page => HTML_STARTS.iter().any(|tag| {
            let rest = start.strip_prefix(tag);
            rest.is_some_and(|rest| *tag == "<!--" || rest.starts_with([' ', '>', '\t', '\n', '\r', '/']))
        }),
        Wanted::Feed => {
            start.starts_with("<?xml") && !start.contains("<html")
                || FEED_STARTS.iter().any(|tag| start.starts_with(tag))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(wanted: Wanted, media_type: Option<&str>, body: &[u8]) -> bool {
        let media_type = media_type.map(|text| text.parse().unwrap());
        let by_type = check_type(wanted, media_type.as_ref());
        by_type.and_then(|()| check_body(wanted, media_type.as_ref(), body)).is_ok()
    }

    #[test]
    fn a_page_is_html_by_its_type_whatever_it_begins_with() {
        assert!(accepts(Wanted::Page, Some("text/html; charset=utf-8"), b"Hello"));
        assert!(accepts(Wanted::Page, Some("application/xhtml+xml"), b"<?xml version='1.0'?><html/>"));
        for other in
            ["application/pdf", "image/png", "text/plain", "application/json", "video/mp4", "text/xml"]
        {
            assert!(!accepts(Wanted::Page, Some(other), b"<html></html>"), "{other}");
        }
    }

    #[test]
    fn a_page_without_a_type_is_sniffed() {
        for page in [
            &b"<!DOCTYPE HTML>\n<p>x"[..],
            b"\xef\xbb\xbf  <html lang=en>",
            b"<!-- x --><p>",
            b"\xfe\xff\0<\0p\0>",
        ] {
            assert!(accepts(Wanted::Page, None, page), "{page:?}");
        }
        for other in
            [&b"%PDF-1.7"[..], b"\x89PNG\r\n", b"{\"a\": 1}", b"hello", b"", b"<abbr>", b"PK\x03\x04"]
        {
            assert!(!accepts(Wanted::Page, None, other), "{other:?}");
        }
    }

    #[test]
    fn a_feed_is_xml_even_under_a_vague_type() {
        for feed in
            ["application/rss+xml", "application/atom+xml", "text/xml; charset=utf-8", "application/xml"]
        {
            assert!(accepts(Wanted::Feed, Some(feed), b"<rss/>"), "{feed}");
        }
        assert!(accepts(Wanted::Feed, Some("text/html"), b"<?xml version=\"1.0\"?><rss version=\"2.0\">"));
        assert!(accepts(Wanted::Feed, Some("text/plain"), b"\n<feed xmlns=\"http://www.w3.org/2005/Atom\">"));
        assert!(accepts(Wanted::Feed, None, b"<rss version=\"2.0\">"));
        assert!(!accepts(Wanted::Feed, Some("text/html"), b"<!doctype html><html>"));
        assert!(!accepts(Wanted::Feed, Some("application/feed+json"), b"{}"));
        assert!(!accepts(Wanted::Feed, None, b"{\"version\": \"https://jsonfeed.org/version/1.1\"}"));
    }
}
