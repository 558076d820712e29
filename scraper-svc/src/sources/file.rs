//! The TOML file of sources: parsed into types that can't be wrong, or refused with every problem in it.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use scraper::Selector;
use serde::Deserialize;
use toml::{Table, Value};

use super::{InvalidSources, Source, Sources};
use crate::article::ArticleUrl;

const LONGEST_ID: usize = 64;
/// BCP 47 allows for longer ones, but no language needs them.
const LONGEST_LANGUAGE: usize = 35;

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    source: Vec<Table>,
    /// What serde's own check would end at, one at a time.
    #[serde(flatten)]
    unknown: BTreeMap<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default)]
struct Row {
    id: String,
    name: String,
    homepage: Option<String>,
    language: String,
    feeds: Vec<String>,
    sitemaps: Vec<String>,
    headline_selector: Option<String>,
    body_selectors: Vec<String>,
    default: bool,
    demo: bool,
    #[serde(flatten)]
    unknown: BTreeMap<String, Value>,
}

/// Parses a file of sources.
pub(super) fn parse(text: &str) -> Result<Sources, InvalidSources> {
    let file: File = toml::from_str(text).map_err(|error| InvalidSources(vec![error.to_string()]))?;
    let mut problems: Vec<String> =
        file.unknown.keys().map(|key| format!("{key:?} is no setting of this file")).collect();
    if file.source.is_empty() {
        problems.push("there is no [[source]]".to_owned());
    }
    let rows: Vec<Row> = file.source.into_iter().map(|table| row(table, &mut problems)).collect();
    let mut ids = HashSet::new();
    for row in rows.iter().filter(|row| !row.id.is_empty()) {
        if !ids.insert(row.id.as_str()) {
            problems.push(format!("source {:?} is there twice", row.id));
        }
    }
    if rows.iter().filter(|row| row.default).count() > 1 {
        problems.push("more than one source is the default".to_owned());
    }
    if rows.iter().filter(|row| row.demo).count() > 1 {
        problems.push("more than one source is the bundled newspaper".to_owned());
    }
    let default = rows.iter().position(|row| row.default).unwrap_or(0);
    let list = rows.into_iter().map(|row| Arc::new(source(row, &mut problems))).collect();
    if problems.is_empty() { Ok(Sources { list, default }) } else { Err(InvalidSources(problems)) }
}

/// A row of a table; an empty one, and a problem, where a value has the wrong type.
fn row(table: Table, problems: &mut Vec<String>) -> Row {
    let id = table.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let row: Row = table.try_into().unwrap_or_else(|error: toml::de::Error| {
        problems.push(format!("source {id:?}: {}", error.message()));
        Row { id: id.clone(), ..Row::default() }
    });
    problems
        .extend(row.unknown.keys().map(|key| format!("source {id:?}: {key:?} is no setting of a source")));
    row
}

/// A source of a row, and what is wrong with it.
fn source(row: Row, problems: &mut Vec<String>) -> Source {
    problems.extend(text_problems(&row));
    let mut url = |text: &String| match ArticleUrl::parse(text) {
        Ok(url) => Some(url),
        Err(error) => {
            problems.push(format!("source {:?}: {text:?}: {error}", row.id));
            None
        }
    };
    let homepage = row.homepage.as_ref().and_then(&mut url);
    let feeds: Vec<ArticleUrl> = row.feeds.iter().filter_map(&mut url).collect();
    let sitemaps: Vec<ArticleUrl> = row.sitemaps.iter().filter_map(&mut url).collect();
    let headline_selector = row.headline_selector.and_then(|text| Selector::parse(&text).ok());
    if homepage.is_none() && !row.demo {
        problems.push(format!("source {:?}: it needs a homepage", row.id));
    }
    if feeds.is_empty() && sitemaps.is_empty() && headline_selector.is_none() && !row.demo {
        problems.push(format!("source {:?}: it needs feeds, sitemaps or a headline_selector", row.id));
    }
    Source {
        id: row.id,
        name: row.name,
        homepage,
        language: row.language,
        feeds,
        sitemaps,
        headline_selector,
        body_selectors: row.body_selectors,
        demo: row.demo,
    }
}

