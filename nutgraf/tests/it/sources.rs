//! `nutgraf sources`.

use crate::program::run_with;

#[test]
fn subscriptions_of_a_feed_reader_become_a_file_of_sources() {
    let file = r#"<opml version="2.0"><body><outline text="Isle" xmlUrl="https://isle.example/rss"/>
        <outline text="Broken" xmlUrl="nowhere"/></body></opml>"#;
    let run = run_with(file.as_bytes(), &["sources", "import", "--language", "de", "-"]);
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(run.err.contains("1 subscriptions"), "{}", run.err);
    let sources: scraper_svc::sources::Sources = run.out.parse().unwrap();
    let source = sources.find("isle").unwrap();
    assert_eq!(
        (source.language.as_str(), source.feeds[0].to_string().as_str()),
        ("de", "https://isle.example/rss")
    );
}

#[test]
fn what_is_no_list_of_subscriptions_says_so() {
    let run = run_with(b"<html></html>", &["sources", "import", "-"]);
    assert_eq!((run.status, run.out.as_str()), (4, ""));
    assert!(run.err.contains("OPML"), "{}", run.err);
}
