//! Numbers in words: "two hundred and five", "fünfundzwanzig", "quatre-vingt-dix".

use super::{value::Value, words_de, words_en, words_fr};
use crate::grounding::{
    token::{DASHES, Kind, Token},
    tongue::Tongue,
};

/// What a word adds to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// One that may be an article.
    Article,
    /// A number that stands for itself.
    Small(u64),
    /// 20 to 90.
    Tens(u64),
    /// French "vingt": 20, or four times as much after "quatre".
    Twenty,
    Hundred,
    /// A power of ten.
    Scale(u32),
    Dozen,
    /// So many and a half.
    AndAHalf(u64),
    /// Ends the number.
    Ordinal(u64),
}

/// A number in words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spelled {
    pub(super) value: Value,
    pub(super) is_ordinal: bool,
    /// Tokens that it takes up.
    pub(super) tokens: usize,
    /// A power of ten without anything before it, as in "multi-million": no number.
    pub(super) is_bare: bool,
}

/// What a word says as a number in this language.
pub(super) fn part(word: &str, tongue: Tongue) -> Option<Part> {
    match tongue {
        Tongue::English => words_en::part(word),
        Tongue::German => words_de::part(word),
        Tongue::French => words_fr::part(word),
        _ => None,
    }
}

/// The number that begins with the first of these tokens.
pub(super) fn spelled(tokens: &[Token], tongue: Tongue) -> Option<Spelled> {
    if let Some(half) = half(tokens, tongue) {
        return Some(half);
    }
    if let Some(Part::AndAHalf(whole)) = tokens.first().and_then(|word| part(&word.folded, tongue)) {
        return Some(scaled(Value::and_a_half(whole), tokens, 1, tongue));
    }
    let mut sum = Sum::default();
    let (mut at, mut end) = (0, 0);
    while let Some(token) = tokens.get(at) {
        let skips = at > 0 && (is_hyphen(token) || sum.takes_and(&token.folded, tongue));
        if skips {
            at += 1;
            continue;
        }
        let part = if token.kind == Kind::Word { part(&token.folded, tongue) } else { None };
        let article = at == 0 && matches!(token.folded.as_str(), "a" | "an") && tongue == Tongue::English;
        let part = if article { Some(Part::Article) } else { part };
        let Some(part) = part.filter(|part| sum.add(*part)) else { break };
        at += 1;
        end = at;
        if matches!(part, Part::Ordinal(_) | Part::Dozen) {
            break;
        }
    }
    let says_something = !sum.is_article();
    let value = Value::whole(sum.total.saturating_add(sum.current));
    if let (Some(half), None) = (half_behind(tokens, end, tongue).filter(|_| end > 0), sum.scale) {
        return Some(scaled(Value::and_a_half(sum.current), tokens, end + half, tongue));
    }
    (end > 0 && says_something).then(|| Spelled {
        value,
        is_ordinal: sum.is_ordinal(),
        tokens: end,
        is_bare: end == 1 && sum.starts_with_scale() && (tongue == Tongue::English || sum.total >= 1_000_000),
    })
}

/// A value that takes up so many tokens, times the power of ten behind it.
fn scaled(value: Value, tokens: &[Token], taken: usize, tongue: Tongue) -> Spelled {
    let (value, tokens) = match tokens.get(taken).and_then(|word| part(&word.folded, tongue)) {
        Some(Part::Scale(power)) => (value.scaled(power), taken + 1),
        _ => (value, taken),
    };
    Spelled { value, is_ordinal: false, tokens, is_bare: false }
}

/// How many tokens "and a half" takes.
fn half_behind(tokens: &[Token], at: usize, tongue: Tongue) -> Option<usize> {
    let word = |at: usize| tokens.get(at).map(|token| token.folded.as_str());
    let words = (word(at)?, word(at + 1)?, word(at + 2).unwrap_or_default());
    match (tongue, words) {
        (Tongue::English, ("and", "a", "half")) => Some(3),
        (Tongue::French, ("et", "demi" | "demie", _)) => Some(2),
        _ => None,
    }
}

