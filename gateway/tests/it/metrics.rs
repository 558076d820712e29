//! What Prometheus gets to see.

use crate::{material::whole, upstream::Stage};

async fn page(stage: &Stage) -> String {
    let answer = stage.fetch("/metrics").await;
    assert_eq!(
        (answer.status(), answer.header("content-type")),
        (200, "text/plain; version=0.0.4; charset=utf-8")
    );
    answer.text().to_owned()
}

#[tokio::test]
async fn requests_are_counted_by_route_and_never_by_what_a_caller_makes_up() {
    let stage = whole().start().await;
    stage.fetch("/api/v1/sources").await;
    stage.fetch("/no/such/place").await;
    stage.send_json("/api/v1/summaries", r#"{"text":"One."}"#).await;
    let page = page(&stage).await;
    for line in [
        r#"nutgraf_http_requests_total{route="/api/v1/sources",status="200"} "#,
        r#"nutgraf_http_requests_total{route="none",status="404"} "#,
        r#"nutgraf_http_requests_seconds_count{route="/api/v1/summaries"} "#,
        r#"nutgraf_gateway_places_taken{service="summarizer"} "#,
        r#"nutgraf_gateway_shed_total{service="summarizer"} "#,
        r#"nutgraf_upstream_retries_total{service="scraper"} "#,
    ] {
        assert!(page.lines().any(|shown| shown.starts_with(line)), "{line}\n{page}");
    }
    let replica = format!(
        r#"nutgraf_upstream_calls_total{{service="summarizer",replica="{}"}} "#,
        stage.summarizer.address
    );
    assert!(page.contains(&replica), "{page}");
    assert!(!page.contains("no/such"), "{page}");
}

#[tokio::test]
async fn metrics_are_no_part_of_the_api() {
    let description = whole().start().await.fetch("/api/v1/openapi.json").await;
    assert!(!description.text().contains("/metrics"));
}
