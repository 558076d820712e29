//! What the names that authors give to elements say about what is in them.

use std::collections::HashSet;
use std::ops::{BitOr, BitOrAssign};
use std::sync::LazyLock;

/// A set of hints about an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Evidence(u16);

impl Evidence {
    /// Navigation, advertising, links to other stories, sharing, comments and the like.
    pub(super) const FURNITURE: Self = Self(1);
    /// Often furniture, but article text too.
    pub(super) const DOUBTFUL: Self = Self(1 << 1);
    /// The container of the article's text.
    pub(super) const BODY: Self = Self(1 << 2);
    /// Marked as the article's text in schema.org's vocabulary.
    pub(super) const ARTICLE_BODY: Self = Self(1 << 3);
    /// The caption or credit of a picture.
    pub(super) const CAPTION: Self = Self(1 << 4);
    /// Not shown.
    pub(super) const HIDDEN: Self = Self(1 << 5);
    /// Says who wrote it and when.
    pub(super) const BYLINE: Self = Self(1 << 6);
    /// Readers' comments.
    pub(super) const COMMENTS: Self = Self(1 << 7);
    /// Shown when pointed at, or for editing.
    pub(super) const UNREAD: Self = Self(1 << 8);
    /// A question or an answer of a page of questions and answers.
    pub(super) const ANSWER: Self = Self(1 << 9);

