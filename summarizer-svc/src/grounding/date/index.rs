//! The dates of an article.

use std::collections::HashSet;

use super::{When, calendar::weekday_of, day::Day};
use crate::grounding::number::{Numbers, Value};

/// The dates and times of an article, and whether they support another one.
#[derive(Debug, Default)]
pub(in crate::grounding) struct Dates {
    days: HashSet<Day>,
    weekdays: HashSet<u8>,
    clock: HashSet<u16>,
}

impl Dates {
    /// Adds a date of the article.
    pub(in crate::grounding) fn add(&mut self, when: &When) {
        match when {
            When::Weekday(day) => drop(self.weekdays.insert(*day)),
            When::Clock(minutes) => self.clock.extend(minutes),
            When::Day(days) => {
                for day in days {
                    self.days.insert(*day);
                    if let (Some(year), Some(number)) = (day.year, day.number) {
                        self.weekdays.extend(weekday_of(year, day.month, number));
                    }
                }
            }
        }
    }

    /// Whether the article has this date, or as much of it as is said. A year may stand elsewhere, among the `numbers`.
    pub(in crate::grounding) fn support(&self, when: &When, numbers: &Numbers) -> bool {
        match when {
            When::Weekday(day) => self.weekdays.contains(day),
            When::Clock(minutes) => minutes.iter().any(|minute| self.clock.contains(minute)),
            When::Day(days) => {
                days.iter().any(|said| self.days.iter().any(|real| agree(*said, *real, numbers)))
            }
        }
    }
}

fn agree(said: Day, real: Day, numbers: &Numbers) -> bool {
    let year = said.year.is_none_or(|year| match real.year {
        Some(real) => real == year,
        None => numbers.contains(Value::whole(u64::from(year))),
    });
    year && said.month == real.month && said.number.is_none_or(|day| real.number == Some(day))
}
