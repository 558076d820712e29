//! Tensors of a model's files, by name.

mod files;
mod gguf;
mod int8;
mod mapped;
mod matrix;
mod pickle;
mod resident;
mod safetensors;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
};

use candle_core::{DType, Device, Shape, Tensor, quantized::QMatMul};

pub use files::WeightFiles;
pub(crate) use mapped::MappedMatrix;
pub(crate) use matrix::{LinearWeight, Matrix};

/// Where tensors come from.
trait Source: Send {
    /// Names of all tensors.
    fn names(&self) -> Vec<String>;
    /// One of them, on a device, in the type that it is stored in.
    fn load(&self, name: &str, device: &Device) -> Result<Tensor, LoadError>;
    /// Fetches what is mapped, all of which is needed soon.
    fn read_ahead(&self) {}
    /// One of two dimensions and 32 bits, left in its file; None where it has to be loaded.
    fn mapped(&self, _name: &str) -> Option<MappedMatrix> {
        None
    }
    /// One as the right side of a product, in the blocks that it is stored in; None where it is stored otherwise.
    fn quantized(&self, _name: &str, _device: &Device) -> Result<Option<(QMatMul, Shape)>, LoadError> {
        Ok(None)
    }
}

/// The tensors of a model, each taken once; in the end it tells what was missing and what was left.
pub struct Weights {
    source: Box<dyn Source>,
    /// The name that the architecture knows, and the one in the file.
    names: BTreeMap<String, String>,
    used: BTreeSet<String>,
    problems: TensorProblems,
    device: Device,
    dtype: DType,
    /// What was quantized before.
    int8: Option<int8::Int8File>,
}

/// Why a model can't be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file can't be read.
    #[error("{path}: {error}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file is not what its name says.
    #[error("{path}: {message}", path = path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// No file of weights.
    #[error("{path} has no model.safetensors, pytorch_model.bin or .gguf, nor an index of shards", path = path.display())]
    NoWeights {
        /// The folder.
        path: PathBuf,
    },
    /// The tensors are not those of the architecture.
    #[error("the weights don't fit the configuration: {0}")]
    Tensors(TensorProblems),
    /// A tensor can't be made; most likely no memory on the device.
    #[error("a tensor can't be made: {0}")]
    Tensor(#[from] candle_core::Error),
    /// A weight can't be quantized.
    #[error("a weight can't be quantized: {0}")]
    Matrix(#[from] kernels::MatrixError),
}

impl LoadError {
    fn format(path: &Path, message: impl fmt::Display) -> Self {
        Self::Format { path: path.to_owned(), message: message.to_string() }
    }

    fn io(path: &Path, error: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), error }
    }
}

/// All that is wrong with a model's tensors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TensorProblems {
    /// Names that the architecture needs and the files lack.
    pub missing: Vec<String>,
    /// Names that the architecture doesn't know.
    pub unknown: Vec<String>,
    /// Names with the shape that the file has and the one that the configuration asks for.
    pub shapes: Vec<(String, Vec<usize>, Vec<usize>)>,
}

impl fmt::Display for TensorProblems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape = |(name, found, wanted): &(String, Vec<usize>, Vec<usize>)| {
            format!("{name} is {found:?}, not {wanted:?}")
        };
        let parts = [
            ("missing", self.missing.clone()),
            ("unknown", self.unknown.clone()),
            ("of another shape", self.shapes.iter().map(shape).collect()),
        ];
        let parts = parts.iter().filter(|(_, names)| !names.is_empty());
        let parts: Vec<String> = parts.map(|(what, names)| format!("{what}: {}", names.join(", "))).collect();
        formatter.write_str(&parts.join("; "))
    }
}

impl fmt::Debug for Weights {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Weights").field("tensors", &self.names.len()).finish_non_exhaustive()
    }
}

impl Weights {
    /// Opens files; tensors come to `device` as `dtype` (32 bits on a CPU, 16 where a GPU has them).
    ///
    /// # Errors
    ///
    /// [`LoadError::Io`] and [`LoadError::Format`].
    pub fn open(files: &WeightFiles, device: &Device, dtype: DType) -> Result<Self, LoadError> {
        let source = files.open()?;
        let names = source.names().into_iter().map(|name| (name.clone(), name)).collect();
        let (used, problems) = (BTreeSet::new(), TensorProblems::default());
        Ok(Self { source, names, used, problems, device: device.clone(), dtype, int8: None })
    }

    /// Fetches files that are mapped, where all of them is needed soon.
    pub(crate) fn read_ahead(&self) {
        self.source.read_ahead();
    }

    /// Whether there is a tensor of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// Takes a prefix from the names that have it.
    pub(crate) fn strip_prefix(&mut self, prefix: &str) {
        let names = std::mem::take(&mut self.names).into_iter();
        self.names = names
            .map(|(name, file)| (name.strip_prefix(prefix).map(str::to_owned).unwrap_or(name), file))
            .collect();
    }

