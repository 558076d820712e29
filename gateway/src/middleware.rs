//! What happens to every request and every answer.

use std::{any::Any, sync::LazyLock, time::Instant};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER},
};
use service_kit::{
    metrics::Answers,
    request_id::{self, RequestId},
};
use tokio::time::timeout;
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer,
        predicate::{NotForContentType, Predicate, SizeAbove},
    },
};
use tracing::Instrument as _;

use crate::{
    body::buffer,
    error::{Problem, ProblemDocument, ProblemKind},
    routes::pages,
    state::AppState,
};

static REQUESTS: LazyLock<Answers> =
    LazyLock::new(|| Answers::register("http_requests", "Requests that were answered", ("route", "status")));
/// Bytes up to which an answer is sent as it is.
const SMALL_ANSWER: u64 = 4096;
const REQUEST_ID: HeaderName = HeaderName::from_static(request_id::HEADER);

/// No script, style or picture but our own; nothing may frame or embed an answer.
const SECURITY: [(HeaderName, HeaderValue); 6] = [
    (
        HeaderName::from_static("content-security-policy"),
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
             connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
    ),
    (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")),
    (HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// Wraps all routes. From the outside in: compression; request id, log and problems; panics; bodies.
pub(crate) fn wrap(router: Router<AppState>, state: &AppState) -> Router<AppState> {
    let layers = ServiceBuilder::new()
        .layer(CompressionLayer::new().compress_when(worth_compressing()))
        .layer(from_fn_with_state(state.clone(), observe))
        .layer(CatchPanicLayer::custom(panicked))
        // Has a limit of its own, which takes the place of axum's.
        .layer(from_fn_with_state(state.clone(), buffer))
        .layer(DefaultBodyLimit::disable());
    router.layer(layers)
}

/// No streams of events, and nothing that two or three packets carry: a summary's few sentences would take longer to be
/// compressed than everything else that is done for them.
fn worth_compressing() -> impl Predicate {
    SizeAbove::new(SMALL_ANSWER).and(NotForContentType::SSE).and(NotForContentType::IMAGES)
}

/// What is needed of a request once it is gone.
struct Asked {
    request_id: RequestId,
    path: String,
    /// The path with its parameters' names, of which there is a bounded number.
    route: Option<MatchedPath>,
    wants_page: bool,
}

impl Asked {
    fn new(request: &Request) -> Self {
        let headers = request.headers();
        let own = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).and_then(RequestId::parse);
        let path = request.uri().path().to_owned();
        Self {
            request_id: own.unwrap_or_else(RequestId::generate),
            wants_page: accepts_html(headers) && !is_for_machines(&path),
            route: request.extensions().get().cloned(),
            path,
        }
    }

    fn count(&self, response: &Response, began: Instant) {
        let route = self.route.as_ref().map_or("none", MatchedPath::as_str);
        REQUESTS.add(route, response.status().as_str(), began.elapsed());
    }
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("text/html"))
}

fn is_for_machines(path: &str) -> bool {
    path.starts_with("/api/") || matches!(path, "/livez" | "/readyz" | "/metrics")
}

/// Names the request, logs how it ended, and gives the answer what every answer has.
async fn observe(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let asked = Asked::new(&request);
    request.extensions_mut().insert(asked.request_id.clone());
    let span = tracing::info_span!(
        "request", method = %request.method(), path = asked.path, request_id = asked.request_id.as_str()
    );
    async {
        let began = Instant::now();
        // Every upstream call has its own deadline; this is for whatever else might hang.
        let limit = state.config.read_timeout.saturating_add(state.config.summary_timeout);
        let late =
            |_| Problem::new(ProblemKind::DeadlineExceeded).with_cause("the handler hung").into_response();
        let response = timeout(limit, next.run(request)).await.unwrap_or_else(late);
        let response = finish(response, &asked);
        asked.count(&response, began);
        tracing::debug!(
            status = response.status().as_u16(),
            elapsed_ms = began.elapsed().as_secs_f64() * 1e3,
            "answered"
        );
        response
    }
    .instrument(span)
    .await
}

fn finish(mut response: Response, asked: &Asked) -> Response {
    let problem = response.extensions_mut().remove::<Problem>().or_else(|| bare_problem(&response));
    if let Some(problem) = problem {
        problem.log();
        response = render(&problem, asked);
    }
    let headers = response.headers_mut();
    headers.extend(SECURITY);
    if is_for_machines(&asked.path) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    } else {
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
    }
    if let Ok(value) = HeaderValue::from_str(asked.request_id.as_str()) {
        headers.insert(REQUEST_ID, value);
    }
    response
}

