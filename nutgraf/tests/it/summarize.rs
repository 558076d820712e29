//! `nutgraf summarize`.

use crate::program::{PAGE, PARAGRAPHS, run, run_with};

fn text() -> String {
    PARAGRAPHS.join("\n\n")
}

#[test]
fn a_text_on_standard_input_is_summarized() {
    let short = run_with(text().as_bytes(), &["summarize", "--length", "short", "-"]);
    assert_eq!((short.status, short.err.as_str()), (0, ""));
    assert_eq!(short.out.lines().count(), 1);
    let kept = PARAGRAPHS.iter().filter(|paragraph| short.out.contains(*paragraph)).count();
    assert_eq!(kept, 2, "{}", short.out);
    let bullets = run_with(text().as_bytes(), &["summarize", "--format", "bullets", "-"]);
    assert_eq!(bullets.out.lines().filter(|line| line.starts_with("• ")).count(), 3, "{}", bullets.out);
}

#[test]
fn the_json_says_where_each_sentence_is_from() {
    let run = run_with(PAGE.as_bytes(), &["summarize", "--json", "-"]);
    assert_eq!(run.status, 0, "{}", run.err);
    let answer = &run.rows()[0];
    assert_eq!(answer["article"]["title"], "Fennick bridge opens at last");
    let summary = &answer["summary"];
    assert_eq!((&summary["engine"], &summary["notices"]), (&"extractive".into(), &serde_json::json!([])));
    let sentences = summary["sentences"].as_array().unwrap();
    assert_eq!(sentences.len(), 3);
    for sentence in sentences {
        let span = &sentence["spans"][0];
        let number = |name: &str| usize::try_from(span[name].as_u64().unwrap()).unwrap();
        let passage = PARAGRAPHS[number("paragraph")].chars().skip(number("start"));
        let passage: String = passage.take(number("end") - number("start")).collect();
        assert_eq!(sentence["text"], passage);
    }
}

#[test]
fn a_text_that_is_too_short_comes_back_as_it_is_and_that_is_said() {
    let run = run_with(b"One thing happened. Then another did.", &["summarize", "--json", "-"]);
    assert_eq!(run.status, 0);
    let summary = &run.rows()[0]["summary"];
    assert_eq!(summary["text"], "One thing happened. Then another did.");
    assert_eq!(summary["notices"][0], "returned_whole");
    assert!(run.err.contains("too short"), "{}", run.err);
}

#[test]
fn the_status_tells_what_was_wrong() {
    let text = text();
    for (input, arguments, status) in [
        (" \n", &["summarize", "-"][..], 4),
        ("<!doctype html><p>Log in", &["summarize", "-"], 4),
        (text.as_str(), &["summarize", "--length", "huge", "-"], 2),
        (text.as_str(), &["summarize", "--format", "poem", "-"], 2),
        (text.as_str(), &["summarize", "--engine", "gpt", "-"], 2),
        (text.as_str(), &["summarize", "--engine", "abstractive", "-"], 2),
    ] {
        let run = run_with(input.as_bytes(), arguments);
        assert_eq!((run.status, run.out.as_str()), (status, ""), "{arguments:?}: {}", run.err);
        assert!(run.err.starts_with("error: ") && !run.err.contains("panicked"), "{}", run.err);
    }
    assert_eq!(run(["summarize", "no/such/file"]).status, 3);
    let unreachable = run(["summarize", "http://127.0.0.1:9/"]);
    // One line, and none of what the scraper logs.
    assert_eq!((unreachable.status, unreachable.err.lines().count()), (3, 1), "{}", unreachable.err);
    assert_eq!(run(["summarize", "https://"]).status, 3);
    let large = run_with("word ".repeat(300_000).as_bytes(), &["summarize", "-"]);
    assert_eq!(large.status, 4, "{}", large.err);
}

/// A folder with a small model of random weights.
fn model() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    inference::testing::random_model(folder.path(), 256, &serde_json::json!({})).unwrap();
    folder
}

#[test]
fn a_model_that_is_named_is_waited_for_and_writes() {
    let folder = model();
    let path = folder.path().to_str().unwrap();
    for engine in ["auto", "abstractive"] {
        let run =
            run_with(text().as_bytes(), &["summarize", "--json", "--engine", engine, "--model", path, "-"]);
        assert_eq!(run.status, 0, "{}", run.err);
        let summary = &run.rows()[0]["summary"];
        assert_eq!(summary["engine"], "abstractive", "{summary}");
        assert!(path.ends_with(summary["model"]["id"].as_str().unwrap()), "{summary}");
    }
    let run =
        run_with(text().as_bytes(), &["summarize", "--json", "--engine", "extractive", "--model", path, "-"]);
    assert_eq!(run.rows()[0]["summary"]["engine"], "extractive");
}

#[test]
fn a_folder_without_a_model_is_an_input_that_cannot_be_read() {
    let empty = tempfile::tempdir().unwrap();
    let path = empty.path().to_str().unwrap();
    let run = run_with(text().as_bytes(), &["summarize", "--model", path, "-"]);
    assert!(matches!(run.status, 3 | 4), "{}", run.err);
    assert!(run.err.contains("config.json") || run.err.contains(path), "{}", run.err);
}
