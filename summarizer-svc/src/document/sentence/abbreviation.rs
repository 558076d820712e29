//! Full stops that end no sentence: titles, initials, months, dotted abbreviations, ordinals.

use super::orthography::Orthography;

/// What stands before a full stop, and after it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stop<'a> {
    /// The token before the stop, without it: "Mr", "U.S", "3".
    pub(super) token: &'a str,
    /// The word after the white space; empty where there is none.
    pub(super) next: &'a str,
    /// The token is the first of its sentence.
    pub(super) opens_sentence: bool,
    pub(super) orthography: Orthography,
}

/// Always before a name.
const TITLES: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "st", "ste", "gen", "sen", "rep", "gov", "lt", "col", "capt", "cpt",
    "sgt", "cpl", "pvt", "rev", "hon", "pres", "supt", "insp", "adm", "cmdr", "cdr", "maj", "brig", "messrs",
    "mme", "mlle", "m", "sr", "sra", "srta", "dra", "dña", "dott", "sig", "hr", "fr", "ing", "mag", "dipl",
    "mt", "ft", "det", "atty", "г", "им", "ул", "κ", "κα", "δρ",
];
/// In the middle of a sentence unless the next word opens one.
const MIDDLES: &[&str] = &[
    "inc", "corp", "co", "ltd", "llc", "bros", "jr", "etc", "dept", "est", "assn", "univ", "ave", "blvd",
    "rd", "ed", "eds", "al", "ext", "tel", "min", "max", "sq", "lb", "lbs", "oz", "usw", "bzgl", "gem",
    "inkl", "evtl", "ggf", "tsd", "mio", "mrd", "str", "abt", "jh", "av", "env", "ex", "pág", "núm", "aprox",
    "руб", "млн", "млрд", "тыс", "др", "calif", "fla", "mass", "pa", "conn", "mich", "minn", "tenn", "wis",
    "ariz", "colo",
];
/// Never the last word.
const LEADERS: &[&str] = &[
    "vs", "v", "cf", "ca", "approx", "bzw", "vgl", "z.b", "d.h", "u.a", "e.g", "i.e", "eg", "ie", "viz",
    "sog",
];
/// Before a number.
const COUNTERS: &[&str] = &[
    "no", "nos", "nr", "núm", "fig", "figs", "vol", "vols", "p", "pp", "art", "sec", "ch", "pt", "op", "jan",
    "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "abb", "bd", "par", "ver",
    "№", "стр", "рис",
];
/// Words that open sentences so often that they settle it.
const OPENERS: &[&str] = &[
    "the",
    "a",
    "an",
    "in",
    "on",
    "at",
    "it",
    "its",
    "it's",
    "he",
    "she",
    "they",
    "we",
    "you",
    "i",
    "but",
    "and",
    "this",
    "that",
    "these",
    "those",
    "there",
    "his",
    "her",
    "their",
    "our",
    "my",
    "for",
    "as",
    "if",
    "when",
    "while",
    "after",
    "before",
    "since",
    "however",
    "also",
    "so",
    "not",
    "what",
    "who",
    "how",
    "why",
    "with",
    "from",
    "by",
    "to",
    "another",
    "some",
    "many",
    "most",
    "one",
    "two",
    "both",
    "officials",
    "police",
    "der",
    "die",
    "das",
    "ein",
    "eine",
    "er",
    "sie",
    "es",
    "wir",
    "ich",
    "aber",
    "und",
    "im",
    "am",
    "le",
    "la",
    "les",
    "un",
    "une",
    "il",
    "elle",
    "ils",
    "nous",
    "je",
    "mais",
    "et",
    "dans",
    "el",
    "los",
    "las",
    "una",
    "pero",
    "y",
    "en",
    "это",
    "он",
    "она",
    "они",
    "но",
    "и",
    "в",
    "на",
];

impl Stop<'_> {
    /// Whether the sentence goes on after this full stop.
    pub(super) fn is_inside(self) -> bool {
        let token = self.token.to_lowercase();
        let token = token.as_str();
        // A tokenizer leaves a stop at a word only where it is part of it.
        let opener = !self.orthography.tokenized && OPENERS.contains(&self.next.to_lowercase().as_str());
        if token.bytes().all(|byte| byte.is_ascii_digit()) {
            return self.is_ordinal(opener);
        }
        if LEADERS.contains(&token) {
            return true;
        }
        if COUNTERS.contains(&token) && self.next.starts_with(|c: char| c.is_ascii_digit()) {
            return true;
        }
        let known = TITLES.contains(&token) || MIDDLES.contains(&token);
        !opener && (known || self.is_initial() || self.is_numeral() || is_dotted(token))
    }

    /// "3. Oktober", or the number of a list's item.
    fn is_ordinal(self, opener: bool) -> bool {
        let short = self.token.len() <= 2;
        short && (self.opens_sentence || (self.orthography.ordinals && !opener))
    }

    /// "Wilhelm II. regierte".
    fn is_numeral(self) -> bool {
        self.orthography.ordinals && self.token.bytes().all(|byte| matches!(byte, b'I' | b'V' | b'X'))
    }

    /// The "F" of "John F. Kennedy".
    fn is_initial(self) -> bool {
        let mut letters = self.token.chars();
        match (letters.next(), letters.next()) {
            (Some(letter), None) => {
                letter.is_uppercase() || (self.orthography.caseless && letter.is_lowercase())
            }
            _ => false,
        }
    }
}

/// "u.s", "p.m", "ph.d": parts of at most two letters with stops between them.
fn is_dotted(token: &str) -> bool {
    token.contains('.')
        && token
            .split('.')
            .all(|part| (1..=2).contains(&part.chars().count()) && part.chars().all(char::is_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(token: &str, next: &str) -> bool {
        let orthography = Orthography::default();
        Stop { token, next, opens_sentence: false, orthography }.is_inside()
    }

    #[test]
    fn titles_and_initials_go_on() {
        for (token, next) in
            [("Mr", "Smith"), ("St", "Louis"), ("F", "Kennedy"), ("U.S", "Senate"), ("No", "10")]
        {
            assert!(inside(token, next), "{token}. {next}");
        }
    }

    #[test]
    fn the_same_words_end_a_sentence_where_the_next_one_opens() {
        for (token, next) in
            [("U.S", "The"), ("Inc", "He"), ("p.m", "Police"), ("no", "She"), ("2015", "Then")]
        {
            assert!(!inside(token, next), "{token}. {next}");
        }
    }

    #[test]
    fn ordinals_depend_on_the_language() {
        let orthography = Orthography { ordinals: true, ..Orthography::default() };
        let german = Stop { token: "3", next: "Oktober", opens_sentence: false, orthography };
        assert!(german.is_inside());
        assert!(!Stop { orthography: Orthography::default(), ..german }.is_inside());
        assert!(!Stop { next: "Die", ..german }.is_inside());
    }
}
