//! The models that the summarizer has.

use serde::Serialize;
use utoipa::ToSchema;

use crate::summary::Engine;

/// The models of one replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Models {
    /// All of them.
    pub models: Vec<Model>,
    /// Name of the replica that answered.
    pub replica: String,
}

/// A model, and what state it is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Model {
    /// Name to ask for.
    pub id: String,
    /// Version of the built-in algorithm, or commit of the model's repository.
    pub revision: String,
    /// The engine that runs it.
    pub engine: Engine,
    /// Whether it can be used.
    pub state: ModelState,
    /// BCP 47 codes; empty for any.
    pub languages: Vec<String>,
    /// Bytes that it takes when loaded; 0 when nothing has to be loaded.
    pub memory_bytes: u64,
    /// Bytes that are here.
    pub downloaded_bytes: u64,
    /// Bytes to download in all.
    pub download_bytes: u64,
    /// Why the state is `failed`.
    pub error: Option<String>,
}

/// Whether a model can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModelState {
    /// It has to be downloaded first.
    Absent,
    /// It is being downloaded.
    Downloading,
    /// It is being read into memory.
    Loading,
    /// It can be used.
    Ready,
    /// It can't be used.
    Failed,
}

impl ModelState {
    /// All states.
    const ALL: [Self; 5] = [Self::Absent, Self::Downloading, Self::Loading, Self::Ready, Self::Failed];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Downloading => "downloading",
            Self::Loading => "loading",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }

    /// The state of this name; None for one that there is not.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A model that is not ready, as far as the summarizer told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AwaitedModel {
    /// Its name.
    pub id: Option<String>,
    /// What it is doing.
    pub state: Option<ModelState>,
    /// Bytes that are here.
    pub downloaded_bytes: Option<u64>,
    /// Bytes to download in all.
    pub download_bytes: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_known_by_the_name_that_it_has_on_the_wire() {
        for state in ModelState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
            assert_eq!(ModelState::from_name(state.name()), Some(state));
        }
        assert_eq!(ModelState::from_name("READY"), None);
    }
}
