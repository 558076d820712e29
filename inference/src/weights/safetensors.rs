//! `model.safetensors`, or its shards, memory-mapped
//! ([the format](https://huggingface.co/docs/safetensors/index#format)).

use std::{
    collections::HashMap,
    ops::Range,
    path::{Path, PathBuf},
};

use candle_core::{Device, Tensor, safetensors::Load as _};
use safetensors::{Dtype, SafeTensors as Header, tensor::TensorView};

use super::{LoadError, MappedMatrix, Source, mapped::MappedFile};

/// Bytes before the header: its length.
const LENGTH: usize = 8;

pub(super) struct SafeTensors {
    files: Vec<MappedFile>,
    tensors: HashMap<String, Place>,
}

/// Where a tensor is, and what.
struct Place {
    path: PathBuf,
    file: MappedFile,
    bytes: Range<usize>,
    dtype: Dtype,
    shape: Vec<usize>,
}

impl SafeTensors {
    pub(super) fn open(paths: &[PathBuf]) -> Result<Self, LoadError> {
        let mut all = Self { files: Vec::new(), tensors: HashMap::new() };
        for path in paths {
            let file = MappedFile::open(path)?;
            all.tensors.extend(read(path, &file)?);
            all.files.push(file);
        }
        Ok(all)
    }

    fn place(&self, name: &str) -> Result<&Place, LoadError> {
        self.tensors.get(name).ok_or_else(|| LoadError::format(Path::new(name), "there is no such tensor"))
    }
}

impl Source for SafeTensors {
    fn names(&self) -> Vec<String> {
        self.tensors.keys().cloned().collect()
    }

    fn load(&self, name: &str, device: &Device) -> Result<Tensor, LoadError> {
        let place = self.place(name)?;
        let bad = |error: &dyn std::fmt::Display| LoadError::format(&place.path, format!("{name}: {error}"));
        let bytes = place.file.bytes().get(place.bytes.clone()).unwrap_or_default();
        let view = TensorView::new(place.dtype, place.shape.clone(), bytes).map_err(|error| bad(&error))?;
        view.load(device).map_err(|error| bad(&error))
    }

    fn read_ahead(&self) {
        self.files.iter().for_each(MappedFile::read_ahead);
    }

    fn mapped(&self, name: &str) -> Option<MappedMatrix> {
        let place = self.tensors.get(name)?;
        match (place.dtype, &place.shape[..]) {
            (Dtype::F32, &[rows, columns]) => place.file.matrix(place.bytes.clone(), (rows, columns)),
            _ => None,
        }
    }
}

/// The tensors of one file.
fn read(path: &Path, file: &MappedFile) -> Result<Vec<(String, Place)>, LoadError> {
    // This checks that every tensor lies within the file, and that none overlaps another.
    Header::deserialize(file.bytes()).map_err(|error| LoadError::format(path, error))?;
    let (length, header) =
        Header::read_metadata(file.bytes()).map_err(|error| LoadError::format(path, error))?;
    let begin = LENGTH + length;
    let place = |info: &safetensors::tensor::TensorInfo| Place {
        path: path.to_owned(),
        file: file.clone(),
        bytes: begin + info.data_offsets.0..begin + info.data_offsets.1,
        dtype: info.dtype,
        shape: info.shape.clone(),
    };
    Ok(header.tensors().into_iter().map(|(name, info)| (name, place(info))).collect())
}
