//! A call's place at a replica.
#![expect(clippy::disallowed_types, reason = "the edge itself")]

use std::{net::SocketAddr, sync::Arc};

use http::{Request, Response, uri::PathAndQuery};
use tonic::{Code, Status, body::Body};
use tower::{Service as _, ServiceExt as _};

use super::{attempt::Attempt, replica::Replica};
use crate::grpc::{
    ended::{End, on_end},
    fault::{Fault, FaultKind},
};

/// Which of a replica's calls it is. Clones are the same call.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    replica: Arc<Replica>,
    number: u64,
}

impl Turn {
    pub(super) fn address(&self) -> SocketAddr {
        self.replica.address
    }

    /// The answer is there, as far as it tells how fast the replica is; only the first word counts.
    pub(super) fn answered(&self, refused: Option<Code>) {
        self.replica.answered(self.number, refused);
    }
}

/// A call's place at a replica, from the pick to the end of the answer's body; dropping it gives it back.
pub(super) struct Place(Turn);

impl Place {
    pub(super) fn at(replica: Arc<Replica>, method: &PathAndQuery) -> Self {
        let number = replica.take(method);
        Self(Turn { replica, number })
    }

    pub(super) fn turn(&self) -> &Turn {
        &self.0
    }

    /// Sends the call; the place is kept until the answer's body has ended.
    pub(super) async fn send(
        self,
        request: Request<Body>,
        attempt: &Attempt,
    ) -> Result<Response<Body>, Status> {
        attempt.went_to(self.turn());
        let mut channel = self.0.replica.channel.clone();
        let answer = async { channel.ready().await?.call(request).await }.await;
        match answer {
            Ok(response) => {
                self.accepted(&response, attempt);
                Ok(response.map(|body| on_end(body, move |end| self.ended(end))))
            }
            Err(error) => {
                let status = Status::from_error(Box::new(error));
                // A timeout is told by the place when it is dropped.
                if Fault::from_status(&status).kind != FaultKind::Timeout {
                    self.broke();
                }
                Err(status)
            }
        }
    }

    /// The headers are there: for a unary call the whole answer; for a stream the word that it was accepted, unless they
    /// say that it wasn't. How long the rest of a stream takes is its work, and shows in what is in flight.
    fn accepted(&self, response: &Response<Body>, attempt: &Attempt) {
        let refused = Status::from_header_map(response.headers()).map(|status| status.code());
        if attempt.tells() && refused.is_none() {
            self.0.replica.is_alive();
        } else {
            self.0.answered(refused);
        }
    }

    fn ended(self, end: End) {
        if end == End::Broken {
            self.broke();
        }
    }

    pub(super) fn broke(&self) {
        self.0.replica.broke(self.0.number);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.replica.give_back(self.0.number);
    }
}
