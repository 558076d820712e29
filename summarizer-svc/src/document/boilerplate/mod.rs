//! Sentences that belong to the page rather than to the story: bylines, datelines, credits, calls to click.

mod patterns;

use std::sync::LazyLock;

use regex::{RegexSet, RegexSetBuilder};

use patterns::{OPENINGS, PHRASES, SHORT_OPENINGS};

/// Boilerplate has fewer characters; a longer sentence is looked at no further.
const LONGEST: usize = 300;
/// Calls to watch, to comment, and credits have fewer.
const LONGEST_SHORT: usize = 120;

static OPENING: LazyLock<RegexSet> = LazyLock::new(|| compile(OPENINGS));
static SHORT_OPENING: LazyLock<RegexSet> = LazyLock::new(|| compile(SHORT_OPENINGS));
static PHRASE: LazyLock<RegexSet> = LazyLock::new(|| compile(PHRASES));

#[expect(clippy::expect_used, reason = "the patterns are part of the program, and a test compiles them")]
fn compile(patterns: &[&str]) -> RegexSet {
    RegexSetBuilder::new(patterns).case_insensitive(true).build().expect("patterns compile")
}

/// Whether a sentence belongs to the page and not to the story.
pub(super) fn is_boilerplate(sentence: &str) -> bool {
    if !sentence.chars().any(char::is_alphabetic) {
        return true;
    }
    let longer_than = |characters: usize| sentence.chars().nth(characters).is_some();
    if longer_than(LONGEST) {
        return false;
    }
    let bare = sentence.trim_start_matches(|c: char| !c.is_alphanumeric() && !"©【(@|".contains(c));
    let bare = bare.trim_end_matches(|c: char| ".!»>→… \"”'’".contains(c) || c.is_whitespace());
    OPENING.is_match(bare)
        || PHRASE.is_match(bare)
        || (!longer_than(LONGEST_SHORT) && SHORT_OPENING.is_match(bare))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn what_belongs_to_the_page_is_boilerplate() {
        for sentence in [
            "By Jane O'Neill and John Smith",
            "By Sarah Griffiths for MailOnline",
            "by sarah griffiths for mailonline .",
            "BY TOM JONES, POLITICAL EDITOR",
            "PUBLISHED: 09:34 EST, 5 March 2015",
            "published : 02:29 est , 6 march 2015 .",
            "| .",
            "Updated 5 March 2015",
            "Scroll down for video",
            "scroll down for videos .",
            "Scroll down to watch footage of the brawl",
            "Click here for all the latest Manchester United news.",
            "Read more: The ten best bridges of Europe",
            "READ MORE",
            "Read more about the election here.",
            "Related articles",
            "Share this article",
            "Share on Facebook",
            "Sign up for our newsletter.",
            "Follow us on Twitter",
            "Follow Jane Doe on Twitter @janedoe",
            "Photo: Jane Doe/Getty Images",
            "Photograph by Jane Doe",
            "Jane Doe/AFP/Getty Images",
            "Image source, Getty Images",
            "Source: Marfan Foundation.",
            "CNN's Jane Doe contributed to this report.",
            "The Associated Press contributed to this report.",
            "Copyright 2015 The Associated Press.",
            "All rights reserved.",
            "This material may not be published, broadcast, rewritten or redistributed.",
            "Advertisement",
            "View all comments (12)",
            "3 min read",
            "We use cookies to make this site better.",
            "Lesen Sie auch: Was jetzt kommt",
            "Foto: dpa",
            "À lire aussi : les grandes dates",
            "Lea también: qué pasó ayer",
            "Читайте также: что было вчера",
            "اقرأ أيضا: ما حدث أمس",
            "続きを読む",
            "* * *",
            "12.03.2015",
        ] {
            assert!(is_boilerplate(sentence), "{sentence}");
        }
    }

    #[test]
    fn what_belongs_to_the_story_is_not() {
        for sentence in [
            "By Monday the river had risen four metres.",
            "By then it was too late to turn back.",
            "By train the journey takes an hour.",
            "Published in 2015, the report was soon forgotten.",
            "Children who read more do better at school.",
            "Read more slowly, her teacher told her.",
            "The police shared the footage on Facebook on Friday.",
            "He follows the club on Twitter and never misses a match.",
            "Sources close to the minister denied it.",
            "The photo shows the bridge before it fell.",
            "Photographs of the bridge were taken from a plane.",
            "The company sells advertisements to newspapers.",
            "Share prices fell by 3 percent.",
            "Sign language was used throughout.",
            "Related crimes rose by half last year.",
            "More news is expected on Friday.",
            "See-through bags are allowed at the stadium.",
            "Comments made by the senator drew anger.",
            "The bank said it may not be able to pay.",
            "Von Montag an gelten neue Regeln.",
            "Foto-Apps sind beliebt.",
            "Registered voters stayed at home.",
            "Register offices are closed on Monday.",
            "Like many on Facebook, he did not read the terms.",
        ] {
            assert!(!is_boilerplate(sentence), "{sentence}");
        }
    }
}
