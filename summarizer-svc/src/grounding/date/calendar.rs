//! Names of months and weekdays in English, German and French.

/// Each month by its names, folded; the last ones of each are abbreviations.
const MONTHS: [&[&str]; 12] = [
    &["january", "januar", "janner", "janvier", "jan", "janv"],
    &["february", "februar", "fevrier", "feb", "febr"],
    &["march", "marz", "mars", "mar"],
    &["april", "avril", "apr", "avr"],
    &["may", "mai"],
    &["june", "juni", "juin", "jun"],
    &["july", "juli", "juillet", "jul"],
    &["august", "aout", "aug"],
    &["september", "septembre", "sept", "sep"],
    &["october", "oktober", "octobre", "oct", "okt"],
    &["november", "novembre", "nov"],
    &["december", "dezember", "decembre", "dec", "dez"],
];

const WEEKDAYS: [&[&str]; 7] = [
    &["monday", "mondays", "montag", "montags", "lundi"],
    &["tuesday", "tuesdays", "dienstag", "dienstags", "mardi"],
    &["wednesday", "wednesdays", "mittwoch", "mittwochs", "mercredi"],
    &["thursday", "thursdays", "donnerstag", "donnerstags", "jeudi"],
    &["friday", "fridays", "freitag", "freitags", "vendredi"],
    &["saturday", "saturdays", "samstag", "samstags", "sonnabend", "samedi"],
    &["sunday", "sundays", "sonntag", "sonntags", "dimanche"],
];

/// The parts of a day that German writes as one word with the weekday: "Montagabend".
const PARTS_OF_DAY: &[&str] = &["morgen", "vormittag", "nachmittag", "mittag", "abend", "nacht"];

/// The month of this name, from 1.
pub(in crate::grounding) fn month(word: &str) -> Option<u8> {
    position(&MONTHS, word).map(|index| index + 1)
}

/// The weekday of this name, from Monday, which is 0.
pub(in crate::grounding) fn weekday(word: &str) -> Option<u8> {
    let day = PARTS_OF_DAY.iter().find_map(|part| word.strip_suffix(part)).filter(|day| !day.is_empty());
    position(&WEEKDAYS, day.unwrap_or(word))
}

fn position(names: &[&[&str]], word: &str) -> Option<u8> {
    names.iter().position(|names| names.contains(&word)).map(|index| index as u8)
}

/// The weekday of a day of the Gregorian calendar (Sakamoto's method), from Monday, which is 0.
pub(super) fn weekday_of(year: u16, month: u8, day: u8) -> Option<u8> {
    const SHIFTS: [u32; 12] = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4];
    let shift = SHIFTS.get(usize::from(month.checked_sub(1)?))?;
    let year = u32::from(year).checked_sub(u32::from(month < 3))?;
    let sunday_first = (year + year / 4 - year / 100 + year / 400 + shift + u32::from(day)) % 7;
    Some(((sunday_first + 6) % 7) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekdays_follow_from_dates() {
        assert_eq!(weekday_of(2024, 5, 17), weekday("friday"));
        assert_eq!(weekday_of(2000, 2, 29), weekday("dienstag"));
        assert_eq!(weekday_of(2026, 11, 24), weekday("mardi"));
    }
}
