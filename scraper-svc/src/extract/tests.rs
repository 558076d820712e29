//! The whole extraction on pages written for it, on hostile pages, and on pages broken at random.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

const NEWS: &str = include_str!("fixtures/news.html");
const FRONT_PAGE: &str = include_str!("fixtures/front_page.html");
const PAYWALL: &str = include_str!("fixtures/paywall.html");
const WALL: &str = include_str!("fixtures/wall.html");
const BREAKS: &str = include_str!("fixtures/breaks.html");

fn read(html: &str) -> Result<Extracted, ExtractError> {
    let url = Url::parse("https://estuary.example/local/bridge?utm_source=feed").unwrap();
    extract(html, Some(&url), &Hints::default())
}

/// An article as a person would compare it.
fn shown(article: &Extracted) -> String {
    let unknown = || "unknown".to_owned();
    let mut lines = vec![
        format!("title: {}", article.title),
        format!("authors: {}", article.authors.join("; ")),
        format!("site: {}", article.site_name.clone().unwrap_or_else(unknown)),
        format!("published: {}", article.published_at.clone().unwrap_or_else(unknown)),
        format!("language: {}", article.language.clone().unwrap_or_else(unknown)),
        format!("canonical: {}", article.canonical_url.as_ref().map_or_else(unknown, Url::to_string)),
        format!("image: {}", article.lead_image_url.as_ref().map_or_else(unknown, Url::to_string)),
        format!("verdict: {:?} by {}", article.verdict, article.extractor),
    ];
    lines.extend(
        article.paragraphs.iter().map(|paragraph| format!("{:?}: {}", paragraph.kind, paragraph.text)),
    );
    lines.join("\n")
}

#[test]
fn a_news_page_gives_its_article_and_none_of_the_clutter_around_and_inside_it() {
    insta::assert_snapshot!(shown(&read(NEWS).unwrap()));
}

#[test]
fn two_line_breaks_part_paragraphs_and_one_does_not() {
    insta::assert_snapshot!(shown(&read(BREAKS).unwrap()));
}

#[test]
fn a_page_that_is_not_free_and_short_is_paywalled_with_the_text_there_is() {
    insta::assert_snapshot!(shown(&read(PAYWALL).unwrap()));
}

#[test]
fn captions_are_kept_apart_from_the_text() {
    let article = read(NEWS).unwrap();
    let captions: Vec<_> = article.paragraphs.iter().filter(|p| p.kind == ParagraphKind::Caption).collect();
    assert_eq!(captions.len(), 1);
    assert!(captions.iter().all(|caption| !article.text().contains(&caption.text)));
    assert_eq!(article.word_count, article.text().split_whitespace().count());
}

#[test]
fn a_front_page_is_no_article() {
    assert_eq!(read(FRONT_PAGE).err(), Some(ExtractError::NotArticle));
    assert_eq!(read("").err(), Some(ExtractError::NotArticle));
}

#[test]
fn pages_that_are_no_articles_say_what_they_are_instead() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/extract/fixtures/refused");
    let paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(paths.len() >= 8, "{} fixtures", paths.len());
    for path in paths {
        let name = path.file_stem().unwrap().to_string_lossy();
        let expected = match name.split_once('-') {
            Some(("blocked", _)) => ExtractError::Blocked,
            _ => ExtractError::NotArticle,
        };
        assert_eq!(read(&fs::read_to_string(&path).unwrap()).err(), Some(expected), "{name}");
    }
}

#[test]
fn a_bot_wall_is_told_from_an_article() {
    assert_eq!(read(WALL).err(), Some(ExtractError::Blocked));
}

#[test]
fn nothing_left_behind_a_paywall_is_an_error() {
    let (head, _) = PAYWALL.split_once("<main>").unwrap();
    assert_eq!(read(head).err(), Some(ExtractError::Paywalled));
}

