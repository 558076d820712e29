//! What a test hub and its storage answer.

use std::convert::Infallible;

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::get,
};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use serde_json::json;

use super::{
    Fault, Seen, Shared,
    content::{Kind, Stored},
};

pub(super) fn hub_router(state: Shared) -> Router {
    Router::new()
        .route("/api/models/{org}/{name}/revision/{revision}", get(listing))
        .route("/{org}/{name}/resolve/{revision}/{*file}", get(resolve))
        .layer(middleware::from_fn_with_state((state.clone(), false), note))
        .with_state(state)
}

pub(super) fn storage_router(state: Shared) -> Router {
    Router::new()
        .route("/{etag}", get(stored))
        .layer(middleware::from_fn_with_state((state.clone(), true), note))
        .with_state(state)
}

async fn note(State((state, storage)): State<(Shared, bool)>, request: Request, next: Next) -> Response {
    let seen = seen(&request, storage);
    state.inner().seen.push(seen);
    next.run(request).await
}

fn seen(request: &Request, storage: bool) -> Seen {
    let header = |name| request.headers().get(name)?.to_str().ok().map(ToOwned::to_owned);
    Seen {
        method: request.method().to_string(),
        path: request.uri().to_string(),
        storage,
        authorization: header(header::AUTHORIZATION),
        range: header(header::RANGE),
    }
}

