use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::summary::{SourceSpan, Unsupported, UnsupportedKind};

const STORY: &str = "The mayor, Jane Ashby, opened the bridge on Monday. It cost £5.2m and took three years to build.\n\
    \"It will stand for a century,\" she said. About 12 people died and 40 were injured when the old one fell in 1998, \
    and John Smith of the Federal Rail Agency wrote a report.";

fn ground(story: &str, sentence: &str) -> SummarySentence {
    let article = Article::from_text("Bridge opens", story);
    let document = Document::read(&article, Some(&"en".parse().unwrap()));
    Grounding::new(&article, &document).ground(sentence)
}

fn marks(sentence: &str) -> Vec<(UnsupportedKind, String)> {
    ground(STORY, sentence).unsupported.into_iter().map(|mark| (mark.kind, mark.text)).collect()
}

fn passage(story: &str, span: &SourceSpan) -> String {
    let paragraph = Article::from_text("", story).paragraphs.swap_remove(span.paragraph).text;
    paragraph.chars().skip(span.start).take(span.end - span.start).collect()
}

#[test]
fn a_sentence_of_the_article_is_its_own_source() {
    let sentence = "It cost £5.2m and took three years to build.";
    let grounded = ground(STORY, sentence);
    assert_eq!(passage(STORY, &grounded.spans[0]), sentence);
    assert!((grounded.spans[0].score - 1.0).abs() < 1e-9 && grounded.unsupported.is_empty());
    assert_eq!(grounded.spans.len(), 1);
}

#[test]
fn a_fused_sentence_has_a_span_for_each_of_its_sources() {
    let grounded = ground(STORY, "Jane Ashby opened the bridge, which cost £5,200,000 and took 3 years.");
    let passages: Vec<_> = grounded.spans.iter().map(|span| passage(STORY, span)).collect();
    assert_eq!(passages.len(), 2, "{passages:?}");
    assert!(passages.iter().any(|text| text.starts_with("The mayor")), "{passages:?}");
    assert!(passages.iter().any(|text| text.starts_with("It cost")), "{passages:?}");
}

#[test]
fn a_span_is_the_clause_that_holds_what_is_said() {
    let grounded = ground(STORY, "John Smith of the Federal Rail Agency wrote a report.");
    assert_eq!(
        passage(STORY, &grounded.spans[0]),
        "and John Smith of the Federal Rail Agency wrote a report."
    );
}

#[test]
fn a_sentence_about_something_else_has_no_source() {
    assert!(ground(STORY, "Penguins huddle against polar winds.").spans.is_empty());
}

#[test]
fn other_spellings_are_supported() {
    for sentence in [
        "The bridge cost 5.2 million pounds and took 3 years.",
        "Ms Ashby said it would ‘stand for a century’.",
        "The FRA's Mr Smith wrote a report about the twelve dead.",
        "Forty people were injured in the 1990s.",
        "Nobody died.",
    ] {
        assert!(marks(sentence).is_empty(), "{sentence} {:?}", marks(sentence));
    }
}

#[test]
fn what_the_article_does_not_have_is_marked_in_place() {
    let grounded = ground(STORY, "Zoë Ashby spent £6.2m, on Friday.");
    let expected = [
        (UnsupportedKind::Name, "Zoë Ashby", 0),
        (UnsupportedKind::Number, "6.2m", 17),
        (UnsupportedKind::Date, "Friday", 26),
    ];
    let found: Vec<_> =
        grounded.unsupported.iter().map(|mark| (mark.kind, mark.text.as_str(), mark.start)).collect();
    assert_eq!(found, expected);
}

#[test]
fn names_glued_from_two_people_are_marked() {
    assert_eq!(marks("The report was by John Ashby."), [(UnsupportedKind::Name, "John Ashby".to_owned())]);
}

#[test]
fn numbers_that_changed_places_are_marked() {
    let swapped = [(UnsupportedKind::Number, "40".to_owned()), (UnsupportedKind::Number, "12".to_owned())];
    assert_eq!(marks("About 40 people died and 12 were injured."), swapped);
}

