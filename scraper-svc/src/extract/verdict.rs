//! What a page is, and how sure the extraction is of it.

use std::sync::LazyLock;

use regex::Regex;

use super::metadata::Metadata;
use super::{Candidate, ExtractError, Verdict, text_of};
use crate::article::ParagraphKind;

/// Below this many characters a text is no article.
const MIN_LENGTH: usize = 140;
/// Below this many characters a page that names no article is one only if it has paragraphs.
const DOUBTFUL_LENGTH: usize = 600;
/// Below this many characters a text that is said not to be free is only its beginning.
const TEASER_LENGTH: usize = 1_800;
/// Below this many characters a page with a subscription prompt shows only the beginning.
const PROMPT_LENGTH: usize = 1_000;

/// What walls say instead of an article.
static WALL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let says = [
        r"enable javascript (and cookies )?to (continue|view|use|proceed)",
        r"checking (if the site connection is secure|your browser)",
        r"verify(ing)? (that )?you('re| are) (not a ro?bot|(a )?human)",
        r"are you a ro?bot|i('m| am) not a ro?bot|confirm (that )?you are (a )?human",
        r"attention required! \| cloudflare|just a moment\.\.\.|pardon our interruption",
        r"unusual (activity|traffic) (from|coming from|detected)",
        r"(press (&amp;|&|and) hold|complete the (captcha|security check)|solve (the|this) captcha)",
        r"access to this page has been denied|you have been blocked|request unsuccessful\. incapsula",
        r"before you continue to|with your consent, we and our|we and our \d* ?(partners|vendors) (store|use|process)",
        r"(captcha-delivery|geo\.captcha|cf-chl|challenge-platform|px-captcha)",
    ];
    Regex::new(&format!("(?i){}", says.join("|"))).ok()
});

/// Titles of pages that are there to find something, to enter, or to say that nothing is there.
static OTHER_PAGE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let titles = [
        r"(error )?404\b",
        r".{0,30}\b(page|file|article|site) (was |is |could |can)?(not|n't) (be )?found",
        r".{0,20}\bnicht gefunden|page (introuvable|non trouvée)|página no encontrada|pagina non trovata",
        r"pagina niet gevonden|nie znaleziono|sidan (kunde inte hittas|finns inte)|страница не найдена|(您访问的)?页面不存在|ページが見つかりません",
        r"search\b( results)?( for)?\s*[:“|-]|search results|suchergebnisse|suche\s*[:|-]|résultats de (la )?recherche|resultados de (la )?búsqueda",
        r"(log ?in|sign ?(in|up)|register|anmelden|anmeldung|registrieren|connexion|iniciar sesión|accedi)\s*([|:·–-].{0,40})?$",
    ];
    Regex::new(&format!("(?i)^({})", titles.join("|"))).ok()
});

/// What pages say where the free part of an article ends.
static PROMPT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let says = [
        r#"(class|id)=["'][^"']{0,200}paywall"#,
        r"(subscribe|log in|sign in|register) to (continue|keep) reading",
        r"this (article|content|story) is (only )?(for|available to) subscribers",
        r"nur für abonnent|mit .{0,20}abo weiterlesen|réservée? aux abonnés|(solo|sólo) para suscriptores",
    ];
    Regex::new(&format!("(?i){}", says.join("|"))).ok()
});

/// Says whether the text is an article, whole or not, with a confidence from 0 to 1.
///
/// # Errors
/// `Blocked`, `Paywalled` or `NotArticle` for a page without the text of an article.
pub(super) fn judge(
    html: &str,
    metadata: &Metadata,
    found: &Candidate,
) -> Result<(Verdict, f64), ExtractError> {
    let text = text_of(&found.paragraphs);
    let length = text.chars().count();
    if length < MIN_LENGTH {
        return Err(why_empty(html, metadata));
    }
    if length < TEASER_LENGTH && (matches(&WALL, &text) || matches(&WALL, &metadata.title)) {
        return Err(ExtractError::Blocked);
    }
    let is_other = !metadata.is_article
        && ((length < DOUBTFUL_LENGTH && !is_told(found))
            || (length < TEASER_LENGTH && (found.is_list || matches(&OTHER_PAGE, &metadata.title))));
    if is_other {
        return Err(ExtractError::NotArticle);
    }
    let cut_off = match metadata.free {
        Some(free) => !free && length < TEASER_LENGTH,
        None => length < PROMPT_LENGTH && matches(&PROMPT, html),
    };
    let verdict = if cut_off { Verdict::Paywalled } else { Verdict::Article };
    Ok((verdict, confidence(metadata, found, length)))
}

/// What stands in the way of a text.
fn why_empty(html: &str, metadata: &Metadata) -> ExtractError {
    if metadata.free == Some(false) {
        ExtractError::Paywalled
    } else if matches(&WALL, html) {
        ExtractError::Blocked
    } else if matches(&PROMPT, html) && metadata.is_article {
        ExtractError::Paywalled
    } else {
        ExtractError::NotArticle
    }
}

fn matches(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

/// Whether a short text is told in sentences rather than listed.
fn is_told(found: &Candidate) -> bool {
    let in_sentences = |text: &str| [". ", "! ", "? ", "。", "। "].iter().any(|end| text.contains(end));
    let prose = found.paragraphs.iter().filter(|paragraph| paragraph.kind == ParagraphKind::Text);
    sentences(found) >= 2 || prose.into_iter().any(|paragraph| in_sentences(&paragraph.text))
}

/// How many paragraphs end as a sentence does.
fn sentences(found: &Candidate) -> usize {
    let ends = ['.', '!', '?', '…', '。', '！', '？', '।', '"', '”', '»', '」'];
    found.paragraphs.iter().filter(|paragraph| paragraph.text.ends_with(ends)).count()
}

/// A weighted vote of what speaks for an article: length, title, markup, whole sentences and the method.
fn confidence(metadata: &Metadata, found: &Candidate, length: usize) -> f64 {
    let long = (length as f64 / 1_500.0).min(1.0);
    let titled = f64::from(u8::from(!metadata.title.is_empty()));
    let marked = f64::from(u8::from(metadata.is_article));
    let whole = sentences(found) as f64 / found.paragraphs.len().max(1) as f64;
    let method = match found.extractor {
        "selectors" => 1.0,
        "density" => 0.9,
        _ => 0.6,
    };
    method * (0.4 * long + 0.1 * titled + 0.2 * marked + 0.3 * whole)
}
