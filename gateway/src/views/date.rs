//! Dates as a reader would write them.

use jiff::fmt::temporal::{Pieces, PiecesOffset};

/// "24 November 2026" of an RFC 3339 time or full-date; the text itself where it is neither.
pub(crate) fn day(text: &str) -> String {
    Pieces::parse(text)
        .map_or_else(|_| text.to_owned(), |pieces| pieces.date().strftime("%-d %B %Y").to_string())
}

/// The same with the time of day and the page's own offset, where there are any.
pub(crate) fn moment(text: &str) -> String {
    let Ok(pieces) = Pieces::parse(text) else { return text.to_owned() };
    let day = pieces.date().strftime("%-d %B %Y");
    let Some(time) = pieces.time() else { return day.to_string() };
    let zone = match pieces.offset() {
        Some(PiecesOffset::Zulu) => " UTC".to_owned(),
        Some(PiecesOffset::Numeric(offset)) if offset.offset().is_zero() => " UTC".to_owned(),
        Some(PiecesOffset::Numeric(offset)) => format!(" UTC{}", offset.offset()),
        _ => String::new(),
    };
    format!("{day}, {}{zone}", time.strftime("%H:%M"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_keeps_the_pages_own_offset() {
        assert_eq!(moment("2026-11-04T09:05:30+05:30"), "4 November 2026, 09:05 UTC+05:30");
        assert_eq!(moment("2026-11-04T09:05:30Z"), "4 November 2026, 09:05 UTC");
        assert_eq!(moment("2026-11-04T09:05:30-04:00"), "4 November 2026, 09:05 UTC-04");
        assert_eq!(moment("2026-11-04"), "4 November 2026");
    }

    #[test]
    fn what_is_no_date_stays_as_it_is() {
        assert_eq!(moment("last Tuesday"), "last Tuesday");
        assert_eq!(day("2026-11-04T23:59:00Z"), "4 November 2026");
        assert_eq!(day(""), "");
    }
}
