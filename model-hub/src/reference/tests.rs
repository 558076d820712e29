use proptest::prelude::*;

use super::*;

fn hub(text: &str) -> HubModel {
    match text.parse::<ModelRef>().unwrap_or_else(|error| panic!("{text}: {error}")).source() {
        ModelSource::Hub(model) => model.clone(),
        ModelSource::Directory(path) => panic!("{text} is the directory {}", path.display()),
    }
}

#[test]
fn a_word_is_a_preset_and_may_pin_a_revision() {
    assert_eq!(hub("distilbart").repo.to_string(), "sshleifer/distilbart-cnn-12-6");
    assert_eq!(hub("distilbart").revision(), Revision::main());
    assert_eq!(hub(" t5-small@v1.0 ").revision().to_string(), "v1.0");
}

#[test]
fn org_slash_name_is_a_repository() {
    let model = hub("acme/news-2.0_b@refs/pr/3");
    assert_eq!(
        (model.repo.to_string().as_str(), model.revision().to_string().as_str()),
        ("acme/news-2.0_b", "refs/pr/3")
    );
    assert_eq!(model.gguf, None);
}

#[test]
fn a_file_behind_the_repository_is_the_weights_to_take() {
    let model = hub("acme/news-gguf/q4/news.Q4_K.gguf@main");
    assert_eq!(model.repo.to_string(), "acme/news-gguf");
    assert_eq!(model.gguf.unwrap().as_str(), "q4/news.Q4_K.gguf");
}

#[test]
fn what_begins_like_a_path_is_a_directory() {
    for text in ["/models/t5", "./acme/news", "../t5-small", ".", "..", "./t5@home"] {
        let parsed: ModelRef = text.parse().unwrap();
        assert_eq!(parsed.source(), &ModelSource::Directory(text.into()), "{text}");
        assert_eq!(parsed.to_string(), text);
    }
}

#[test]
fn a_wrong_word_is_answered_with_the_nearest_preset() {
    let error = "distilbert".parse::<ModelRef>().unwrap_err().to_string();
    assert!(error.contains("did you mean distilbart?") && error.contains("bart-large-cnn"), "{error}");
    let far = "zzzzzzzzzzzz".parse::<ModelRef>().unwrap_err().to_string();
    assert!(!far.contains("did you mean"), "{far}");
}

#[test]
fn names_that_the_hub_could_not_have_are_refused() {
    for text in [
        "",
        "  ",
        "@main",
        "a/",
        "a/b@",
        "a/b/c",
        "a/b/../x.gguf",
        "a/b/.gguf/",
        "a//b",
        "a/b@..",
        "a/b@x y",
        "a/b@/x",
        "a/--b",
        "a/b--c",
        "-a/b",
        "a/b.",
        "a/é",
        "a/b?c",
        "a\\b/c",
        "a/b@-x",
        "a/b@x\u{0}",
        "a/b@x@y~",
    ] {
        assert!(text.parse::<ModelRef>().is_err(), "{text:?}");
    }
    assert!(format!("a/{}", "x".repeat(97)).parse::<ModelRef>().is_err());
}

proptest! {
    #[test]
    fn parsing_never_panics_and_what_parses_reads_the_same_again(text in "\\PC{0,40}|[a-z/@.\\-]{0,20}") {
        if let Ok(model) = text.parse::<ModelRef>() {
            prop_assert_eq!(model.to_string().parse::<ModelRef>().unwrap(), model);
        }
    }
}
