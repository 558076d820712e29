//! How long a text takes to read. `web/static/measure.js` does the same for a summary that was streamed.

/// Words that an adult reads in a minute (Brysbaert 2019, "How many words do we read per minute?": 238 for English).
const WORDS_PER_MINUTE: f64 = 230.0;
/// Chinese, Japanese and Korean are read by the character.
const CHARACTERS_PER_MINUTE: f64 = 500.0;

/// Minutes that it takes to read a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd)]
pub(crate) struct Minutes(f64);

impl Minutes {
    /// Of texts read one after the other.
    pub(crate) fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self(texts.into_iter().map(minutes).sum())
    }

    /// As a reader would say it: "5 min", or seconds in steps of five.
    pub(crate) fn spoken(self) -> String {
        if self.0 < 1.0 {
            format!("{} s", ((self.0 * 12.0).round() * 5.0).max(5.0))
        } else {
            format!("{} min", self.0.round())
        }
    }
}

/// The line below a summary.
pub(crate) fn comparison(summary: Minutes, article: Minutes) -> String {
    let share = if article.0 > 0.0 { (summary.0 / article.0 * 100.0).round() } else { 100.0 };
    format!("Reads in {}, the original in {}: {share} % of its length", summary.spoken(), article.spoken())
}

fn minutes(text: &str) -> f64 {
    let (mut words, mut characters, mut in_word) = (0_u32, 0_u32, false);
    for c in text.chars() {
        let by_character = is_read_by_character(c);
        let goes_on = !by_character && !c.is_whitespace();
        words += u32::from(goes_on && !in_word);
        characters += u32::from(by_character);
        in_word = goes_on;
    }
    f64::from(words) / WORDS_PER_MINUTE + f64::from(characters) / CHARACTERS_PER_MINUTE
}

/// The main blocks of Han, Hiragana, Katakana and Hangul.
fn is_read_by_character(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_characters_have_their_own_pace() {
        let english = "word ".repeat(460);
        assert_eq!(Minutes::of([english.as_str()]).spoken(), "2 min");
        let chinese = "新聞".repeat(250);
        assert_eq!(Minutes::of([chinese.as_str()]).spoken(), "1 min");
        assert_eq!(Minutes::of(["word ".repeat(90).as_str()]).spoken(), "25 s");
        assert_eq!(Minutes::of([""]).spoken(), "5 s");
    }

    #[test]
    fn a_summary_is_a_share_of_its_article() {
        let (short, long) = ("word ".repeat(46), "word ".repeat(460));
        let line = comparison(Minutes::of([short.as_str()]), Minutes::of([long.as_str()]));
        assert_eq!(line, "Reads in 10 s, the original in 2 min: 10 % of its length");
        assert!(comparison(Minutes::default(), Minutes::default()).ends_with("100 % of its length"));
    }
}
