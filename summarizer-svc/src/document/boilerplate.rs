//! Sentences that belong to the page rather than to the story: bylines, datelines, credits, calls to click.

use std::sync::LazyLock;

use regex::{RegexSet, RegexSetBuilder};

/// Boilerplate is short; a longer sentence is looked at no further.
const LONGEST_CHARS: usize = 300;

/// Each pattern sees one sentence with its white space collapsed, quotes and bullets before it taken off.
const PATTERNS: &[&str] = &[
    // bylines
    r"^(?-i:By|BY) (?-i:\p{Lu})[\p{L}'’.-]*( (and|&|for( the)?|(?-i:\p{Lu})[\p{L}'’.-]*)){0,8}( ?, [\p{L} ,'’.-]{2,60})?$",
    r"^by [\p{L}'’.-]+( [\p{L}'’.-]+){1,2}( for (the )?(mailonline|daily mail|associated press|[\p{L}]+ online))$",
    // times
    r"^(first )?(published|updated|last updated|last modified|posted|created)( (on|at))?( ?:|,? \d)",
    r"^\| ?\.?$",
    r"^\d{1,2} (min|minute)s? (read|ago)\b.{0,20}$",
    // calls to click
    r"^scroll down (for|to|below)\b",
    r"^(click|tap|press|swipe) (here|on|below|the|through|left|right|to (see|read|watch|view|follow|listen|subscribe|play|enlarge))\b",
    r"^(read|see|find out|learn|watch|listen|discover|show|load) more( ?[:»>→…|.-]| (on|at|about|from|here|stories|news|below)\b|$)",
    r"^(read|see|watch|view|listen)( ?:| (also|next|now|here|below)\b|( the)? (full (story|article|report|interview|gallery|video)|full list))",
    r"^(watch|play|view) (the |this |our )?(video|clip|footage|gallery|slideshow)s?\b.{0,60}$",
    r"^(related|recommended|trending|more|top|popular|latest|must-read|most read)( (articles?|stor(y|ies)|content|topics?|news|reading|links?|videos?|coverage))( ?:|$)",
    r"^(share|tweet|pin|e-?mail|print|save|copy|bookmark|comment)( (this|the|on|via|with|to|a|link|facebook|twitter|whatsapp|article|story|page|friend|comments?)){0,6}$",
    r"^(sign|log) (up|in) (to|for|here|now|with|below)\b",
    r"^(subscribe|unsubscribe|register)( (to|for|now|here|today|with)\b|$)",
    r"^(follow|join|find|contact|e-?mail|reach|message) (us|me|him|her|them|@\w+|[\p{L} ]{2,40})( (on|via|at))( (facebook|twitter|instagram|youtube|linkedin|tiktok|telegram|whatsapp|threads|mastodon|bluesky|snapchat|reddit|x)\b| ?[@\w.+-]*@)",
    r"^(get|download|install) (the|our) [\p{L} ]{0,40}(app|newsletter)\b",
    r"^(get|have) (the|our) .{0,60} (delivered|sent|straight) (straight )?(to|in) your (inbox|phone)",
    r"^(do you )?have (a|any) (story|stories|tip|information|question|video|photo)s?\b.{0,60}\?$",
    r"^for confidential (support|help|advice)\b",
    r"^(what do you think|have your say|join the (conversation|debate|discussion)|leave a comment|let us know)\b.{0,60}$",
    r"^(view|show|hide|post|read|add|see|no|all|\d+) ?(all |the )?(\d+ )?comments?( \(\d+\))?$",
    r"^(advertisement|sponsored( content)?|promoted|story highlights|key points|in this article|table of contents|skip to (content|main)|back to top|continue reading.{0,40}|loading\b.{0,20}|article continues below.{0,30}|this article is sponsored.{0,60}|image source.{0,80})$",
    r"^(we|this (web)?site) uses? cookies\b",
    r"^by (continuing|clicking|using|signing)\b.{0,120}\b(cookies|terms|privacy|agree)\b",
    // credits and rights
    r"^(photo(graph)?s?|pictures?|images?|videos?|graphics?|illustrations?|credits?|sources?|courtesy|file photo)( ?(credit|source|courtesy|by|of|from))?s? ?[:|©/]",
    r"^(photo(graph)?|picture|image|illustration|video)s? (by|courtesy|credit)\b.{0,80}$",
    r"^[\p{L} .'’/-]{2,50} ?/ ?(getty( images)?|ap|afp|reuters|epa|shutterstock|istock|alamy|bloomberg|pa)( images| photo| wire)?( via .{2,40})?$",
    r"^(getty images|associated press|agence france-presse|reuters|afp|ap photo)\b.{0,20}$",
    r"\b(contributed|have contributed) (reporting |additional reporting )?to this (report|story|article)\b",
    r"^(additional )?(reporting|editing|writing|research) by\b",
    r"^(copyright|©|\(c\)) ?(©|\(c\))? ?(\d{4}|by|the)\b",
    r"\ball rights reserved\b",
    r"\b(may|must) not be (published|reproduced|copied|reprinted)\b.{0,80}\b(broadcast|rewritten|redistributed|permission|consent)\b",
    r"^(the )?views expressed (in|by|are)\b.{0,120}\b(author|writer|own)",
    r"^this (article|story|piece|post) (was |has been )?(originally |first )?(published|appeared|updated|corrected|amended)\b.{0,100}$",
    // other languages
    r"^(lesen sie (auch|mehr|hier)|mehr zum thema|(mehr )?lesen ?:|weiterlesen|zum thema ?:|foto ?:|bild ?:|quelle ?:|anzeige$|veröffentlicht (am|um)|aktualisiert (am|um)|stand ?: ?\d|von (?-i:\p{Lu})\p{Ll}+ (?-i:\p{Lu})\p{Ll}+$)",
    r"^((à )?lire (aussi|également|la suite)|voir aussi|en savoir plus|publié (le|à)|mis à jour (le|à)|crédits? (photo|image)|photo ?:|abonnez-vous|article réservé)",
    r"^(le[ea] (también|más|mas)|leer más|ver más|te puede interesar|publicado (el|a)|actualizado (el|a)|foto ?:|fuente ?:|suscríbete|síguenos)",
    r"^(leggi anche|leggi tutto|pubblicato (il|alle)|aggiornato (il|alle)|iscriviti|fonte ?:|leia (também|mais)|saiba mais|publicado em|atualizado em|lees (ook|meer|verder)|bekijk ook|bron ?:|läs (också|mer|även)|les også|læs også|lue myös|czytaj (także|też|więcej)|devamını oku)",
    r"^(читайте (также|еще|ещё)|подробнее ?[:.…]?$|фото ?:|источник ?:|подписывайтесь|опубликовано|обновлено|читайте також)",
    r"^(اقرأ (أيضا|أيضاً|المزيد)|شاهد أيض|المصدر ?:|続きを読む|関連記事|【写真|写真[:：/／]|画像[:：]|出典[:：]|阅读更多|相关(文章|阅读|新闻)|延伸閱讀|更多阅读|图片来源|来源[:：]|责任编辑|編輯[:：]|더 읽기|관련기사|무단 ?전재)",
];

