//! Summarizes JSON lines: `{"id", "article"}` in, `{"id", "sentences"}` out. The time that it took goes to standard error.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "results and figures")]

use std::{error::Error, io::stdin, time::Instant};

use serde_json::{Value, json};
use summarizer_svc::{
    document::Article,
    engine::{Engine as _, EngineError, Output, extractive::Extractive},
    summary::{Phase, Request},
};

/// Nobody listens, and nobody hangs up.
struct Silent;

impl Output for Silent {
    fn check(&self) -> Result<(), EngineError> {
        Ok(())
    }
    fn progress(&mut self, _: Phase, _: usize, _: usize) -> Result<(), EngineError> {
        Ok(())
    }
    fn delta(&mut self, _: &str) -> Result<(), EngineError> {
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut articles, mut seconds) = (0, 0.0);
    for line in stdin().lines() {
        let row: Value = serde_json::from_str(&line?)?;
        let text = row.get("article").and_then(Value::as_str).unwrap_or_default();
        let request = Request { article: Article::from_text("", text), ..Request::default() };
        let began = Instant::now();
        let draft = Extractive.summarize(&request, &mut Silent);
        seconds += began.elapsed().as_secs_f64();
        articles += 1;
        let sentences: Vec<String> = draft
            .map(|draft| draft.sentences.into_iter().map(|sentence| sentence.text).collect())
            .unwrap_or_default();
        println!("{}", json!({"id": row.get("id"), "sentences": sentences}));
    }
    eprintln!(
        "{articles} articles in {seconds:.2} s on one thread: {:.0} articles/s",
        f64::from(articles) / seconds
    );
    Ok(())
}
