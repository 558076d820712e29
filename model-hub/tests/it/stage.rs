//! A hub with a small model, and a client with a cache of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use model_hub::{
    Config, Hub, HubError, LocalModel, ModelRef, Progress,
    config::Limits,
    testing::{TestHub, model_files},
};
use tempfile::TempDir;
use tokio::sync::watch;

pub(crate) const REPO: &str = "acme/news";
pub(crate) const WEIGHTS: usize = 300_000;

pub(crate) struct Stage {
    pub(crate) hub: TestHub,
    pub(crate) config: Config,
    pub(crate) folder: TempDir,
    pub(crate) files: Vec<(&'static str, Bytes)>,
    pub(crate) commit: String,
}

impl Stage {
    pub(crate) async fn set() -> Self {
        let hub = TestHub::start().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let files = model_files(WEIGHTS);
        let commit = hub.publish(REPO, "main", &files);
        let mut config = Config::new(hub.endpoint().unwrap(), folder.path().join("hub"));
        config.limits = Limits {
            attempts: 3,
            pause_min: Duration::from_millis(1),
            pause_max: Duration::from_millis(5),
            rest_max: Duration::from_secs(2),
            stall: Duration::from_millis(500),
            lock: Duration::from_millis(300),
            ..Limits::default()
        };
        Self { hub, config, folder, files, commit }
    }

    pub(crate) fn client(&self) -> Hub {
        Hub::new(&self.config).unwrap()
    }

    pub(crate) async fn pull(&self, model: &str) -> Result<LocalModel, HubError> {
        self.client().pull(&model_ref(model), &watch::Sender::new(Progress::default())).await
    }

    pub(crate) fn offline(&self, model: &str) -> Result<LocalModel, HubError> {
        Hub::new(&Config { offline: true, ..self.config.clone() }).unwrap().cached(&model_ref(model))
    }

    pub(crate) fn weights(&self) -> &Bytes {
        self.file("model.safetensors")
    }

    pub(crate) fn file(&self, name: &str) -> &Bytes {
        &self.files.iter().find(|(found, _)| *found == name).unwrap().1
    }

    /// The directory of the model in the cache.
    pub(crate) fn dir(&self) -> PathBuf {
        self.config.cache.join("models--acme--news")
    }

    /// Where a file's blob is, or will be.
    pub(crate) fn blob(&self, name: &str) -> PathBuf {
        self.dir().join("blobs").join(TestHub::etag(name, self.file(name)))
    }

    pub(crate) fn incomplete(&self, name: &str) -> PathBuf {
        self.blob(name).with_extension("incomplete")
    }

    /// Ranges of the requests for weights since the last call.
    pub(crate) fn ranges(&self) -> Vec<Option<String>> {
        self.hub.take_seen().into_iter().filter(|seen| seen.storage).map(|seen| seen.range).collect()
    }
}

pub(crate) fn model_ref(text: &str) -> ModelRef {
    text.parse().unwrap()
}

pub(crate) fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// The range from an offset on.
pub(crate) fn from(offset: usize) -> String {
    format!("bytes={offset}-")
}
