//! Runs one extractor over a folder of pages: one JSON object a line, `{"id", "text", "ms", "parse_ms"}`.
//!
//! usage: `extraction-peers TOOL FOLDER [ROUNDS]`, where TOOL is dom_smoothie, readex, rs-trafilatura or trafilatura.
//! The times are medians over ROUNDS (default 5), on one thread; `parse_ms` is html5ever's own parse.

use std::fs;
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Instant;

use flate2::read::GzDecoder;

/// Gives the text of a page; `None` where it finds none.
type Extractor = fn(&str) -> Option<String>;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = || io::Error::other("usage: extraction-peers TOOL FOLDER [ROUNDS]");
    let extractor = arguments.next().as_deref().and_then(extractor).ok_or_else(usage)?;
    let folder = arguments.next().ok_or_else(usage)?;
    let rounds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(5_usize).max(1);
    let mut paths: Vec<_> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.sort();
    for path in &paths {
        let Some(id) = id(path) else { continue };
        let html = read(path)?;
        // What panics has found nothing.
        let run = || catch_unwind(AssertUnwindSafe(|| extractor(&html))).ok().flatten();
        let text = run().unwrap_or_default();
        let ms = median(rounds, || drop(black_box(run())));
        let parse_ms = median(rounds, || drop(black_box(scraper::Html::parse_document(&html))));
        let row = serde_json::json!({"id": id, "text": text, "ms": ms, "parse_ms": parse_ms});
        writeln!(io::stdout(), "{row}")?;
    }
    Ok(())
}

fn extractor(name: &str) -> Option<Extractor> {
    Some(match name {
        "dom_smoothie" => |html| {
            let mut readability = dom_smoothie::Readability::new(html, None, None).ok()?;
            Some(readability.parse().ok()?.text_content.to_string())
        },
        "readex" => |html| Some(readex::extract(html, None).ok()?.text),
        "rs-trafilatura" => |html| Some(rs_trafilatura::extract(html).ok()?.content_text),
        "trafilatura" => {
            |html| Some(trafilatura::extract(html, &trafilatura::Options::default()).ok()?.content_text)
        }
        _ => return None,
    })
}

/// Milliseconds of the median round.
fn median(rounds: usize, mut act: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..rounds)
        .map(|_| {
            let started = Instant::now();
            act();
            started.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[rounds / 2]
}

/// The file's name without its endings; `None` for what is no page.
fn id(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    name.strip_suffix(".gz").unwrap_or(name).strip_suffix(".html")
}

fn read(path: &Path) -> io::Result<String> {
    let mut bytes = fs::read(path)?;
    if path.extension().is_some_and(|ending| ending == "gz") {
        let mut decoded = Vec::new();
        GzDecoder::new(bytes.as_slice()).read_to_end(&mut decoded)?;
        bytes = decoded;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
