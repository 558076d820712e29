//! Publication dates that a page shows but does not mark: in its address, and in a line near its headline.

use std::sync::LazyLock;

use jiff::civil::Date;
use regex::Regex;
use scraper::{ElementRef, Html};
use url::Url;

/// The longest line that is taken for one of a date, in bytes.
const MAX_LINE: usize = 90;
/// The most texts that a line is made of.
const MAX_PIECES: usize = 12;
/// How many elements of a page are looked at.
const MAX_ELEMENTS: usize = 20_000;

/// The first three letters, or more where they would be ambiguous, of the months' names in the languages of Europe.
const MONTHS: [&[&str]; 12] = [
    &["jan", "ene", "gen", "sty", "янв"],
    &["feb", "fév", "fev", "lut", "фев"],
    &["mar", "mär", "maa", "мар"],
    &["apr", "avr", "abr", "kwi", "апр"],
    &["may", "mai", "mag", "maj", "mei", "мая", "май"],
    &["jun", "juin", "giu", "cze", "июн"],
    &["jul", "juil", "lug", "lip", "июл"],
    &["aug", "aoû", "aou", "ago", "sie", "авг"],
    &["sep", "set", "wrz", "сен"],
    &["oct", "okt", "ott", "out", "paź", "окт"],
    &["nov", "lis", "ноя"],
    &["dec", "dez", "déc", "dic", "des", "gru", "дек"],
];

/// A date in an address: `/2024/05/17/`, `/2024-05-17-`, `/20240517/`.
static IN_PATH: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:^|[/_-])((?:19|20)\d\d)([/_-]?)(0[1-9]|1[0-2])([/_-]?)(0[1-9]|[12]\d|3[01])(?:[/_.-]|$)")
        .ok()
});

static YEAR_FIRST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\b((?:19|20)\d\d)\s?[-/.年년]\s?(\d{1,2})\s?[-/.月월]\s?(\d{1,2})(?:\D|$)").ok()
});

/// The day or the month first, with what parts them.
static YEAR_LAST: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b(\d{1,2})\s?([./-])\s?(\d{1,2})\s?[./-]\s?((?:19|20)\d\d)\b").ok());

static DAY_NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"\b(\d{1,2})(?:st|nd|rd|th|er|º)?\.?\s+(?:de\s+)?(\p{L}{3,12})\.?,?\s+(?:de\s+)?((?:19|20)\d\d)\b",
    )
    .ok()
});

static NAMED_DAY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\b(\p{L}{3,12})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+((?:19|20)\d\d)\b").ok()
});

/// What a line begins with that gives the date of publication.
static LABEL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)^(published|posted|date|datum|veröffentlicht|erschienen|stand|publié|publicado|fecha|pubblicato|data|gepubliceerd|opublikowano|publicerad|publisert|опубликовано|发布时间|公開日)\b").ok()
});

/// The full date in an address.
pub(super) fn in_path(url: &Url) -> Option<String> {
    let found = IN_PATH.as_ref()?.captures(url.path())?;
    // Eight figures may be any number: they are a date where marks part them, or where they stand alone.
    let parted = found.get(2)?.as_str() == found.get(4)?.as_str();
    let number = |index| found.get(index).and_then(|text| text.as_str().parse::<i16>().ok());
    parted.then(|| date(number(1)?, number(3)?, number(5)?)).flatten()
}

/// The first date in a line that says that it is one: by its element, its class, or its label.
pub(super) fn in_text(html: &Html, language: Option<&str>) -> Option<String> {
    let elements = html.tree.nodes().filter_map(ElementRef::wrap).take(MAX_ELEMENTS);
    elements.filter_map(line).find_map(|line| of_line(&line, language))
}

/// The short text of an element that may give the date.
fn line(element: ElementRef<'_>) -> Option<String> {
    let value = element.value();
    if !matches!(
        value.name(),
        "time" | "span" | "div" | "p" | "li" | "dd" | "td" | "small" | "em" | "b" | "i" | "font"
    ) {
        return None;
    }
    let attributes = [value.attr("class"), value.attr("id"), value.attr("itemprop")];
    let named = attributes.into_iter().flatten().any(|name| {
        let name = name.to_ascii_lowercase();
        !name.contains("update")
            && ["date", "datum", "time", "publish", "fecha", "posted"].iter().any(|word| name.contains(word))
    });
    let text = short_text(element)?;
    let labelled = || LABEL.as_ref().is_some_and(|label| label.is_match(&text));
    let short = (6..=MAX_LINE).contains(&text.len()) && text.contains(|c: char| c.is_ascii_digit());
    (short && (value.name() == "time" || named || labelled())).then_some(text)
}

