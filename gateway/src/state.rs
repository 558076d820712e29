//! What every request handler gets to see.

use std::{ops::Deref, sync::Arc, time::Duration};

use service_kit::{deadline::Deadline, request_id::RequestId};
use tokio_util::sync::CancellationToken;

use crate::{
    caller::Caller,
    clients::Upstreams,
    config::{Config, ServiceAddresses},
    digest::{Call, DigestService},
};

/// What every request handler gets to see. Clones are the same, and cost next to nothing: each layer makes one.
#[derive(Debug, Clone)]
pub struct AppState(Arc<Parts>);

/// What an [`AppState`] is made of.
#[derive(Debug)]
pub struct Parts {
    /// The services.
    pub upstreams: Upstreams,
    /// The settings.
    pub config: Config,
    /// The use case.
    pub digests: DigestService,
    /// Cancelled as soon as the gateway begins to go down: it isn't ready any more.
    pub stopping: CancellationToken,
    /// Cancelled when streams under way must come to an end.
    pub cut_streams: CancellationToken,
}

impl AppState {
    /// Connects to all replicas of the services. Must be called within a tokio runtime.
    pub fn new(services: &ServiceAddresses, config: Config) -> Self {
        Self::over(Upstreams::connect(services), config)
    }

    /// Over services that are connected already.
    pub fn over(upstreams: Upstreams, config: Config) -> Self {
        Self(Arc::new(Parts {
            digests: DigestService::new(upstreams.clone(), &config),
            upstreams,
            config,
            stopping: CancellationToken::new(),
            cut_streams: CancellationToken::new(),
        }))
    }

    /// A call on behalf of `request_id` that has `budget` from now.
    pub fn call(&self, request_id: &RequestId, budget: Duration) -> Call {
        let caller = Caller::default();
        Call { deadline: Deadline::after(budget), request_id: request_id.clone(), caller }
    }

    /// A call that asks how a service is, and can do without the answer.
    pub fn ready_call(&self, request_id: &RequestId) -> Call {
        self.call(request_id, self.config.ready_timeout)
    }

    /// A call that finds or reads an article.
    pub fn article_call(&self, request_id: &RequestId) -> Call {
        self.call(request_id, self.config.article_timeout)
    }

    /// A call that writes a summary for `caller`.
    pub fn summary_call(&self, request_id: &RequestId, caller: Caller) -> Call {
        Call { caller, ..self.call(request_id, self.config.summary_timeout) }
    }
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
