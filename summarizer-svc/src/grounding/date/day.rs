//! Days in words and digits: "17 May 2024", "May 17", "17. Mai", "17/05/2024", "2024-05-17".

use super::{When, calendar::month};
use crate::grounding::{
    token::{DASHES, Kind, Token},
    tongue::Tongue,
};

/// A day, or as much of it as is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(in crate::grounding) struct Day {
    pub(super) year: Option<u16>,
    pub(super) month: u8,
    pub(super) number: Option<u8>,
}

/// English words that are also something else than a month.
const DOUBTFUL: &[&str] = &["may", "march", "mars", "august", "mar", "jan", "dec", "sep", "sept", "nov"];
/// What stands before a month.
const BEFORE_MONTHS: &[&str] = &[
    "in", "last", "next", "since", "by", "until", "from", "early", "late", "mid", "of", "this", "during",
    "to",
];

/// The date that begins at a token, and the token after it.
pub(super) fn read(tokens: &[Token], at: usize, tongue: Tongue) -> Option<(usize, When)> {
    let first = tokens.get(at)?;
    match first.kind {
        Kind::Number => in_digits(tokens, at, tongue)
            .or_else(|| day_first(tokens, at))
            .or_else(|| before_another(tokens, at))
            .or_else(|| behind_another(tokens, at)),
        Kind::Word => month_first(tokens, at, tongue),
        Kind::Mark(_) => None,
    }
}

fn number(token: Option<&Token>) -> Option<u16> {
    token.filter(|token| token.kind == Kind::Number)?.raw.parse().ok()
}

fn day_number(token: Option<&Token>) -> Option<u8> {
    number(token).and_then(|day| u8::try_from(day).ok()).filter(|day| (1..=31).contains(day))
}

fn year(token: Option<&Token>) -> Option<u16> {
    number(token).filter(|year| (1_000..=2_100).contains(year))
}

fn is_ordinal_mark(token: Option<&Token>) -> bool {
    token.is_some_and(|token| {
        !token.spaced
            && (token.is_mark(&['.']) || matches!(token.folded.as_str(), "st" | "nd" | "rd" | "th" | "er"))
    })
}

/// "17 May 2024", "17th of May", "17. Mai", "1er mai".
fn day_first(tokens: &[Token], at: usize) -> Option<(usize, When)> {
    let day = day_number(tokens.get(at))?;
    let mut next = at + 1;
    next += usize::from(is_ordinal_mark(tokens.get(next)));
    next += usize::from(tokens.get(next).is_some_and(|token| token.folded == "of"));
    let month = month(&tokens.get(next)?.folded)?;
    let (end, year) = year_after(tokens, next + 1);
    Some((end, When::Day(vec![Day { year, month, number: Some(day) }])))
}

/// The 14th in "14 and 15 September".
fn before_another(tokens: &[Token], at: usize) -> Option<(usize, When)> {
    let day = day_number(tokens.get(at))?;
    let after = at + 1 + usize::from(is_ordinal_mark(tokens.get(at + 1)));
    let (_, When::Day(days)) =
        tokens.get(after).filter(|link| links(link)).and_then(|_| day_first(tokens, after + 1))?
    else {
        return None;
    };
    Some((at + 1, When::Day(days.into_iter().map(|other| Day { number: Some(day), ..other }).collect())))
}

/// The 15th in "September 14 and 15".
fn behind_another(tokens: &[Token], at: usize) -> Option<(usize, When)> {
    let day = day_number(tokens.get(at))?;
    let back = |steps: usize| at.checked_sub(steps).and_then(|before| tokens.get(before));
    day_number(back(2)).filter(|_| back(1).is_some_and(links))?;
    let month = back(3).filter(|token| token.is_capital()).and_then(|token| month(&token.folded))?;
    let (end, year) = year_after(tokens, at + 1);
    Some((end, When::Day(vec![Day { year, month, number: Some(day) }])))
}

/// Whether a token stands between two days.
fn links(token: &Token) -> bool {
    token.is_mark(DASHES)
        || matches!(token.folded.as_str(), "and" | "to" | "or" | "und" | "bis" | "et" | "au")
}

