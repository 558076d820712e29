//! Liveness and readiness.

use axum::{
    Extension, Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use serde::Serialize;
use service_kit::request_id::RequestId;
use utoipa::ToSchema;

use super::replicas::{Replica, UpstreamState};
use crate::{
    clients::Upstream,
    digest::Call,
    model::{Model, ModelState},
    state::AppState,
    summary::Engine,
};

/// The process is alive.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Liveness {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Whether the gateway can do its work.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Readiness {
    /// The verdict.
    status: ReadyStatus,
    /// The services that it needs.
    upstreams: Upstreams,
    /// Their replicas. One of each that serves is enough.
    replicas: Replicas,
    /// The models of the summarizer; null where it doesn't tell. The verdict doesn't depend on them.
    models: Option<Vec<ReadyModel>>,
}

/// A model, and whether it can be used.
#[derive(Debug, Serialize, ToSchema)]
struct ReadyModel {
    /// Its name.
    id: String,
    /// The engine that runs it.
    engine: Engine,
    /// Whether it can be used.
    state: ModelState,
}

impl From<Model> for ReadyModel {
    fn from(Model { id, engine, state, .. }: Model) -> Self {
        Self { id, engine, state }
    }
}

/// Whether requests should be sent here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ReadyStatus {
    /// Yes.
    Ready,
    /// A service that the gateway needs is missing.
    NotReady,
    /// The gateway is going down.
    Stopping,
}

/// How the services are that the gateway needs.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
struct Upstreams {
    /// It reads articles.
    scraper: UpstreamState,
    /// It writes summaries.
    summarizer: UpstreamState,
}

/// The replicas of the services.
#[derive(Debug, Serialize, ToSchema)]
struct Replicas {
    /// Of the scraper.
    scraper: Vec<Replica>,
    /// Of the summarizer.
    summarizer: Vec<Replica>,
}

/// Says that the process is alive.
#[utoipa::path(
    get, path = "/livez", tag = "probes",
    responses((status = 200, description = "The process is alive.", body = Liveness))
)]
pub(super) async fn livez() -> Json<Liveness> {
    Json(Liveness { status: "ok" })
}

/// Says whether the gateway and the services that it needs take requests.
#[utoipa::path(
    get, path = "/readyz", tag = "probes",
    responses(
        (status = 200, description = "Requests can be sent here.", body = Readiness),
        (status = 503, description = "They can't, or not all of them.", body = Readiness),
    )
)]
pub(super) async fn readyz(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
) -> Response {
    let call = state.ready_call(&request_id);
    let ((scraper, of_scraper), (summarizer, of_summarizer), models) = tokio::join!(
        how(&state.upstreams.scraper, &call),
        how(&state.upstreams.summarizer, &call),
        state.digests.models(&call)
    );
    let models = models.ok().map(|found| found.models.into_iter().map(ReadyModel::from).collect());
    let status = match (scraper, summarizer) {
        _ if state.stopping.is_cancelled() => ReadyStatus::Stopping,
        (UpstreamState::Serving, UpstreamState::Serving) => ReadyStatus::Ready,
        (_, _) => ReadyStatus::NotReady,
    };
    let code = if status == ReadyStatus::Ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let upstreams = Upstreams { scraper, summarizer };
    let replicas = Replicas { scraper: of_scraper, summarizer: of_summarizer };
    (code, Json(Readiness { status, upstreams, replicas, models })).into_response()
}

/// How a service is; waits for one that is only just being found.
async fn how(upstream: &Upstream, call: &Call) -> (UpstreamState, Vec<Replica>) {
    let serves = upstream.channel().serves(call.deadline).await;
    let replicas = upstream.channel().replicas();
    let verdict = if serves { UpstreamState::Serving } else { UpstreamState::without_any(&replicas) };
    (verdict, replicas.into_iter().map(Replica::from).collect())
}
