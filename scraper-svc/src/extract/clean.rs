//! Turns the blocks of an article's element into its paragraphs, and drops those that do not belong to it.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::blocks::Block;
use super::evidence::Evidence;
use super::page::{NodeIndex, Page};
use super::tag::Tag;
use super::weigh::Weights;
use crate::article::{Paragraph, ParagraphKind};

/// The most paragraphs of an article.
const MAX_PARAGRAPHS: usize = 5_000;

/// The beginnings of lines that point elsewhere, credit a picture or ask for something.
static FURNITURE_LINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let starts = [
        r"(read|see|watch|listen)( also| more| next| now)?\s*([:：|]|$)",
        r"(also read|more on this|more from|related( articles?| stories| coverage| content| topics?)?|recommended)\b\s*[:：]?",
        r"(click here|sign up|subscribe|follow us|follow .{1,40} on|download (the|our)|join (our|us)|share this|share on|get the latest|don't miss)\b",
        r"(advert|advertisement|advertising|anzeige|werbung|publicidad|publicité|reklama?|annonse|реклама|広告|sponsored( content)?|story continues( below)?|article continues|scroll down|continue reading|loading|skip (to|ad|advert)).{0,30}$",
        r"(photo|image|picture|foto|bild|credit|source|quelle|fotos|photos|bildquelle|imagen|crédit photo)\s*[:：©]",
        r"(image|photo|slide|bild|foto) \d+ (of|von|de|/) \d+",
        r"(©|\(c\)|copyright|all rights reserved|alle rechte)",
        r"(lesen sie (auch|mehr)|mehr zum thema|auch interessant|das könnte sie|anzeige$|weiterlesen|lire aussi|à lire|lea también|leer más|leia (também|mais)|le[ií] anche|leggi anche|lees ook|les også|läs (också|mer)|czytaj (też|także|więcej)|читайте также|čtěte)\b",
        r"(published|updated|last updated|posted|first published|veröffentlicht|aktualisiert|publié|publicado)\s*(:|on\b|at\b|am\b|le\b)?.{0,50}\d{4}.{0,20}$",
        r"(by|von|par|por|di)\s+(\p{Lu}[\p{L}.'’-]+\s*){2,4}$",
        r"(tags?|topics?|themen|filed under|keywords|categories)\s*[:：]",
        r"(\d+ )?(comments?|kommentare?|shares?|views?)( \(?\d+\)?)?$",
        r"(close|caption|schließen|cerrar|fermer|chiudi|noticias? relacionadas?|à découvrir|die redaktion empfiehlt)$",
        r"more .{0,30}\b(stories|coverage|news|articles)(:.{0,80})?$",
        r"updated at\b.{0,30}$",
        r"(with )?(additional )?reporting by\b.{0,160}$",
        r"(we use cookies|this site uses cookies|your browser does not|please enable javascript|javascript is)",
        r"(sign in|log ?in|register)( |$).{0,40}$",
    ];
    Regex::new(&format!(r"(?i)^[\W_]*(?:{})", starts.join("|"))).ok()
});

/// The source of a picture at the end of its caption.
static CREDIT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)[(\[]\s*(image|photo|picture|pic|bild|foto|credit|source|via)s?\b.{0,60}[)\]]\s*$",
        r"|(©|\b(bild|foto|photo|image|picture|credit)s?\s?[:©/]).{0,60}$",
        r"|^(via |/\s*)?(getty( images)?|reuters|afp|ap|epa|dpa|shutterstock|istock|imago|picture alliance|alamy|pa)\b[\w\s/.]{0,30}$",
    ))
    .ok()
});

/// A year, or a day and a month in figures.
static DATE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b(19|20)\d\d\b|\b\d{1,2}[./-]\s?\d{1,2}[./-]").ok());

/// How long it takes to read or to watch.
static DURATION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)^(\d{1,3}:\d\d|\d{1,3})\s*(min|mins|minutes|minuten|minutos|minuti)\b.{0,16}$").ok()
});

/// How to reach or follow the author.
static CONTACT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)[\w.+-]+@[\w-]+\.\w{2,}|\bfollow (him|her|them|me|us|@\w+)\b|\bon (twitter|facebook|instagram) (at )?@").ok()
});

/// The paragraphs of the blocks inside `root`.
pub(super) fn paragraphs(
    page: &Page<'_>,
    blocks: &[Block],
    root: NodeIndex,
    weights: &Weights,
    cut: &[bool],
    title: &str,
) -> Vec<Paragraph> {
    let range = page.subtree(root);
    let mut found: Vec<(&Block, ParagraphKind)> = blocks
        .iter()
        .filter(|block| range.contains(&block.owner) && !cut[block.owner] && !cut[block.first])
        .map(|block| (block, kind(page, block, weights, &range)))
        .take(MAX_PARAGRAPHS)
        .collect();
    drop_furniture(page, &mut found, title);
    drop_repeats(&mut found);
    drop_loose_ends(&mut found);
    found.into_iter().map(|(block, kind)| Paragraph { text: block.text.clone(), kind }).collect()
}

