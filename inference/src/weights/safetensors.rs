//! `model.safetensors`, memory-mapped.

use std::path::PathBuf;

use candle_core::{Device, Tensor, safetensors::MmapedSafetensors};

use super::{LoadError, Source};

pub(super) struct SafeTensors {
    files: MmapedSafetensors,
    paths: Vec<PathBuf>,
}

impl SafeTensors {
    #[expect(unsafe_code, reason = "memory-mapping a file is unsafe: it must not be changed meanwhile")]
    pub(super) fn open(paths: &[PathBuf]) -> Result<Self, LoadError> {
        for path in paths {
            std::fs::File::open(path).map_err(|error| LoadError::io(path, error))?;
        }
        // SAFETY: model files are written once, under another name, and moved into their place when they are complete.
        let files = unsafe { MmapedSafetensors::multi(paths) };
        let first = paths.first().cloned().unwrap_or_default();
        let files = files.map_err(|error| LoadError::format(&first, error))?;
        Ok(Self { files, paths: paths.to_vec() })
    }
}

impl Source for SafeTensors {
    fn names(&self) -> Vec<String> {
        self.files.tensors().into_iter().map(|(name, _)| name).collect()
    }

    fn load(&self, name: &str, device: &Device) -> Result<Tensor, LoadError> {
        let first = self.paths.first().cloned().unwrap_or_default();
        self.files.load(name, device).map_err(|error| LoadError::format(&first, format!("{name}: {error}")))
    }
}
