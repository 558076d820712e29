//! A server that goes down.

use futures::{StreamExt as _, stream};
use nutgraf_proto::summarizer::v1::{self as pb, stream_summary_response::Event};
use service_kit::shutdown::DrainArgs;
use summarizer_svc::{
    SummarizeError, Summarizer, config::Config, document::Article, engine::extractive::Extractive,
    summary::Request,
};
use tokio::{sync::oneshot, task::yield_now, time::timeout};
use tonic::{Code, client::Grpc, codegen::http::uri::PathAndQuery};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_prost::ProstCodec;

use crate::{
    engines::Gated,
    server::{LONG, reason, start_draining, start_with, text},
};

const STORY: &str = "One came first. Two came second. Three came third. Four came last.";
const SUMMARIZE: &str = "/nutgraf.summarizer.v1.SummarizerService/Summarize";

#[tokio::test]
async fn a_shutdown_finishes_what_was_accepted() {
    let (engine, mut heard, open) = Gated::new();
    let mut server = start_with(Config { summarizer_workers: 1, ..Config::default() }, engine).await;
    let request = || pb::StreamSummaryRequest { input: Some(text(STORY)) };
    let running = server.client.stream_summary(request()).await.unwrap().into_inner();
    let waiting = server.client.stream_summary(request()).await.unwrap().into_inner();
    assert_eq!(heard.recv().await, Some("begun"));
    server.shutdown.cancel();
    until_closed(&server.summarizer).await;
    for mut stream in [running, waiting] {
        open.send(()).unwrap();
        let mut last = None;
        while let Some(message) = stream.message().await.unwrap() {
            last = message.event;
        }
        assert!(matches!(last, Some(Event::Done(_))), "{last:?}");
    }
    timeout(LONG, server.task).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn requests_are_served_while_the_notice_lasts() {
    let drain = DrainArgs { drain_notice: LONG * 6, drain_limit: LONG };
    let mut server = start_draining(Config::default(), Extractive, drain).await;
    let watch = HealthCheckRequest { service: String::new() };
    let mut health = HealthClient::new(server.channel.clone()).watch(watch).await.unwrap().into_inner();
    server.shutdown.cancel();
    while health.message().await.unwrap().unwrap().status() != ServingStatus::NotServing {}
    let summary = server.summarize(text(STORY)).await.unwrap();
    assert_eq!(summary.sentences.len(), 3);
    server.task.abort();
}

#[tokio::test]
async fn a_request_that_arrives_during_the_drain_is_refused() {
    let mut server = start_with(Config::default(), Extractive).await;
    // A call whose message is still on its way when the drain begins: the connection is kept for it.
    let (send, message) = oneshot::channel::<pb::SummarizeRequest>();
    let (begun, headers_are_sent) = oneshot::channel();
    let body = stream::once(async move {
        begun.send(()).unwrap();
        message.await.unwrap()
    });
    let channel = server.channel.clone();
    let call = tokio::spawn(async move {
        let mut grpc = Grpc::new(channel);
        grpc.ready().await.unwrap();
        let codec = ProstCodec::<pb::SummarizeRequest, pb::SummarizeResponse>::default();
        grpc.client_streaming(tonic::Request::new(body.boxed()), PathAndQuery::from_static(SUMMARIZE), codec)
            .await
    });
    headers_are_sent.await.unwrap();
    // Frames keep their order: once this is answered, the server knows of the call.
    server.client.list_models(pb::ListModelsRequest {}).await.unwrap();
    server.shutdown.cancel();
    until_closed(&server.summarizer).await;
    send.send(pb::SummarizeRequest { input: Some(text(STORY)) }).unwrap();
    let status = timeout(LONG, call).await.unwrap().unwrap().unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::Unavailable, "SHUTTING_DOWN"), "{status:?}");
    timeout(LONG, server.task).await.unwrap().unwrap().unwrap();
}

async fn until_closed(summarizer: &Summarizer) {
    let request = || Request { article: Article::from_text("", STORY), ..Request::default() };
    let closed = async {
        while !matches!(summarizer.stream(request(), None), Err(SummarizeError::ShuttingDown)) {
            yield_now().await;
        }
    };
    timeout(LONG, closed).await.unwrap();
}
