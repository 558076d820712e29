//! The numbers, dates, names and words of an article, and what of a sentence they don't support.

use std::{borrow::Cow, collections::HashSet, ops::Range, slice};

use super::{
    date::{Dates, Moment, When, moments},
    letters::Letters,
    name::{Check, Names},
    number::{Counted, Form, Numbers, Numeral, Share, is_among, is_word, numerals, shares},
    quote::{is_supported, quotes},
    token::{Kind, Token, lex},
    tongue::Tongue,
};
use crate::{
    document::{Article, Language, content_stem},
    summary::{Unsupported, UnsupportedKind},
};

/// Words on each side of a number that may have to do with it.
const CLAUSE: usize = 8;
/// What the number in "Haile, 25, took" counts.
const AGE: &str = "year";
/// What begins another clause.
const CONJUNCTIONS: &[&str] = &["and", "but", "while", "or", "und", "aber", "oder", "et", "mais", "ou"];

/// What an article says of facts.
pub(super) struct Facts<'a> {
    language: &'a Language,
    tongue: Tongue,
    letters: Letters,
    numbers: Numbers,
    /// Parts of a whole, however they are written.
    shares: Vec<f64>,
    dates: Dates,
    names: Names,
}

impl<'a> Facts<'a> {
    /// Reads the title and every paragraph.
    pub(super) fn of(article: &Article, language: &'a Language) -> Self {
        let mut facts = Self {
            language,
            tongue: Tongue::of(language.primary()),
            letters: Letters::default(),
            numbers: Numbers::default(),
            shares: Vec::new(),
            dates: Dates::default(),
            names: Names::default(),
        };
        facts.add(&article.title);
        article.paragraphs.iter().for_each(|paragraph| facts.add(&paragraph.text));
        facts.numbers.finish();
        facts
    }

    fn add(&mut self, text: &str) {
        let tokens = lex(text, self.tongue);
        self.letters.add(&tokens);
        self.add_speech(&tokens);
        self.names.add(&tokens);
        for moment in moments(&tokens, self.tongue) {
            self.dates.add(&moment.when);
        }
        let numerals = numerals(&tokens, self.tongue);
        self.shares.extend(shares(&tokens, &numerals, self.tongue).into_iter().map(|share| share.value));
        for numeral in numerals {
            let counted = self.counted(&tokens, &numeral);
            self.numbers.add(&numeral, &counted);
        }
    }

    /// Adds what is quoted in a paragraph as one text, so that "he said" in between doesn't part it.
    fn add_speech(&mut self, tokens: &[Token]) {
        let quoted = quotes(tokens);
        if quoted.len() > 1 {
            let speech: Vec<Token> =
                quoted.into_iter().filter_map(|quote| tokens.get(quote)).flatten().cloned().collect();
            self.letters.add(&speech);
        }
    }

    /// What of a sentence the article does not support, in order; nothing twice.
    pub(super) fn unsupported(&self, sentence: &str) -> Vec<Unsupported> {
        let tokens = lex(sentence, self.tongue);
        let mut taken = Taken::new(tokens.len());
        let mut found = Vec::new();
        let check = Check {
            names: &self.names,
            letters: &self.letters,
            language: self.language,
            tongue: self.tongue,
        };
        for quote in quotes(&tokens) {
            let inside = tokens.get(quote.clone()).unwrap_or_default();
            if !is_supported(inside, &self.letters, |word| check.knows(word)) {
                found.push((bare(&tokens, quote.clone()), UnsupportedKind::Quote));
            }
            taken.take(quote);
        }
        self.check_dates(&tokens, &mut taken, &mut found);
        self.check_numbers(&tokens, &mut taken, &mut found);
        let names = check.unsupported(&tokens, &taken.0);
        found.extend(names.into_iter().map(|range| (range, UnsupportedKind::Name)));
        let chars: Vec<char> = sentence.chars().collect();
        let mut marks: Vec<Unsupported> =
            found.into_iter().filter_map(|(range, kind)| mark(&chars, &tokens, range, kind)).collect();
        marks.sort_by_key(|mark| (mark.start, mark.end));
        marks.dedup_by(|later, earlier| later.start < earlier.end);
        marks
    }