async fn listing(
    State(state): State<Shared>,
    Path((org, name, revision)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let repo = format!("{org}/{name}");
    if let Some(new) = state.new_name(&repo) {
        return moved(&format!("/api/models/{new}/revision/{revision}"));
    }
    if let Some(fault) = state.next_fault("")
        && let Some(answer) = refused(fault)
    {
        return answer;
    }
    match state.commit(&repo, &revision, &headers) {
        Err(refusal) => refusal,
        Ok((commit, files)) => {
            let siblings: Vec<_> = files.into_iter().map(|name| json!({"rfilename": name})).collect();
            let card = json!({"license": "apache-2.0"});
            Json(json!({"id": repo, "sha": commit, "siblings": siblings, "cardData": card})).into_response()
        }
    }
}

async fn resolve(
    State(state): State<Shared>,
    Path((org, name, revision, file)): Path<(String, String, String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let repo = format!("{org}/{name}");
    if let Some(new) = state.new_name(&repo) {
        return moved(&format!("/{new}/resolve/{revision}/{file}"));
    }
    let (commit, _) = match state.commit(&repo, &revision, &headers) {
        Err(refusal) => return refusal,
        Ok(found) => found,
    };
    let Some(stored) = state.file(&repo, &commit, &file) else {
        return error(StatusCode::NOT_FOUND, "EntryNotFound");
    };
    let etag = state.etag(&stored);
    let commit = [("x-repo-commit", commit)];
    if stored.kind == Kind::Large {
        let size = state.announced(&file).unwrap_or(stored.bytes.len() as u64);
        let to = format!("http://{}/{}?name={file}&signature=secret", state.storage, stored.etag);
        let linked = [("x-linked-etag", etag), ("x-linked-size", size.to_string()), ("location", to)];
        return (StatusCode::FOUND, commit, linked).into_response();
    }
    let fault = if method == Method::HEAD { None } else { state.next_fault(&file) };
    (commit, [("etag", etag)], content(&stored.bytes, &headers, fault)).into_response()
}

/// The storage: knows checksums alone, and an ETag that is another.
async fn stored(
    State(state): State<Shared>,
    Path(etag): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    // Its addresses are signed for one method, and hold no account.
    if method != Method::GET || headers.contains_key(header::AUTHORIZATION) {
        return StatusCode::FORBIDDEN.into_response();
    }
    match state.by_etag(&etag) {
        Some((name, bytes)) => {
            let fault = state.next_fault(&name);
            ([("etag", "\"part-3\"")], content(&bytes, &headers, fault)).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn content(bytes: &Bytes, headers: &HeaderMap, fault: Option<Fault>) -> Response {
    if let Some(answer) = fault.and_then(refused) {
        return answer;
    }
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let from = range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
    let from = from.filter(|_| fault != Some(Fault::WholeAlways));
    if from.is_some_and(|from| from >= bytes.len()) {
        return StatusCode::RANGE_NOT_SATISFIABLE.into_response();
    }
    let part = bytes.slice(from.unwrap_or_default()..);
    let length = [(header::CONTENT_LENGTH, part.len().to_string())];
    let body = body(part, fault);
    if fault == Some(Fault::Oversize) {
        return body.into_response();
    }
    let range = from.map(|from| format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len()));
    let status = if range.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let range = range.map(|range| [(header::CONTENT_RANGE, range)]);
    match range {
        Some(range) => (status, range, length, body).into_response(),
        None => (status, length, body).into_response(),
    }
}

/// Bytes as they go out.
fn body(part: Bytes, fault: Option<Fault>) -> Body {
    let until = |sent: usize| part.slice(..sent.min(part.len()));
    match fault {
        Some(Fault::CutAfter(sent)) => {
            let broken = async {
                // The server writes what it has when there is no more for the moment.
                tokio::task::yield_now().await;
                Err(std::io::Error::other("cut"))
            };
            Body::from_stream(stream::iter([Ok(until(sent))]).chain(stream::once(broken)))
        }
        Some(Fault::StallAfter(sent)) => {
            let first = Ok::<_, Infallible>(until(sent));
            Body::from_stream(stream::iter([first]).chain(stream::pending()))
        }
        Some(Fault::Damage) => {
            let mut damaged = part.to_vec();
            damaged.iter_mut().take(1).for_each(|byte| *byte ^= 1);
            Body::from(damaged)
        }
        Some(Fault::Oversize) => {
            let more = Bytes::from_static(&[0; 1000]);
            Body::from_stream(stream::iter([Ok::<_, Infallible>(part), Ok(more)]))
        }
        _ => Body::from(part),
    }
}

fn refused(fault: Fault) -> Option<Response> {
    let Fault::Status(status, retry_after) = fault else { return None };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Some(match retry_after {
        Some(seconds) => (status, [(header::RETRY_AFTER, seconds.to_string())]).into_response(),
        None => status.into_response(),
    })
}

fn moved(path: &str) -> Response {
    (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, path)]).into_response()
}

fn error(status: StatusCode, code: &'static str) -> Response {
    (status, [("x-error-code", code)]).into_response()
}

impl super::State {
    fn next_fault(&self, file: &str) -> Option<Fault> {
        self.inner().faults.get_mut(file)?.pop_front()
    }

    fn new_name(&self, repo: &str) -> Option<String> {
        self.inner().renamed.get(repo).cloned()
    }

    fn announced(&self, file: &str) -> Option<u64> {
        self.inner().announced.get(file).copied()
    }

    fn etag(&self, stored: &Stored) -> String {
        if self.inner().no_checksums {
            return format!("\"v-{}\"", stored.etag.get(..8).unwrap_or_default());
        }
        format!("\"{}\"", stored.etag)
    }

    /// The commit that a revision means, and the names of its files; or why not.
    #[expect(clippy::result_large_err, reason = "an answer either way")]
    fn commit(
        &self,
        repo: &str,
        revision: &str,
        headers: &HeaderMap,
    ) -> Result<(String, Vec<String>), Response> {
        let inner = self.inner();
        let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        // The hub doesn't say whether it knows a repository to those whom it doesn't know.
        let unknown = if sent.is_some() { StatusCode::NOT_FOUND } else { StatusCode::UNAUTHORIZED };
        let repo = inner.repos.get(repo).ok_or_else(|| error(unknown, "RepoNotFound"))?;
        match (&repo.gate, sent) {
            (Some(_), None) => return Err(error(StatusCode::UNAUTHORIZED, "GatedRepo")),
            (Some(token), Some(sent)) if sent != format!("Bearer {token}") => {
                return Err(StatusCode::UNAUTHORIZED.into_response());
            }
            _ => {}
        }
        let commit = repo.revisions.get(revision).map_or(revision, String::as_str);
        let files = repo.commits.get(commit);
        let files = files.ok_or_else(|| error(StatusCode::NOT_FOUND, "RevisionNotFound"))?;
        Ok((commit.to_owned(), files.keys().cloned().collect()))
    }

    fn file(&self, repo: &str, commit: &str, file: &str) -> Option<Stored> {
        self.inner().repos.get(repo)?.commits.get(commit)?.get(file).cloned()
    }

    fn by_etag(&self, etag: &str) -> Option<(String, Bytes)> {
        let inner = self.inner();
        let mut files = inner.repos.values().flat_map(|repo| repo.commits.values()).flatten();
        let (name, stored) = files.find(|(_, stored)| stored.etag == etag)?;
        Some((name.clone(), stored.bytes.clone()))
    }
}