    /// A tensor that may be there and that nothing needs.
    pub(crate) fn ignore(&mut self, name: &str) {
        self.used.insert(name.to_owned());
    }

    /// A tensor of a shape. One that is missing is noted, and zeros stand in until [`finish`](Self::finish).
    pub(crate) fn tensor(&mut self, name: &str, shape: impl Into<Shape>) -> Result<Tensor, LoadError> {
        let shape = shape.into();
        let Some(tensor) = self.optional(name, shape.clone())? else {
            self.problems.missing.push(name.to_owned());
            return Ok(Tensor::zeros(shape, self.dtype, &self.device)?);
        };
        Ok(tensor)
    }

    /// A tensor of a shape, where there is one.
    pub(crate) fn optional(
        &mut self,
        name: &str,
        shape: impl Into<Shape>,
    ) -> Result<Option<Tensor>, LoadError> {
        let Some(file_name) = self.names.get(name) else { return Ok(None) };
        let tensor = self.source.load(file_name, &self.device)?;
        self.checked(name, &tensor, &shape.into()).map(Some)
    }

    /// The numbers of a tensor of a shape, row by row, after what is there already; zeros for one that is missing.
    pub(crate) fn append(
        &mut self,
        name: &str,
        shape: impl Into<Shape>,
        numbers: &mut Vec<f32>,
    ) -> Result<(), LoadError> {
        let shape = shape.into();
        if let [rows, columns] = *shape.dims()
            && let Some(matrix) = self.mapped(name, (rows, columns))
        {
            numbers.extend_from_slice(matrix.values());
            return Ok(());
        }
        numbers.extend(self.tensor(name, shape)?.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?);
        Ok(())
    }

    /// The numbers of a tensor of a shape, row by row.
    pub(crate) fn numbers(&mut self, name: &str, shape: impl Into<Shape>) -> Result<Vec<f32>, LoadError> {
        let mut numbers = Vec::new();
        self.append(name, shape, &mut numbers)?;
        Ok(numbers)
    }

    /// The tensor in the type that all have, or zeros where it has another shape than it should.
    fn checked(&mut self, name: &str, tensor: &Tensor, shape: &Shape) -> Result<Tensor, LoadError> {
        let fits = self.note(name, tensor.shape(), shape);
        Ok(if fits { tensor.to_dtype(self.dtype)? } else { Tensor::zeros(shape, self.dtype, &self.device)? })
    }

    /// A table of rows: the first of several names that is there; the others count as its copies.
    pub(crate) fn table(&mut self, names: &[&str], dims: (usize, usize)) -> Result<Matrix, LoadError> {
        let found = names.iter().find(|name| self.contains(name)).or(names.first());
        for name in names {
            self.ignore(name);
        }
        let name = found.copied().unwrap_or_default();
        match self.mapped(name, dims) {
            Some(matrix) => Ok(Matrix::Mapped(matrix)),
            None => self.tensor(name, dims).map(Matrix::Floats),
        }
    }

    /// The weight of a linear layer, `(out_dim, in_dim)`.
    pub(crate) fn linear(&mut self, name: &str, dims: (usize, usize)) -> Result<LinearWeight, LoadError> {
        if let Some(matrix) = self.mapped(name, dims) {
            return Ok(LinearWeight::Floats(Matrix::Mapped(matrix)));
        }
        if let Some(file_name) = self.names.get(name)
            && let Some((matrix, shape)) = self.source.quantized(file_name, &self.device)?
        {
            self.note(name, &shape, &dims.into());
            return Ok(LinearWeight::Quantized(matrix));
        }
        Ok(LinearWeight::Floats(Matrix::Floats(self.tensor(name, dims)?)))
    }

    /// A matrix of these dimensions that can be used where it lies in its file.
    fn mapped(&mut self, name: &str, dims: (usize, usize)) -> Option<MappedMatrix> {
        if !(self.device.is_cpu() && self.dtype == DType::F32) {
            return None;
        }
        let matrix = self.source.mapped(self.names.get(name)?).filter(|matrix| matrix.dims() == dims)?;
        self.used.insert(name.to_owned());
        Some(matrix)
    }

    /// Notes that a tensor was used, and whether it has its shape.
    fn note(&mut self, name: &str, found: &Shape, wanted: &Shape) -> bool {
        self.used.insert(name.to_owned());
        if found != wanted {
            self.problems.shapes.push((name.to_owned(), found.dims().to_vec(), wanted.dims().to_vec()));
        }
        found == wanted
    }

    /// Says what is wrong with the tensors, all at once. Where nothing is, it keeps what was quantized.
    ///
    /// # Errors
    ///
    /// [`LoadError::Tensors`].
    pub(crate) fn finish(mut self) -> Result<(), LoadError> {
        self.problems.unknown = self.names.into_keys().filter(|name| !self.used.contains(name)).collect();
        if self.problems != TensorProblems::default() {
            return Err(LoadError::Tensors(self.problems));
        }
        if let Some(int8) = self.int8 {
            int8.keep();
        }
        Ok(())
    }
}
