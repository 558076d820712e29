//! A weight as the right side of products and as a table of rows.

use candle_core::{DType, Device, Result, Tensor, quantized::QMatMul};

use super::mapped::MappedMatrix;

/// `[rows, columns]`: a linear layer's `[out_dim, in_dim]`, or a table of embeddings. Clones share the numbers.
#[derive(Debug, Clone)]
pub(crate) enum Matrix {
    /// In the memory of a device.
    Floats(Tensor),
    /// In a file on this machine, for a CPU.
    Mapped(MappedMatrix),
}

/// The weight of a linear layer, `[out_dim, in_dim]`.
#[derive(Debug, Clone)]
pub(crate) enum LinearWeight {
    /// In floats.
    Floats(Matrix),
    /// In the blocks of GGUF.
    Quantized(QMatMul),
}

impl Matrix {
    /// The rows of these numbers, which must be there: `[indices, columns]`.
    pub(crate) fn rows(&self, indices: &[u32]) -> Result<Tensor> {
        match self {
            Self::Floats(tensor) => tensor.index_select(&Tensor::new(indices, tensor.device())?, 0),
            Self::Mapped(matrix) => {
                let (_, columns) = matrix.dims();
                let values = matrix.values();
                let row = |index: &u32| values.get(*index as usize * columns..)?.get(..columns);
                let rows: Vec<f32> = indices.iter().filter_map(row).flatten().copied().collect();
                Tensor::from_vec(rows, (indices.len(), columns), &Device::Cpu)
            }
        }
    }

    /// The type of its numbers, and where they are worked with.
    pub(crate) fn place(&self) -> (DType, Device) {
        match self {
            Self::Floats(tensor) => (tensor.dtype(), tensor.device().clone()),
            Self::Mapped(_) => (DType::F32, Device::Cpu),
        }
    }
}
