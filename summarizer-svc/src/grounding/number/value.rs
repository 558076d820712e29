//! Exact decimal values.

use std::fmt;

/// `digits` × 10^`exponent`; the digits end in no zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::grounding) struct Value {
    digits: u64,
    exponent: i32,
}

/// More digits than this are cut: no two numbers of an article differ only in their 19th digit.
const MOST_DIGITS: usize = 18;

impl Value {
    /// A whole number.
    pub(in crate::grounding) fn whole(number: u64) -> Self {
        Self::new(number, 0)
    }

    fn new(mut digits: u64, mut exponent: i32) -> Self {
        if digits == 0 {
            return Self { digits: 0, exponent: 0 };
        }
        while digits.is_multiple_of(10) {
            (digits, exponent) = (digits / 10, exponent + 1);
        }
        Self { digits, exponent }
    }

    /// Digits before and after the decimal mark.
    pub(in crate::grounding) fn decimal(before: &str, after: &str) -> Option<Self> {
        let all: String = before.chars().chain(after.chars()).collect();
        let kept = all.get(..all.len().min(MOST_DIGITS))?;
        let cut = all.len() - kept.len();
        let exponent = i32::try_from(cut).ok()? - i32::try_from(after.len()).ok()?;
        Some(Self::new(kept.parse().ok()?, exponent))
    }

    /// A whole number and a half.
    pub(in crate::grounding) fn and_a_half(number: u64) -> Self {
        Self::new(number.saturating_mul(10).saturating_add(5), -1)
    }

    /// Times a power of ten.
    pub(in crate::grounding) fn scaled(self, power: u32) -> Self {
        Self::new(self.digits, self.exponent.saturating_add_unsigned(power.min(99)))
    }

    /// About how much it is.
    pub(in crate::grounding) fn approximate(self) -> f64 {
        self.digits as f64 * 10_f64.powi(self.exponent)
    }

    /// What one in its last significant digit is worth.
    pub(in crate::grounding) fn unit(self) -> f64 {
        10_f64.powi(self.exponent)
    }

    /// How many significant digits it has.
    pub(in crate::grounding) fn significant(self) -> i32 {
        self.digits.checked_ilog10().map_or(1, |log| 1_i32.saturating_add_unsigned(log))
    }

    /// Its value, where it is a whole number below 2^53.
    pub(in crate::grounding) fn integer(self) -> Option<u64> {
        let power = u32::try_from(self.exponent).ok()?;
        10_u64.checked_pow(power).and_then(|factor| self.digits.checked_mul(factor))
    }
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}e{}", self.digits, self.exponent)
    }
}

/// What a run of digits and separators may stand for. `commas` says whether "1,5" may be one and a half.
pub(in crate::grounding) fn readings(raw: &str, commas: bool) -> Vec<Value> {
    let bare: String = raw.chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | ',')).collect();
    let groups = |separator: char| {
        let mut parts = bare.split(separator);
        let first = parts.next().is_some_and(|first| (1..=3).contains(&first.len()));
        let mut rest = parts.peekable();
        first && rest.peek().is_some() && rest.all(|part| part.len() == 3 || part.len() == 2)
    };
    let mut found = Vec::new();
    match (bare.contains(','), bare.contains('.')) {
        (false, false) => found.extend(Value::decimal(&bare, "")),
        (true, false) | (false, true) => {
            let separator = if bare.contains(',') { ',' } else { '.' };
            let is_decimal = bare.matches(separator).count() == 1 && (commas || separator == '.');
            if groups(separator) && (commas || separator == ',') {
                found.extend(Value::decimal(&bare.replace(separator, ""), ""));
            }
            if is_decimal && let Some((before, after)) = bare.split_once(separator) {
                found.extend(Value::decimal(before, after));
            }
        }
        (true, true) => {
            if let Some((before, after)) = bare.rfind(['.', ',']).and_then(|at| bare.split_at_checked(at)) {
                let after = after.get(1..).unwrap_or_default();
                found.extend(Value::decimal(&before.replace(['.', ','], ""), after));
            }
        }
    }
    if found.is_empty() {
        found.extend(Value::decimal(&bare.replace(['.', ','], ""), ""));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_in_each_of_its_spellings() {
        let thousand = Value::whole(1_000);
        for (raw, commas) in
            [("1000", false), ("1,000", false), ("1 000", true), ("1.000", true), ("1\u{202F}000", true)]
        {
            assert!(readings(raw, commas).contains(&thousand), "{raw}");
        }
        assert_eq!(readings("5.20", false), readings("5,2", true));
        assert_eq!(readings("1,234,567.8", false), readings("1.234.567,8", true));
        assert_ne!(readings("1.5", false), readings("15", false));
        assert_eq!(Value::whole(5).scaled(6), Value::whole(5_000_000));
    }
}
