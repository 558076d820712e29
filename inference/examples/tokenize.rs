//! Tokenizes lines of JSON, to compare with other tokenizers.
//!
//! ```sh
//! cargo run --release -p inference --example tokenize -- MODEL_DIR < strings.jsonl > ids.jsonl
//! ```
//!
//! Each line of the input is an object with `id` and `text`; each line of the output has the same `id`, the `ids` as
//! transformers would have them, their `decoded` text, with and without special tokens, and whether decoding one by
//! one made the same (`streamed`). With `--time` after the directory it prints speeds for the texts instead.

use std::error::Error;
use std::io::{BufRead, BufWriter, Write, stdin, stdout};
use std::path::PathBuf;
use std::time::Instant;

use inference::tokenizer::{Specials, Tokenizer, normalize_input};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let dir = PathBuf::from(args.next().ok_or("usage: tokenize MODEL_DIR [--time] < strings.jsonl")?);
    let start = Instant::now();
    let tokenizer = Tokenizer::from_dir(&dir)?;
    let loading = start.elapsed();
    let lines: Vec<Value> = stdin()
        .lock()
        .lines()
        .map(|line| Ok(serde_json::from_str(&line?)?))
        .collect::<Result<_, Box<dyn Error>>>()?;
    let mut out = BufWriter::new(stdout().lock());
    if args.next().as_deref() == Some("--time") {
        writeln!(out, "loaded in {loading:.1?}")?;
        return time(&tokenizer, &lines, &mut out);
    }
    for line in lines {
        let text = line["text"].as_str().ok_or("a line without text")?;
        let ids = tokenizer.encode(text, Specials::Parsed, None)?;
        let decoded = tokenizer.decode(&ids, false)?;
        let skipped = tokenizer.decode(&ids, true)?;
        let streamed =
            stream(&tokenizer, &ids, false) == decoded && stream(&tokenizer, &ids, true) == skipped;
        let literal = tokenizer.encode(text, Specials::Literal, None)?;
        let answer = json!({
            "id": line["id"], "ids": ids, "decoded": decoded, "skipped": skipped, "streamed": streamed,
            "literal": literal,
        });
        writeln!(out, "{answer}")?;
    }
    Ok(())
}

fn stream(tokenizer: &Tokenizer, ids: &[u32], skip_special: bool) -> String {
    let mut detokenizer = tokenizer.detokenizer(skip_special);
    let text: String = ids.iter().map(|id| detokenizer.push(*id)).collect();
    text + &detokenizer.finish()
}

/// Prints the speed of each step over all texts, the best of ten rounds.
fn time(tokenizer: &Tokenizer, lines: &[Value], out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let texts: Vec<&str> = lines.iter().filter_map(|line| line["text"].as_str()).collect();
    let mut all = Vec::new();
    let mut best = [f64::INFINITY; 4];
    for _ in 0..10 {
        let start = Instant::now();
        let normal: Vec<String> = texts.iter().map(|text| normalize_input(text)).collect();
        best[0] = best[0].min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        all = normal
            .iter()
            .map(|text| tokenizer.encode(text, Specials::Literal, None))
            .collect::<Result<Vec<_>, _>>()?;
        best[1] = best[1].min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        for ids in &all {
            tokenizer.decode(ids, true)?;
        }
        best[2] = best[2].min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        for ids in &all {
            stream(tokenizer, ids, true);
        }
        best[3] = best[3].min(start.elapsed().as_secs_f64());
    }
    let tokens: usize = all.iter().map(Vec::len).sum();
    writeln!(out, "{} texts, {tokens} tokens", texts.len())?;
    for (step, seconds) in ["normalize", "encode", "decode", "decode one by one"].iter().zip(best) {
        writeln!(out, "{step}: {:.2} ms, {:.0} tokens/s", seconds * 1e3, tokens as f64 / seconds)?;
    }
    Ok(())
}
