//! Marks that end, open and close.

/// What a run of stops says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One full stop; it has other uses.
    Full,
    /// "...", "…"
    Ellipsis,
    /// "!", "?!"; may stand inside a sentence.
    Question,
    /// Marks that do nothing else: 。 । ؟
    Own,
}

impl Kind {
    pub(super) fn of(run: &str) -> Self {
        if run.chars().any(is_own_mark) {
            Self::Own
        } else if run.contains(['!', '?', ';']) {
            Self::Question
        } else if run == "." {
            Self::Full
        } else {
            Self::Ellipsis
        }
    }
}

/// Whether a character may end a sentence.
pub(in crate::document) fn is_stop(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…') || is_own_mark(c)
}

/// Sentence marks (Unicode's `Sentence_Terminal`) that have no other use.
fn is_own_mark(c: char) -> bool {
    matches!(
        c,
        '。' | '！' | '？' | '｡' | '．' // Chinese, Japanese
            | '।' | '॥' // Indic scripts
            | '؟' | '۔' // Arabic, Urdu
            | '።' | '፧' // Ethiopic
            | '։' // Armenian
            | '\u{37E}' // Greek
            | '။' // Myanmar
            | '។' | '៕' // Khmer
            | '‼' | '⁇' | '⁈' | '⁉'
    )
}

/// Whether a character may close a quotation or a bracket.
pub(super) fn closes(c: char) -> bool {
    matches!(c, '"' | '\'' | '”' | '’' | '“' | '»' | '«' | '›' | ')' | ']' | '}')
        || matches!(c, '」' | '』' | '）' | '】' | '》' | '〉' | '〕')
}

/// Whether a character may open a quotation or, in Spanish, a question.
pub(super) fn opens(c: char) -> bool {
    matches!(c, '"' | '\'' | '“' | '‘' | '„' | '«' | '»' | '‹' | '¿' | '¡' | '「' | '『' | '《' | '【')
}

/// Scripts that write no mark at the end of a sentence: Thai, Lao.
pub(super) fn is_stopless(c: char) -> bool {
    matches!(c, '\u{0E00}'..='\u{0EFF}')
}
