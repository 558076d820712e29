//! Summaries step by step, as server-sent events.

use std::time::Duration;

use axum::{
    Extension,
    extract::{OriginalUri, State},
    response::{
        IntoResponse as _, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::{Stream, StreamExt as _, stream};
use http::HeaderName;
use serde::{Deserialize, Serialize};
use service_kit::request_id::RequestId;
use tokio_util::sync::CancellationToken;
use tracing::Span;
use utoipa::IntoParams;

use super::{
    input::{ApiQuery, JsonBody, article_url, query_problem},
    summaries::{SummaryRequest, headline},
};
use crate::{
    caller::Caller,
    digest::{DigestInput, EventStream},
    error::{Problem, ProblemDocument, ProblemKind},
    generation::RawGeneration,
    options::{EngineChoice, Format, Length, RawOptions, SummaryOptions},
    state::AppState,
    summary::SummaryEvent,
};

/// How often a comment tells proxies that the stream is alive.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Tells nginx and its kin to pass events on as they come.
const NO_BUFFERING: (HeaderName, &str) = (HeaderName::from_static("x-accel-buffering"), "no");

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct StreamQuery {
    /// Absolute http or https address of an article.
    #[param(required = true, value_type = String)]
    url: Option<String>,
    /// Headline in place of the article's own.
    title: Option<String>,
    /// `auto` without it.
    #[param(value_type = Option<EngineChoice>)]
    engine: Option<String>,
    /// A model by name; the engine's own default without it.
    model: Option<String>,
    /// `medium` without it.
    #[param(value_type = Option<Length>)]
    length: Option<String>,
    /// `paragraph` without it.
    #[param(value_type = Option<Format>)]
    format: Option<String>,
    /// BCP 47; detected without it.
    language: Option<String>,
    /// Overrides of the model's own generation settings: the JSON object that the POST takes.
    #[param(example = json!("{\"num_beams\":4}"))]
    generation: Option<String>,
    /// Take the extractive engine rather than wait too long for a model; the summary's `degraded` says so.
    allow_degraded: Option<bool>,
}

impl StreamQuery {
    fn parse(self) -> Result<(DigestInput, SummaryOptions), Problem> {
        let Self { url, title, engine, model, length, format, language, generation, allow_degraded } = self;
        let generation = generation.map(|json| overrides(&json)).transpose()?.unwrap_or_default();
        let options =
            RawOptions { engine, model, length, format, language, generation, allow_degraded }.try_into()?;
        let title = headline(title)?;
        Ok((DigestInput::Url { url: article_url(url.as_deref())?, title }, options))
    }
}

/// The JSON object in the field `generation`.
fn overrides(json: &str) -> Result<RawGeneration, Problem> {
    serde_json::from_str(json).map_err(|error| query_problem(&error.to_string()).with_field("generation"))
}

/// What a stream needs besides its events.
struct Frame {
    request_id: RequestId,
    path: String,
    cut: CancellationToken,
    span: Span,
}

/// Summarizes an article or a text, step by step.
///
/// The same request is computed once: whoever asks while it is under way is told the same from its beginning. A summary
/// that was kept from an earlier request comes as one `delta` and `done`; `Cache-Control: no-cache` asks for a fresh one.
///
/// Events: `progress` (Progress), `article` (Article; when `url` is given), `accepted` (Accepted), `delta` (Delta), and as
/// the last one either `done` (Summary) or `error` (Problem). A stream that ends without one of these two was cut off.
#[utoipa::path(
    post, path = "/api/v1/summaries/stream", tag = "summaries", request_body = SummaryRequest,
    responses(
        (status = 200, description = "Server-sent events.", body = String, content_type = "text/event-stream"),
        (status = "default", description = "Any problem before the first event.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn stream_summary(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    OriginalUri(uri): OriginalUri,
    caller: Caller,
    JsonBody(request): JsonBody<SummaryRequest>,
) -> Result<Response, Problem> {
    let (input, options) = request.parse()?;
    respond(&state, (request_id, caller), uri.path(), input, options).await
}

/// Summarizes the article at an address, step by step, for `EventSource`.
///
/// The events are those of the POST. Call `close()` on `done` and `error`, or the browser asks again.
#[utoipa::path(
    get, path = "/api/v1/summaries/stream", tag = "summaries", params(StreamQuery),
    responses(
        (status = 200, description = "Server-sent events.", body = String, content_type = "text/event-stream"),
        (status = "default", description = "Any problem before the first event.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn stream_summary_of_url(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    OriginalUri(uri): OriginalUri,
    caller: Caller,
    ApiQuery(query): ApiQuery<StreamQuery>,
) -> Result<Response, Problem> {
    let (input, options) = query.parse()?;
    respond(&state, (request_id, caller), uri.path(), input, options).await
}

async fn respond(
    state: &AppState,
    (request_id, caller): (RequestId, Caller),
    path: &str,
    input: DigestInput,
    options: SummaryOptions,
) -> Result<Response, Problem> {
    let events = state.digests.stream(input, options, state.summary_call(&request_id, caller)).await?;
    let frame =
        Frame { request_id, path: path.to_owned(), cut: state.cut_streams.clone(), span: Span::current() };
    let events = Sse::new(framed(events, frame)).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    Ok(([NO_BUFFERING], events).into_response())
}

/// Each event as it goes over the wire. The last one is `done` or `error`, whatever happens.
fn framed(events: EventStream, frame: Frame) -> impl Stream<Item = Result<Event, axum::Error>> + Send {
    stream::unfold(Some((events, frame)), async |state| {
        let (mut events, frame) = state?;
        let item = tokio::select! {
            item = events.next() => match item {
                Some(item) => item.map_err(Problem::from),
                None => Err(Problem::new(ProblemKind::Internal).with_cause("the events ended without a last one")),
            },
            () = frame.cut.cancelled() => Err(ProblemKind::ShuttingDown.into()),
        };
        let last = matches!(item, Ok(SummaryEvent::Done(_)) | Err(_));
        let event = match item {
            Ok(event) => event_of(&event),
            Err(problem) => {
                frame.span.in_scope(|| problem.log());
                named("error", &ProblemDocument::new(&problem, &frame.request_id, &frame.path))
            }
        };
        Some((event, (!last).then_some((events, frame))))
    })
}

fn event_of(event: &SummaryEvent) -> Result<Event, axum::Error> {
    match event {
        SummaryEvent::Progress(progress) => named("progress", progress),
        SummaryEvent::Article(article) => named("article", article.as_ref()),
        SummaryEvent::Accepted(accepted) => named("accepted", accepted),
        SummaryEvent::Delta(delta) => named("delta", delta),
        SummaryEvent::Done(summary) => named("done", summary.as_ref()),
    }
}

fn named(name: &str, data: &impl Serialize) -> Result<Event, axum::Error> {
    Event::default().event(name).json_data(data)
}
