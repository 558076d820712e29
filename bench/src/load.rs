//! Closed-loop load: each client asks for the next summary as soon as it has the last one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use clap::Args;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{BenchError, stats::Times};

#[derive(Debug, Clone, Args)]
pub(crate) struct Arguments {
    /// The gateway.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    target: String,
    /// Clients at once; several runs, one after the other.
    #[arg(long, value_delimiter = ',', default_value = "1,64")]
    clients: Vec<usize>,
    /// Requests in each run.
    #[arg(long, default_value_t = 2000)]
    requests: usize,
    /// Ask for the same addresses again and again, so that the gateway's article cache answers for the scraper. Without
    /// it each request has an address of its own, and is fetched, parsed and extracted anew.
    #[arg(long)]
    cached: bool,
}

#[expect(clippy::print_stdout, reason = "figures are the result")]
pub(crate) async fn run(arguments: Arguments) -> Result<(), BenchError> {
    let client = Client::builder().timeout(Duration::from_secs(30)).build()?;
    let urls = Arc::new(addresses(&client, &arguments.target).await?);
    println!("{} articles, {}", urls.len(), if arguments.cached { "cached" } else { "each fetched anew" });
    // A run of its own warms connections and caches.
    measure(&client, &arguments, &urls, 4, 100).await?;
    for &clients in &arguments.clients {
        let began = Instant::now();
        let (times, failed) = measure(&client, &arguments, &urls, clients, arguments.requests).await?;
        let rate = arguments.requests as f64 / began.elapsed().as_secs_f64();
        if let Some(times) = Times::new(times) {
            println!("{clients:3} clients  {times}  {rate:6.0} summaries/s  failed {failed}");
        }
    }
    Ok(())
}

/// The articles of the default source.
async fn addresses(client: &Client, target: &str) -> Result<Vec<String>, BenchError> {
    let answer: Value =
        client.get(format!("{target}/api/v1/headlines")).send().await?.error_for_status()?.json().await?;
    let headlines = answer.get("headlines").and_then(Value::as_array).cloned().unwrap_or_default();
    let urls: Vec<String> =
        headlines.iter().filter_map(|headline| headline.get("url")?.as_str()).map(str::to_owned).collect();
    if urls.is_empty() {
        Err(BenchError::Unexpected("the default source has no headlines".to_owned()))
    } else {
        Ok(urls)
    }
}

/// The times of the requests that succeeded, and how many did not.
async fn measure(
    client: &Client,
    arguments: &Arguments,
    urls: &Arc<Vec<String>>,
    clients: usize,
    requests: usize,
) -> Result<(Vec<Duration>, usize), BenchError> {
    static SERIAL: AtomicUsize = AtomicUsize::new(0);
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..clients {
        let (client, arguments, urls, next) =
            (client.clone(), arguments.clone(), Arc::clone(urls), Arc::clone(&next));
        tasks.spawn(async move {
            let (mut times, mut failed) = (Vec::new(), 0);
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(url) = urls.get(index % urls.len()).filter(|_| index < requests) else { break };
                let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
                let url = if arguments.cached { url.clone() } else { format!("{url}?visit={serial}") };
                match once(&client, &arguments.target, &url).await {
                    Some(time) => times.push(time),
                    None => failed += 1,
                }
            }
            (times, failed)
        });
    }
    let (mut times, mut failed) = (Vec::new(), 0);
    while let Some(ended) = tasks.join_next().await {
        let (more, less) = ended.map_err(|error| BenchError::Unexpected(error.to_string()))?;
        times.extend(more);
        failed += less;
    }
    Ok((times, failed))
}

/// The time of one summary; None where there was none.
async fn once(client: &Client, target: &str, url: &str) -> Option<Duration> {
    let began = Instant::now();
    let request = client.post(format!("{target}/api/v1/summaries")).json(&json!({ "url": url }));
    let answer: Value = request.send().await.ok()?.error_for_status().ok()?.json().await.ok()?;
    let sentences = answer.pointer("/summary/sentences")?.as_array()?;
    (!sentences.is_empty()).then(|| began.elapsed())
}
