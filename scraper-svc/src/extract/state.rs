//! The text of pages that are drawn by a script: it waits in a block of JSON, such as `__NEXT_DATA__`.

use scraper::{ElementRef, Html};
use serde_json::Value;

/// The longest script that is read, in bytes.
const MAX_SCRIPT: usize = 3_000_000;
/// Below this many bytes a text is a teaser.
const MIN_TEXT: usize = 400;
/// Below this many bytes a text is a label.
const MIN_PARAGRAPH: usize = 40;

/// The longest text in the page's JSON: one string of it, or the strings with the same name in one list. Plain, with a
/// line for each paragraph, or HTML.
pub(super) fn longest_text(html: &Html) -> Option<String> {
    let scripts = html.tree.nodes().filter_map(ElementRef::wrap).filter(is_json);
    let texts = scripts.filter_map(|script| {
        let text: String = script.text().collect();
        let value = (text.len() <= MAX_SCRIPT).then(|| serde_json::from_str(&text).ok()).flatten()?;
        longest(&value)
    });
    texts.max_by_key(String::len).filter(|text| text.len() >= MIN_TEXT)
}

fn is_json(element: &ElementRef<'_>) -> bool {
    let value = element.value();
    value.name() == "script" && value.attr("type") == Some("application/json")
}

/// A list or an object that is being walked; serde_json has bounded how deep they nest.
fn longest(value: &Value) -> Option<String> {
    let mut best = None;
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) if is_prose(text) => keep_longer(&mut best, text.clone()),
            Value::Array(items) => {
                keep_longer(&mut best, of_list(items));
                open.extend(items);
            }
            Value::Object(object) => open.extend(object.values()),
            _ => {}
        }
    }
    best
}

fn keep_longer(best: &mut Option<String>, text: String) {
    if best.as_ref().is_none_or(|best| best.len() < text.len()) {
        *best = Some(text);
    }
}

/// The paragraphs of a list of texts, or of objects with a text each.
fn of_list(items: &[Value]) -> String {
    let text = |item: &'_ Value| match item {
        Value::String(text) => Some(text.clone()),
        Value::Object(object) => {
            let named = ["text", "content", "html", "value", "body", "data"];
            named.iter().find_map(|name| object.get(*name)?.as_str().map(str::to_owned))
        }
        _ => None,
    };
    let texts: Vec<String> = items.iter().filter_map(text).collect();
    let prose: usize = texts.iter().filter(|text| is_prose(text)).map(String::len).sum();
    let all: usize = texts.iter().map(String::len).sum();
    if prose * 10 >= all * 8 { texts.join("\n") } else { String::new() }
}

/// Whether a string reads like running text rather than like a name, an address or a program.
fn is_prose(text: &str) -> bool {
    let words = text.split_whitespace().count();
    let ideographs = text.chars().filter(|c| ('\u{3040}'..='\u{9fff}').contains(c)).count();
    let is_code =
        text.contains("function") && text.contains('{') || text.trim_start().starts_with(['{', '[']);
    text.len() >= MIN_PARAGRAPH
        && (words * 20 >= text.len() || ideographs * 6 >= text.len() || text.contains("<p"))
        && !is_code
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENTENCE: &str = "The council met on Monday and spoke of the old bridge for three hours.";

    fn found(json: &Value) -> Option<String> {
        longest_text(&Html::parse_document(&format!("<script type=\"application/json\">{json}</script>")))
    }

    #[test]
    fn the_paragraphs_of_a_list_are_joined_and_teasers_beside_it_are_not() {
        let paragraphs = vec![serde_json::json!({"type": "p", "text": SENTENCE}); 8];
        let page = serde_json::json!({"page": {"related": [{"text": "Another story"}], "body": paragraphs}});
        assert_eq!(found(&page), Some([SENTENCE; 8].join("\n")));
    }

    #[test]
    fn one_string_of_html_is_a_text() {
        let html = format!("<p>{SENTENCE}</p>").repeat(8);
        assert_eq!(found(&serde_json::json!({"post": {"content": html, "id": 7}})), Some(html));
    }

    #[test]
    fn programs_short_texts_and_what_does_not_parse_are_left_out() {
        let program = "function f() { return all of the words in here as one; } ".repeat(20);
        assert_eq!(found(&serde_json::json!({"code": program, "text": SENTENCE})), None);
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(
            longest_text(&Html::parse_document(&format!("<script type=application/json>{deep}</script>"))),
            None
        );
    }
}
