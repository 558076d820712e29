//! What lines of text say of themselves: "Read more", "Photo: AP", "3 min read", "We use cookies".

use std::sync::LazyLock;

use regex::RegexSet;

use super::blocks::Block;

/// The beginnings of lines that point elsewhere, credit a picture or ask for something.
static FURNITURE_LINE: LazyLock<Option<RegexSet>> = LazyLock::new(|| {
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
        r"(article content|close|caption|schließen|cerrar|fermer|chiudi|noticias? relacionadas?|à découvrir|die redaktion empfiehlt)$",
        r"more .{0,30}\b(stories|coverage|news|articles)(:.{0,80})?$",
        r"updated at\b.{0,30}$",
        r"(with )?(additional )?reporting by\b.{0,160}$",
        r"(we use cookies|this site uses cookies|your browser does not|please enable javascript|javascript is)",
        r"(sign in|log ?in|register)( |$).{0,40}$",
        r"(share|like) this\b.{0,20}$|(gefällt mir|teilen mit|teilen|drucken|like|loading|wird geladen)\W*$|like loading",
        r"this (entry|post|article) (was|is) (posted|published|filed|tagged)|dieser (beitrag|eintrag|artikel) (wurde|ist)\b.{0,40}(veröffentlicht|abgelegt|verschlagwortet|geschrieben)",
        r"(cette entrée|cet article) a été publié|esta entrada fue publicada|questa voce è stata pubblicata|dit bericht (is|werd) geplaatst",
        r"(posted|filed|veröffentlicht|verschlagwortet|abgelegt|publié|publicado|pubblicato|geplaatst) (in|on|by|unter|am|dans|en|por|da|op)\b.{0,120}$",
        r"(schlagwörter?|schlagworte|stichworte?|kategorien?|rubrik|mots[- ]clés|étiquettes|etiquetas|categorías?|categoria)\s*[:：]",
        r"((leave|post|write|add|submit) (a|your) (reply|comment)|(schreibe?n?|hinterlassen?) .{0,20}(kommentar|antwort)|laisser un commentaire|deja (un comentario|una respuesta))",
        r"(your email address will not be published|deine e-mail-adresse wird nicht|you must be (logged|signed) in|du musst (angemeldet|eingeloggt) sein|comments are closed|kommentare sind geschlossen)",
        r"(previous|next|older|newer|vorherige[rs]?|nächste[rs]?|article (précédent|suivant)) (post|article|story|entry|entries|posts|artikel|beitrag|eintrag)?\s*[:»«→←]",
        r"(back to top|nach oben|zurück|print this|send to a friend|artikel (drucken|versenden|teilen)|diesen artikel)\b.{0,20}$",
        r".{0,60}\b(is|are) not responsible for the content of (external|other)\b",
        r"(pingback|trackback)s?\s*[:：]",
        r"(image|photo|slide|bild|foto)?\s*\d+ ?(of|von|de)? ?/ ?\d+$|https?://\S+\.(jpe?g|png|gif|webp)\S*$",
        r"mit agenturmaterial\b.{0,40}$|erstveröffentlichung\b",
        r".{0,120}\b(earn (a|an) ?(affiliate|small)? ?commission|affiliate[- ]links?|erhalten wir .{0,30}provision)\b",
        r".{0,120}\b(support our (journalism|work|reporting)|bookmark .{1,40} and sign up|mit einer spende|faire un don|faites un don|fai una donazione|haz(te)? soci[oa])\b",
        r".{0,60}\b(dass ihre kommentare|comments (are|will be) (moderated|reviewed|subject))\b",
        r".{0,30}(有料会員|会員限定|会員登録|この記事は会員|仅限会员|유료 ?회원)",
        r"(empfohlener|externer) (redaktioneller |externer )?inhalt|link zum .{1,20}[- ]inhalt|následuje obsah vložený|contenu externe|contenido externo|external content\b|an dieser stelle (finden|befindet|steht)",
        r"(permalink|themenseiten|schlagwörter|autorin/autor)\b|(redaktion|schlussredaktion|faktencheck|übersetzung|dieses thema im programm|quellen|audio und video zum thema)\s*[:：]|audio und video zum thema$",
        r".{0,160}\b(follow any (responses|comments) to this|(alle )?antworten (zu|auf) diese[mn] (eintrag|beitrag))\b",
    ];
    pattern(&format!(r"(?i)^[\W_]*(?:{})", starts.join("|")))
});

