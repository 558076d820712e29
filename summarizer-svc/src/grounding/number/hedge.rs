//! Words that make a number a rough one.

use crate::grounding::token::Token;

/// How a number may differ from what it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hedge {
    /// "more than": it is less than the real one.
    Below,
    /// "nearly": it is more.
    Above,
    /// "about".
    Around,
}

/// How far a hedged number may be off, whichever way it is rounded.
const TOLERANCE: f64 = 0.1;

impl Hedge {
    /// The hedge before (or right behind) a number.
    pub(super) fn before(tokens: &[Token]) -> Option<Self> {
        let word = |back: usize| {
            tokens.len().checked_sub(back).and_then(|at| tokens.get(at)).map(|token| token.folded.as_str())
        };
        (1..=3).find_map(|back| match word(back)? {
            "over" | "above" | "more" | "least" | "exceeding" | "topped" | "uber" | "mindestens" | "mehr"
            | "plus" | "moins" => Some(if word(back + 1) == Some("no") { Self::Above } else { Self::Below }),
            "nearly" | "almost" | "under" | "below" | "less" | "fewer" | "fast" | "knapp" | "weniger"
            | "presque" => Some(Self::Above),
            "about" | "around" | "some" | "roughly" | "approximately" | "up" | "close" | "estimated"
            | "rund" | "etwa" | "circa" | "ungefahr" | "gut" | "bis" | "environ" | "quelque" | "pres"
            | "autour" => Some(Self::Around),
            _ => None,
        })
    }

    /// Whether `said` may stand for `real`. It may be off by less than one in its last digit, `unit`: "more than a hundred"
    /// are 150, "more than 24,000" are 24,316.
    pub(super) fn allows(self, said: f64, unit: f64, real: f64) -> bool {
        let off = (said * TOLERANCE).max(unit * 0.999);
        match self {
            Self::Below => (said..=said + off).contains(&real),
            Self::Above => (said - off..=said).contains(&real),
            Self::Around => {
                (said - off / 2.0..=said + off / 2.0).contains(&real)
                    || (said - real).abs() <= said * TOLERANCE
            }
        }
    }
}
