//! Extracts every page of a folder: one JSON object a line on stdout, the time per page on stderr.
//!
//! usage: `cargo run --release -p scraper-svc --example extract -- FOLDER [ROUNDS]`, where FOLDER holds `ID.html` or
//! `ID.html.gz`. With ROUNDS above 1 each page is read that often, and
//! a row has the median times of that and of html5ever's own parse, `ms` and `parse_ms`.

use std::fs;
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Instant;

use flate2::read::GzDecoder;
use scraper_svc::extract::{ExtractError, Extracted, Hints, extract};
use scraper_svc::fetch::decode;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or_else(|| io::Error::other("usage: extract FOLDER [ROUNDS]"))?;
    let rounds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1_usize);
    let mut paths: Vec<_> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.sort();
    let (mut whole, mut bare, mut pages) = (0.0, 0.0, 0);
    for path in &paths {
        let Some(id) = id(path) else { continue };
        let html = read(path)?;
        let ms = median(rounds, || drop(black_box(extract(&html, None, &Hints::default()))));
        let mut row = row(id, &extract(&html, None, &Hints::default()));
        if rounds > 1 {
            let parse_ms = median(rounds, || drop(black_box(scraper::Html::parse_document(&html))));
            (row["ms"], row["parse_ms"]) = (ms.into(), parse_ms.into());
            bare += parse_ms;
        }
        whole += ms;
        pages += 1;
        writeln!(io::stdout(), "{row}")?;
    }
    let per_page = |total: f64| total / f64::from(pages.max(1));
    writeln!(io::stderr(), "{pages} pages, {:.2} ms each", per_page(whole))?;
    if rounds > 1 {
        writeln!(io::stderr(), "bare parse {:.2} ms each, so {:.2} of it", per_page(bare), whole / bare)?;
    }
    Ok(())
}

/// Milliseconds of the median round.
fn median(rounds: usize, mut act: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..rounds.max(1))
        .map(|_| {
            let started = Instant::now();
            act();
            started.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times.get(rounds / 2).copied().unwrap_or_default()
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
    Ok(decode(&bytes, None, None))
}

fn row(id: &str, found: &Result<Extracted, ExtractError>) -> serde_json::Value {
    match found {
        Ok(article) => serde_json::json!({
            "id": id,
            "title": article.title,
            "authors": article.authors,
            "published_at": article.published_at,
            "extractor": article.extractor,
            "confidence": article.confidence,
            "text": article.text(),
        }),
        Err(error) => serde_json::json!({ "id": id, "text": "", "error": format!("{error:?}") }),
    }
}