/// Room for the compiled patterns; counted repetitions of any character take much.
const SET_BYTES: usize = 64 << 20;

#[expect(clippy::expect_used, reason = "the patterns are part of the program, and a test compiles them")]
static SET: LazyLock<RegexSet> = LazyLock::new(|| {
    RegexSetBuilder::new(PATTERNS)
        .case_insensitive(true)
        .size_limit(SET_BYTES)
        .build()
        .expect("patterns compile")
});

/// Whether a sentence belongs to the page and not to the story.
pub(super) fn is_boilerplate(sentence: &str) -> bool {
    if !sentence.chars().any(char::is_alphabetic) {
        return true;
    }
    if sentence.chars().nth(LONGEST_CHARS).is_some() {
        return false;
    }
    let bare = sentence.trim_start_matches(|c: char| !c.is_alphanumeric() && !"©【(@|".contains(c));
    let bare = bare.trim_end_matches(|c: char| ".!»>→… \"”'’".contains(c) || c.is_whitespace());
    SET.is_match(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn what_belongs_to_the_page_is_boilerplate() {
        for sentence in [
            "By Jane O'Neill and John Smith",
            "By Sarah Griffiths for MailOnline",
            "by sarah griffiths for mailonline .",
            "BY TOM JONES, POLITICAL EDITOR",
            "PUBLISHED: 09:34 EST, 5 March 2015",
            "published : 02:29 est , 6 march 2015 .",
            "| .",
            "Updated 5 March 2015",
            "Scroll down for video",
            "scroll down for videos .",
            "Scroll down to watch footage of the brawl",
            "Click here for all the latest Manchester United news.",
            "Read more: The ten best bridges of Europe",
            "READ MORE",
            "Read more about the election here.",
            "Related articles",
            "Share this article",
            "Share on Facebook",
            "Sign up for our newsletter.",
            "Follow us on Twitter",
            "Follow Jane Doe on Twitter @janedoe",
            "Photo: Jane Doe/Getty Images",
            "Photograph by Jane Doe",
            "Jane Doe/AFP/Getty Images",
            "Image source, Getty Images",
            "Source: Marfan Foundation.",
            "CNN's Jane Doe contributed to this report.",
            "The Associated Press contributed to this report.",
            "Copyright 2015 The Associated Press.",
            "All rights reserved.",
            "This material may not be published, broadcast, rewritten or redistributed.",
            "Advertisement",
            "View all comments (12)",
            "3 min read",
            "We use cookies to make this site better.",
            "Lesen Sie auch: Was jetzt kommt",
            "Foto: dpa",
            "À lire aussi : les grandes dates",
            "Lea también: qué pasó ayer",
            "Читайте также: что было вчера",
            "اقرأ أيضا: ما حدث أمس",
            "続きを読む",
            "* * *",
            "12.03.2015",
        ] {
            assert!(is_boilerplate(sentence), "{sentence}");
        }
    }

    #[test]
    fn what_belongs_to_the_story_is_not() {
        for sentence in [
            "By Monday the river had risen four metres.",
            "By then it was too late to turn back.",
            "By train the journey takes an hour.",
            "Published in 2015, the report was soon forgotten.",
            "Children who read more do better at school.",
            "Read more slowly, her teacher told her.",
            "The police shared the footage on Facebook on Friday.",
            "He follows the club on Twitter and never misses a match.",
            "Sources close to the minister denied it.",
            "The photo shows the bridge before it fell.",
            "Photographs of the bridge were taken from a plane.",
            "The company sells advertisements to newspapers.",
            "Share prices fell by 3 percent.",
            "Sign language was used throughout.",
            "Related crimes rose by half last year.",
            "More news is expected on Friday.",
            "See-through bags are allowed at the stadium.",
            "Comments made by the senator drew anger.",
            "The bank said it may not be able to pay.",
            "Von Montag an gelten neue Regeln.",
            "Foto-Apps sind beliebt.",
            "Registered voters stayed at home.",
            "Register offices are closed on Monday.",
            "Like many on Facebook, he did not read the terms.",
        ] {
            assert!(!is_boilerplate(sentence), "{sentence}");
        }
    }
}
