//! The names of authors as pages write them.

use std::sync::LazyLock;

use regex::Regex;

use super::json_ld::distinct;

/// The most authors of an article.
const MAX_AUTHORS: usize = 30;

static LEAD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^(written by|story by|words by|reported by|posted by|by|von|par|por|di|door|af|av|od)[\s:]+",
    )
    .ok()
});

/// Authors' names: several in one text are parted; "By", addresses and repeats are left out.
pub(super) fn names(written: Vec<String>) -> Vec<String> {
    let parted = written.iter().take(MAX_AUTHORS).flat_map(|text| split(text)).collect();
    let mut names = distinct(parted);
    names.truncate(MAX_AUTHORS);
    names
}

fn split(text: &str) -> Vec<String> {
    let line = super::title::plain(text);
    let line = LEAD.as_ref().map_or(line.as_str().into(), |lead| lead.replace(&line, ""));
    line.split([';', '|', ',', '•'])
        .flat_map(|part| {
            part.split(" and ").flat_map(|part| part.split(" & ")).flat_map(|part| part.split(" und "))
        })
        .map(|part| part.trim().trim_matches(['-', '–', '.', ':', '@']).trim().to_owned())
        .filter(|part| is_name(part))
        .collect()
}

fn is_name(text: &str) -> bool {
    let words = text.split_whitespace().count();
    (1..=7).contains(&words)
        && text.len() <= 80
        && text.chars().any(char::is_alphabetic)
        && !text.contains("://")
        && !text.starts_with("www.")
        && !text.contains('@')
}
