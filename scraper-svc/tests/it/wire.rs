//! The service as its callers see it: health, reflection, deadlines and limits, over gRPC.

use std::{
    future::pending,
    time::{Duration, Instant},
};

use axum::{Router, routing::get};
use nutgraf_proto::scraper::v1::{self as pb, scraper_service_client::ScraperServiceClient};
use scraper_svc::{config::Config, fetch::FetchConfig};
use service_kit::{
    deadline::Deadline,
    grpc::{Fault, GrpcAddress, channel, request},
    health::{Health, check},
    request_id::RequestId,
    shutdown::DrainArgs,
    testing::listener,
};
use tokio::{sync::Notify, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::transport::Channel;
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use crate::sites::{allowing, html, page, site};

struct Service {
    address: GrpcAddress,
    client: ScraperServiceClient<Channel>,
    ended: JoinHandle<Result<(), scraper_svc::ServiceError>>,
    shutdown: DropGuard,
}

async fn serve(fetch: FetchConfig) -> Service {
    let listener = listener().await.unwrap();
    let address = GrpcAddress::from(listener.local_addr().unwrap());
    let config = Config { newsroom: "127.0.0.1:0".parse().unwrap(), fetch, ..Config::default() };
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    let drain = DrainArgs::at_once(Duration::from_secs(5));
    let ended = tokio::spawn(async move { scraper_svc::serve(listener, config, &drain, stop).await });
    let client = ScraperServiceClient::new(channel(&address));
    Service { address, client, ended, shutdown: shutdown.drop_guard() }
}

async fn get_article(
    client: &mut ScraperServiceClient<Channel>,
    url: String,
    within: Duration,
) -> Result<pb::Article, Fault> {
    let call = request(pb::GetArticleRequest { url }, Deadline::after(within), &RequestId::generate());
    let answer = client.get_article(call).await.map_err(|status| Fault::from_status(&status))?;
    Ok(answer.into_inner().article.unwrap())
}

const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn health_is_there_from_start_to_end() {
    let service = serve(FetchConfig::default()).await;
    for name in ["", "nutgraf.scraper.v1.ScraperService"] {
        assert_eq!(check(&service.address, name, Deadline::after(LONG)).await, Health::Serving, "{name:?}");
    }
    drop(service.shutdown);
    service.ended.await.unwrap().unwrap();
    assert_eq!(check(&service.address, "", Deadline::after(LONG)).await, Health::Unreachable);
}

#[tokio::test]
async fn reflection_lists_the_service() {
    let service = serve(FetchConfig::default()).await;
    let ask = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(channel(&service.address));
    let asked = futures::stream::once(async { ask });
    let mut answers = client.server_reflection_info(asked).await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap().message_response.unwrap();
    let MessageResponse::ListServicesResponse(list) = answer else { panic!("{answer:?}") };
    let names: Vec<&str> = list.service.iter().map(|service| service.name.as_str()).collect();
    assert!(names.contains(&"nutgraf.scraper.v1.ScraperService"), "{names:?}");
    assert!(names.contains(&"grpc.health.v1.Health"), "{names:?}");
}

#[tokio::test]
async fn a_callers_deadline_bounds_the_fetch() {
    let slow = site(Router::new().route("/a", get(pending::<&'static str>))).await;
    let mut service = serve(FetchConfig { fetch_timeout: LONG, ..allowing(&[&slow]) }).await;
    let began = Instant::now();
    let within = Duration::from_millis(300);
    let fault = get_article(&mut service.client, slow.url("/a"), within).await.unwrap_err();
    // The service's own timer or tonic's, whichever is first.
    assert!(
        fault.reason.as_deref() == Some("TIMEOUT") || fault.kind == service_kit::grpc::FaultKind::Timeout,
        "{fault:?}"
    );
    assert!(began.elapsed() < LONG / 2);
}

/// Two pages: `/slow` says that it was asked for, and never answers; `/a` answers.
async fn slow_and_quick(asked: std::sync::Arc<Notify>) -> service_kit::testing::Site {
    let slow = move || async move {
        asked.notify_one();
        pending::<&'static str>().await
    };
    let quick = || async { html(page("Quick"), "text/html") };
    site(Router::new().route("/slow", get(slow)).route("/a", get(quick))).await
}

#[tokio::test]
async fn when_all_places_are_taken_callers_are_sent_away_until_one_hangs_up() {
    let asked = std::sync::Arc::new(Notify::new());
    let site = slow_and_quick(std::sync::Arc::clone(&asked)).await;
    let limits =
        FetchConfig { max_fetches: 1, max_waiting_fetches: 0, fetch_timeout: LONG * 3, ..allowing(&[&site]) };
    let mut service = serve(limits).await;
    let mut first = service.client.clone();
    let url = site.url("/slow");
    let hanging = tokio::spawn(async move { get_article(&mut first, url, LONG * 3).await });
    asked.notified().await;
    let fault = get_article(&mut service.client, site.url("/a"), LONG).await.unwrap_err();
    assert_eq!(fault.reason.as_deref(), Some("BUSY"));
    assert_eq!(fault.retry_after, Some(Duration::from_secs(2)));

    hanging.abort();
    let read = async {
        while let Err(fault) = get_article(&mut service.client, site.url("/a"), LONG).await {
            assert_eq!(fault.reason.as_deref(), Some("BUSY"), "{fault:?}");
        }
    };
    tokio::time::timeout(LONG, read).await.unwrap();
}
