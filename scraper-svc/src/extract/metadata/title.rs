//! Headlines as pages write them.

use scraper::Html;

/// A text without markup and character references, white space collapsed.
///
/// Metadata is often escaped twice, or holds `<em>` and the like.
pub(super) fn plain(text: &str) -> String {
    let decoded = match text.contains(['&', '<']) {
        true => Html::parse_fragment(text).root_element().text().collect::<String>(),
        false => text.to_owned(),
    };
    decoded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text for comparing: letters and digits only, lower case.
pub(super) fn folded(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A page's title without the name of its site, "Headline | Example News".
///
/// The part after the last separator goes if it is the site's name; without one to compare with, if what is left is
/// longer by far.
pub(super) fn without_site(title: &str, site: Option<&str>) -> String {
    for separator in [" | ", " - ", " – ", " — ", " · ", " « ", " » ", " :: "] {
        let Some((head, tail)) = title.rsplit_once(separator) else { continue };
        let (folded_tail, words) = (folded(tail), head.split_whitespace().count());
        let names_site = site.map(folded).is_some_and(|site| {
            !site.is_empty()
                && !folded_tail.is_empty()
                && (site.contains(&folded_tail) || folded_tail.contains(&site))
        });
        let unnamed =
            site.is_none() && words >= 4 && tail.split_whitespace().count() <= 3 && separator != " - ";
        if names_site || unnamed {
            return head.trim().to_owned();
        }
    }
    title.to_owned()
}