#[test]
fn a_text_without_capitals_has_no_names_to_mark() {
    assert!(marks("the mayor , peter pan , opened the bridge .").is_empty());
}

/// Everything that could make a search slow: one word, one mark, one digit, one name over and over.
#[test]
fn long_and_odd_texts_are_grounded_in_time() {
    for piece in [
        "a ",
        "'",
        "\"",
        "1",
        "1,000 ",
        "Ann Ash ",
        "Ann ",
        "May ",
        "two hundred ",
        "the cat sat, ",
        "[x",
        "東京",
    ] {
        let article = Article::from_text("", &piece.repeat(120_000 / piece.len()));
        let sentence = format!("{} said Bo Birch on 7 May.", piece.repeat(2_000 / piece.len()));
        let began = Instant::now();
        let document = Document::read(&article, Some(&"en".parse().unwrap()));
        let grounding = Grounding::new(&article, &document);
        (0..3).for_each(|_| drop(grounding.ground(&sentence)));
        assert!(began.elapsed() < Duration::from_secs(20), "{piece:?} took {:?}", began.elapsed());
    }
}

fn check(article: &Article, sentence: &str, grounded: &SummarySentence) -> Result<(), TestCaseError> {
    let chars: Vec<char> = sentence.chars().collect();
    let mut last = 0;
    for Unsupported { text, start, end, .. } in &grounded.unsupported {
        prop_assert!(last <= *start && start < end && *end <= chars.len());
        prop_assert_eq!(text, &chars[*start..*end].iter().collect::<String>());
        last = *end;
    }
    prop_assert!(grounded.spans.len() <= 3);
    for span in &grounded.spans {
        let length = article.paragraphs[span.paragraph].text.chars().count();
        prop_assert!(span.start < span.end && span.end <= length, "{:?}", span);
        prop_assert!((0.0..=1.0 + 1e-9).contains(&span.score), "{:?}", span);
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_grounded_within_its_bounds(
        title in "\\PC{0,20}", text in "(\\PC|\\s){0,200}", sentence in "(\\PC|\\s){0,80}", code in "en|de|fr|it|ja|xx",
    ) {
        let article = Article::from_text(&title, &text);
        let document = Document::read(&article, Some(&code.parse().unwrap()));
        let grounding = Grounding::new(&article, &document);
        check(&article, &sentence, &grounding.ground(&sentence))?;
        for own in &document.sentences {
            check(&article, &own.text, &grounding.ground(&own.text))?;
        }
    }

    #[test]
    fn texts_full_of_facts_are_grounded_within_their_bounds(
        words in proptest::collection::vec(
            "Ann|Ash|May|Monday|the|of|and|a|half|two|hundred|million|third|dozen|[0-9]{1,4}|1,000|5m|5\\.5bn|10:30|pm|U\\.S\\.|’|“|”|\"|'|-|–|,|\\.|\\.\\.\\.|\\[|\\]|vingt|quatre|cent|zweiundzwanzig|tausend|3\\.|Mai|é|ß|I|EU|D’Or|l'An",
            0..40,
        ),
        glue in " |",
        code in "en|de|fr",
    ) {
        let text = words.join(&glue);
        let article = Article::from_text("", &text);
        let document = Document::read(&article, Some(&code.parse().unwrap()));
        let grounding = Grounding::new(&article, &document);
        check(&article, &text, &grounding.ground(&text))?;
    }

    #[test]
    fn nothing_is_marked_in_what_is_the_articles_own(
        words in proptest::collection::vec("Ann Ash|Bo|the cat|[0-9]{1,3}|1,000|five million|on 17 May 2024|EU|was|said|“so it is”|a dozen", 3..30),
    ) {
        let text = format!("{}.", words.join(" "));
        let grounded = ground(&text, &text);
        prop_assert!(grounded.unsupported.is_empty(), "{} {:?}", text, grounded.unsupported);
    }
}
