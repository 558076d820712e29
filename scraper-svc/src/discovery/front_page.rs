//! Headlines of a front page.

use scraper::{ElementRef, Html, Selector};
use url::Url;

use super::{Found, LONGEST_TITLE, clipped};
use crate::{
    article::{ArticleUrl, Headline},
    fetch::Page,
    sources::Source,
};

/// A headline's link is at most so many elements above it.
const MOST_ANCESTORS: usize = 6;

/// The headlines that the source's selector names.
pub fn of_front_page(html: &Html, page: &Page, selector: &Selector, source: &Source) -> Found {
    let own = page.url.as_url();
    let named = html.root_element().descendent_elements().find(|element| element.value().name() == "base");
    let base = named.and_then(|element| own.join(element.attr("href")?).ok());
    let base = base.as_ref().unwrap_or(own);
    html.select(selector).map(|element| of_element(element, base, source)).collect()
}

fn of_element(element: ElementRef<'_>, base: &Url, source: &Source) -> Option<Headline> {
    let title = clipped(&element.text().collect::<String>(), LONGEST_TITLE);
    let address = base.join(link_of(element)?).ok()?;
    let url = ArticleUrl::try_from(address).ok().filter(|_| !title.is_empty())?;
    Some(Headline { url, title, summary: String::new(), published_at: None, source_id: source.id.clone() })
}

/// The link that a headline is, holds, or stands within.
fn link_of(element: ElementRef<'_>) -> Option<&str> {
    let own = element.attr("href");
    let inside = || element.descendants().filter_map(ElementRef::wrap).find_map(|inner| inner.attr("href"));
    let around = || {
        element
            .ancestors()
            .take(MOST_ANCESTORS)
            .filter_map(ElementRef::wrap)
            .find_map(|outer| outer.attr("href"))
    };
    own.or_else(inside).or_else(around)
}