/// The source of a picture at the end of its caption.
static CREDIT: LazyLock<Option<RegexSet>> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)[(\[]\s*(image|photo|picture|pic|bild|foto|credit|source|via)s?\b.{0,60}[)\]]\s*$",
        r"|(©|\b(bild|foto|photo|image|picture|credit)s?\s?[:©/]).{0,60}$",
        r"|^(via |/\s*)?(getty( images)?|reuters|afp|ap|epa|dpa|shutterstock|istock|imago|picture alliance|alamy|pa)\b[\w\s/.]{0,30}$",
    ))
});

/// An agency or archive as the source of a picture, in brackets at the end of a caption of any length.
static AGENCY: LazyLock<Option<RegexSet>> = LazyLock::new(|| {
    let names = r"(ap|afp|reuters|epa|dpa|pa|upi|xinhua|tass|imago|getty|shutterstock|keystone|associated press|the canadian press|picture alliance)";
    pattern(&format!(
        r"(?i)[(\[]({names}( images)?( (photo|images?|file|via)\b|\s?/)[^()]{{0,60}}|[^()]{{1,40}}(/|\bvia ){names}( images| photo)?)[)\]]\s*$"
    ))
});

/// What a request for consent says beside what it is asked for; lower case.
static CONSENT: LazyLock<Option<RegexSet>> = LazyLock::new(|| {
    let says = [
        r"\b(we|site|website|our partners|by (using|continuing|clicking)|you agree|your consent|accept(ing)? (all )?cookies|third[- ]part(y|ies))\b",
        r"\b(wir (verwenden|nutzen|benötigen)|einverstanden|zustimm\w+|einwillig\w+|externe[rn]? inhalte?)\b",
        r"\b(nous utilisons|acceptez|votre consentement|utilizamos|usted acepta|utilizziamo|accetti|acconsenti|wij gebruiken|używamy|vi bruger|vi använder|vi bruker)\b",
    ];
    pattern(&says.join("|"))
});

/// A year, or a day and a month in figures.
static DATE: LazyLock<Option<RegexSet>> =
    LazyLock::new(|| pattern(r"\b(19|20)\d\d\b|\b\d{1,2}[./-]\s?\d{1,2}[./-]"));

/// How long it takes to read or to watch.
static DURATION: LazyLock<Option<RegexSet>> = LazyLock::new(|| {
    pattern(r"(?i)^(\d{1,3}:\d\d|\d{1,3})\s*(min|mins|minutes|minuten|minutos|minuti)\b.{0,16}$")
});

/// What follows a name where it says who that is.
static PRESENTS: LazyLock<Option<RegexSet>> = LazyLock::new(|| {
    let verbs = [
        r"is|was|are|has (been|written|covered|worked|reported)|works|writes|covers|reports|joined|lives|leads|teaches|serves",
        r"ist|war|arbeitet|schreibt|berichtet|studierte|leitet|lebt|gehört|geboren",
        r"est|écrit|travaille|es|escribe|trabaja|è|scrive|lavora|is|schrijft|werkt|jest|är|skriver|arbetar|er",
    ];
    let pattern = format!(r"(?i)^(,[^,.]{{1,80}},|\s*\([^)]*\))?,?\s+(\w+\s+)?({})\b", verbs.join("|"));
    RegexSet::new([pattern]).ok()
});

/// How to reach or follow the author.
static CONTACT: LazyLock<Option<RegexSet>> = LazyLock::new(|| {
    pattern(
        r"(?i)[\w.+-]+@[\w-]+\.\w{2,}|\bfollow (him|her|them|me|us|@\w+)\b|\bon (twitter|facebook|instagram) (at )?@",
    )
});

/// Whether a line points elsewhere, credits a picture, says how long it takes to read, or asks for something.
pub(super) fn points_elsewhere(block: &Block) -> bool {
    (block.size < 220 && matches(&FURNITURE_LINE, &block.text))
        || (block.size < 30 && matches(&DURATION, &block.text))
}

/// Whether a line is a label and a link to something else, in any language: "Read on | The ferry that never came".
pub(super) fn is_labelled_link(block: &Block) -> bool {
    let Some((label, link)) = block.text.split_once([':', '|', '：', '｜']) else { return false };
    if link.starts_with('/') {
        return false;
    }
    let label = label.chars().count() + 2;
    (5..=42).contains(&label)
        && block.size < 220
        && block.linked >= 20
        && block.linked + label + 2 >= block.size
        && block.linked + 4 < block.size
}

