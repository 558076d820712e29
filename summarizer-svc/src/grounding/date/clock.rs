//! Times of day: "10:30", "5pm", "half past" not included.

use super::When;
use crate::grounding::token::{Kind, Token};

/// Minutes of half a day.
const HALF_DAY: u16 = 720;

/// The time that begins at a token, and the token after it.
pub(super) fn read(tokens: &[Token], at: usize) -> Option<(usize, When)> {
    let first = tokens.get(at)?;
    match (first.kind, first.folded.as_str()) {
        (Kind::Word, "noon" | "midday") => return Some((at + 1, When::Clock(vec![HALF_DAY]))),
        (Kind::Word, "midnight") => return Some((at + 1, When::Clock(vec![0]))),
        (Kind::Number, _) => {}
        _ => return None,
    }
    let colon = tokens.get(at + 1).is_some_and(|token| token.is_mark(&[':']) && !token.spaced);
    let after =
        tokens.get(at + 2).filter(|token| colon && token.kind == Kind::Number && token.raw.len() == 2);
    let (hour, minute, next) = match (after, first.raw.split_once('.')) {
        (Some(minute), _) => (first.raw.parse().ok()?, minute.raw.parse().ok()?, at + 3),
        (None, Some((hour, minute))) if minute.len() == 2 => {
            (hour.parse().ok()?, minute.parse().ok()?, at + 1)
        }
        (None, _) => (first.raw.parse().ok()?, 0, at + 1),
    };
    let word = tokens.get(next).map(|token| token.folded.as_str()).unwrap_or_default();
    let (half, end) = match word {
        "am" | "pm" => (Some(word), next + 1),
        "a" | "p" if is_spaced_out(tokens, next) => (Some(if word == "a" { "am" } else { "pm" }), next + 3),
        "uhr" => (None, next + 1),
        "h" | "heures" if is_point_in_time(tokens, at) => (None, next + 1),
        _ if after.is_some() || is_at_minute(tokens, at) => (None, next),
        _ => return None,
    };
    minutes(hour, minute, half).map(|minutes| (end, When::Clock(minutes)))
}

/// "at 3.20".
fn is_at_minute(tokens: &[Token], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| tokens.get(before));
    let minutes =
        tokens.get(at).and_then(|token| token.raw.split_once('.')).map(|(_, minutes)| minutes.len());
    minutes == Some(2) && before.is_some_and(|word| word.folded == "at")
}

/// "à 8 heures", not "en 8 heures".
fn is_point_in_time(tokens: &[Token], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| tokens.get(before));
    before.is_some_and(|word| matches!(word.folded.as_str(), "a" | "de" | "vers" | "avant" | "apres" | "des"))
}

/// "p . m", as tokenizers write it.
fn is_spaced_out(tokens: &[Token], at: usize) -> bool {
    let stop = tokens.get(at + 1).is_some_and(|token| token.is_mark(&['.']));
    stop && tokens.get(at + 2).is_some_and(|token| token.folded == "m")
}

fn minutes(hour: u16, minute: u16, half: Option<&str>) -> Option<Vec<u16>> {
    if hour > 24 || minute > 59 {
        return None;
    }
    let time = hour % 24 * 60 + minute;
    Some(match half {
        Some("am") => vec![time % HALF_DAY],
        Some(_) => vec![time % HALF_DAY + HALF_DAY],
        None if hour <= 12 => vec![time, (time + HALF_DAY) % (2 * HALF_DAY)],
        None => vec![time],
    })
}
