//! From bytes to text: byte order mark, UTF-16 and UTF-8 where it can be nothing else, the HTTP header, the page's own
//! declaration, a guess (WHATWG HTML, "determining the character encoding", but for what servers are known to say wrong).

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
        return text(encoding, body.get(mark..).unwrap_or_default());
    }
    if let Some(encoding) = wide(body) {
        return text(encoding, body);
    }
    if is_utf8(body) {
        return text(UTF_8, body);
    }
    let header = label.and_then(|label| Encoding::for_label(label.as_bytes()));
    let encoding = match (header, declared(body)) {
        (Some(header), Some(page)) if header != page => between(header, page, body, host),
        (Some(said), _) | (None, Some(said)) if fits(said, body) => said,
        (None, None) => guess(body, host),
        // What it can't be says nothing; what it says is better than a guess that fits no better.
        (Some(said), _) | (None, Some(said)) => {
            Some(guess(body, host)).filter(|it| fits(it, body)).unwrap_or(said)
        }
    };
    text(encoding, body)
}

fn text(encoding: &'static Encoding, body: &[u8]) -> String {
    encoding.decode_without_bom_handling(body).0.into_owned()
}

fn fits(encoding: &'static Encoding, body: &[u8]) -> bool {
    encoding.decode_without_bom_handling_and_without_replacement(body).is_some()
}

/// Header and page disagree. The header outranks the page, but many servers send one and the same for whatever they
/// have: where it can't be true, or the letters themselves agree with the page, the page is right.
fn between(
    header: &'static Encoding,
    page: &'static Encoding,
    body: &[u8],
    host: Option<&str>,
) -> &'static Encoding {
    match (fits(header, body), fits(page, body)) {
        (true, false) => header,
        (false, true) => page,
        _ if guess(body, host) == page => page,
        _ => header,
    }
}

/// Decodes the first bytes of something by its byte order mark, else as if it were ASCII.
pub(super) fn decode_start(start: &[u8]) -> Cow<'_, str> {
    WINDOWS_1252.decode(start).0
}

/// UTF-16 without a byte order mark: in markup every other byte is zero.
fn wide(body: &[u8]) -> Option<&'static Encoding> {
    let head = body.get(..PRESCAN).unwrap_or(body);
    let zeros = |start: usize| head.iter().skip(start).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, enough) = (zeros(0), zeros(1), head.len() / 8);
    match head.len() {
        0..16 => None,
        _ if odd > enough && even * 16 <= odd => Some(UTF_16LE),
        _ if even > enough && odd * 16 <= even => Some(UTF_16BE),
        _ => None,
    }
}

/// Whether it can hardly be anything but UTF-8, whatever is said of it: pages that were saved or passed on keep
/// declarations that are no longer true. A few stray bytes, as in quoted comments, change nothing.
fn is_utf8(body: &[u8]) -> bool {
    if body.is_ascii() {
        return false;
    }
    let (mut characters, mut faults) = (0, 0);
    for chunk in body.utf8_chunks() {
        characters += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        faults += usize::from(!chunk.invalid().is_empty());
    }
    faults * 20 <= characters
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
    // ASCII is the same in all that is guessed among, but for the escapes of ISO-2022-JP.
    let body =
        body.get(Encoding::iso_2022_jp_ascii_valid_up_to(body).saturating_sub(1)..).unwrap_or_default();
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
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

    #[test]
    fn utf16_without_a_mark_is_told_by_its_zeros() {
        let page = "<html><body><p>Новости дня, и ничего кроме них.</p></body></html>";
        let units: Vec<u16> = page.encode_utf16().collect();
        let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        assert_eq!(decode(&little, None, None), page);
        assert_eq!(decode(&big, Some("utf-16"), None), page);
    }

    #[test]
    fn a_header_that_can_not_be_true_gives_way_to_the_page() {
        let story = "Сегодня в городе открыли новый мост через реку, и движение по нему уже началось.";
        let page = format!("<meta charset=windows-1251><p>{story}");
        for header in ["utf-8", "iso-8859-1", "gb18030"] {
            assert_eq!(decode(&encoded(&page, WINDOWS_1251), Some(header), None), page, "{header}");
        }
        let chinese =
            format!("<meta charset=gbk><p>{}", "中国航天局表示，探测器已经成功进入月球轨道。".repeat(4));
        assert_eq!(decode(&encoded(&chinese, GBK), Some("iso-8859-1"), Some("a.example.cn")), chinese);
    }

    #[test]
    fn a_header_that_is_wrong_is_found_out_without_a_declaration_too() {
        let page = format!("<p>{}", "Сегодня в городе открыли новый мост через реку. ".repeat(4));
        assert_eq!(decode(&encoded(&page, WINDOWS_1251), Some("utf-8"), Some("a.example.ru")), page);
        assert_eq!(decode(page.as_bytes(), Some("iso-8859-1"), None), page);
    }

    #[test]
    fn stray_bytes_in_utf8_spoil_only_themselves() {
        let mut page = format!("<meta charset=iso-8859-1>{}", "Grüße aus Köln. ".repeat(20)).into_bytes();
        page.push(0xfc);
        let text = decode(&page, None, None);
        assert!(text.ends_with("Grüße aus Köln. \u{fffd}"), "{text}");
    }

    #[test]
    fn japanese_mail_encoding_is_read_declared_or_not() {
        let page = format!("<p>{}", "市議会は月曜日、古い橋の閉鎖を決めた。".repeat(8));
        let bytes = encoded(&page, encoding_rs::ISO_2022_JP);
        assert_eq!(decode(&bytes, None, None), page);
        assert_eq!(decode(&bytes, Some("iso-2022-jp"), None), page);
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
