//! schema.org article objects in JSON-LD (JSON-LD 1.1, schema.org `Article` and the types below it).

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

/// The longest script that is read, in bytes.
const MAX_SCRIPT: usize = 2_000_000;
/// How deep objects are followed; real pages put articles at most four levels deep.
const MAX_DEPTH: usize = 8;
/// How many objects are looked at in all scripts of a page.
const MAX_OBJECTS: usize = 4_000;

/// Types that are articles, besides those whose names end in `Article` or `Posting`.
const ARTICLE_TYPES: [&str; 3] = ["Report", "Review", "CreativeWork"];

/// What a page's JSON-LD says of its article.
#[derive(Debug, Default)]
pub(super) struct JsonLd {
    pub(super) headline: Option<String>,
    pub(super) authors: Vec<String>,
    pub(super) published: Option<String>,
    pub(super) publisher: Option<String>,
    pub(super) language: Option<String>,
    pub(super) image: Option<String>,
    pub(super) body: Option<String>,
    pub(super) free: Option<bool>,
    /// Whether there is an article at all.
    pub(super) is_article: bool,
}

impl JsonLd {
    /// Reads the texts of a page's `application/ld+json` scripts. What does not parse is left out.
    pub(super) fn read<'a>(scripts: impl Iterator<Item = &'a str>, title: Option<&str>) -> Self {
        let values: Vec<Value> = scripts.filter(|text| text.len() <= MAX_SCRIPT).filter_map(parse).collect();
        let mut graph = Graph::default();
        for value in &values {
            graph.visit(value, 0);
        }
        let of_the_page = graph.articles.iter().find(|article| {
            let headline = article.get("headline").and_then(Value::as_str);
            title.is_some() && headline.map(super::title::folded) == title.map(super::title::folded)
        });
        let fullest = || graph.articles.iter().max_by_key(|article| fullness(article));
        of_the_page.or_else(fullest).map(|article| graph.describe(article)).unwrap_or_default()
    }
}

/// How many of the properties that matter an article object has.
fn fullness(article: &Map<String, Value>) -> usize {
    ["headline", "author", "datePublished", "articleBody", "publisher"]
        .iter()
        .filter(|name| article.contains_key(**name))
        .count()
}

/// Parses JSON, or JSON with the faults that templates make: raw control characters, comments and CDATA around it,
/// trailing commas and semicolons.
fn parse(text: &str) -> Option<Value> {
    if let Ok(value) = serde_json::from_str(text) {
        return Some(value);
    }
    let text = text.replace("<![CDATA[", "").replace("]]>", "");
    let start = text.find(['{', '['])?;
    let end = text.rfind(['}', ']'])?;
    let inside: String =
        text.get(start..=end)?.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    serde_json::from_str(&inside).or_else(|_| serde_json::from_str(&without_trailing_commas(&inside))).ok()
}

fn without_trailing_commas(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let (mut in_string, mut escaped) = (false, false);
    for c in text.chars() {
        if !in_string && matches!(c, '}' | ']') && kept.trim_end().ends_with(',') {
            kept.truncate(kept.trim_end().len() - 1);
        }
        in_string ^= c == '"' && !escaped;
        escaped = in_string && c == '\\' && !escaped;
        kept.push(c);
    }
    kept
}

/// The objects of all scripts.
#[derive(Default)]
struct Graph<'a> {
    articles: Vec<&'a Map<String, Value>>,
    named: HashMap<&'a str, &'a Map<String, Value>>,
    seen: usize,
}