/// The text of an element that holds no more than a line.
fn short_text(element: ElementRef<'_>) -> Option<String> {
    let pieces: Vec<&str> = element.text().take(MAX_PIECES).collect();
    if pieces.len() == MAX_PIECES || pieces.iter().map(|piece| piece.len()).sum::<usize>() > 4 * MAX_LINE {
        return None;
    }
    Some(pieces.join(" ").split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The date in a line. Where day and month could change places, Americans write the month first, and where nothing says
/// that they do, `/` leaves it open.
fn of_line(line: &str, language: Option<&str>) -> Option<String> {
    let parts = |pattern: &LazyLock<Option<Regex>>, order: [usize; 3]| {
        let found = pattern.as_ref()?.captures(line)?;
        Some(order.map(|index| found.get(index).map_or("", |text| text.as_str()).to_owned()))
    };
    let number = |text: &str| text.parse::<i16>().ok();
    if let Some([year, month, day]) = parts(&YEAR_FIRST, [1, 2, 3]) {
        return date(number(&year)?, number(&month)?, number(&day)?);
    }
    let named = parts(&DAY_NAMED, [3, 2, 1]).or_else(|| parts(&NAMED_DAY, [3, 1, 2]));
    if let Some([year, name, day]) = named {
        return date(number(&year)?, month(&name)?, number(&day)?);
    }
    let [year, first, second] = parts(&YEAR_LAST, [4, 1, 3])?;
    let (first, second) = (number(&first)?, number(&second)?);
    let slashed = line.contains('/');
    let american = language.is_some_and(|tag| tag.eq_ignore_ascii_case("en-US"));
    let open =
        slashed && first <= 12 && second <= 12 && first != second && language.is_none_or(|tag| tag == "en");
    let month_first = second > 12 || (american && slashed && first <= 12);
    let (day, month) = if month_first { (second, first) } else { (first, second) };
    if open { None } else { date(number(&year)?, month, day) }
}

/// The month of a name that may be cut.
fn month(name: &str) -> Option<i16> {
    let name = name.to_lowercase();
    let longest = MONTHS
        .iter()
        .zip(1_i16..)
        .flat_map(|(names, number)| names.iter().map(move |start| (*start, number)));
    longest
        .filter(|(start, _)| name.starts_with(start))
        .max_by_key(|(start, _)| start.len())
        .map(|(_, number)| number)
}

fn date(year: i16, month: i16, day: i16) -> Option<String> {
    if !(1990..=2100).contains(&year) {
        return None;
    }
    Some(Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_date_in_an_address_is_read_and_other_figures_are_not() {
        let of = |path: &str| in_path(&Url::parse(&format!("https://example.org{path}")).unwrap());
        assert_eq!(of("/2024/05/17/old-crane").as_deref(), Some("2024-05-17"));
        assert_eq!(of("/news/20240517/crane.html").as_deref(), Some("2024-05-17"));
        assert_eq!(of("/news/crane-2024-05-17").as_deref(), Some("2024-05-17"));
        assert_eq!(of("/2024/05/crane"), None);
        assert_eq!(of("/2024/02/31/crane"), None);
        assert_eq!(of("/story-120240517999"), None);
    }

    #[test]
    fn dates_are_read_as_their_languages_write_them() {
        for (line, expected) in [
            ("Veröffentlicht am 13. Mai 2026 um 15:44", Some("2026-05-13")),
            ("Datum 28.04.2023", Some("2023-04-28")),
            ("May 4th, 2024 at 9:10 am", Some("2024-05-04")),
            ("4 de mayo de 2024", Some("2024-05-04")),
            ("le 14 juillet 2021", Some("2021-07-14")),
            ("le 3 juin 2021", Some("2021-06-03")),
            ("2024年5月4日 09:10", Some("2024-05-04")),
            ("25/12/2024", Some("2024-12-25")),
            ("04/05/2024", None),
            ("31.02.2024", None),
            ("4 boats 2024", None),
        ] {
            assert_eq!(of_line(line, None).as_deref(), expected, "{line}");
        }
        assert_eq!(of_line("04/05/2024", Some("en-US")).as_deref(), Some("2024-04-05"));
        assert_eq!(of_line("04/05/2024", Some("en-GB")).as_deref(), Some("2024-05-04"));
    }

    #[test]
    fn only_lines_that_say_that_they_are_dates_are_read() {
        let of = |body: &str| in_text(&Html::parse_document(body), None);
        assert_eq!(
            of("<p>On 4 May 2024 it rained.</p><span class=post-date>6 May 2024</span>").as_deref(),
            Some("2024-05-06")
        );
        assert_eq!(of("<li><b>Datum</b> 28.04.2023</li>").as_deref(), Some("2023-04-28"));
        assert_eq!(of("<p>On 4 May 2024 it rained.</p>"), None);
    }
}
