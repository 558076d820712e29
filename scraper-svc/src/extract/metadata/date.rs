//! Publication dates as pages write them.

use jiff::fmt::temporal::{DateTimeParser, PiecesOffset};
use jiff::tz::Offset;

static PARSER: DateTimeParser = DateTimeParser::new();

/// The date of a machine-readable text: RFC 3339 with the offset that it was written with, or a full-date where it
/// gives no time or no offset. `None` where it is no date (ISO 8601 or RFC 2822) or lies outside of 1990 to 2100.
pub(super) fn normalized(text: &str) -> Option<String> {
    let text = text.trim();
    if text.len() > 64 {
        return None;
    }
    iso(text).or_else(|| rfc2822(text)).filter(|date| {
        date.get(..4)
            .and_then(|year| year.parse::<u16>().ok())
            .is_some_and(|year| (1990..=2100).contains(&year))
    })
}

/// Whether a normalized date has a time of day.
pub(super) fn has_time(date: &str) -> bool {
    date.contains('T')
}

fn iso(text: &str) -> Option<String> {
    let joined = text.replace(" +", "+").replace(" -", "-");
    let pieces = PARSER.parse_pieces(&joined).ok()?;
    let date = pieces.date();
    let instant = |time, offset: Offset| offset.to_timestamp(date.to_datetime(time)).ok();
    match (pieces.time(), pieces.offset()) {
        (Some(time), Some(PiecesOffset::Zulu)) => Some(instant(time, Offset::UTC)?.to_string()),
        (Some(time), Some(PiecesOffset::Numeric(numeric))) => {
            let offset = numeric.offset();
            Some(instant(time, offset)?.display_with_offset(offset).to_string())
        }
        _ => Some(date.to_string()),
    }
}

fn rfc2822(text: &str) -> Option<String> {
    let zoned = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(zoned.timestamp().display_with_offset(zoned.offset()).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_keeps_the_offset_of_its_page() {
        for (written, expected) in [
            ("2024-08-28T10:15:00+02:00", "2024-08-28T10:15:00+02:00"),
            ("2024-08-28 10:15:00 +02:00", "2024-08-28T10:15:00+02:00"),
            ("2024-08-28T10:15:00+0200", "2024-08-28T10:15:00+02:00"),
            ("2024-08-28 10:15:00Z", "2024-08-28T10:15:00Z"),
            ("2024-08-28T10:15:00.123Z", "2024-08-28T10:15:00.123Z"),
            ("Wed, 28 Aug 2024 10:15:00 -0400", "2024-08-28T10:15:00-04:00"),
        ] {
            assert_eq!(normalized(written).as_deref(), Some(expected), "{written}");
        }
    }

    #[test]
    fn without_a_time_or_an_offset_only_the_date_is_known() {
        assert_eq!(normalized(" 2024-08-28 ").as_deref(), Some("2024-08-28"));
        assert_eq!(normalized("2024-08-28T10:15:00").as_deref(), Some("2024-08-28"));
    }

    #[test]
    fn what_is_no_date_of_a_web_page_is_left_out() {
        for text in ["", "yesterday", "28. August", "0001-01-01T00:00:00Z", "2024-13-01", &"2".repeat(1000)] {
            assert_eq!(normalized(text), None, "{text}");
        }
    }
}