impl<'a> Graph<'a> {
    fn visit(&mut self, value: &'a Value, depth: usize) {
        if depth > MAX_DEPTH || self.seen > MAX_OBJECTS {
            return;
        }
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.visit(item, depth + 1)),
            Value::Object(object) => {
                self.seen += 1;
                self.note(object);
                for name in [
                    "@graph",
                    "mainEntity",
                    "mainEntityOfPage",
                    "itemListElement",
                    "item",
                    "hasPart",
                    "author",
                ] {
                    if let Some(inner) = object.get(name) {
                        self.visit(inner, depth + 1);
                    }
                }
            }
            _ => {}
        }
    }

    fn note(&mut self, object: &'a Map<String, Value>) {
        if let Some(id) = object.get("@id").and_then(Value::as_str)
            && object.len() > 1
        {
            self.named.entry(id).or_insert(object);
        }
        if types(object).any(is_article_type) {
            self.articles.push(object);
        }
    }

    fn describe(&self, article: &'a Map<String, Value>) -> JsonLd {
        let text = |name: &str| article.get(name).and_then(first_text).map(str::to_owned);
        let of_page = article.get("mainEntityOfPage").and_then(Value::as_object);
        JsonLd {
            headline: text("headline").or_else(|| text("name")),
            authors: self.names(article.get("author").or_else(|| article.get("creator")), 0),
            published: text("datePublished").or_else(|| text("dateCreated")),
            publisher: self.names(article.get("publisher"), 0).into_iter().next(),
            language: text("inLanguage"),
            image: article.get("image").and_then(|image| self.image(image, 0)),
            body: text("articleBody"),
            free: [Some(article), of_page]
                .into_iter()
                .flatten()
                .find_map(|object| object.get("isAccessibleForFree").and_then(truth)),
            is_article: true,
        }
    }

    /// The names of people or organizations, given as texts, objects, references or lists of them.
    fn names(&self, value: Option<&'a Value>, depth: usize) -> Vec<String> {
        match value {
            Some(Value::String(name)) => vec![name.clone()],
            Some(Value::Array(items)) if depth < MAX_DEPTH => {
                items.iter().take(50).flat_map(|item| self.names(Some(item), depth + 1)).collect()
            }
            Some(Value::Object(object)) if depth < MAX_DEPTH => {
                let object = self.resolve(object);
                self.names(object.get("name"), depth + 1)
            }
            _ => Vec::new(),
        }
    }

    /// The object that a bare `{"@id": …}` refers to.
    fn resolve(&self, object: &'a Map<String, Value>) -> &'a Map<String, Value> {
        let id = object.get("@id").and_then(Value::as_str).filter(|_| !object.contains_key("name"));
        id.and_then(|id| self.named.get(id).copied()).unwrap_or(object)
    }

    fn image(&self, value: &'a Value, depth: usize) -> Option<String> {
        match value {
            Value::String(url) => Some(url.clone()),
            Value::Array(items) if depth < MAX_DEPTH => {
                items.first().and_then(|item| self.image(item, depth + 1))
            }
            Value::Object(object) if depth < MAX_DEPTH => {
                let object = self.resolve(object);
                let url = object.get("url").or_else(|| object.get("contentUrl"));
                url.and_then(|url| self.image(url, depth + 1))
            }
            _ => None,
        }
    }
}

fn types(object: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let value = object.get("@type");
    let one = value.and_then(Value::as_str);
    let many = value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    one.into_iter().chain(many)
}

fn is_article_type(name: &str) -> bool {
    let name = name.rsplit(['/', ':', '#']).next().unwrap_or(name);
    name.ends_with("Article") || name.ends_with("Posting") || ARTICLE_TYPES.contains(&name)
}

fn first_text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Array(items) => items.first().and_then(Value::as_str),
        Value::Object(object) => object.get("name").and_then(Value::as_str),
        _ => None,
    }
}

/// A boolean, which many sites write as a text.
fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// The distinct texts, in order.
pub(super) fn distinct(texts: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    texts.into_iter().filter(|text| seen.insert(text.to_lowercase())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(script: &str) -> JsonLd {
        JsonLd::read([script].into_iter(), None)
    }

    #[test]
    fn authors_are_found_as_texts_objects_lists_and_references() {
        for author in [
            r#""Jane Roe""#,
            r#"{"@type": "Person", "name": "Jane Roe"}"#,
            r#"[{"name": ["Jane Roe"]}]"#,
            r##"{"@id": "#jane"}"##,
        ] {
            let person = r##"{"@id": "#jane", "@type": "Person", "name": "Jane Roe"}"##;
            let article = format!(r#"{{"@type": "NewsArticle", "author": {author}}}"#);
            assert_eq!(
                read(&format!(r#"{{"@graph": [{person}, {article}]}}"#)).authors,
                ["Jane Roe"],
                "{author}"
            );
        }
    }

    #[test]
    fn the_article_with_the_title_of_the_page_is_the_one_that_is_meant() {
        let scripts = r#"[{"@type": "NewsArticle", "headline": "Other", "author": "A", "datePublished": "2024-01-01"},
            {"@type": "https://schema.org/ReportageNewsArticle", "headline": "This one"}]"#;
        let meant = JsonLd::read([scripts].into_iter(), Some("This  One"));
        assert_eq!(meant.headline.as_deref(), Some("This one"));
        assert_eq!(read(scripts).headline.as_deref(), Some("Other"));
    }

    #[test]
    fn faults_of_templates_are_mended_and_the_rest_is_left_out() {
        let mended = "// <![CDATA[\n{\"@type\": \"Article\", \"headline\": \"Two\nlines, }\",}\n// ]]>";
        assert_eq!(read(mended).headline.as_deref(), Some("Two lines, }"));
        for broken in ["", "{", "}{", "{\"@type\": \"Article\", \"headline\": }", "null", "[[[[", "\"text\""]
        {
            assert!(!read(broken).is_article, "{broken}");
        }
    }

    #[test]
    fn free_access_is_read_as_boolean_and_as_text() {
        for (written, expected) in
            [("false", Some(false)), ("\"False\"", Some(false)), ("\"true\"", Some(true)), ("1", None)]
        {
            let script = format!(r#"{{"@type": "Article", "isAccessibleForFree": {written}}}"#);
            assert_eq!(read(&script).free, expected, "{written}");
        }
    }
}