    fn check_dates(
        &self,
        tokens: &[Token],
        taken: &mut Taken,
        found: &mut Vec<(Range<usize>, UnsupportedKind)>,
    ) {
        for moment in moments(tokens, self.tongue) {
            let range = moment.first..moment.end;
            if taken.touches(range.clone()) {
                continue;
            }
            if !self.dates.support(&moment.when, &self.numbers) && !self.stands_as_number(tokens, &moment) {
                found.push((range.clone(), UnsupportedKind::Date));
            }
            taken.take(range);
        }
    }

    /// Whether "1.30" is no time where the article has it.
    fn stands_as_number(&self, tokens: &[Token], moment: &Moment) -> bool {
        let first = tokens.get(moment.first).filter(|token| token.raw.contains('.'));
        let numerals = first.map(|token| numerals(slice::from_ref(token), self.tongue)).unwrap_or_default();
        let is_time = matches!(moment.when, When::Clock(_));
        is_time
            && numerals.iter().flat_map(|numeral| &numeral.values).any(|value| self.numbers.contains(*value))
    }

    fn check_numbers(
        &self,
        tokens: &[Token],
        taken: &mut Taken,
        found: &mut Vec<(Range<usize>, UnsupportedKind)>,
    ) {
        let mut claims = numerals(tokens, self.tongue);
        // The parts of a share that the article has say nothing by themselves.
        let mut own = shares(tokens, &claims, self.tongue);
        own.retain(|share| share.is_among(&self.shares));
        let in_share = |at: usize| own.iter().any(|share| !share.is_percentage && share.tokens.contains(&at));
        claims.retain(|numeral| {
            let is_taken = taken.touches(numeral.first..numeral.end) || in_share(numeral.first);
            !is_taken && !says_nothing(tokens, numeral)
        });
        let misplaced = self.misplaced(tokens, &claims);
        for (index, numeral) in claims.iter().enumerate() {
            let range = numeral.first..numeral.end;
            let before = tokens.get(..numeral.first).unwrap_or_default();
            let counted = self.counted(tokens, numeral);
            let is_known = self.numbers.support(numeral, before, &counted) || self.is_share(numeral, &own);
            if !is_known || misplaced.contains(&index) {
                let is_date = matches!(numeral.form, Form::Year | Form::Decade);
                let kind = if is_date { UnsupportedKind::Date } else { UnsupportedKind::Number };
                found.push((range.clone(), kind));
            }
            taken.take(range);
        }
    }

    /// Whether the article has it as a part of a whole: "25 percent" or "0.25 points" are a quarter.
    fn is_share(&self, numeral: &Numeral, known: &[Share]) -> bool {
        let is_percentage =
            known.iter().any(|share| share.is_percentage && share.tokens.start == numeral.first);
        let value = numeral.values.first().map_or(0.0, |value| value.approximate());
        is_percentage || (value > 0.0 && value < 1.0 && is_among(value, &self.shares))
    }

    /// Numbers that the article has, but for something else.
    fn misplaced(&self, tokens: &[Token], claims: &[Numeral]) -> HashSet<usize> {
        let counts = |numeral: &&Numeral| matches!(numeral.form, Form::Digits | Form::Words);
        let claims: Vec<(usize, &Numeral, Counted)> = claims
            .iter()
            .enumerate()
            .filter(|(_, numeral)| counts(numeral))
            .map(|(index, numeral)| (index, numeral, self.counted(tokens, numeral)))
            .collect();
        let mut misplaced = HashSet::new();
        for (index, numeral, counted) in &claims {
            if self.numbers.is_misplaced(numeral, counted) {
                misplaced.insert(*index);
            }
        }
        for pair in claims.windows(2) {
            if let [(first, one, by_one), (second, other, by_other)] = pair
                && self.numbers.are_swapped((one, by_one), (other, by_other))
            {
                misplaced.extend([*first, *second]);
            }
        }
        misplaced
    }

