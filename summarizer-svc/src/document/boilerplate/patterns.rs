//! What boilerplate looks like. Each pattern sees one sentence with its white space collapsed, without the quotes and
//! bullets before it and the stops after it; case makes no difference.
//!
//! Repetitions are not counted and word borders are ASCII's: both would make the automata too large to be built ahead,
//! and the search many times slower. Lengths are limited instead.

/// At the beginning of a sentence.
pub(super) const OPENINGS: &[&str] = &[
    // bylines
    r"^(?-i:By|BY) (?-i:\p{Lu})[\p{L}'’.-]*( (and|&|for( the)?|(?-i:\p{Lu})[\p{L}'’.-]*))*( ?, [\p{L} ,'’.-]+)?$",
    r"^by [\p{L}'’.-]+( [\p{L}'’.-]+){1,2}( for (the )?(mailonline|daily mail|associated press|[\p{L}]+ online))$",
    // times
    r"^(first )?(published|updated|last updated|last modified|posted|created)( (on|at))?( ?:|,? \d)",
    r"^\| ?\.?$",
    // calls to click
    r"^scroll down (for|to|below)(?-u:\b)",
    r"^(click|tap|press|swipe) (here|on|below|the|through|left|right|to (see|read|watch|view|follow|listen|subscribe|play|enlarge))(?-u:\b)",
    r"^(read|see|find out|learn|watch|listen|discover|show|load) more( ?[:»>→…|.-]| (on|at|about|from|here|stories|news|below)(?-u:\b)|$)",
    r"^(read|see|watch|view|listen)( ?:| (also|next|now|here|below)(?-u:\b)|( the)? (full (story|article|report|interview|gallery|video)|full list))",
    r"^(related|recommended|trending|more|top|popular|latest|must-read|most read)( (articles?|stor(y|ies)|content|topics?|news|reading|links?|videos?|coverage))( ?:|$)",
    r"^(share|tweet|pin|e-?mail|print|save|copy|bookmark|comment)( (this|the|on|via|with|to|a|link|facebook|twitter|whatsapp|article|story|page|friend|comments?))*$",
    r"^(sign|log) (up|in) (to|for|here|now|with|below)(?-u:\b)",
    r"^(subscribe|unsubscribe|register)( (to|for|now|here|today|with)(?-u:\b)|$)",
    r"^(follow|join|find|contact|e-?mail|reach|message) (us|me|him|her|them|@\w+|[\p{L} ]+)( (on|via|at))( (facebook|twitter|instagram|youtube|linkedin|tiktok|telegram|whatsapp|threads|mastodon|bluesky|snapchat|reddit|x)(?-u:\b)| ?[@\w.+-]*@)",
    r"^(get|download|install) (the|our) [\p{L} ]*(app|newsletter)(?-u:\b)",
    r"^(get|have) (the|our) .* (delivered|sent|straight) (straight )?(to|in) your (inbox|phone)",
    r"^for confidential (support|help|advice)(?-u:\b)",
    r"^(view|show|hide|post|read|add|see|no|all|\d+) ?(all |the )?(\d+ )?comments?( \(\d+\))?$",
    r"^(advertisement|sponsored( content)?|promoted|story highlights|key points|in this article|table of contents|skip to (content|main)|back to top|continue reading.*|loading(?-u:\b).*|article continues below.*|this article is sponsored.*|image source.*)$",
    r"^(we|this (web)?site) uses? cookies(?-u:\b)",
    r"^by (continuing|clicking|using|signing)(?-u:\b).*(?-u:\b)(cookies|terms|privacy|agree)(?-u:\b)",
    // credits and rights
    r"^(photo(graph)?s?|pictures?|images?|videos?|graphics?|illustrations?|credits?|sources?|courtesy|file photo)( ?(credit|source|courtesy|by|of|from))?s? ?[:|©/]",
    r"^(additional )?(reporting|editing|writing|research) by(?-u:\b)",
    r"^(copyright|©|\(c\)) ?(©|\(c\))? ?(\d{4}|by|the)(?-u:\b)",
    r"^(the )?views expressed (in|by|are)(?-u:\b).*(?-u:\b)(author|writer|own)",
    // other languages
    r"^(lesen sie (auch|mehr|hier)|mehr zum thema|(mehr )?lesen ?:|weiterlesen|zum thema ?:|foto ?:|bild ?:|quelle ?:|anzeige$|veröffentlicht (am|um)|aktualisiert (am|um)|stand ?: ?\d|von (?-i:\p{Lu})\p{Ll}+ (?-i:\p{Lu})\p{Ll}+$)",
    r"^((à )?lire (aussi|également|la suite)|voir aussi|en savoir plus|publié (le|à)|mis à jour (le|à)|crédits? (photo|image)|photo ?:|abonnez-vous|article réservé)",
    r"^(le[ea] (también|más|mas)|leer más|ver más|te puede interesar|publicado (el|a)|actualizado (el|a)|foto ?:|fuente ?:|suscríbete|síguenos)",
    r"^(leggi anche|leggi tutto|pubblicato (il|alle)|aggiornato (il|alle)|iscriviti|fonte ?:|leia (também|mais)|saiba mais|publicado em|atualizado em|lees (ook|meer|verder)|bekijk ook|bron ?:|läs (också|mer|även)|les også|læs også|lue myös|czytaj (także|też|więcej)|devamını oku)",
    r"^(читайте (также|еще|ещё)|подробнее ?[:.…]?$|фото ?:|источник ?:|подписывайтесь|опубликовано|обновлено|читайте також)",
    r"^(اقرأ (أيضا|أيضاً|المزيد)|شاهد أيض|المصدر ?:|続きを読む|関連記事|【写真|写真[:：/／]|画像[:：]|出典[:：]|阅读更多|相关(文章|阅读|新闻)|延伸閱讀|更多阅读|图片来源|来源[:：]|责任编辑|編輯[:：]|더 읽기|관련기사|무단 ?전재)",
];

/// At the beginning of a short sentence: in a long one they may be part of the story.
pub(super) const SHORT_OPENINGS: &[&str] = &[
    // times
    r"^\d{1,2} (min|minute)s? (read|ago)(?-u:\b).*$",
    // calls to click
    r"^(watch|play|view) (the |this |our )?(video|clip|footage|gallery|slideshow)s?(?-u:\b).*$",
    r"^(do you )?have (a|any) (story|stories|tip|information|question|video|photo)s?(?-u:\b).*\?$",
    r"^(what do you think|have your say|join the (conversation|debate|discussion)|leave a comment|let us know)(?-u:\b).*$",
    // credits and rights
    r"^[\p{L} .'’/-]+ ?/ ?(getty( images)?|ap|afp|reuters|epa|shutterstock|istock|alamy|bloomberg|pa)( images| photo| wire)?( via .+)?$",
    r"^(getty images|associated press|agence france-presse|reuters|afp|ap photo)(?-u:\b).*$",
    r"^(photo(graph)?|picture|image|illustration|video)s? (by|courtesy|credit)(?-u:\b).*$",
    r"^this (article|story|piece|post) (was |has been )?(originally |first )?(published|appeared|updated|corrected|amended)(?-u:\b).*$",
];

/// Anywhere.
pub(super) const PHRASES: &[&str] = &[
    r"(?-u:\b)(contributed|have contributed) (reporting |additional reporting )?to this (report|story|article)(?-u:\b)",
    r"(?-u:\b)all rights reserved(?-u:\b)",
    r"(?-u:\b)(may|must) not be (published|reproduced|copied|reprinted)(?-u:\b).*(?-u:\b)(broadcast|rewritten|redistributed|permission|consent)(?-u:\b)",
];
