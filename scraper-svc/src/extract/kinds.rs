//! Kinds of pages: forums, blogs, old table layouts, scripts of the world, pages drawn by scripts.
//!
//! In each fixture every paragraph of the article has the word "harbour" in it, and everything around it the word
//! "jetsam". Pages in other languages name their own two words in `meta` elements.

use std::fs;
use std::path::Path;

use super::*;

/// The content of the `meta` element of this name.
fn meta<'a>(html: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = html.split_once(&format!("<meta name=\"{name}\" content=\""))?;
    rest.split('"').next()
}

/// What is wrong with the text of a page.
fn fault(name: &str, html: &str) -> Option<String> {
    let (kept, dropped) = (meta(html, "kept"), meta(html, "dropped"));
    let (word, other) = (kept.unwrap_or("harbour"), dropped.unwrap_or("jetsam"));
    let count = |text: &str, word: &str| text.to_lowercase().matches(word).count();
    let expected = count(html, word) - usize::from(kept.is_some());
    let text = match extract(html, None, &Hints::default()) {
        Ok(article) => article.text(),
        Err(error) => return Some(format!("{name}: {error}")),
    };
    let (found, around) = (count(&text, word), count(&text, other));
    let faultless = found == expected && around == 0;
    (!faultless).then(|| format!("{name}: {found} of {expected} kept, {around} from around it\n{text}"))
}

#[test]
fn each_kind_of_page_gives_all_of_its_article_and_nothing_else() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/extract/fixtures/kinds");
    let paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(paths.len() > 80, "{} fixtures", paths.len());
    let faults: Vec<_> = paths
        .iter()
        .filter_map(|path| fault(&path.file_stem()?.to_string_lossy(), &fs::read_to_string(path).unwrap()))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}
