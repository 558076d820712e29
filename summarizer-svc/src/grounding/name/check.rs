//! What of a sentence's names the article does not support.

use std::ops::Range;

use super::{
    index::{Names, spelled_out},
    place,
    role::{is_role, is_title},
    run::{Run, runs},
};
use crate::{
    document::Language,
    grounding::{
        letters::{Letters, append},
        token::{DASHES, Kind, Token},
        tongue::Tongue,
    },
};

/// A sentence with more of its longer words in capitals is a headline, whose capitals say nothing.
const HEADLINE: f64 = 0.75;

/// What people do in the news.
const ACTS: &[&str] = &[
    "said",
    "says",
    "told",
    "tells",
    "added",
    "adds",
    "wrote",
    "writes",
    "won",
    "was",
    "is",
    "has",
    "had",
    "will",
    "who",
    "did",
    "joined",
    "scored",
    "died",
    "made",
    "took",
    "went",
    "came",
    "became",
    "began",
    "left",
    "announced",
    "described",
    "declared",
];

/// Possessives at the beginning of a sentence that are no names.
const TIMES: &[&str] = &[
    "today",
    "yesterday",
    "tomorrow",
    "tonight",
    "year",
    "week",
    "month",
    "day",
    "season",
    "winter",
    "summer",
    "nation",
    "country",
];

/// What names are checked against.
pub(in crate::grounding) struct Check<'a> {
    pub(in crate::grounding) names: &'a Names,
    pub(in crate::grounding) letters: &'a Letters,
    pub(in crate::grounding) language: &'a Language,
    pub(in crate::grounding) tongue: Tongue,
}

/// What a word of a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// The article has it.
    Known,
    /// A title, a people, an ordinary word: it makes no name with its neighbours.
    Neutral,
    Unknown,
}