#[test]
fn selectors_of_the_source_come_first_and_fall_back_when_they_match_nothing() {
    let with = |selectors: &[&str]| {
        let body_selectors = selectors.iter().map(|&text| text.to_owned()).collect();
        extract(NEWS, None, &Hints { body_selectors, ..Hints::default() }).unwrap()
    };
    let chosen = with(&["][", ".no-such", ".article-body > p"]);
    assert_eq!(chosen.extractor, "selectors");
    assert!(chosen.paragraphs.iter().all(|paragraph| paragraph.kind == ParagraphKind::Text));
    assert!(chosen.text().starts_with("The harbour bridge opened"));
    assert_eq!(with(&[".no-such"]).extractor, "density");
}

#[test]
fn hints_name_the_site_and_language_only_where_the_page_does_not() {
    let hints = Hints { site_name: Some("River".into()), language: Some("de".into()), ..Hints::default() };
    let page = extract(BREAKS, None, &hints).unwrap();
    assert_eq!((page.site_name.as_deref(), page.language.as_deref()), (Some("River"), Some("de")));
    let page = extract(NEWS, None, &hints).unwrap();
    assert_eq!(
        (page.site_name.as_deref(), page.language.as_deref()),
        (Some("The Estuary Post"), Some("en-GB"))
    );
}

#[test]
fn json_ld_gives_the_text_where_the_page_has_under_half_of_it() {
    let body = "The council met on Monday and spoke of the bridge for three hours. ".repeat(12);
    let page = |text: &str| {
        format!(
            r#"<script type="application/ld+json">{{"@type":"NewsArticle","headline":"Council meets","articleBody":"{body}\nIt will meet again &amp; vote."}}</script><p>{text}</p>"#
        )
    };
    let from_json = read(&page("Loading the story, one moment.")).unwrap();
    assert_eq!(from_json.extractor, "json-ld");
    assert_eq!(from_json.paragraphs.last().unwrap().text, "It will meet again & vote.");
    assert_eq!(read(&page(&body)).unwrap().extractor, "density");
}

#[test]
fn json_ld_with_the_faults_of_templates_is_still_read() {
    let page = NEWS.replace("\"isAccessibleForFree\": true}", "\"isAccessibleForFree\": true,},");
    assert_eq!(read(&page).unwrap().authors, ["Mara Lindqvist", "Tom Okafor"]);
}