/// The problem behind an error that the framework answered, which has a status and at most a line of text.
fn bare_problem(response: &Response) -> Option<Problem> {
    let status = response.status();
    let is_text = response
        .headers()
        .get(CONTENT_TYPE)
        .is_none_or(|value| value.to_str().is_ok_and(|value| value.starts_with("text/plain")));
    if !is_text || !(status.is_client_error() || status.is_server_error()) {
        return None;
    }
    let kind = match status {
        StatusCode::NOT_FOUND => ProblemKind::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => ProblemKind::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => ProblemKind::BodyTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ProblemKind::UnsupportedMediaType,
        status if status.is_client_error() => ProblemKind::InvalidBody,
        _ => ProblemKind::Internal,
    };
    Some(Problem { allow: response.headers().get(ALLOW).cloned().map(Box::new), ..Problem::new(kind) })
}

/// A problem as a page for those who asked for one, else as problem+json.
fn render(problem: &Problem, asked: &Asked) -> Response {
    let mut response = if asked.wants_page {
        pages::problem_page(problem, &asked.request_id)
    } else {
        let document = ProblemDocument::new(problem, &asked.request_id, &asked.path);
        // A document of strings and numbers always serializes.
        let body = Body::from(serde_json::to_vec(&document).unwrap_or_default());
        ([(CONTENT_TYPE, "application/problem+json")], body).into_response()
    };
    *response.status_mut() = problem.kind.status();
    let headers = response.headers_mut();
    if let Some(seconds) = problem.retry_after_s() {
        headers.insert(RETRY_AFTER, seconds.into());
    }
    if let Some(allow) = &problem.allow {
        headers.insert(ALLOW, HeaderValue::clone(allow));
    }
    response
}

#[expect(clippy::needless_pass_by_value, reason = "the layer's signature")]
fn panicked(payload: Box<dyn Any + Send>) -> Response {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
    Problem::new(ProblemKind::Internal).with_cause(format!("a handler panicked: {text}")).into_response()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::routing::get;
    use http_body_util::BodyExt as _;
    use tower::Service as _;

    use super::*;
    use crate::config::{Config, ServiceAddresses};

    #[tokio::test]
    async fn a_panic_is_a_problem_that_tells_nothing_of_it() {
        let state = AppState::new(&ServiceAddresses::default(), Config::default());
        let routes = Router::new().route("/api/v1/panic", get(async || -> &str { panic!("a secret") }));
        let mut app: Router = wrap(routes, &state).with_state(state);
        let response = app.call(Request::get("/api/v1/panic").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        let id = response.headers()[REQUEST_ID].to_str().unwrap().to_owned();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body = str::from_utf8(&body).unwrap();
        assert!(body.contains("urn:nutgraf:problem:internal") && body.contains(&id), "{body}");
        assert!(!body.contains("secret"), "{body}");
    }

    #[tokio::test]
    async fn a_handler_that_hangs_is_cut() {
        let limit = Duration::from_millis(50);
        let config = Config { read_timeout: limit, summary_timeout: limit, ..Config::default() };
        let state = AppState::new(&ServiceAddresses::default(), config);
        let routes = Router::new().route("/api/v1/hang", get(std::future::pending::<()>));
        let mut app: Router = wrap(routes, &state).with_state(state);
        let response = app.call(Request::get("/api/v1/hang").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    }
}
