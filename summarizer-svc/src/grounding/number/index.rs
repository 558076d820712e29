//! The numbers of an article.

use std::collections::{HashMap, HashSet};

use super::{Form, Numeral, hedge::Hedge, value::Value};
use crate::grounding::token::Token;

/// The numbers of an article, and whether they support another one.
#[derive(Debug, Default)]
pub(in crate::grounding) struct Numbers {
    all: HashSet<Value>,
    ordinals: HashSet<Value>,
    decades: HashSet<Value>,
    /// Those that are no years, to round.
    amounts: Vec<(f64, Value)>,
    /// What is counted: the words near each value, and the values near each word.
    counted: HashMap<Value, HashSet<String>>,
    counts: HashMap<String, HashSet<Value>>,
}

impl Numbers {
    /// Adds a number of the article; `near` holds the stems of the words around it.
    pub(in crate::grounding) fn add(&mut self, numeral: &Numeral, after: &[String], around: &[String]) {
        for value in &numeral.values {
            self.all.insert(*value);
            match numeral.form {
                Form::Ordinal => drop(self.ordinals.insert(*value)),
                Form::Decade => drop(self.decades.insert(*value)),
                Form::Year => {}
                Form::Digits | Form::Words => self.amounts.push((value.approximate(), *value)),
            }
            self.counted.entry(*value).or_default().extend(around.iter().cloned());
            for word in after {
                self.counts.entry(word.clone()).or_default().insert(*value);
            }
        }
    }

    /// Makes the index ready to be asked.
    pub(in crate::grounding) fn finish(&mut self) {
        self.amounts.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.amounts.dedup_by_key(|amount| amount.1);
    }

    /// Whether the article has this value in any form.
    pub(in crate::grounding) fn contains(&self, value: Value) -> bool {
        self.all.contains(&value)
    }

    /// Whether the article has this number, or one that it rounds. `before` are the tokens before it.
    pub(in crate::grounding) fn support(&self, numeral: &Numeral, before: &[Token]) -> bool {
        numeral.values.iter().any(|value| match numeral.form {
            Form::Ordinal => self.all.contains(value),
            Form::Decade => self.has_decade(*value),
            Form::Year => self.all.contains(value),
            Form::Digits | Form::Words => self.all.contains(value) || self.rounds(*value, Hedge::before(before)),
        })
    }

    /// "the 90s" are the 1990s, and 1994 lies in them.
    fn has_decade(&self, value: Value) -> bool {
        let Some(number) = value.integer() else { return false };
        let first = if number < 100 { 1_900 + number } else { number };
        let years = (first..first + 10).any(|year| self.all.contains(&Value::whole(year)));
        years || self.all.contains(&value) || self.decades.contains(&Value::whole(first % 100))
    }

    /// Whether the article has a more exact number that this one stands for.
    fn rounds(&self, said: Value, hedge: Option<Hedge>) -> bool {
        let (number, digits) = (said.approximate(), said.significant());
        let from = self.amounts.partition_point(|(real, _)| *real < number * 0.9);
        let near = self.amounts.iter().skip(from).take_while(|(real, _)| *real <= number * 1.12);
        near.filter(|(_, value)| value.significant() > digits).any(|(real, _)| {
            let rounded = digits > 1 && (round(*real, digits) - number).abs() <= number * 1e-9;
            rounded || hedge.is_some_and(|hedge| hedge.allows(number, *real))
        })
    }

    /// Whether the article counts something else with this number, and these words with other numbers only.
    pub(in crate::grounding) fn is_swapped(&self, numeral: &Numeral, after: &[String]) -> bool {
        let Some(first) = after.first() else { return false };
        let fits = |value: &Value| {
            let counted = self.counted.get(value);
            counted.is_none_or(|words| words.is_empty() || after.iter().any(|word| words.contains(word)))
        };
        let taken = self.counts.get(first).is_some_and(|values| values.len() < 4);
        taken && numeral.values.iter().all(|value| self.all.contains(value).then(|| fits(value)) == Some(false))
    }
}

/// To so many significant digits.
fn round(number: f64, digits: u32) -> f64 {
    if number <= 0.0 {
        return number;
    }
    let unit = 10_f64.powi(number.log10().floor() as i32 + 1 - digits as i32);
    (number / unit).round() * unit
}