impl Check<'_> {
    /// Token ranges of names that the article does not have. Tokens that are `taken` are no names.
    pub(in crate::grounding) fn unsupported(&self, tokens: &[Token], taken: &[bool]) -> Vec<Range<usize>> {
        if self.tongue.capitals_are_names() && is_headline(tokens) {
            return Vec::new();
        }
        runs(tokens, taken).iter().flat_map(|run| self.of_run(tokens, run)).collect()
    }

    /// Whether the article has this word, or one of its forms.
    pub(in crate::grounding) fn knows(&self, token: &Token) -> bool {
        self.names.used(&token.folded).is_some() || self.is_inflected(&token.folded)
    }

    fn of_run(&self, tokens: &[Token], run: &Run) -> Vec<Range<usize>> {
        let words: Vec<&Token> = run.words.iter().filter_map(|at| tokens.get(*at)).collect();
        if self.is_spelled_out(tokens, run, &words) {
            return Vec::new();
        }
        let standing: Vec<Standing> =
            words.iter().enumerate().map(|(at, _)| self.standing(tokens, run, &words, at)).collect();
        let flagged = if self.tongue.capitals_are_names() {
            self.flag(run, &words, &standing)
        } else {
            flag_german(run, &words, &standing)
        };
        let place = |at: usize| run.words.get(at).copied();
        let end = |last: usize| last + 1 + if self.goes_on(tokens, last) { 2 } else { 0 };
        let ranges =
            flagged.into_iter().filter_map(|range| Some(place(range.start)?..end(place(range.end - 1)?)));
        ranges.collect()
    }

    /// Whether a name goes on in lower case behind a hyphen, as it does in the article: "Hsiao-mei".
    fn goes_on(&self, tokens: &[Token], at: usize) -> bool {
        let hyphen = tokens.get(at + 1).is_some_and(|token| !token.spaced && token.is_mark(DASHES));
        let next = tokens.get(at + 2).filter(|next| hyphen && !next.spaced && next.kind == Kind::Word);
        tokens.get(at).zip(next).is_some_and(|(word, next)| self.names.has_pair(&word.folded, &next.folded))
    }

    /// "European Union" for "EU", "United States" for "American".
    fn is_spelled_out(&self, tokens: &[Token], run: &Run, words: &[&Token]) -> bool {
        let initials: String = words.iter().filter_map(|word| word.folded.chars().next()).collect();
        let joined = words.iter().map(|word| word.folded.as_str()).collect::<Vec<_>>().join(" ");
        let abbreviates = words.len() > 1
            && (self.names.abbreviates_to(&initials)
                || spelled_out(tokens, run).is_some_and(|letters| self.names.abbreviates_to(&letters)));
        abbreviates || self.names.has_people(&joined)
    }

    fn standing(&self, tokens: &[Token], run: &Run, words: &[&Token], at: usize) -> Standing {
        let Some(word) = words.get(at) else { return Standing::Neutral };
        let folded = word.folded.as_str();
        let initial = at == 0 && run.is_initial;
        let used = self.names.used(folded);
        if is_title(folded) || folded.chars().count() < 2 || self.names.has_people(folded) {
            return Standing::Neutral;
        }
        if let Some(used) = used {
            return if used.is_name() { Standing::Known } else { Standing::Neutral };
        }
        let plain = initial && (self.language.is_stop_word(&word.raw.to_lowercase()) || is_role(folded));
        let known = plain
            || (word.is_acronym() && self.names.has_acronym(folded))
            || self.is_form_of_known(words, at)
            || (initial && words.len() == 1 && !self.takes_a_names_place(tokens, run, word));
        if known { Standing::Neutral } else { Standing::Unknown }
    }

    /// A derivation, a plural, a short form, an inflection, or a part of a longer word.
    fn is_form_of_known(&self, words: &[&Token], at: usize) -> bool {
        let Some(word) = words.get(at) else { return false };
        let folded = word.folded.as_str();
        let next = words.get(at + 1).map(|next| next.folded.as_str());
        let short = |other: &str| {
            let (a, b) = (folded.len().min(other.len()), next.unwrap_or_default());
            a > 2 && (other.starts_with(folded) || folded.starts_with(other)) && self.names.has_pair(other, b)
        };
        let previous =
            at.checked_sub(1).and_then(|before| words.get(before)).map(|word| word.folded.as_str());
        let previous = previous.filter(|word| !self.language.is_stop_word(word));
        let plural = |other: &str| {
            let is_plural =
                folded.strip_suffix('s') == Some(other) || other.strip_suffix('s') == Some(folded);
            is_plural
                && previous.is_none_or(|previous| self.names.has_pair(previous, other))
                && next.is_none()
        };
        let related = self
            .names
            .alike(folded)
            .any(|other| place::derives(folded, other) || short(other) || plural(other));
        let mut letters = String::new();
        append(&mut letters, &word.raw);
        let stem = self.language.stem(&letters).into_owned();
        let german = self.tongue == Tongue::German && stem.len() > 3 && self.letters.contains_within(&stem);
        related || german || self.letters.contains(&letters) || self.is_inflected(folded)
    }

    /// Whether the article has the word in lower case with another ending: "Bombing", "bombings".
    fn is_inflected(&self, folded: &str) -> bool {
        let stem = self.language.stem(folded);
        let endings = ["", "s", "es", "ed", "d", "ing", "er", "ers", "e", "n", "en"];
        let has = |word: &str| self.names.used(word).is_some_and(|used| used.lower > 0);
        stem.len() > 2 && endings.iter().any(|ending| has(&format!("{stem}{ending}")))
    }

    /// Whether a lone word at the beginning of a sentence is one that only a name can be: an abbreviation, or who says
    /// or does something that a name does in the article.
    fn takes_a_names_place(&self, tokens: &[Token], run: &Run, word: &Token) -> bool {
        let next = run.words.first().and_then(|at| tokens.get(at + 1)).map(|next| next.folded.as_str());
        let ordinary =
            ["s", "ing", "ed", "ly", "ion", "ment", "ity"].iter().any(|ending| word.folded.ends_with(ending));
        let acts = next.is_some_and(|next| {
            let is_verb = ACTS.contains(&next) || (next.len() > 3 && next.ends_with(['s', 'd']));
            is_verb && self.names.follows_name(next)
        });
        let owns = word.is_possessive() && !TIMES.contains(&word.folded.as_str());
        let odd = owns || word.is_acronym() || word.raw.chars().any(|c| c.is_ascii_digit());
        odd || (acts && !ordinary && word.raw.chars().count() > 2)
    }

    /// Unknown words, each with the name that it is a part of, and names that were glued from two.
    fn flag(&self, run: &Run, words: &[&Token], standing: &[Standing]) -> Vec<Range<usize>> {
        let joined = |at: usize| run.adjacent.get(at).copied().unwrap_or(false);
        let is = |at: usize, wanted: Standing| standing.get(at) == Some(&wanted);
        let pair = |at: usize| {
            let two = words.get(at - 1).zip(words.get(at)).filter(|_| joined(at) && is(at, Standing::Known));
            is(at - 1, Standing::Known) && two.is_some_and(|(a, b)| self.names.has_pair(&a.folded, &b.folded))
        };
        let is_single = |at: usize| {
            is(at, Standing::Known) && !(at > 0 && pair(at)) && !(at + 1 < words.len() && pair(at + 1))
        };
        let mut flagged: Vec<Range<usize>> = Vec::new();
        for at in 0..words.len() {
            let last = flagged.last().map_or(0, |range| range.end);
            if at < last {
                continue;
            }
            if is(at, Standing::Unknown) {
                let (mut start, mut end) = (at, at + 1);
                while joined(end) && (is(end, Standing::Unknown) || is_single(end)) {
                    end += 1;
                }
                while start > last && joined(start) && is_single(start - 1) && end == at + 1 {
                    start -= 1;
                }
                let surname = words.get(1).and_then(|word| self.names.used(&word.folded));
                let begins_name = surname.is_none_or(|used| !used.follows);
                let descriptor = at == 0 && run.is_initial && end == 1 && words.len() > 1 && begins_name;
                if !descriptor {
                    flagged.push(start..end);
                }
            } else if at > 0 && joined(at) && is_single(at - 1) && is_single(at) && self.is_glued(words, at) {
                flagged.push(at - 1..at + 1);
            }
        }
        flagged
    }

    /// Whether a first name and a surname belong to two people of the article.
    fn is_glued(&self, words: &[&Token], at: usize) -> bool {
        let used = |at: usize| words.get(at).and_then(|word| self.names.used(&word.folded));
        used(at - 1)
            .zip(used(at))
            .is_some_and(|(first, last)| first.leads && first.alone == 0 && last.follows)
    }
}

