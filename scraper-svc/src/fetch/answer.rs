//! The last response of a chain of redirects: its head, and its body, which is read within a limit.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use mime::Mime;
use reqwest::Response;

use super::{
    FetchError,
    cache::{Kept, Reservation},
    host::Place,
    transport::transport_error,
};
use crate::article::{ArticleUrl, RobotsVerdict};

/// A response whose body is yet to be read.
pub(super) struct Answer {
    pub(super) url: ArticleUrl,
    pub(super) robots: RobotsVerdict,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    content: Content,
}

enum Content {
    /// On its way.
    Arriving(Box<Arriving>),
    /// Here from before.
    Kept(Bytes),
}

struct Arriving {
    response: Response,
    room: Option<Reservation>,
    /// The host counts it until it is here.
    _place: Option<Place>,
}

impl Answer {
    pub(super) fn arriving(
        url: ArticleUrl,
        robots: RobotsVerdict,
        response: Response,
        room: Option<Reservation>,
        place: Option<Place>,
    ) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let content = Content::Arriving(Box::new(Arriving { response, room, _place: place }));
        Self { url, robots, status, headers, content }
    }

    pub(super) fn kept(url: ArticleUrl, robots: RobotsVerdict, kept: Kept) -> Self {
        Self { url, robots, status: StatusCode::OK, headers: kept.headers, content: Content::Kept(kept.body) }
    }

    /// None where the site sends none, or nonsense.
    pub(super) fn media_type(&self) -> Option<Mime> {
        self.headers.get(CONTENT_TYPE)?.to_str().ok()?.parse().ok()
    }

    /// The whole body, decoded.
    pub(super) async fn body(self, limit: usize) -> Result<Bytes, FetchError> {
        let arriving = match self.content {
            Content::Kept(body) if body.len() <= limit => return Ok(body),
            Content::Kept(_) => return Err(FetchError::TooLarge { limit }),
            Content::Arriving(arriving) => *arriving,
        };
        let Arriving { mut response, room, _place: place } = arriving;
        if response.content_length().is_some_and(|announced| announced > limit as u64) {
            return Err(FetchError::TooLarge { limit });
        }
        let (body, whole) = read(&mut response, limit).await?;
        drop(place);
        if !whole {
            return Err(FetchError::TooLarge { limit });
        }
        if let Some(room) = room {
            room.fill(&body);
        }
        Ok(body)
    }

    /// The beginning of the body, decoded; at most `limit` bytes.
    pub(super) async fn beginning(self, limit: usize) -> Result<Bytes, FetchError> {
        match self.content {
            Content::Kept(body) => Ok(body.slice(..body.len().min(limit))),
            Content::Arriving(mut arriving) => {
                read(&mut arriving.response, limit).await.map(|(body, _)| body)
            }
        }
    }
}

/// Reads until the end or the limit; and whether the end was reached.
async fn read(response: &mut Response, limit: usize) -> Result<(Bytes, bool), FetchError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| transport_error(&error))? {
        let room = limit - body.len();
        if let Some(fits) = chunk.get(..room).filter(|_| chunk.len() > room) {
            body.extend_from_slice(fits);
            return Ok((body.freeze(), false));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((body.freeze(), true))
}
