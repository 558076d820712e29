//! Days, months, weekdays and times of day.
//!
//! # Layout
//!
//! - `calendar`: names of months and weekdays, and the weekday of a day; `day`: dates in words and digits; `clock`: times.
//! - `index`: the dates of an article, and whether they support another one.

mod calendar;
mod clock;
mod day;
mod index;

pub(super) use index::Dates;

use super::{token::Token, tongue::Tongue};
use calendar::weekday;
use day::Day;

/// A date or a time in a text.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    /// Its first token.
    pub(super) first: usize,
    /// The token after its last one.
    pub(super) end: usize,
    /// When it is.
    pub(super) when: When,
}

/// When something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum When {
    /// What a date may stand for.
    Day(Vec<Day>),
    /// From Monday, which is 0.
    Weekday(u8),
    /// Minutes after midnight that a time may stand for.
    Clock(Vec<u16>),
}

/// The dates and times of a text, in order.
pub(super) fn moments(tokens: &[Token], tongue: Tongue) -> Vec<Moment> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let moment = clock::read(tokens, at)
            .or_else(|| day::read(tokens, at, tongue))
            .or_else(|| single_weekday(tokens, at, tongue));
        at += 1;
        if let Some((end, when)) = moment {
            found.push(Moment { first: at - 1, end, when });
            at = end.max(at);
        }
    }
    found
}

fn single_weekday(tokens: &[Token], at: usize, tongue: Tongue) -> Option<(usize, When)> {
    let token = tokens.get(at)?;
    let looks_right = token.is_capital() || tongue != Tongue::English;
    weekday(&token.folded).filter(|_| looks_right).map(|day| (at + 1, When::Weekday(day)))
}
