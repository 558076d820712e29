use proptest::prelude::*;

use super::cleanup::{CleanUpStream, clean_up};
use super::normalize_input;

#[test]
fn spaces_before_punctuation_and_contractions_go() {
    assert_eq!(clean_up("Well , it 's done . Do n't ' ask ' !"), "Well, it's done. Don't'ask '!");
    assert_eq!(clean_up("do n ' t"), "don't", "a rule may make room for a later one");
}

#[test]
fn what_says_nothing_is_dropped() {
    assert_eq!(normalize_input("\u{FEFF}a\u{0}b\u{7}c\u{85}d\u{9F}"), "abc d");
    assert_eq!(normalize_input("one\r\ntwo\nthree\tfour\u{2028}five"), "one two three four five");
    assert_eq!(normalize_input("zero\u{200B}width sh\u{AD}y \u{202E}evil\u{202C}"), "zerowidth shy evil");
    assert_eq!(normalize_input("x\u{E0041}\u{FFFE}\u{10FFFF}\u{FDD0}y"), "xy");
    assert_eq!(normalize_input("keep  two\u{A0}spaces"), "keep  two\u{A0}spaces");
}

#[test]
fn text_is_composed() {
    assert_eq!(normalize_input("e\u{301} A\u{30A} \u{1112}\u{1161}\u{11AB}"), "é Å 한");
    assert_eq!(normalize_input("e\u{200B}\u{301}"), "é", "what stood between is gone first");
    assert_eq!(normalize_input("ﬁ ½ Ａ"), "ﬁ ½ Ａ", "but not changed in kind");
}

#[test]
fn joiners_stay_where_they_join() {
    for text in ["می‌خواهم", "क्‍ष", "ന്‍ ", "👩‍👩‍👧‍👦", "🤷🏿‍♀️", "❤️‍🔥"]
    {
        assert_eq!(normalize_input(text), text);
    }
    assert_eq!(normalize_input("a\u{200D}b \u{200C}c漢\u{200D}字"), "ab c漢字");
    assert_eq!(normalize_input("👩\u{200D} x"), "👩 x");
    assert_eq!(normalize_input("می\u{200C}\u{200C}خ"), "می\u{200C}خ");
}

proptest! {
    #[test]
    fn normalizing_twice_is_normalizing_once(text in "(\\PC|.|[\u{200B}-\u{200F}\u{300}-\u{340}\u{1100}-\u{11FF}\u{FE0F}👩\r\nमی]){0,30}") {
        let once = normalize_input(&text);
        prop_assert_eq!(normalize_input(&once), once);
    }

    #[test]
    fn tidying_piece_by_piece_is_tidying_the_whole(pieces in prop::collection::vec("[ .?!,'ntmsverax]{0,4}", 0..30)) {
        let mut stream = CleanUpStream::default();
        let mut text: String = pieces.iter().map(|piece| stream.push(piece)).collect();
        text.push_str(&stream.flush());
        prop_assert_eq!(text, clean_up(&pieces.concat()));
    }

    #[test]
    fn tidying_gives_out_words_that_are_done(words in prop::collection::vec("[a-z]{2,8}", 1..20)) {
        let mut stream = CleanUpStream::default();
        let mut given = String::new();
        for word in &words {
            given.push_str(&stream.push(&format!(" {word}")));
            prop_assert!(given.ends_with(word.as_str()));
        }
    }
}
