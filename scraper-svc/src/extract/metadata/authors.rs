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

/// What stands in brackets after a name: initials, a paper, a credit.
static ASIDE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\s*[(\[][^)\]]{0,60}[)\]]").ok());

static BETWEEN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\s*[;|,•·\n]\s*|\s+(?:and|&|und|et|og|och)\s+").ok());

/// Authors' names: several in one text are parted; "By", addresses and repeats are left out.
pub(super) fn names(written: &[String]) -> Vec<String> {
    let parted = written.iter().take(MAX_AUTHORS).flat_map(|text| split(text)).collect();
    let mut names = distinct(parted);
    names.truncate(MAX_AUTHORS);
    names
}

fn split(text: &str) -> Vec<String> {
    let line = super::title::plain(text);
    let line = LEAD.as_ref().map_or(line.as_str().into(), |lead| lead.replace(&line, ""));
    let line = ASIDE.as_ref().map_or_else(|| line.clone(), |aside| aside.replace_all(&line, ""));
    let parts: Vec<&str> = match &*BETWEEN {
        Some(between) => between.split(&line).collect(),
        None => vec![&*line],
    };
    let trimmed =
        parts.into_iter().map(|part| part.trim().trim_matches(['-', '–', ':', '@']).trim().to_owned());
    trimmed.filter(|part| is_name(part)).collect()
}

/// Whether a class names the author or the byline, and not their picture or biography.
pub(super) fn is_byline(class: &str) -> bool {
    let class = class.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| class.contains(word));
    says(&["author", "byline"])
        && !says(&["bio", "box", "img", "image", "avatar", "photo", "authors-list", "unauthor"])
}

/// Whether a name is that of a person as texts write it: two to four words, the first and the last with a capital.
pub(super) fn is_person(name: &str) -> bool {
    let words: Vec<&str> = name.split_whitespace().collect();
    let capital = |word: Option<&&str>| word.is_some_and(|word| word.starts_with(char::is_uppercase));
    (2..=4).contains(&words.len())
        && capital(words.first())
        && capital(words.last())
        && !name.chars().any(|c| c.is_ascii_digit() || matches!(c, ':' | '|' | '/'))
}

/// Whether an address is that of an author's page.
pub(super) fn is_page(address: &str) -> bool {
    let words = [
        "author",
        "authors",
        "autor",
        "autores",
        "autoren",
        "autorin",
        "auteur",
        "auteurs",
        "autore",
        "autori",
        "forfatter",
        "journalist",
        "journalists",
        "writer",
        "writers",
        "reporter",
        "reporters",
        "contributor",
        "contributors",
    ];
    address
        .split(['/', '?', '='])
        .rev()
        .skip(1)
        .any(|segment| words.contains(&segment.to_ascii_lowercase().as_str()))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(written: &[&str]) -> Vec<String> {
        names(&written.iter().map(|&text| text.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn several_authors_in_one_line_are_parted() {
        assert_eq!(of(&["By Jane Roe and John Doe"]), ["Jane Roe", "John Doe"]);
        assert_eq!(
            of(&["Von Ada Müller, Ben Groß und Carla Weiß"]),
            ["Ada Müller", "Ben Groß", "Carla Weiß"]
        );
        assert_eq!(of(&["Ida Holm og Per Lund", "Ida Holm"]), ["Ida Holm", "Per Lund"]);
    }

    #[test]
    fn what_is_no_name_is_left_out() {
        assert_eq!(
            of(&["Jane Roe (jr)", "https://example.org/jane", "desk@example.org", "12", ""]),
            ["Jane Roe"]
        );
        assert_eq!(of(&["Jane O&#39;Neil"]), ["Jane O'Neil"]);
    }

    #[test]
    fn bylines_are_told_by_class_and_persons_by_capitals() {
        assert!(is_byline("c-article__Author name") && is_byline("byline"));
        assert!(!is_byline("author-bio") && !is_byline("authority-box") && !is_byline("title"));
        assert!(is_person("Jane Roe") && is_person("Ursula von der Leyen"));
        assert!(!is_person("Read more about us here") && !is_person("Jane") && !is_person("May 4"));
    }
}
