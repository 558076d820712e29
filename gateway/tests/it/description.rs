//! The description of the API, which says what there is.

use axum::body::Body;
use http::Request;

use crate::material::whole;

#[tokio::test]
async fn the_description_is_what_was_agreed() {
    let answer = whole().start().await.fetch("/api/v1/openapi.json").await;
    assert_eq!((answer.status(), answer.header("content-type")), (200, "application/json"));
    insta::assert_json_snapshot!(answer.json());
}

#[tokio::test]
async fn every_route_that_is_described_is_there() {
    let stage = whole().start().await;
    let description = stage.fetch("/api/v1/openapi.json").await.json();
    let mut routes = 0;
    for (path, methods) in description["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let request = Request::builder().method(method.to_uppercase().as_str()).uri(path);
            let status = stage.ask(request.body(Body::empty()).unwrap()).await.status();
            assert!(![404, 405, 500].contains(&status), "{method} {path}: {status}");
            routes += 1;
        }
    }
    assert_eq!(routes, 12);
}
