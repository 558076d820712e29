//! A reader who leaves frees the model, however he leaves: by a link, by closing the tab, with the page kept for the way
//! back or not.

use std::{net::SocketAddr, sync::Arc, thread, time::Duration};

use service_kit::{grpc::GrpcAddress, testing::listener};
use summarizer_svc::{
    Summarizer,
    config::Config,
    engine::{Engine, EngineError, Output, extractive::Extractive},
    serve_with,
    summary::{Draft, ModelId, Phase, Request},
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::timeout,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    stage::{Scripts, Stage, with_browser_before},
    summarizer::{DRAIN, serve_pages_over},
};

/// How long the model may go on after the reader has left: far more than a token takes, far less than its deadline.
const SOON: Duration = Duration::from_secs(5);
/// How long it takes for a token.
const TOKEN: Duration = Duration::from_millis(20);
const IDLE: &str = "document.querySelector('[data-part=cancel]').hidden
    && document.querySelector('[data-part=answer]').getAttribute('aria-busy') === 'false'";

/// Writes until nobody reads, and says when it begins and when it was stopped.
struct Endless(UnboundedSender<&'static str>);

impl Engine for Endless {
    fn model(&self) -> ModelId {
        Extractive.model()
    }

    fn summarize(&self, _: &Request, output: &mut dyn Output) -> Result<Draft, EngineError> {
        let said = self.0.send("begun");
        output.progress(Phase::Writing, 0, 0)?;
        loop {
            thread::sleep(TOKEN);
            if let Err(error) = output.delta("word ") {
                said.and_then(|()| self.0.send("stopped")).ok();
                return Err(error);
            }
        }
    }
}

/// Pages over a summarizer with that engine.
async fn endless(said: UnboundedSender<&'static str>) -> (SocketAddr, DropGuard) {
    let (at, stop) = (listener().await.unwrap(), CancellationToken::new());
    let (address, token) = (GrpcAddress::from(at.local_addr().unwrap()), stop.clone());
    let config = Config { summarizer_workers: 1, ..Config::default() };
    let summarizer = Summarizer::with_engine(&config, Arc::new(Endless(said)));
    tokio::spawn(async move { serve_with(at, summarizer, &DRAIN, token).await.unwrap() });
    serve_pages_over(address, stop).await
}

/// Asks for a summary, and waits until some of it is on the page.
async fn read(page: &Stage, heard: &mut UnboundedReceiver<&'static str>) {
    page.press("Summarize").await;
    assert_eq!(timeout(SOON, heard.recv()).await.unwrap(), Some("begun"));
    page.until("document.querySelector('.draft')?.textContent.startsWith('word word')").await;
}

async fn assert_freed(heard: &mut UnboundedReceiver<&'static str>) {
    assert_eq!(timeout(SOON, heard.recv()).await.expect("the model works on"), Some("stopped"));
}

#[tokio::test]
async fn following_a_link_frees_the_model_and_coming_back_asks_for_nothing() {
    let (said, mut heard) = unbounded_channel();
    with_browser_before(endless(said), Scripts::On, |page| async move {
        page.get_news().await;
        read(&page, &mut heard).await;
        page.goto("/").await;
        assert_freed(&mut heard).await;
        page.client.back().await.unwrap();
        page.find("[data-story]").await;
        page.until(IDLE).await;
        // A summary that was running when he left did not begin again; one that he asks for does.
        assert!(heard.try_recv().is_err());
        read(&page, &mut heard).await;
        page.assert_quiet().await;
    })
    .await;
}

#[tokio::test]
async fn closing_the_tab_frees_the_model() {
    let (said, mut heard) = unbounded_channel();
    with_browser_before(endless(said), Scripts::On, |page| async move {
        let first = page.client.window().await.unwrap();
        let tab = page.client.new_window(true).await.unwrap();
        page.client.switch_to_window(tab.handle).await.unwrap();
        page.get_news().await;
        read(&page, &mut heard).await;
        page.client.close_window().await.unwrap();
        assert_freed(&mut heard).await;
        page.client.switch_to_window(first).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn reloading_the_page_frees_the_model() {
    let (said, mut heard) = unbounded_channel();
    with_browser_before(endless(said), Scripts::On, |page| async move {
        page.get_news().await;
        read(&page, &mut heard).await;
        page.client.refresh().await.unwrap();
        assert_freed(&mut heard).await;
    })
    .await;
}