#[test]
fn hostile_pages_cost_no_more_than_real_ones() {
    let text = "Text. ".repeat(20);
    let update = |i| format!(r#"{{"@type":"BlogPosting","headline":"Update {i}","articleBody":"{text}"}}"#);
    let live_blog = (0..3_000).map(update).collect::<Vec<_>>().join(",");
    let pages = [
        "<div>".repeat(100_000),
        "<b><i><u>".repeat(110_000),
        format!("<table>{}", "<tr><td>cell</td><td>text".repeat(110_000)),
        format!("<table>{}</table>", "<tr><td>some text in a cell</td></tr>".repeat(300_000)),
        "<iframe src=\"https://example.org/😀\"></iframe>".repeat(10_000),
        format!(
            "<script type='application/ld+json'>{{\"@type\":\"LiveBlogPosting\",\"liveBlogUpdate\":[{live_blog}]}}</script>"
        ),
        format!("<script type='application/ld+json'>{}</script>", "[".repeat(900_000)),
        format!("<p title='{}'>", "x ".repeat(500_000)),
        format!("<meta property='og:title' content='{}'>{NEWS}", "&lt;div&gt;".repeat(50_000)),
        format!("{NEWS}{}", "<p>word, word. ".repeat(150_000)),
        "<svg><style><p a b c".repeat(40_000),
        "<a href=x>link ".repeat(150_000),
    ];
    assert_cheap(&pages);
}

#[test]
fn hostile_names_and_data_cost_no_more_than_real_ones() {
    let pages = [
        format!("<div class='{}'>text</div>", "related-post ".repeat(200_000)),
        format!("<div class='{}'>text</div>", "aB".repeat(1_000_000)),
        "<p class='c' style='display:none'>A sentence that is not shown to anybody.</p>".repeat(30_000),
        format!(
            "<main>{}</main>",
            "<section><h1>Title</h1><p>A sentence of some length, for the text.</p></section>".repeat(15_000)
        ),
        format!(
            "<script type='application/ld+json'>{{\"@type\":\"Article\",\"articleBody\":\"{}\"}}</script>{}",
            "A body of words. ".repeat(50_000),
            "<p>A body of words, and of more words than that.</p>".repeat(20_000)
        ),
        format!(
            "<script type='application/ld+json'>{}1{}</script>",
            "{\"@graph\":".repeat(60_000),
            "}".repeat(60_000)
        ),
        format!(
            "<script type='application/json'>[{}0]</script>",
            "\"A text that has some words in it.\",".repeat(60_000)
        ),
        format!("{NEWS}{}", "<span class='sr-only'><span class='sr-only'>x</span></span>".repeat(30_000)),
        format!("<p>{}</p>", "\0".repeat(1_000_000)),
        format!("<p>{}</p>", "\u{fffd}".repeat(900_000)),
    ];
    assert_cheap(&pages);
}

fn assert_cheap(pages: &[String]) {
    for page in pages {
        let (started, start) = (Instant::now(), page.chars().take(40).collect::<String>());
        let _ = read(page);
        assert!(started.elapsed() < Duration::from_secs(8), "{start} took {:?}", started.elapsed());
    }
}

/// A fixture with pieces cut out, doubled or replaced.
fn broken() -> impl Strategy<Value = String> {
    let cuts = prop::collection::vec((0..NEWS.len(), 0..80_usize, "[<>/\"'a-z&; =]{0,12}"), 1..20);
    (prop::sample::select(vec![NEWS, PAYWALL, FRONT_PAGE, BREAKS]), cuts).prop_map(|(page, cuts)| {
        let mut bytes = page.as_bytes().to_vec();
        for (at, length, new) in cuts {
            let from = at.min(bytes.len());
            let to = (from + length).min(bytes.len());
            bytes.splice(from..to, new.into_bytes());
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Paragraphs, headings and lists in boxes.
fn page() -> impl Strategy<Value = String> {
    let text = "[A-Z][a-z]{2,8}( [a-z]{2,9}){2,30}[.!?:]?";
    let block = (prop::sample::select(vec!["p", "h2", "li", "blockquote", "pre"]), text)
        .prop_map(|(tag, text)| format!("<{tag} class=\"a\" id=\"b\">{text}</{tag}>"));
    let in_box = prop::collection::vec(block, 1..8)
        .prop_map(|blocks| format!("<div class=\"a\" id=\"b\">{}</div>", blocks.concat()));
    prop::collection::vec(in_box, 1..6).prop_map(|boxes| format!("<body>{}</body>", boxes.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_broken_page_never_panics_and_paragraphs_stay_single_lines(html in broken()) {
        if let Ok(article) = read(&html) {
            prop_assert!((0.0..=1.0).contains(&article.confidence));
            for paragraph in &article.paragraphs {
                prop_assert!(!paragraph.text.contains(['\n', '\r', '\t']));
                prop_assert_eq!(paragraph.text.trim(), &paragraph.text);
                prop_assert!(!paragraph.text.is_empty());
            }
        }
    }

    #[test]
    fn case_order_of_attributes_and_space_between_blocks_change_nothing(page in page()) {
        let text = |html: &str| read(html).map(|article| article.paragraphs);
        let written = text(&page);
        prop_assert_eq!(&text(&page.replace("<p", "<P").replace("</p>", "</P>").replace("<div", "<DIV")), &written);
        prop_assert_eq!(&text(&page.replace("class=\"a\" id=\"b\"", "id=\"b\" class=\"a\"")), &written);
        prop_assert_eq!(&text(&page.replace("><p", ">\n\t <p").replace("</p><", "</p>\n  <")), &written);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = read(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_markup_makes_it_panic(html in "(<[a-z]{1,10}( [a-z]{1,8}=\"[^\"<>]{0,10}\")?>|</[a-z]{1,10}>|[a-z ,.&;]{1,40}){0,120}") {
        let _ = read(&html);
    }
}
