//! What a page says of its article: JSON-LD, OpenGraph, Dublin Core, Parse.ly, microdata and plain HTML.

mod authors;
mod date;
mod json_ld;
mod line;
mod title;
mod visible;

use std::collections::HashMap;

use ego_tree::NodeId;
use scraper::{ElementRef, Html};
use url::Url;

use self::json_ld::JsonLd;
use self::line::text_of;
pub(super) use self::title::folded;
use super::Hints;

/// The longest text that is taken from one attribute, in bytes.
const MAX_VALUE: usize = 2_000;
/// How many headings may be the headline.
const MAX_HEADINGS: usize = 20;
/// The shortest headline that is looked for in a page's title, in letters and digits.
const MIN_HEADLINE: usize = 6;

/// What a page says of its article.
#[derive(Debug, Default)]
pub(super) struct Metadata {
    pub(super) canonical_url: Option<Url>,
    pub(super) title: String,
    pub(super) authors: Vec<String>,
    pub(super) site_name: Option<String>,
    pub(super) published_at: Option<String>,
    pub(super) language: Option<String>,
    pub(super) lead_image_url: Option<Url>,
    /// The whole text, where JSON-LD has it; plain or HTML.
    pub(super) body: Option<String>,
    /// Whether schema.org says that all can read it.
    pub(super) free: Option<bool>,
    /// Whether the page says that it is an article.
    pub(super) is_article: bool,
}

/// The raw values, as found in one walk over the page.
#[derive(Default)]
struct Found<'a> {
    /// Values of `meta` elements by lower-case name; the first value of each name first.
    meta: HashMap<String, Vec<&'a str>>,
    scripts: Vec<String>,
    canonical: Option<&'a str>,
    language: Option<&'a str>,
    title: Option<String>,
    /// Texts of the first `h1` and `h2` elements, and whether each is an `h1`.
    headings: Vec<(String, bool)>,
    times: Vec<&'a str>,
    authors: Vec<String>,
    author_links: Vec<String>,
    /// Texts of links to the pages of authors, by where they stand: those in the first place that has any.
    author_pages: Vec<String>,
    author_place: Option<NodeId>,
    /// The first text in an element whose class names it an author or a byline.
    byline: Option<String>,
}

impl Metadata {
    /// Reads a page's metadata. `url` is where the page is, which relative addresses are resolved against.
    pub(super) fn read(html: &Html, url: Option<&Url>, hints: &Hints) -> Self {
        let found = Found::gather(html);
        let og_title = found.first(&["og:title", "twitter:title"]);
        let json_ld = JsonLd::read(found.scripts.iter().map(String::as_str), og_title);
        let site_name = found.site_name(&json_ld, hints);
        let address = |text: &str| match url {
            Some(base) => base.join(text).ok(),
            None => Url::parse(text).ok(),
        };
        let web = |url: &Url| matches!(url.scheme(), "http" | "https");
        let image = found.first(&["og:image", "og:image:url", "twitter:image"]).map(str::to_owned);
        let canonical = found.canonical.or_else(|| found.first(&["og:url"]));
        let canonical_url = canonical.and_then(address).filter(web);
        let language = found.language(&json_ld, hints);
        let in_path = || url.into_iter().chain(&canonical_url).find_map(visible::in_path);
        let published = found.published(&json_ld).or_else(in_path);
        let published = published.or_else(|| visible::in_text(html, language.as_deref()));
        Self {
            canonical_url,
            title: found.title(&json_ld, site_name.as_deref()),
            authors: found.authors(&json_ld, site_name.as_deref()),
            published_at: published,
            language,
            lead_image_url: image.or(json_ld.image).as_deref().and_then(address).filter(web),
            body: json_ld.body,
            free: json_ld.free,
            is_article: json_ld.is_article || found.first(&["og:type"]) == Some("article"),
            site_name,
        }
    }
}

impl<'a> Found<'a> {
    fn gather(html: &'a Html) -> Self {
        let mut found = Self::default();
        for element in html.tree.nodes().filter_map(ElementRef::wrap) {
            found.note(element);
        }
        found
    }

    fn note(&mut self, element: ElementRef<'a>) {
        let value = element.value();
        let attribute =
            |name| value.attr(name).map(str::trim).filter(|text| (1..=MAX_VALUE).contains(&text.len()));
        match value.name() {
            "meta" => {
                let names = [attribute("property"), attribute("name"), attribute("itemprop")];
                if let Some(content) = attribute("content") {
                    for name in names.into_iter().flatten() {
                        self.meta.entry(name.to_ascii_lowercase()).or_default().push(content);
                    }
                }
            }
            "link" if attribute("rel") == Some("canonical") => {
                self.canonical = self.canonical.or(attribute("href"));
            }
            "html" => self.language = self.language.or(attribute("lang")).or(attribute("xml:lang")),
            "title" if self.title.is_none() && !in_svg(element) => self.title = Some(text_of(element)),
            name @ ("h1" | "h2") if self.headings.len() < MAX_HEADINGS => {
                let text = text_of(element);
                self.headings.extend((!text.is_empty()).then_some((text, name == "h1")));
            }
            "time" => self.times.extend(attribute("datetime")),
            "script" if attribute("type").is_some_and(|kind| kind.starts_with("application/ld+json")) => {
                self.scripts.push(element.text().collect());
            }
            _ => {}
        }
        self.note_author(element);
    }

