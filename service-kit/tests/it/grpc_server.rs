//! The life of a server as its clients see it.

use std::{net::SocketAddr, time::Duration};

use service_kit::{
    deadline::Deadline,
    grpc::{GrpcAddress, ServeError, Services, channel, serve},
    health::{Health, HealthCommand, check, until_serving},
    shutdown::DrainArgs,
    testing::listener,
};
use tokio::{sync::watch, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use tonic_health::pb::{
    FILE_DESCRIPTOR_SET, HealthCheckRequest, health_check_response::ServingStatus,
    health_client::HealthClient,
};

const LONG: Duration = Duration::from_secs(10);

struct Server {
    address: SocketAddr,
    ready: watch::Sender<bool>,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), ServeError>>,
}

async fn start(drain: DrainArgs) -> Server {
    let listener = listener().await.unwrap();
    let address = listener.local_addr().unwrap();
    let (ready, seen) = watch::channel(false);
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    let task =
        tokio::spawn(
            async move { serve(listener, Services::new(FILE_DESCRIPTOR_SET), seen, &drain, stop).await },
        );
    Server { address, ready, shutdown, task }
}

async fn ask(server: &Server) -> Health {
    check(&GrpcAddress::from(server.address), "", Deadline::after(LONG)).await
}

#[tokio::test]
async fn health_follows_readiness() {
    let server = start(DrainArgs::at_once(LONG)).await;
    assert_eq!(ask(&server).await, Health::NotServing);
    let mut client = HealthClient::new(channel(&server.address.into()));
    let mut seen = client.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    assert_eq!(seen.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    server.ready.send_replace(true);
    assert_eq!(seen.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
    assert_eq!(ask(&server).await, Health::Serving);
}

#[tokio::test]
async fn a_shutdown_says_not_serving_first_and_then_ends_watch_streams() {
    let notice = Duration::from_millis(50);
    let server = start(DrainArgs { drain_notice: notice, drain_limit: LONG }).await;
    server.ready.send_replace(true);
    let mut client = HealthClient::new(channel(&server.address.into()));
    let mut seen = client.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    while seen.message().await.unwrap().unwrap().status() != ServingStatus::Serving {}
    server.shutdown.cancel();
    assert_eq!(seen.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    let end = timeout(LONG, seen.message()).await.expect("the stream must end");
    assert!(!matches!(end, Ok(Some(_))), "{end:?}");
    timeout(LONG, server.task).await.expect("the server must end").unwrap().unwrap();
}

#[tokio::test]
async fn whoever_waits_for_a_server_is_told_when_it_serves() {
    let server = start(DrainArgs::at_once(LONG)).await;
    let address = GrpcAddress::from(server.address);
    assert!(!until_serving(&address, Deadline::after(Duration::from_millis(50))).await);
    let waiting = tokio::spawn(async move { until_serving(&address, Deadline::after(LONG)).await });
    server.ready.send_replace(true);
    assert!(waiting.await.unwrap());
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let address = listener().await.unwrap().local_addr().unwrap();
    let command = HealthCommand { timeout: LONG };
    assert_eq!(command.check_grpc(address).await, Health::Unreachable);
}
