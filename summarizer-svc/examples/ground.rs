//! Grounds summaries: `{"id", "article", "summary"}` in, one sentence a line in `summary`; `{"id", "sentences"}` out with
//! spans and marks. What was marked, and the time that it took, go to standard error.
//!
//! With `--own`, the sentences are those that the extractive engine picks from the article, in which nothing may be marked.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "results and figures")]

use std::{collections::HashMap, env::args, error::Error, io::stdin, time::Instant};

use serde_json::{Value, json};
use summarizer_svc::{
    document::{Article, Document},
    engine::{Engine as _, Nobody, extractive::Extractive},
    grounding::Grounding,
    summary::{Request, SummarySentence, UnsupportedKind},
};

fn main() -> Result<(), Box<dyn Error>> {
    let own = args().nth(1).as_deref() == Some("--own");
    let (mut articles, mut sentences, mut sourced, mut seconds) = (0_u32, 0, 0, 0.0);
    let mut marked: HashMap<UnsupportedKind, usize> = HashMap::new();
    for line in stdin().lines() {
        let row: Value = serde_json::from_str(&line?)?;
        let text = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default();
        let article = Article::from_text(text("title"), text("article"));
        let summary =
            if own { extract(&article) } else { text("summary").lines().map(str::to_owned).collect() };
        let began = Instant::now();
        let document = Document::read(&article, None);
        let grounding = Grounding::new(&article, &document);
        let grounded: Vec<SummarySentence> =
            summary.iter().map(|sentence| grounding.ground(sentence)).collect();
        seconds += began.elapsed().as_secs_f64();
        articles += 1;
        for sentence in &grounded {
            sentences += 1;
            sourced += usize::from(!sentence.spans.is_empty());
            sentence.unsupported.iter().for_each(|mark| *marked.entry(mark.kind).or_default() += 1);
        }
        println!(
            "{}",
            json!({"id": row.get("id"), "sentences": grounded.iter().map(shown).collect::<Vec<_>>()})
        );
    }
    eprintln!("{sentences} sentences of {articles} summaries; {sourced} with a source; marked: {marked:?}");
    eprintln!(
        "{:.2} ms for each article and its summary, on one thread",
        seconds * 1_000.0 / f64::from(articles)
    );
    Ok(())
}

fn extract(article: &Article) -> Vec<String> {
    let request = Request { article: article.clone(), ..Request::default() };
    let draft = Extractive.summarize(&request, &mut Nobody);
    draft.map(|draft| draft.sentences.into_iter().map(|sentence| sentence.text).collect()).unwrap_or_default()
}

fn shown(sentence: &SummarySentence) -> Value {
    let spans = sentence.spans.iter().map(|span| json!([span.paragraph, span.start, span.end, span.score]));
    let marks = sentence.unsupported.iter().map(|mark| json!([format!("{:?}", mark.kind), mark.text]));
    json!({"text": sentence.text, "spans": spans.collect::<Vec<_>>(), "unsupported": marks.collect::<Vec<_>>()})
}
