//! From bytes to text: byte order mark, then the HTTP header, then UTF-8 where it
//! can be nothing else, then the page's own declaration, then a guess
//! (WHATWG HTML, "determining the character encoding").

use std::{borrow::Cow, sync::LazyLock};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use regex::bytes::Regex;

/// How far into a page its declaration may be. The standard says 1024 bytes; real pages have longer heads.
const PRESCAN: usize = 8 * 1024;

/// How much of a page is looked at for a guess: the detector is slow, and sure long before this.
const GUESSED: usize = 256 * 1024;

static COMMENT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?s-u)<!--.*?-->").ok());

/// `<meta charset=…>`, `<meta … content="text/html; charset=…">` and `<?xml … encoding="…"?>`.
static DECLARATION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?is-u)(?:<meta\s[^>]*?charset|<\?xml\s[^>]*?encoding)\s*=\s*["']?\s*([a-z0-9_:.()-]+)"#)
        .ok()
});

/// Decodes a page; what is malformed becomes U+FFFD. `label` is the `charset` of the HTTP header, `host` where the page
/// comes from: its top-level domain helps a guess.
pub fn decode(body: &[u8], label: Option<&str>, host: Option<&str>) -> String {
    if let Some((encoding, mark)) = Encoding::for_bom(body) {
        let text = encoding.decode_without_bom_handling(body.get(mark..).unwrap_or_default()).0;
        return text.into_owned();
    }
    let encoding = label
        .and_then(|label| Encoding::for_label(label.as_bytes()))
        .or_else(|| is_utf8(body).then_some(UTF_8))
        .or_else(|| declared(body))
        .unwrap_or_else(|| guess(body, host));
    encoding.decode_without_bom_handling(body).0.into_owned()
}

/// Decodes the first bytes of something by its byte order mark, else as if it were ASCII.
pub(super) fn decode_start(start: &[u8]) -> Cow<'_, str> {
    WINDOWS_1252.decode(start).0
}

/// Whether it can be nothing but UTF-8. Pages that were saved or passed on often keep a declaration that is no longer true.
fn is_utf8(body: &[u8]) -> bool {
    !body.is_ascii() && str::from_utf8(body).is_ok()
}

/// What the page says of itself.
fn declared(body: &[u8]) -> Option<&'static Encoding> {
    let head = body.get(..PRESCAN).unwrap_or(body);
    let head = COMMENT.as_ref()?.replace_all(head, &b""[..]);
    let found = DECLARATION.as_ref()?.captures(&head)?;
    let encoding = Encoding::for_label(found.get(1)?.as_bytes())?;
    // Its ASCII letters could be read, so it can't be UTF-16.
    let wide = encoding == UTF_16BE || encoding == UTF_16LE;
    Some(if wide { UTF_8 } else { encoding })
}

fn guess(body: &[u8], host: Option<&str>) -> &'static Encoding {
    let label = host.and_then(|host| host.trim_end_matches('.').rsplit('.').next());
    // The detector takes a domain's last label in lower case, and nothing else.
    let domain = label.filter(|label| label.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'));
    // ASCII is the same in all that is guessed among.
    let body = body.get(Encoding::ascii_valid_up_to(body).saturating_sub(1)..).unwrap_or_default();
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(body.get(..GUESSED).unwrap_or(body), body.len() <= GUESSED);
    detector.guess(domain.map(str::as_bytes), Utf8Detection::Allow)
}

#[cfg(test)]
mod tests {
    use encoding_rs::{GBK, SHIFT_JIS, WINDOWS_1251};
    use proptest::prelude::*;

    use super::*;

    fn encoded(text: &str, encoding: &'static Encoding) -> Vec<u8> {
        encoding.encode(text).0.into_owned()
    }

    #[test]
    fn a_byte_order_mark_outranks_header_and_declaration() {
        let mut utf16 = vec![0xff, 0xfe];
        utf16.extend("<p>Grüße</p>".encode_utf16().flat_map(u16::to_le_bytes));
        assert_eq!(decode(&utf16, Some("iso-8859-1"), None), "<p>Grüße</p>");
        let utf8 = "\u{feff}<meta charset=windows-1251>Grüße";
        assert_eq!(decode(utf8.as_bytes(), Some("windows-1251"), None), "<meta charset=windows-1251>Grüße");
    }

    #[test]
    fn the_header_outranks_the_declaration() {
        let page = encoded("<meta charset=utf-8>日本語のニュース", SHIFT_JIS);
        assert!(decode(&page, Some("Shift_JIS"), None).ends_with("日本語のニュース"));
    }

    #[test]
    fn an_unknown_header_label_leaves_it_to_the_page() {
        let page = encoded(
            "<META HTTP-EQUIV=Content-Type CONTENT='text/html; charset=windows-1251'>Новости",
            WINDOWS_1251,
        );
        assert!(decode(&page, Some("none"), None).ends_with("Новости"));
    }

    #[test]
    fn a_declaration_in_a_comment_or_of_utf16_does_not_count() {
        let page = "<!-- <meta charset=shift_jis> --><meta charset=\"utf-16\">Grüße";
        assert_eq!(decode(page.as_bytes(), None, None), page);
    }

    #[test]
    fn without_a_declaration_the_encoding_is_guessed() {
        let text =
            "<p>中国航天局表示，探测器已经成功进入月球轨道，预计将于下周着陆。科学家们对此感到非常高兴。</p>";
        assert_eq!(decode(&encoded(text, GBK), None, Some("news.example.cn")), text);
        assert_eq!(decode("<p>Grüße aus Köln</p>".as_bytes(), None, None), "<p>Grüße aus Köln</p>");
    }

    #[test]
    fn a_guess_looks_at_the_part_that_is_not_ascii_and_not_at_all_of_it() {
        let story = "中国航天局表示，探测器已经成功进入月球轨道，预计将于下周着陆。";
        let text = format!("<p>{}{}", "<br>".repeat(GUESSED), story.repeat(GUESSED / story.len() * 3));
        assert_eq!(decode(&encoded(&text, GBK), None, None), text);
    }

    proptest! {
        #[test]
        fn any_bytes_decode(body: Vec<u8>, label in proptest::option::of("\\PC*"), host in proptest::option::of("\\PC*")) {
            decode(&body, label.as_deref(), host.as_deref());
        }

        #[test]
        fn declared_utf8_comes_back_as_it_was(text in "\\PC*") {
            let page = format!("<meta charset=utf-8>{text}");
            prop_assert_eq!(decode(page.as_bytes(), None, None), page);
        }
    }
}
