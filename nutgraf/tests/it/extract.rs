//! `nutgraf extract`.

use std::{ffi::OsString, fs, io::Write as _, path::Path};

use flate2::{Compression, write::GzEncoder};

use crate::program::{PAGE, PARAGRAPHS, program, run, run_with};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn put(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> OsString {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path.into()
}

#[test]
fn an_article_is_one_object_on_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let run = run([OsString::from("extract"), "--json".into(), put(folder.path(), "bridge.html", PAGE)]);
    assert_eq!((run.status, run.err.as_str()), (0, ""));
    let [row] = &run.rows()[..] else { unreachable!("one input, one line") };
    for (field, value) in [
        ("id", "bridge"),
        ("url", "https://post.example/bridge"),
        ("title", "Fennick bridge opens at last"),
        ("byline", "Tilda Marsh"),
        ("published_at", "2026-10-12T07:30:00Z"),
        ("site_name", "The Fennick Post"),
        ("language", "en"),
        ("text", &PARAGRAPHS.join("\n")),
    ] {
        assert_eq!(row[field], value, "{field}");
    }
}

#[test]
fn an_input_that_fails_does_not_keep_the_others_from_being_read() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = [
        put(folder.path(), "one.html", PAGE),
        folder.path().join("missing.html").into(),
        put(folder.path(), "two.v2.html.gz", gzip(PAGE.as_bytes())),
        folder.path().into(),
        put(folder.path(), "three.htm", PAGE),
    ];
    let run = run([OsString::from("extract")].into_iter().chain(inputs));
    assert_eq!(run.status, 3, "{}", run.err);
    let ids: Vec<_> = run.rows().iter().map(|row| row["id"].clone()).collect();
    assert_eq!(ids, ["one", "two.v2", "three"]);
    assert!(run.err.contains("missing.html") && run.err.contains("2 of 5 inputs failed"), "{}", run.err);
}

#[test]
fn the_status_tells_what_was_wrong_with_an_input() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = put(folder.path(), "nothing.html", "<p>Log in");
    let broken = put(folder.path(), "broken.html.gz", &gzip(PAGE.as_bytes())[..200]);
    for (input, status) in [(nothing, 4), (broken, 3), ("no/such/file".into(), 3), (folder.path().into(), 3)]
    {
        let run = run([OsString::from("extract"), input.clone()]);
        assert_eq!((run.status, run.out.as_str()), (status, ""), "{}: {}", input.display(), run.err);
        assert!(run.err.starts_with("error: ") && !run.err.contains("panicked"), "{}", run.err);
    }
    assert_eq!(run(["extract"]).status, 2);
    assert_eq!(run(["extract", "--no-such-flag", "x"]).status, 2);
}

#[test]
fn a_page_is_read_from_standard_input_too() {
    for page in [PAGE.as_bytes().to_vec(), gzip(PAGE.as_bytes())] {
        let run = run_with(&page, &["extract", "-"]);
        assert_eq!(run.status, 0, "{}", run.err);
        let row = &run.rows()[0];
        assert_eq!((&row["id"], &row["text"]), (&"-".into(), &PARAGRAPHS.join("\n").into()));
    }
}

#[test]
fn the_base_stands_in_for_an_address_that_a_page_does_not_give() {
    let page = PAGE.replace("<link rel=\"canonical\" href=\"https://post.example/bridge\">\n", "");
    let without = run_with(page.as_bytes(), &["extract", "-"]);
    assert!(without.rows()[0]["url"].is_null());
    let with = run_with(page.as_bytes(), &["extract", "--url", "https://post.example/b", "-"]);
    assert_eq!(with.rows()[0]["url"], "https://post.example/b");
    assert_eq!(run_with(page.as_bytes(), &["extract", "--url", "b", "-"]).status, 2);
}

#[cfg(unix)]
#[test]
fn a_files_name_need_not_be_text() {
    use std::os::unix::ffi::OsStringExt as _;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(OsString::from_vec(b"caf\xe9.html".to_vec()));
    fs::write(&path, PAGE).unwrap();
    let run = run([OsString::from("extract"), path.into()]);
    assert_eq!((run.status, &run.rows()[0]["id"]), (0, &"caf\u{fffd}".into()), "{}", run.err);
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() {
    let mut child = program().args(["extract", "-"]).stdin(std::process::Stdio::piped()).spawn().unwrap();
    // Closed before there is anything to write.
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(PAGE.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