    fn note_author(&mut self, element: ElementRef<'a>) {
        let value = element.value();
        let is_author = value.attr("itemprop") == Some("author");
        let is_link =
            value.attr("rel").is_some_and(|rel| rel.split_ascii_whitespace().any(|word| word == "author"));
        if (is_author || is_link) && !matches!(value.name(), "meta" | "link") {
            let list = if is_author { &mut self.authors } else { &mut self.author_links };
            list.push(text_of(element));
        }
        let place = element.parent().map(|parent| parent.id());
        let is_page = || value.attr("href").is_some_and(authors::is_page);
        if value.name() == "a" && (self.author_place.is_none() || self.author_place == place) && is_page() {
            let name = text_of(element);
            if authors::is_person(&name) {
                self.author_place = place;
                self.author_pages.push(name);
            }
        }
        let is_byline = || value.attr("class").is_some_and(authors::is_byline);
        if self.byline.is_none() && !matches!(value.name(), "body" | "img" | "article") && is_byline() {
            self.byline = Some(text_of(element)).filter(|text| (4..=160).contains(&text.len()));
        }
    }

    /// The first value of the first of these names that has one.
    fn first(&self, names: &[&str]) -> Option<&'a str> {
        names.iter().find_map(|name| self.meta.get(*name).and_then(|values| values.first().copied()))
    }

    fn all(&self, name: &str) -> Vec<String> {
        self.meta.get(name).into_iter().flatten().map(|value| (*value).to_owned()).collect()
    }

    fn title(&self, json_ld: &JsonLd, site: Option<&str>) -> String {
        let heading = self.headline();
        let named = self.first(&["og:title", "twitter:title", "dc.title", "parsely-title", "headline"]);
        let written =
            json_ld.headline.as_deref().or(named).or(heading).or(self.title.as_deref()).unwrap_or_default();
        let title = title::without_site(&title::plain(written), site);
        match heading {
            Some(heading) if title::extends(&title, heading) || title::introduces(&title, heading) => {
                heading.to_owned()
            }
            _ => title,
        }
    }

    /// The heading that the page's title is made of; else the first `h1`, which may be the site's.
    fn headline(&self) -> Option<&str> {
        let title = folded(self.title.as_deref().unwrap_or_default());
        let in_title = self.headings.iter().map(|(text, _)| text).filter(|text| {
            let text = folded(text);
            text.chars().count() >= MIN_HEADLINE && title.contains(&text)
        });
        let longest = in_title.reduce(|best, text| if text.len() > best.len() { text } else { best });
        let first = || self.headings.iter().find(|(_, is_first_level)| *is_first_level).map(|(text, _)| text);
        longest.or_else(first).map(String::as_str)
    }

    fn site_name(&self, json_ld: &JsonLd, hints: &Hints) -> Option<String> {
        let named = self.first(&["og:site_name", "application-name"]);
        named
            .map(title::plain)
            .or_else(|| json_ld.publisher.as_deref().map(title::plain))
            .or(hints.site_name.clone())
    }

    /// The first list of names that is more than the name of the site.
    fn authors(&self, json_ld: &JsonLd, site: Option<&str>) -> Vec<String> {
        let by_meta = [
            "article:author",
            "author",
            "parsely-author",
            "dc.creator",
            "byl",
            "sailthru.author",
            "articleauthor",
            "twitter:misc:written by",
        ];
        let mut choices = vec![authors::names(&json_ld.authors)];
        choices.extend(by_meta.iter().map(|name| authors::names(&self.all(name))));
        choices.push(authors::names(&self.labelled_author()));
        choices.extend([&self.authors, &self.author_links].map(|written| authors::names(written)));
        let byline: Vec<String> = self.byline.clone().into_iter().collect();
        choices.push(authors::names(&byline).into_iter().filter(|name| authors::is_person(name)).collect());
        choices.push(authors::names(&self.author_pages));
        choices.retain(|names| !names.is_empty());
        let is_site = |name: &String| site.is_some_and(|site| title::folded(site) == title::folded(name));
        let person = choices.iter().position(|names| !names.iter().all(is_site)).unwrap_or_default();
        choices.into_iter().nth(person).unwrap_or_default()
    }

    /// The author in the pair of label and value that WordPress sites give for Twitter's cards; the label is
    /// translated, and stands first.
    fn labelled_author(&self) -> Vec<String> {
        let is_labelled =
            self.first(&["twitter:label1"]).is_some() && self.first(&["twitter:label2"]).is_some();
        let name = self.first(&["twitter:data1"]).filter(|name| !name.chars().any(|c| c.is_ascii_digit()));
        name.filter(|_| is_labelled).map(str::to_owned).into_iter().collect()
    }

    fn published(&self, json_ld: &JsonLd) -> Option<String> {
        let names = [
            "article:published_time",
            "datepublished",
            "og:published_time",
            "article:published",
            "article:published:time",
            "parsely-pub-date",
            "dc.date.issued",
            "dc.date",
            "dcterms.created",
            "date",
            "pubdate",
            "publishdate",
            "sailthru.date",
        ];
        let by_meta = names.iter().filter_map(|name| self.first(&[name]));
        let written =
            json_ld.published.as_deref().into_iter().chain(by_meta).chain(self.times.first().copied());
        let dates: Vec<String> = written.filter_map(date::normalized).collect();
        dates.iter().find(|date| date::has_time(date)).or(dates.first()).cloned()
    }

    fn language(&self, json_ld: &JsonLd, hints: &Hints) -> Option<String> {
        let written =
            self.language.or(json_ld.language.as_deref()).or_else(|| self.first(&["og:locale", "language"]));
        let is_tag = |text: &&str| {
            (2..=35).contains(&text.len())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        };
        written.filter(is_tag).map(|tag| tag.replace('_', "-")).or(hints.language.clone())
    }
}

fn in_svg(element: ElementRef<'_>) -> bool {
    element.parent().and_then(ElementRef::wrap).is_some_and(|parent| parent.value().name() == "svg")
}