/// German writes every noun with a capital: only words side by side that are nowhere in the article are a name, and
/// abbreviations.
fn flag_german(run: &Run, words: &[&Token], standing: &[Standing]) -> Vec<Range<usize>> {
    let skipped = usize::from(run.is_initial && words.len() < 3);
    let is_unknown = |at: usize| at >= skipped && standing.get(at) == Some(&Standing::Unknown);
    let mut flagged = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let adjacent = |at: usize| run.adjacent.get(at).copied().unwrap_or(false);
        let end = (at..words.len())
            .find(|end| !is_unknown(*end) || (*end > at && !adjacent(*end)))
            .unwrap_or(words.len());
        let acronym = words.get(at).is_some_and(|word| word.is_acronym()) && end == at + 1;
        if end > at + 1 || acronym {
            flagged.push(at..end);
        }
        at = end.max(at + 1);
    }
    flagged
}

fn is_headline(tokens: &[Token]) -> bool {
    let long =
        tokens.iter().skip(1).filter(|token| token.kind == Kind::Word && token.raw.chars().count() > 3);
    let (capitals, all) = long
        .fold((0_u32, 0_u32), |(capitals, all), token| (capitals + u32::from(token.is_capital()), all + 1));
    all > 4 && f64::from(capitals) > HEADLINE * f64::from(all)
}