/// What a block is, by the elements around it inside the article.
fn kind(page: &Page<'_>, block: &Block, weights: &Weights, article: &Range<NodeIndex>) -> ParagraphKind {
    if block.evidence(page).has(Evidence::CAPTION) || (block.size < 300 && matches(&CREDIT, &block.text)) {
        return ParagraphKind::Caption;
    }
    let around = std::iter::once(block.owner).chain(page.ancestors(block.owner));
    for element in around.take_while(|index| article.contains(index)) {
        let node = &page[element];
        let caption = node.evidence.has(Evidence::CAPTION) && block.size < 600;
        match node.tag {
            Tag::Figure | Tag::Caption => return ParagraphKind::Caption,
            _ if caption || weights.is_captioned_picture(page, element) => return ParagraphKind::Caption,
            Tag::Heading | Tag::Title => return ParagraphKind::Heading,
            Tag::ListItem => return ParagraphKind::ListItem,
            Tag::Quote => return ParagraphKind::Quote,
            _ => {}
        }
    }
    // A short line that is all bold heads what follows, whatever its element.
    if block.strong * 10 >= block.size * 9 && block.size < 120 && !block.ends_sentence() {
        return ParagraphKind::Heading;
    }
    ParagraphKind::Text
}

/// Drops the blocks that do not belong to the article, and the lists right under lines such as "Read more:".
fn drop_furniture(page: &Page<'_>, blocks: &mut Vec<(&Block, ParagraphKind)>, title: &str) {
    let mut under_furniture = false;
    blocks.retain(|(block, kind)| {
        let furniture = *kind != ParagraphKind::Caption && is_furniture_line(block);
        // A post that the article quotes ends in its date.
        let furniture = furniture || (*kind == ParagraphKind::Text && is_date_line(block));
        under_furniture = match kind {
            ParagraphKind::ListItem => under_furniture,
            _ => block.size < 80 && matches(&FURNITURE_LINE, &block.text),
        };
        !furniture && !under_furniture && belongs(page, block, *kind, title)
    });
}

/// Whether a block inside the article's element is part of the article.
fn belongs(page: &Page<'_>, block: &Block, kind: ParagraphKind, title: &str) -> bool {
    let owner = &page[block.owner];
    if owner.tag == Tag::Title || block.text == title {
        return false;
    }
    if owner.tag != Tag::Paragraph && is_marked(block.evidence(page)) && block.size < 300 {
        return false;
    }
    let links_only = block.link_density() > 0.85;
    match kind {
        ParagraphKind::Caption => block.size >= 10,
        ParagraphKind::ListItem if links_only => false,
        ParagraphKind::Text | ParagraphKind::Heading if links_only && !block.is_sentence() => false,
        _ => true,
    }
}

impl Block {
    /// A whole sentence, even if all of it is a link.
    fn is_sentence(&self) -> bool {
        self.size >= 60 && self.ends_sentence()
    }
}

/// Whether the elements around just this block say that it is furniture.
fn is_marked(evidence: Evidence) -> bool {
    [Evidence::FURNITURE, Evidence::BYLINE, Evidence::HIDDEN].into_iter().any(|kind| evidence.has(kind))
}

fn is_furniture_line(block: &Block) -> bool {
    (block.size < 200 && matches(&FURNITURE_LINE, &block.text))
        || (block.size < 30 && matches(&DURATION, &block.text))
        || (block.size < 300 && matches(&CONTACT, &block.text))
}

/// Whether a line is little but a date: at most five words beside it.
fn is_date_line(block: &Block) -> bool {
    let words = block.text.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic)).count();
    block.size < 80 && words <= 5 && dense(&block.text) && matches(&DATE, &block.text)
}

/// Whether a text has six digits or more, as a date with a year and a day or a time has.
fn dense(text: &str) -> bool {
    text.chars().filter(char::is_ascii_digit).count() >= 6
}

fn matches(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

/// Drops blocks that a page holds twice, as for a wide and a narrow screen.
fn drop_repeats(blocks: &mut Vec<(&Block, ParagraphKind)>) {
    let mut seen = HashSet::new();
    blocks.retain(|(block, _)| block.size < 120 || seen.insert(block.text.as_str()));
}

/// Drops what stands loose at both ends: labels before the text, headings and labels with nothing after them.
fn drop_loose_ends(blocks: &mut Vec<(&Block, ParagraphKind)>) {
    let is_label = |(block, kind): &(&Block, ParagraphKind), size| match kind {
        ParagraphKind::Text => block.size < size && !block.ends_sentence(),
        ParagraphKind::Heading => true,
        _ => false,
    };
    while blocks.last().is_some_and(|block| is_label(block, 60)) {
        blocks.pop();
    }
    let labels = blocks.iter().take_while(|block| is_label(block, 40)).count();
    blocks.drain(..labels);
}
