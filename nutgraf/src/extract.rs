//! `nutgraf extract`: articles out of web pages, one row each.

use std::{
    io::{IsTerminal as _, stdout},
    num::NonZero,
    thread::available_parallelism,
};

use clap::{
    Args,
    builder::{OsStringValueParser, TypedValueParser as _},
};
use futures::{StreamExt as _, stream};
use scraper_svc::{Scraper, config::Config, fetch::Allowance};
use service_kit::config::Validate;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    document::{Document, Input, read},
    exit::{self, Failure, say},
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// One JSON object a line, also on a terminal: id, url, title, byline, published_at, site_name, language, text.
    #[arg(long)]
    json: bool,
    /// The address that a file was fetched from; its relative links are resolved against it.
    #[arg(long, value_name = "BASE")]
    url: Option<Url>,
    /// Addresses, or files (.html, .html.gz); `-` for standard input.
    #[arg(required = true, value_name = "URL|FILE", value_parser = OsStringValueParser::new().map(Input::from))]
    inputs: Vec<Input>,
    #[command(flatten, next_help_heading = "Scraper")]
    scraper: Config,
}

impl Validate for Arguments {
    fn problems(&self) -> Vec<String> {
        self.scraper.problems()
    }
}

/// Extracts each input. One that fails is reported on standard error, and the others go on.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let scraper = if arguments.inputs.iter().any(|input| matches!(input, Input::Url(_))) {
        Some(start_scraper(arguments.scraper, &arguments.inputs).await?)
    } else {
        None
    };
    let json = arguments.json || !stdout().is_terminal();
    let total = arguments.inputs.len();
    let at_once = available_parallelism().map_or(1, NonZero::get);
    let mut rows = stream::iter(arguments.inputs)
        .map(|input| one(input, scraper.as_ref(), arguments.url.clone()))
        .buffered(at_once);
    let (mut failed, mut status) = (0, 0);
    while let Some(row) = rows.next().await {
        match row {
            Ok(document) => print(&document, json)?,
            Err(failure) if total == 1 => return Err(failure),
            Err(failure) => {
                failed += 1;
                status = status.max(failure.status());
                say("error", &failure);
            }
        }
    }
    if failed == 0 { Ok(()) } else { Err(Failure::Several { failed, total, status }) }
}

/// A scraper for addresses that a person typed. A private address among them is the person's own choice, so that exact
/// address may be read; redirects to others may not.
pub(crate) async fn start_scraper(mut config: Config, inputs: &[Input]) -> Result<Scraper, Failure> {
    for input in inputs {
        let Input::Url(text) = input else { continue };
        let url = Input::article_url(text)?;
        let port = url.as_url().port_or_known_default().unwrap_or(80);
        let literal = match url.as_url().host() {
            Some(url::Host::Ipv4(ip)) => Some(format!("{ip}:{port}")),
            Some(url::Host::Ipv6(ip)) => Some(format!("[{ip}]:{port}")),
            Some(url::Host::Domain(_)) | None => None,
        };
        config.fetch.fetch_allow.extend(literal.and_then(|literal| literal.parse::<Allowance>().ok()));
    }
    Scraper::start(&config, CancellationToken::new()).await.map_err(|error| Failure::Fault(error.to_string()))
}

/// Fetches an address as the scraper service would.
pub(crate) async fn fetch(scraper: &Scraper, text: &str) -> Result<Document, Failure> {
    let url = Input::article_url(text)?;
    let article = scraper.article(&url).await.map_err(|error| Failure::of_scraping(text, &error))?;
    Ok(Document::of_article(text.to_owned(), article))
}

async fn one(input: Input, scraper: Option<&Scraper>, base: Option<Url>) -> Result<Document, Failure> {
    if let (Input::Url(text), Some(scraper)) = (&input, scraper) {
        return fetch(scraper, text).await;
    }
    let work = spawn_blocking(move || Document::of_page(input.id(), &read(&input)?, base.as_ref()));
    work.await.map_err(|error| Failure::Fault(error.to_string()))?
}

fn print(document: &Document, json: bool) -> Result<(), Failure> {
    let text = if json {
        serde_json::to_string(document).map_err(|error| Failure::Fault(error.to_string()))?
    } else {
        let about = [&document.byline, &document.site_name, &document.published_at];
        let about: Vec<&str> = about.into_iter().flatten().map(String::as_str).collect();
        format!("{}\n{}\n\n{}\n", document.title, about.join(" · "), document.text.replace('\n', "\n\n"))
    };
    exit::print(&text)
}