/// What is wrong with the texts of a row that are no addresses.
fn text_problems(row: &Row) -> Vec<String> {
    let mut problems = Vec::new();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if row.id.is_empty() || row.id.len() > LONGEST_ID || !row.id.chars().all(plain) {
        problems.push("an id has a to z, 0 to 9 and hyphens".to_owned());
    }
    if row.name.trim().is_empty() {
        problems.push("it needs a name".to_owned());
    }
    let tag = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if row.language.len() < 2 || row.language.len() > LONGEST_LANGUAGE || !row.language.chars().all(tag) {
        problems.push("it needs a language such as \"en\" or \"pt-BR\"".to_owned());
    }
    for text in row.headline_selector.iter().chain(&row.body_selectors) {
        if Selector::parse(text).is_err() {
            problems.push(format!("{text:?} is no CSS selector"));
        }
    }
    problems.into_iter().map(|what| format!("source {:?}: {what}", row.id)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A file with everything wrong that can be.
    const WRONG: &str = "sources = 1
             [[source]]
             id = \"A b\"
             name = \" \"
             language = \"english language\"
             homepage = \"nowhere\"
             feeds = [\"ftp://x/\"]
             hompage = \"x\"
             colour = \"red\"
             headline_selector = \"h2[\"
             default = true
             [[source]]
             id = \"typed\"
             name = 7
             [[source]]
             id = \"typed\"
             name = \"Typed\"
             language = \"en\"
             demo = true
             default = true
             [[source]]
             id = \"second\"
             name = \"Second\"
             language = \"en\"
             demo = true";

    fn problems(text: &str) -> Vec<String> {
        parse(text).unwrap_err().0
    }

    #[test]
    fn every_problem_of_a_file_is_named_at_once() {
        let found = problems(WRONG);
        for expected in [
            "\"sources\" is no setting of this file",
            "source \"A b\": an id has",
            "source \"A b\": it needs a name",
            "source \"A b\": it needs a language",
            "source \"A b\": \"nowhere\": ",
            "source \"A b\": \"ftp://x/\": ",
            "source \"A b\": \"hompage\" is no setting",
            "source \"A b\": \"colour\" is no setting",
            "source \"A b\": \"h2[\" is no CSS selector",
            "source \"A b\": it needs feeds, sitemaps or a headline_selector",
            "source \"typed\": invalid type",
            "source \"typed\" is there twice",
            "more than one source is the default",
            "more than one source is the bundled newspaper",
        ] {
            let named = found.iter().filter(|problem| problem.contains(expected)).count();
            assert_eq!(named, 1, "{expected}: {found:#?}");
        }
    }

    #[test]
    fn what_is_no_toml_or_has_no_source_is_refused() {
        assert!(problems("source = [")[0].contains("TOML"));
        assert_eq!(problems(""), ["there is no [[source]]"]);
        assert!(problems("source = 1")[0].contains("invalid type"));
    }

    #[test]
    fn without_a_default_it_is_the_first() {
        let text = "[[source]]\nid='a'\nname='A'\nlanguage='en'\nhomepage='https://a.example/'\nheadline_selector='h2'\n[[source]]\nid='demo'\nname='D'\nlanguage='en'\ndemo=true";
        let sources = parse(text).unwrap();
        assert_eq!(sources.find("").unwrap().id, "a");
        assert!(!sources.is_default(sources.find("demo").unwrap()));
    }

    prop_compose! {
        fn rows()(ids in proptest::collection::hash_set("[a-z0-9-]{1,20}", 1..6), seed: u64,
                  name in "[^\\p{C}\\p{Z}]{1,20}", language in "[a-z]{2}(-[A-Z]{2})?", path in "[a-z0-9/]{0,20}") -> Vec<Row> {
            ids.into_iter().enumerate().map(|(index, id)| Row {
                homepage: Some(format!("https://{index}.example/{path}")),
                feeds: (0..seed % 3).map(|feed| format!("https://{index}.example/{path}{feed}.xml")).collect(),
                headline_selector: Some("h2 > a[href^='/']".to_owned()),
                body_selectors: vec!["div.body > p".to_owned(); (seed % 2) as usize],
                default: index == 1,
                name: name.clone(), language: language.clone(), id, ..Row::default()
            }).collect()
        }
    }

    proptest! {
        #[test]
        fn a_file_comes_back_as_it_was_written(rows in rows()) {
            let mut file = BTreeMap::new();
            file.insert("source", rows);
            let sources = parse(&toml::to_string(&file).unwrap()).unwrap();
            let rows = &file["source"];
            prop_assert_eq!(sources.iter().count(), rows.len());
            for (source, row) in sources.iter().zip(rows) {
                prop_assert_eq!(&source.id, &row.id);
                prop_assert_eq!(&source.name, &row.name);
                prop_assert_eq!(&source.language, &row.language);
                prop_assert_eq!(source.homepage.as_ref().map(ToString::to_string), row.homepage.clone());
                prop_assert_eq!(source.feeds.iter().map(ToString::to_string).collect::<Vec<_>>(), row.feeds.clone());
                prop_assert_eq!(&source.body_selectors, &row.body_selectors);
                prop_assert!(source.headline_selector.is_some());
            }
            prop_assert_eq!(&sources.find("").unwrap().id, &rows[usize::from(rows.len() > 1)].id);
        }

        #[test]
        fn any_text_parses_or_is_refused(text in "\\PC*") {
            let _ = parse(&text);
        }
    }
}
