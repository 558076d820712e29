//! The models that would answer now: a summary by any other is stale.

use crate::{
    model::{Model, ModelState, Models},
    options::{EngineChoice, SummaryOptions},
    summary::{Engine, Notice, Summary},
};

/// The models that are ready, in the summarizer's order; none where it doesn't tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lineup {
    ready: Vec<Player>,
}

/// A model that is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Player {
    pub(super) engine: Engine,
    pub(super) id: String,
    pub(super) revision: String,
}

impl Lineup {
    pub(super) fn of(models: Models) -> Self {
        let ready = models.models.into_iter().filter(|model| model.state == ModelState::Ready);
        let player = |Model { engine, id, revision, .. }: Model| Player { engine, id, revision };
        Self { ready: ready.map(player).collect() }
    }

    /// Those that may answer a request with these options.
    pub(super) fn for_options(mut self, options: &SummaryOptions) -> Self {
        self.ready.retain(|player| match (&options.model, options.engine) {
            (Some(name), _) => player.id == *name,
            (None, EngineChoice::Extractive) => player.engine == Engine::Extractive,
            (None, EngineChoice::Auto | EngineChoice::Abstractive) => true,
        });
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }

    pub(super) fn players(&self) -> &[Player] {
        &self.ready
    }

    /// Whether `summary` is what these models answer, and will while they are the same. An extractive one that stood in
    /// for a model that is ready (elsewhere, or for another language) is not: it costs next to nothing, and the model
    /// may answer the next time.
    pub(super) fn stands_behind(&self, summary: &Summary) -> bool {
        let made_it = |player: &Player| {
            player.engine == summary.engine
                && player.id == summary.model.id
                && player.revision == summary.model.revision
        };
        let stood_in = summary.engine == Engine::Extractive
            && self.ready.iter().any(|player| player.engine == Engine::Abstractive);
        let is_repeatable = !summary.drawn && !summary.notices.contains(&Notice::Degraded);
        self.ready.iter().any(made_it) && !stood_in && is_repeatable
    }
}
