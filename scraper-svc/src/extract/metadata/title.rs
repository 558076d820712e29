//! Headlines as pages write them.

use crate::extract::guard;

/// A text without markup and character references, white space collapsed.
///
/// Metadata is often escaped twice, or holds `<em>` and the like.
pub(super) fn plain(text: &str) -> String {
    let decoded = if text.contains(['&', '<']) {
        let parsed = guard::parse(text).ok();
        parsed.map(|html| html.root_element().text().collect::<String>()).unwrap_or_default()
    } else {
        text.to_owned()
    };
    decoded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text for comparing: letters and digits only, lower case.
pub(in crate::extract) fn folded(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether a title is this heading with names of sections or sites after it, "Headline | Sport | Example News".
pub(super) fn extends(title: &str, heading: &str) -> bool {
    let long = heading.chars().count() >= 15;
    long && title.strip_prefix(heading).is_some_and(|rest| {
        rest.starts_with([' ', '-', '|', '_'])
            && rest.trim_start().starts_with(['|', '-', '–', '—', '_', '·', '«', '»'])
    })
}

/// Whether a title is this heading under the name of its subject, "Olympic Games: Headline".
pub(super) fn introduces(title: &str, heading: &str) -> bool {
    let long = heading.chars().count() >= 20;
    let before = title.strip_suffix(heading).map(str::trim_end).filter(|before| !before.is_empty());
    long && before.is_some_and(|before| before.ends_with([':', '|', '-', '–', '»', '/']))
}

/// A page's title without the name of its site, "Headline | Example News".
///
/// The part after the last separator goes if it is the site's name; without one to compare with, if what is left is
/// longer by far.
pub(super) fn without_site(title: &str, site: Option<&str>) -> String {
    for separator in [" | ", " - ", " – ", " — ", " · ", " « ", " » ", " :: ", "｜", "：", "|", "_"]
    {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_and_markup_are_resolved_once() {
        assert_eq!(plain("Fish &amp; chips: &lsquo;a  <em>classic</em>&rsquo;"), "Fish & chips: ‘a classic’");
        assert_eq!(plain("Plain\n text"), "Plain text");
    }

    #[test]
    fn the_name_of_the_site_goes_and_a_subtitle_stays() {
        let site = Some("Example News");
        assert_eq!(without_site("Rain ends long drought | Example News", site), "Rain ends long drought");
        assert_eq!(without_site("Rain ends drought - at last", site), "Rain ends drought - at last");
        assert_eq!(without_site("Four words make titles | Ex", None), "Four words make titles");
    }

    #[test]
    fn a_title_that_is_the_heading_and_more_is_seen_through() {
        assert!(extends("Rain ends the long drought | Weather | Ex", "Rain ends the long drought"));
        assert!(!extends("Rain ends the long drought in two regions", "Rain ends the long drought"));
    }
}
