//! Summarizes JSON lines: `{"id", "article"}` in, `{"id", "sentences"}` out. The time that it took goes to standard error.
//!
//! With `--all`, the sentences are all that a summary may choose from, in order: what LEAD-3 takes the first three of.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "results and figures")]

use std::{env::args, error::Error, io::stdin, time::Instant};

use serde_json::{Value, json};
use summarizer_svc::{
    document::{Article, Document},
    engine::{Engine as _, Nobody, extractive::Extractive},
    summary::Request,
};

fn main() -> Result<(), Box<dyn Error>> {
    let all = args().nth(1).as_deref() == Some("--all");
    let (mut articles, mut seconds) = (0, 0.0);
    for line in stdin().lines() {
        let row: Value = serde_json::from_str(&line?)?;
        let text = row.get("article").and_then(Value::as_str).unwrap_or_default();
        let article = Article::from_text("", text);
        let began = Instant::now();
        let sentences = if all { candidates(&article) } else { summary(article) };
        seconds += began.elapsed().as_secs_f64();
        articles += 1;
        println!("{}", json!({"id": row.get("id"), "sentences": sentences}));
    }
    eprintln!(
        "{articles} articles in {seconds:.2} s on one thread: {:.0} articles/s",
        f64::from(articles) / seconds
    );
    Ok(())
}

fn candidates(article: &Article) -> Vec<String> {
    Document::read(article, None).sentences.into_iter().map(|sentence| sentence.text).collect()
}

fn summary(article: Article) -> Vec<String> {
    let request = Request { article, ..Request::default() };
    let draft = Extractive.summarize(&request, &mut Nobody);
    draft.map(|draft| draft.sentences.into_iter().map(|sentence| sentence.text).collect()).unwrap_or_default()
}
