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