/// "half a million", "half a dozen".
fn half(tokens: &[Token], tongue: Tongue) -> Option<Spelled> {
    let word = |at: usize| tokens.get(at).map(|token| token.folded.as_str());
    let is_half = tongue == Tongue::English && word(0) == Some("half") && matches!(word(1), Some("a" | "-"));
    let at = if word(1) == Some("-") && word(2) == Some("a") && word(3) == Some("-") { 4 } else { 2 };
    let value = match words_en::part(word(at).filter(|_| is_half)?)? {
        Part::Scale(power) => Value::decimal("0", "5")?.scaled(power),
        Part::Dozen => Value::whole(6),
        _ => return None,
    };
    Some(Spelled { value, is_ordinal: false, tokens: at + 1, is_bare: false })
}

fn is_hyphen(token: &Token) -> bool {
    !token.spaced && token.is_mark(DASHES)
}

/// A number as its words come in.
#[derive(Debug, Default)]
struct Sum {
    total: u64,
    current: u64,
    /// The last power of ten; the next must be smaller.
    scale: Option<u32>,
    first: Option<Part>,
    last: Option<Part>,
    parts: usize,
}

impl Sum {
    fn began(&self) -> bool {
        self.parts > 0
    }

    /// Whether it is a single "a", which is no number.
    fn is_article(&self) -> bool {
        self.parts == 1 && self.first == Some(Part::Article)
    }

    fn starts_with_scale(&self) -> bool {
        matches!(self.first, Some(Part::Hundred | Part::Scale(_)))
    }

    fn is_ordinal(&self) -> bool {
        matches!(self.last, Some(Part::Ordinal(_)))
    }

    fn takes_and(&self, word: &str, tongue: Tongue) -> bool {
        match tongue {
            Tongue::English => word == "and" && (self.current.is_multiple_of(100) && self.began()),
            Tongue::French => word == "et" && self.current.is_multiple_of(10) && self.current > 0,
            _ => false,
        }
    }

    /// Adds a part; false where it begins another number.
    fn add(&mut self, part: Part) -> bool {
        let fits = match part {
            Part::Article => self.small(1),
            Part::Tens(value) => self.tens(value),
            Part::Twenty if self.current % 100 == 4 => {
                self.current += 76;
                true
            }
            Part::Twenty => self.tens(20),
            Part::Hundred => self.multiply(100),
            Part::Scale(power) => self.scale(power),
            Part::Dozen => self.multiply(12),
            Part::AndAHalf(_) => false,
            Part::Ordinal(value) if self.began() && value >= 100 => self.multiply(value),
            Part::Ordinal(value) if value >= 20 => self.tens(value),
            Part::Small(value) | Part::Ordinal(value) => self.small(value),
        };
        if fits {
            self.first = self.first.or(Some(part));
            self.last = Some(part);
            self.parts += 1;
        }
        fits
    }

    fn small(&mut self, value: u64) -> bool {
        let last = self.current % 100;
        let after_tens = last >= 20 && last.is_multiple_of(10) && (value < 10 || matches!(last, 60 | 80));
        let after_ten = matches!(last, 10 | 70 | 90) && (7..10).contains(&value);
        let fits = !self.began() || (last == 0 && self.current + self.total > 0) || after_tens || after_ten;
        if fits {
            self.current = self.current.saturating_add(value);
        }
        fits
    }

    fn tens(&mut self, value: u64) -> bool {
        let fits = self.current.is_multiple_of(100);
        if fits {
            self.current = self.current.saturating_add(value);
        }
        fits
    }

    fn multiply(&mut self, factor: u64) -> bool {
        let fits = self.current < 100;
        if fits {
            self.current = self.current.max(1).saturating_mul(factor);
        }
        fits
    }

    fn scale(&mut self, power: u32) -> bool {
        let fits = self.scale.is_none_or(|last| power < last);
        if fits {
            let factor = 10_u64.saturating_pow(power);
            self.total = self.total.saturating_add(self.current.max(1).saturating_mul(factor));
            self.current = 0;
            self.scale = Some(power);
        }
        fits
    }
}
