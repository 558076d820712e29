//! Model files on this machine: presets by short name, the local cache, downloads from a Hugging Face hub.
//!
//! [`Hub`] is the way in: a [`ModelRef`] is parsed from text, and a [`LocalModel`] is what inference loads. The cache is
//! shared with Hugging Face's own programs. Nothing here knows what is in the files.

pub mod config;
pub mod preset;
pub mod reference;
#[cfg(feature = "testing")]
pub mod testing;

mod cache;
mod download;
mod error;
mod hub;
mod local;
mod progress;
mod selection;
mod size;
mod wire;

pub use cache::{CachedRepo, CachedRevision, Removed};
pub use config::Config;
pub use error::HubError;
pub use hub::{Hub, ModelInfo};
pub use local::{LocalModel, ModelFiles};
pub use progress::{Phase, Progress};
pub use reference::{HubModel, ModelRef, ModelSource};
pub use selection::{NotAModel, WeightFormat};
pub use size::Size;
