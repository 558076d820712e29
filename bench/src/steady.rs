//! Steady load through the gateway, at a rate that doesn't wait for answers: who answered, and what failed.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use clap::Args;
use rand::RngExt as _;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use service_kit::config::duration;
use tokio::{
    task::JoinSet,
    time::{sleep_until, timeout},
};

use crate::{BenchError, stats::Times, texts::text};

/// How long a caller waits.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The gateway.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    target: String,
    /// Requests a second, at random distances (a Poisson process).
    #[arg(long, default_value_t = 40.0)]
    rate: f64,
    /// How long.
    #[arg(long, default_value = "30s", value_parser = duration)]
    length: Duration,
    /// Ask for streams, and compare what they told with what they say in the end.
    #[arg(long)]
    stream: bool,
    /// End with an error if a request failed.
    #[arg(long)]
    strict: bool,
}

/// One answer.
#[derive(Debug)]
struct Answer {
    /// Since the start.
    at: Duration,
    took: Duration,
    /// The replica, or what went wrong.
    result: Result<String, String>,
}

#[expect(clippy::print_stdout, reason = "figures are the result")]
pub(crate) async fn run(arguments: Arguments) -> Result<(), BenchError> {
    let answers = ask(&arguments).await?;
    let mut replicas: BTreeMap<&str, Vec<&Answer>> = BTreeMap::new();
    let mut failures: BTreeMap<&str, usize> = BTreeMap::new();
    for answer in &answers {
        match &answer.result {
            Ok(replica) => replicas.entry(replica).or_default().push(answer),
            Err(cause) => *failures.entry(cause).or_default() += 1,
        }
    }
    let failed: usize = failures.values().sum();
    println!("{} requests, {failed} failed", answers.len());
    for (cause, count) in failures {
        println!("  failed {count:6}  {cause}");
    }
    for (replica, answers) in replicas {
        let at: Vec<f64> = answers.iter().map(|answer| answer.at.as_secs_f64()).collect();
        let (first, last) =
            (at.iter().copied().fold(f64::MAX, f64::min), at.iter().copied().fold(0.0, f64::max));
        println!("  {replica:28} {:6} answers, {first:6.1} s to {last:6.1} s", answers.len());
    }
    let answered = answers.iter().filter(|answer| answer.result.is_ok());
    if let Some(times) = Times::new(answered.map(|answer| answer.took).collect()) {
        println!("  {times}");
    }
    if arguments.strict && failed > 0 {
        return Err(BenchError::Unexpected(format!("{failed} requests failed")));
    }
    Ok(())
}

async fn ask(arguments: &Arguments) -> Result<Vec<Answer>, BenchError> {
    let client = Client::builder().build()?;
    let (began, mut answers, mut tasks) = (Instant::now(), Vec::new(), JoinSet::new());
    let (mut next, mut number) = (Duration::ZERO, rand::rng().random_range(0..1_000_000_000));
    while next < arguments.length {
        sleep_until((began + next).into()).await;
        let (client, target, stream) = (client.clone(), arguments.target.clone(), arguments.stream);
        number += 1;
        tasks.spawn(async move {
            let (at, asked) = (began.elapsed(), Instant::now());
            let answer = timeout(PATIENCE, once(&client, &target, number, stream)).await;
            let result = answer.unwrap_or_else(|_| Err("no answer in time".to_owned()));
            Answer { at, took: asked.elapsed(), result }
        });
        while let Some(ended) = tasks.try_join_next() {
            answers.push(ended.map_err(|error| BenchError::Unexpected(error.to_string()))?);
        }
        // Distances of a Poisson process are exponential.
        next +=
            Duration::from_secs_f64(-rand::rng().random_range(f64::MIN_POSITIVE..1.0).ln() / arguments.rate);
    }
    while let Some(ended) = tasks.join_next().await {
        answers.push(ended.map_err(|error| BenchError::Unexpected(error.to_string()))?);
    }
    Ok(answers)
}

/// The replica that answered, or what went wrong.
pub(crate) async fn once(
    client: &Client,
    target: &str,
    number: usize,
    stream: bool,
) -> Result<String, String> {
    let path = if stream { "/api/v1/summaries/stream" } else { "/api/v1/summaries" };
    let body = json!({ "text": text(number), "engine": "extractive" });
    let sent = client.post(format!("{target}{path}")).json(&body).send().await;
    let response = sent.map_err(|error| cause(&error))?;
    let status = response.status();
    if !status.is_success() {
        let problem: Value = response.json().await.unwrap_or_default();
        return Err(format!(
            "{status} {}",
            problem.get("type").and_then(Value::as_str).unwrap_or("without a problem")
        ));
    }
    let summary = if stream {
        told(response).await?
    } else {
        let answer: Value = response.json().await.map_err(|error| cause(&error))?;
        answer.get("summary").cloned().unwrap_or_default()
    };
    let replica = summary.get("replica").and_then(Value::as_str).filter(|replica| !replica.is_empty());
    replica.map(str::to_owned).ok_or_else(|| "an answer without a summary".to_owned())
}

/// The summary at the end of a stream, whose text must be what the stream told.
async fn told(response: Response) -> Result<Value, String> {
    let body = response.text().await.map_err(|error| cause(&error))?;
    let (mut text, mut last) = (String::new(), None);
    for event in body.split("\n\n") {
        let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
        let data: Value =
            field("data: ").and_then(|data| serde_json::from_str(data).ok()).unwrap_or_default();
        match field("event: ") {
            Some("delta") => text += data.get("text").and_then(Value::as_str).unwrap_or_default(),
            Some("done") => last = Some(Ok(data)),
            Some("error") => {
                last = Some(Err(format!(
                    "stream: {}",
                    data.get("type").and_then(Value::as_str).unwrap_or_default()
                )));
            }
            _ => {}
        }
    }
    let summary = last.ok_or("a stream that was cut")??;
    if summary.get("text").and_then(Value::as_str) == Some(&text) {
        Ok(summary)
    } else {
        Err("a stream that told something else than it says in the end".to_owned())
    }
}

/// The innermost cause of an error.
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