/// "May 17, 2024", "May 2024", "in May".
fn month_first(tokens: &[Token], at: usize, tongue: Tongue) -> Option<(usize, When)> {
    let token = tokens.get(at)?;
    let month = month(&token.folded)?;
    if tongue == Tongue::English && !token.is_capital() {
        return None;
    }
    let stop = tokens.get(at + 1).is_some_and(|next| next.is_mark(&['.']) && token.raw.len() < 5);
    let mut next = at + 1 + usize::from(stop);
    let is_number = |at: usize| {
        // "May 5,000 people": the number is no day.
        day_number(tokens.get(at))
            .filter(|_| tokens.get(at + 1).is_none_or(|after| !after.is_mark(&['%', ':'])))
    };
    if let Some(day) = is_number(next) {
        next +=
            1 + usize::from(is_ordinal_mark(tokens.get(next + 1)) && !tokens.get(next + 1)?.is_mark(&['.']));
        let (end, year) = year_after(tokens, next);
        return Some((end, When::Day(vec![Day { year, month, number: Some(day) }])));
    }
    if let (end, Some(year)) = year_after(tokens, next) {
        return Some((end, When::Day(vec![Day { year: Some(year), month, number: None }])));
    }
    let before = at.checked_sub(1).and_then(|before| tokens.get(before));
    let introduced = before.is_some_and(|word| BEFORE_MONTHS.contains(&word.folded.as_str()));
    let is_sure = introduced || (!DOUBTFUL.contains(&token.folded.as_str()) && token.raw.len() > 3);
    (is_sure && before.is_some()).then(|| (at + 1, When::Day(vec![Day { year: None, month, number: None }])))
}

/// A year at this token, or behind a comma there.
fn year_after(tokens: &[Token], at: usize) -> (usize, Option<u16>) {
    let comma = usize::from(tokens.get(at).is_some_and(|token| token.is_mark(&[','])));
    match year(tokens.get(at + comma)) {
        Some(year) => (at + comma + 1, Some(year)),
        None => (at, None),
    }
}

/// "17/05/2024", "17.05.2024", "2024-05-17".
fn in_digits(tokens: &[Token], at: usize, tongue: Tongue) -> Option<(usize, When)> {
    let first = tokens.get(at)?;
    let dotted: Vec<&str> = first.raw.split('.').collect();
    let stop = tokens.get(at + 1).is_some_and(|next| !next.spaced && next.is_mark(&['.']));
    if let ([day, month], true, Tongue::German) = (dotted.as_slice(), stop, tongue) {
        let (day, month) = (day.parse().ok()?, month.parse().ok().filter(|month| (1..=12).contains(month))?);
        return Some((at + 2, When::Day(vec![Day { year: None, month, number: Some(day) }])));
    }
    let (end, parts) = if let [a, b, c] = dotted.as_slice() {
        (at + 1, [a.parse().ok()?, b.parse().ok()?, c.parse().ok()?])
    } else {
        let separator =
            |at: usize| tokens.get(at).filter(|token| !token.spaced && token.is_mark(&['/', '-']));
        let same = separator(at + 1)?.kind == separator(at + 3)?.kind;
        let parts = [number(Some(first))?, number(tokens.get(at + 2))?, number(tokens.get(at + 4))?];
        (at + 5, Some(parts).filter(|_| same)?)
    };
    let [a, b, c] = parts;
    let orders = if a > 31 { vec![(a, b, c)] } else { vec![(full(c), b, a), (full(c), a, b)] };
    let days: Vec<Day> = orders
        .into_iter()
        .filter(|(year, month, day)| {
            (1_000..=2_100).contains(year) && (1..=12).contains(month) && (1..=31).contains(day)
        })
        .map(|(year, month, day)| Day { year: Some(year), month: month as u8, number: Some(day as u8) })
        .collect();
    (!days.is_empty()).then_some((end, When::Day(days)))
}

/// "24" is 2024.
fn full(year: u16) -> u16 {
    if year < 100 { 2_000 + year } else { year }
}