    /// What a number counts: the words around it, up to a mark, a conjunction or another number.
    fn counted(&self, tokens: &[Token], numeral: &Numeral) -> Counted {
        let goes_on = |token: &&Token| match token.kind {
            Kind::Word => !CONJUNCTIONS.contains(&token.folded.as_str()),
            Kind::Mark(mark) => matches!(mark, '-' | '‐' | '‑' | '\'' | '%'),
            Kind::Number => false,
        };
        let after = tokens.get(numeral.end..).unwrap_or_default().iter().take_while(goes_on);
        let before = tokens.get(..numeral.first).unwrap_or_default().iter().rev().take_while(goes_on);
        let next = tokens.get(numeral.end).filter(|next| next.spaced).and_then(|next| self.content(next));
        let comma =
            |at: Option<usize>| at.and_then(|at| tokens.get(at)).is_some_and(|token| token.is_mark(&[',']));
        let is_age = comma(numeral.first.checked_sub(1)) && comma(Some(numeral.end));
        let age = is_age.then(|| AGE.to_owned());
        Counted {
            next,
            after: after.take(CLAUSE).filter_map(|word| self.content(word)).chain(age).collect(),
            before: before.take(CLAUSE).filter_map(|word| self.content(word)).collect(),
        }
    }

    fn content(&self, token: &Token) -> Option<String> {
        let is_word = token.kind == Kind::Word && !is_word(&token.folded, self.tongue);
        content_stem(&token.folded, self.language).filter(|_| is_word).map(Cow::into_owned)
    }
}

/// Numbers that are hardly ever meant as such: "one", "first", "a third of".
fn says_nothing(tokens: &[Token], numeral: &Numeral) -> bool {
    let is_small =
        |most: u64| numeral.values.iter().all(|value| value.integer().is_some_and(|value| value <= most));
    let word = |at: Option<usize>| at.and_then(|at| tokens.get(at)).map(|token| token.folded.as_str());
    let in_words = tokens.get(numeral.first).is_some_and(|token| token.kind == Kind::Word);
    let fraction = matches!(word(numeral.first.checked_sub(1)), Some("a" | "one" | "ein" | "un"))
        || matches!(word(Some(numeral.end)), Some("of"));
    let of_fraction = word(numeral.first.checked_sub(1)) == Some("of")
        && matches!(
            word(numeral.first.checked_sub(2)),
            Some("half" | "third" | "quarter" | "thirds" | "quarters")
        );
    match numeral.form {
        Form::Words => is_small(1) || of_fraction,
        Form::Ordinal => in_words && (is_small(2) || fraction),
        Form::Digits | Form::Year | Form::Decade => false,
    }
}

/// A quotation without the comma or stop at its end.
fn bare(tokens: &[Token], quote: Range<usize>) -> Range<usize> {
    let ends_with_mark = tokens.get(quote.end - 1).is_some_and(|token| token.is_mark(&[',', '.', ';']));
    quote.start..quote.end - usize::from(ends_with_mark && quote.len() > 1)
}

/// Which tokens belong to a fact that was found.
struct Taken(Vec<bool>);

impl Taken {
    fn new(tokens: usize) -> Self {
        Self(vec![false; tokens])
    }

    fn take(&mut self, range: Range<usize>) {
        if let Some(tokens) = self.0.get_mut(range) {
            tokens.fill(true);
        }
    }

    fn touches(&self, range: Range<usize>) -> bool {
        self.0.get(range).is_some_and(|tokens| tokens.contains(&true))
    }
}

fn mark(chars: &[char], tokens: &[Token], range: Range<usize>, kind: UnsupportedKind) -> Option<Unsupported> {
    let first = tokens.get(range.start)?;
    let last = tokens.get(range.end.checked_sub(1)?)?;
    let possessive = if kind == UnsupportedKind::Name && last.is_possessive() { 2 } else { 0 };
    let (start, end) = (first.start, last.end - possessive);
    let text: String = chars.get(start..end)?.iter().collect();
    (start < end).then_some(Unsupported { kind, text, start, end })
}