    /// Whether any of `other` is in it.
    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for Evidence {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Evidence {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

/// Words of a class or id that mean furniture wherever they stand.
const FURNITURE_WORDS: &str = "ad ads advert adverts advertisement advertising adslot adbox adunit adwrapper \
    adcontainer cta sponsored sponsor promo promos promotion promobox related relatedcontent relatedarticles \
    recommended recommendation recommendations recommends recirc recirculation newsletter newsletters signup \
    subscribe subscription share shares sharing sharebar sharetools sharethis addthis addtoany sharedaddy yarpp social socials outbrain \
    taboola sidebar breadcrumb breadcrumbs cookie cookies consent gdpr taglist toolbar trending popular mostread \
    mostpopular footer nav navigation navbar menu modal popup donate donation pagination pager \
    tooltip copyright login signin readmore seealso morefrom alsoread ticker infobar skip followus prevnext \
    teasers rail sticky zergnet revcontent nativo dfp gpt banner feedback rating ratings jeg werbung anzeige \
    teilen publicite partage publicidad compartir relacionados relacionadas leiamais lesenswert merkliste \
    abonnement paybox infobox factbox faktenbox infokasten faktaruta editsection";

/// Words that mean furniture when there is little text in the element.
const DOUBTFUL_WORDS: &str = "paywall piano widget teaser author bio authors info meta more topics topic tags tag keywords embed \
    carousel slider gallery poll quiz survey overlay disclaimer disclosure header tools actions action buttons \
    button btn links link crosslinks linkbox hub explore explainer contact video category categories \
    label kicker eyebrow follow print audio listen podcast disqus promoted collection upsell \
    aside supplement supplementary notice alert message";

const BYLINE_WORDS: &str = "byline bylines timestamp datetime pubdate publishdate dateline published \
    authorname authorbio authorinfo posted postmeta postmetadata entrymeta articlemeta articleinfo lastupdated";

const CAPTION_WORDS: &str = "caption captions figcaption credit credits imagecaption photocredit imagecredit \
    wpcaption legend attribution";

const COMMENT_WORDS: &str = "comment comments commentlist respond kommentare commentaires comentarios";

const UNREAD_WORDS: &str =
    "tooltip tooltiptext popover popup rollover hovercard editsection screenreadertext screenreader sronly";

const ANSWER_WORDS: &str = "question answer answers replies";

const HIDDEN_WORDS: &str = "hidden hide sr visuallyhidden invisible";

/// Adjacent words, written as one, that name the container of an article's text.
const BODY_NAMES: [&str; 26] = [
    "articlebody",
    "storybody",
    "entrycontent",
    "postcontent",
    "articlecontent",
    "storycontent",
    "articletext",
    "storytext",
    "postbody",
    "bodycopy",
    "contentbody",
    "mainarticle",
    "bodytext",
    "articlecopy",
    "newstext",
    "newsbody",
    "newscontent",
    "textbody",
    "posttext",
    "entrybody",
    "entrytext",
    "articlemain",
    "articlefulltext",
    "detailtext",
    "newsarticle",
    "articledetail",
];

/// Adjacent words, written as one, that name furniture.
const FURNITURE_NAMES: [&str; 35] = [
    "readmore",
    "seealso",
    "relatedarticle",
    "relatedstor",
    "relatedlink",
    "relatedpost",
    "relatednews",
    "relatedcontent",
    "morestories",
    "morearticles",
    "mostread",
    "mostpopular",
    "newslettersignup",
    "socialshare",
    "sharebutton",
    "sharebar",
    "backtotop",
    "recommendedfor",
    "youmightlike",
    "youmayalso",
    "contentfooter",
    "articlefooter",
    "storyfooter",
    "postfooter",
    "entryfooter",
    "latestnews",
    "topstories",
    "nextarticle",
    "readnext",
    "upnext",
    "authorbox",
    "authorbio",
    "aboutauthor",
    "abouttheauthor",
    "authorcard",
];

static WORDS: LazyLock<[(HashSet<&'static str>, Evidence); 8]> = LazyLock::new(|| {
    [
        (FURNITURE_WORDS, Evidence::FURNITURE),
        (DOUBTFUL_WORDS, Evidence::DOUBTFUL),
        (BYLINE_WORDS, Evidence::BYLINE),
        (CAPTION_WORDS, Evidence::CAPTION),
        (COMMENT_WORDS, Evidence::COMMENTS),
        (HIDDEN_WORDS, Evidence::HIDDEN),
        (UNREAD_WORDS, Evidence::UNREAD),
        (ANSWER_WORDS, Evidence::ANSWER),
    ]
    .map(|(words, evidence)| (words.split_whitespace().collect(), evidence))
});

/// What a `class` or `id` says: its names are split into words at punctuation and at capitals.
pub(super) fn of_names(names: &str) -> Evidence {
    let mut found = Evidence::default();
    for name in names.split_ascii_whitespace().take(40) {
        // Utility classes such as `hover:underline` or `md:hidden` say how, not what.
        if name.contains([':', '[']) || name.len() > 80 {
            continue;
        }
        let words = words(name);
        // `has-sidebar` and `with-ads` name what stands beside.
        let says = |names: &[&str]| words.iter().any(|word| names.contains(&word.as_str()));
        if says(&["has", "with", "no", "without"]) {
            continue;
        }
        // A post of a social network that the article quotes is part of it.
        if says(&["social", "twitter", "tweet"]) && says(&["embed", "embedded", "tweet"]) {
            continue;
        }
        for word in &words {
            found |= of_word(word);
        }
        let joined = words.concat();
        found |= of_word(&joined);
        if BODY_NAMES.iter().any(|body| joined.contains(body)) && words.len() <= 5 {
            found |= Evidence::BODY;
        }
        if FURNITURE_NAMES.iter().any(|furniture| joined.contains(furniture)) {
            found |= Evidence::FURNITURE;
        }
    }
    found
}

fn of_word(word: &str) -> Evidence {
    WORDS
        .iter()
        .filter(|(words, _)| words.contains(word))
        .fold(Evidence::default(), |found, (_, evidence)| found | *evidence)
}

/// `articleBody-main` is `article`, `body`, `main`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower = false;
    for c in name.chars() {
        if !c.is_alphabetic() || (c.is_uppercase() && lower) {
            words.push(String::new());
        }
        if c.is_alphabetic()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        lower = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// What an attribute other than `class` and `id` says.
pub(super) fn of_attribute(name: &str, value: &str) -> Evidence {
    match (name, value) {
        ("itemprop", "articleBody") | ("property", "articleBody" | "schema:articleBody") => {
            Evidence::ARTICLE_BODY
        }
        ("itemprop", "author" | "datePublished" | "dateModified" | "publisher") | ("rel", "author") => {
            Evidence::BYLINE
        }
        ("itemprop", "caption") => Evidence::CAPTION,
        ("itemprop", "comment") => Evidence::COMMENTS,
        ("itemtype", kind) if kind.ends_with("/Question") || kind.ends_with("/Answer") => Evidence::ANSWER,
        (
            "role",
            "navigation" | "complementary" | "contentinfo" | "search" | "dialog" | "alertdialog" | "menu"
            | "toolbar" | "banner" | "button" | "tooltip" | "tablist",
        )
        | ("data-nosnippet", _) => Evidence::FURNITURE,
        ("hidden", value) if value != "until-found" => Evidence::HIDDEN,
        ("style", style) if hides(style) => Evidence::HIDDEN,
        _ => Evidence::default(),
    }
}

fn hides(style: &str) -> bool {
    let compact: String = style.chars().filter(|c| !c.is_whitespace()).take(200).collect();
    compact.contains("display:none") || compact.contains("visibility:hidden")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whatever_way_a_name_is_written() {
        for name in ["related-links", "js-RelatedLinks", "c_related__item", "relatedArticles"] {
            assert!(of_names(name).has(Evidence::FURNITURE), "{name}");
        }
        for name in ["article-body", "ArticleBody", "article__body--wide", "entry-content"] {
            assert!(of_names(name).has(Evidence::BODY), "{name}");
        }
    }

    #[test]
    fn parts_of_words_and_names_of_layouts_mean_nothing() {
        for name in ["header", "shadow", "uploads", "has-sidebar", "page-with-ads", "md:hidden", "commentary"]
        {
            assert!(!of_names(name).has(Evidence::FURNITURE), "{name}");
            assert!(!of_names(name).has(Evidence::COMMENTS | Evidence::HIDDEN), "{name}");
        }
        assert!(!of_names("social-media-embed").has(Evidence::FURNITURE));
    }

    #[test]
    fn attributes_say_what_an_element_is_for() {
        assert!(of_attribute("itemprop", "articleBody").has(Evidence::ARTICLE_BODY));
        assert!(of_attribute("role", "navigation").has(Evidence::FURNITURE));
        assert!(of_attribute("style", "color: red; display : none").has(Evidence::HIDDEN));
        assert_eq!(of_attribute("style", "display: block"), Evidence::default());
        assert_eq!(of_attribute("hidden", "until-found"), Evidence::default());
    }
}
