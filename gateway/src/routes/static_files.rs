//! The page's own files, built into the binary. They are addressed by their content, so that browsers keep them.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::LazyLock,
};

use axum::{
    Router,
    extract::Path,
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use http::{
    HeaderMap, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
};

use crate::{
    error::{Problem, ProblemKind},
    state::AppState,
};

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! files {
    ($($name:literal $kind:ident;)*) => {
        &[$(($name, $kind, include_bytes!(concat!("../../../web/static/", $name)))),*]
    };
}

/// Name, type and content of each file.
const FILES: &[(&str, &str, &[u8])] = files! {
    "app.js" JS;
    "base.css" CSS;
    "engines.css" CSS;
    "forms.css" CSS;
    "front.css" CSS;
    "logo.svg" SVG;
    "measure.js" JS;
    "models.js" JS;
    "passages.js" JS;
    "print.css" CSS;
    "sse.js" JS;
    "story.css" CSS;
    "story.js" JS;
    "trouble.js" JS;
};

/// Changes when any of the files does: scripts import each other by relative names, so they change address together.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    FILES.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
});

/// The routes of the files.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/static/{version}/{name}", get(file))
}

/// For whatever asks for an icon without reading the page.
pub(super) async fn icon() -> Redirect {
    Redirect::temporary(&address("logo.svg"))
}

/// Where the file of this name is.
pub(crate) fn address(name: &str) -> String {
    format!("/static/{}/{name}", *VERSION)
}

async fn file(Path((version, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let Some((_, kind, content)) = FILES.iter().find(|(known, ..)| *known == name) else {
        return Problem::new(ProblemKind::NotFound).into_response();
    };
    // While replicas are being replaced a page of one may ask another; what that one has must not stay in a cache.
    let is_ours = version == *VERSION;
    let kept = if is_ours { "public, max-age=31536000, immutable" } else { "no-cache" };
    let tag = format!("\"{}\"", *VERSION);
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let headers = [(CACHE_CONTROL, kept), (ETAG, &tag), (CONTENT_TYPE, kind)];
    // A weak comparison (RFC 9110, 13.1.2), since compression makes the tag weak.
    if known.is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, *content).into_response()
}
