//! The numbers of an article.

use std::collections::{HashMap, HashSet};

use super::{Form, Numeral, hedge::Hedge, value::Value};
use crate::grounding::token::Token;

/// A word that is counted more often than this is no sign of any number.
const FEW: usize = 3;
/// So many words around two numbers must be the same for them to be about the same thing.
const ALIKE: usize = 2;

/// What is counted with a number: the stems of words near it.
#[derive(Debug, Clone, Default)]
pub(in crate::grounding) struct Counted {
    /// The word right behind it.
    pub(in crate::grounding) next: Option<String>,
    /// The words behind it in the same clause.
    pub(in crate::grounding) after: Vec<String>,
    /// The words before it in the same clause.
    pub(in crate::grounding) before: Vec<String>,
}

/// What an article counts with one value.
#[derive(Debug, Default)]
struct Uses {
    words: HashSet<String>,
    /// It stands somewhere without a word that it counts right behind it.
    lacks_next: bool,
    /// It stands somewhere without anything that it could count.
    stands_alone: bool,
}

/// The numbers of an article, and whether they support another one.
#[derive(Debug, Default)]
pub(in crate::grounding) struct Numbers {
    all: HashSet<Value>,
    cardinals: HashSet<Value>,
    ordinals: HashSet<Value>,
    decades: HashSet<Value>,
    /// Those that are no years, to round.
    amounts: Vec<(f64, Value)>,
    uses: HashMap<Value, Uses>,
    /// What stands right before each word: values, and the words around them.
    counts: HashMap<String, Vec<(Value, HashSet<String>)>>,
}

impl Numbers {
    /// Adds a number of the article.
    pub(in crate::grounding) fn add(&mut self, numeral: &Numeral, counted: &Counted) {
        for value in &numeral.values {
            self.all.insert(*value);
            if numeral.form != Form::Ordinal {
                self.cardinals.insert(*value);
            }
            match numeral.form {
                Form::Decade => drop(self.decades.insert(*value)),
                Form::Ordinal => drop(self.ordinals.insert(*value)),
                Form::Year => {}
                Form::Digits | Form::Words => self.amounts.push((value.approximate(), *value)),
            }
            let uses = self.uses.entry(*value).or_default();
            uses.lacks_next |= counted.next.is_none();
            uses.stands_alone |= counted.before.is_empty() && counted.after.is_empty();
            uses.words.extend(counted.after.iter().chain(&counted.before).cloned());
            if let Some(next) = &counted.next {
                let counts = self.counts.entry(next.clone()).or_default();
                if counts.len() <= FEW {
                    counts.push((*value, counted.after.iter().chain(&counted.before).cloned().collect()));
                }
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
    pub(in crate::grounding) fn support(
        &self,
        numeral: &Numeral,
        before: &[Token],
        counted: &Counted,
    ) -> bool {
        numeral.values.iter().any(|value| match numeral.form {
            Form::Ordinal => self.ordinals.contains(value) || self.is_last_of(*value, counted),
            Form::Decade => self.has_decade(*value),
            Form::Year => self.all.contains(value),
            Form::Digits | Form::Words
                if self.ordinals.contains(value) && !self.cardinals.contains(value) =>
            {
                self.is_last_of(*value, counted)
            }
            Form::Digits | Form::Words => {
                self.all.contains(value) || self.rounds(*value, Hedge::before(before))
            }
        })
    }

    /// "her third book" where the article has "three books", and the other way round.
    fn is_last_of(&self, value: Value, counted: &Counted) -> bool {
        let uses = self.uses.get(&value);
        uses.is_some_and(|uses| {
            counted.after.iter().chain(&counted.before).any(|word| uses.words.contains(word))
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
        let from = self.amounts.partition_point(|(real, _)| *real < number * 0.5);
        let near = self.amounts.iter().skip(from).take_while(|(real, _)| *real <= number * 2.0);
        near.filter(|(_, value)| value.significant() > digits).any(|(real, _)| {
            let rounded = digits > 1 && (round(*real, digits) - number).abs() <= number * 1e-9;
            rounded || hedge.is_some_and(|hedge| hedge.allows(number, said.unit(), *real))
        })
    }

    /// Whether the article has this number for other things only, and what it counts here with other numbers only.
    pub(in crate::grounding) fn is_misplaced(&self, numeral: &Numeral, counted: &Counted) -> bool {
        let Some(uses) = counted.next.as_ref().and_then(|next| self.counts.get(next)) else { return false };
        let said: HashSet<&String> = counted.after.iter().chain(&counted.before).collect();
        let alike =
            |words: &HashSet<String>| said.iter().filter(|word| words.contains(**word)).count() >= ALIKE;
        uses.len() <= FEW
            && !uses.iter().any(|(value, _)| numeral.values.contains(value))
            && uses.iter().any(|(_, words)| alike(words))
            && !numeral.values.iter().filter_map(|value| self.uses.get(value)).any(|uses| uses.lacks_next)
            && self.is_foreign(numeral, counted)
    }

    /// Whether two numbers of a sentence each count what the article counts with the other.
    pub(in crate::grounding) fn are_swapped(
        &self,
        one: (&Numeral, &Counted),
        other: (&Numeral, &Counted),
    ) -> bool {
        let crossed = |numeral: &Numeral, counted: &Counted| {
            let uses = numeral.values.iter().filter_map(|value| self.uses.get(value));
            uses.flat_map(|uses| &uses.words).any(|word| counted.after.contains(word))
        };
        self.is_foreign(one.0, one.1)
            && self.is_foreign(other.0, other.1)
            && crossed(one.0, other.1)
            && crossed(other.0, one.1)
    }

    /// Whether the article counts something with this number wherever it has it, and never what is counted here.
    fn is_foreign(&self, numeral: &Numeral, counted: &Counted) -> bool {
        let foreign = |value: &Value| {
            let uses = self.uses.get(value);
            uses.is_some_and(|uses| {
                !uses.stands_alone && !counted.after.iter().any(|word| uses.words.contains(word))
            })
        };
        !counted.after.is_empty()
            && numeral.values.iter().all(|value| foreign(value) || !self.all.contains(value))
            && numeral.values.iter().any(foreign)
    }
}

/// To so many significant digits.
fn round(number: f64, digits: i32) -> f64 {
    if number <= 0.0 {
        return number;
    }
    let unit = 10_f64.powi(number.log10().floor() as i32 + 1 - digits);
    (number / unit).round() * unit
}
