//! The numbers of tensors, where they are.

use candle_core::{CpuStorage, Result, Storage, Tensor};

/// Gives `act` the numbers of tensors of 32-bit floats on the CPU, in order: where they lie if they lie so, or else copies.
pub(super) fn with_all<T>(tensors: &[&Tensor], act: impl FnOnce(&[&[f32]]) -> T) -> Result<T> {
    let tensors = tensors.iter().map(|tensor| tensor.contiguous()).collect::<Result<Vec<_>>>()?;
    let places: Vec<_> = tensors.iter().map(Tensor::storage_and_layout).collect();
    let mut numbers = Vec::with_capacity(tensors.len());
    for ((storage, layout), tensor) in places.iter().zip(&tensors) {
        let Storage::Cpu(CpuStorage::F32(values)) = &**storage else {
            candle_core::bail!("a tensor that is to be in 32-bit floats on the CPU is not");
        };
        let begin = layout.start_offset();
        numbers.push(values.get(begin..begin + tensor.elem_count()).unwrap_or_default());
    }
    Ok(act(&numbers))
}

/// The same for so many tensors.
pub(super) fn with_numbers<T, const N: usize>(
    tensors: [&Tensor; N],
    act: impl FnOnce([&[f32]; N]) -> T,
) -> Result<T> {
    with_all(&tensors, |numbers| act(std::array::from_fn(|at| numbers[at])))
}