/// Whether a block says how to reach or follow the author.
pub(super) fn is_contact(block: &Block) -> bool {
    block.size < 300 && matches(&CONTACT, &block.text)
}

/// Whether a block ends in the source of a picture.
pub(super) fn is_credited(block: &Block) -> bool {
    let bracketed = block.text.trim_end().ends_with([')', ']']);
    (block.size < 300 && matches(&CREDIT, &block.text))
        || (bracketed && block.size < 700 && matches(&AGENCY, &block.text))
}

/// Whether a block asks for consent to cookies or to content of others.
pub(super) fn asks_consent(block: &Block) -> bool {
    let names = ["ookie", "COOKIE", "atenschutz", "ersonenbezogene Daten"];
    block.size < 1_500
        && names.iter().any(|name| block.text.contains(name))
        && matches(&CONSENT, &block.text.to_lowercase())
}

/// Whether a block tells who somebody is: it begins with the name, and goes on with a verb that says so, or is a label.
pub(super) fn introduces(block: &Block, name: &str) -> bool {
    let start = block.text.get(..block.text.floor_char_boundary(name.len() + 40)).unwrap_or_default();
    let Some((before, _)) = start.split_once(name).filter(|(before, _)| before.len() <= 20) else {
        return false;
    };
    let rest = block.text.get(before.len() + name.len()..).unwrap_or_default();
    !block.ends_sentence() || matches(&PRESENTS, rest)
}

/// Whether a line is little but a date: at most five words beside it.
pub(super) fn is_date(block: &Block) -> bool {
    let words = block.text.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic)).count();
    block.size < 80 && words <= 5 && dense(&block.text) && matches(&DATE, &block.text)
}

/// Whether a text has six digits or more, as a date with a year and a day or a time has.
fn dense(text: &str) -> bool {
    text.chars().filter(char::is_ascii_digit).count() >= 6
}

/// A pattern that only says whether it matches. A set of one keeps no places for its groups, which with this many of them
/// take 50 MB a thread.
fn pattern(text: &str) -> Option<RegexSet> {
    RegexSet::new([text]).ok()
}

fn matches(pattern: &LazyLock<Option<RegexSet>>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

#[cfg(test)]
mod tests {
    use scraper::Html;

    use super::super::{blocks, page::Page};
    use super::*;

    fn of(is: fn(&Block) -> bool, text: &str) -> bool {
        let html = Html::parse_document(&format!("<p>{text}</p>"));
        let blocks = blocks::of_page(&Page::new(&html));
        blocks.len() == 1 && blocks.iter().all(is)
    }

    #[test]
    fn lines_that_point_elsewhere_are_told_from_sentences_that_begin_like_them() {
        for line in [
            "Read more: The ferry that never came",
            "Lesen Sie auch: Die Fähre",
            "Filed under: Harbour",
            "Dieser Beitrag wurde am 4. Mai 2014 unter Hafen veröffentlicht.",
            "Leave a reply",
            "4 min read",
        ] {
            assert!(of(points_elsewhere, line), "{line}");
        }
        for text in [
            "Reading is more than a pastime for her.",
            "Shared kitchens are cheaper, the town says.",
            "Next year the harbour will close.",
            "Like most of her neighbours, she stayed.",
        ] {
            assert!(!of(points_elsewhere, text), "{text}");
        }
    }

    #[test]
    fn credits_are_told_from_sources_of_reports() {
        for line in [
            "The old crane. (AP Photo/Jane Roe)",
            "Ein Kran (Foto: Roe)",
            "The crane at dawn. (Jane Roe/Reuters)",
        ] {
            assert!(of(is_credited, line), "{line}");
        }
        for text in ["The crane was sold, police said (AP).", "It was sold (see page 4)."] {
            assert!(!of(is_credited, text), "{text}");
        }
    }

    #[test]
    fn requests_for_consent_are_told_from_what_is_written_of_cookies() {
        assert!(of(asks_consent, "We use cookies to make this site work."));
        assert!(of(asks_consent, "Wir verwenden Cookies. Mehr im Datenschutz."));
        assert!(!of(asks_consent, "Bake the cookies for ten minutes, and let them cool."));
    }

    #[test]
    fn a_line_is_a_date_where_there_is_little_else_in_it() {
        assert!(of(is_date, "Monday, 4 May 2024, 09:12"));
        assert!(!of(is_date, "In 2024 the town bought 400,000 tonnes of sand and gravel."));
    }
}
