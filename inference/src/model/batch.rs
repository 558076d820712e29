//! Inputs of different lengths, side by side.

/// Token ids of several inputs, filled up to one length, with a mask that says what is filling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenBatch {
    /// `[rows, length]`, row by row.
    ids: Vec<u32>,
    /// 1 for a token, 0 for filling; as `ids`.
    mask: Vec<u8>,
    length: usize,
}

/// Why there is no batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// No input, or one without tokens.
    #[error("there is an input without tokens, or no input at all")]
    Empty,
    /// Ids or mask are not a rectangle.
    #[error("all inputs, and the mask, have to have the same length")]
    Ragged,
}

impl TokenBatch {
    /// Fills shorter inputs up with `pad`.
    ///
    /// # Errors
    ///
    /// [`BatchError::Empty`].
    pub fn padded(inputs: &[Vec<u32>], pad: u32) -> Result<Self, BatchError> {
        let length = inputs.iter().map(Vec::len).max().unwrap_or_default();
        if inputs.iter().any(Vec::is_empty) || length == 0 {
            return Err(BatchError::Empty);
        }
        let filled = |input: &Vec<u32>| {
            input.iter().copied().chain(std::iter::repeat(pad)).take(length).collect::<Vec<_>>()
        };
        let mask = |input: &Vec<u32>| (0..length).map(|at| u8::from(at < input.len())).collect::<Vec<_>>();
        Ok(Self {
            ids: inputs.iter().flat_map(filled).collect(),
            mask: inputs.iter().flat_map(mask).collect(),
            length,
        })
    }

    /// Takes a rectangle as it is. Without a mask, `pad` is filling wherever it stands, unless it also ends sequences
    /// (as `_prepare_attention_mask_for_generation` of transformers).
    ///
    /// # Errors
    ///
    /// [`BatchError`].
    pub fn rectangular(
        ids: &[Vec<u32>],
        mask: Option<&[Vec<u8>]>,
        pad: Option<u32>,
        eos: &[u32],
    ) -> Result<Self, BatchError> {
        let length = ids.first().map(Vec::len).unwrap_or_default();
        if length == 0 {
            return Err(BatchError::Empty);
        }
        let is_rectangle = ids.iter().all(|row| row.len() == length)
            && mask.is_none_or(|mask| mask.len() == ids.len() && mask.iter().all(|row| row.len() == length));
        if !is_rectangle {
            return Err(BatchError::Ragged);
        }
        let pad = pad.filter(|pad| !eos.contains(pad));
        let ids: Vec<u32> = ids.iter().flatten().copied().collect();
        let mask = match mask {
            Some(mask) => mask.iter().flatten().map(|kept| u8::from(*kept != 0)).collect(),
            None => ids.iter().map(|id| u8::from(Some(*id) != pad)).collect(),
        };
        Ok(Self { ids, mask, length })
    }

    /// Inputs.
    pub fn rows(&self) -> usize {
        self.ids.len() / self.length
    }

    /// Tokens of the longest.
    pub fn length(&self) -> usize {
        self.length
    }

    /// One input with its filling; empty where there is no such row.
    pub fn row(&self, row: usize) -> &[u32] {
        self.ids.get(row * self.length..(row + 1) * self.length).unwrap_or_default()
    }

    /// All ids, row by row.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// 1 for a token, 0 for filling, row by row.
    pub fn mask(&self) -> &[u8] {
        &self.mask
    }

    /// Whether nothing is filling.
    pub fn is_full(&self) -> bool {
        self.mask.iter().all(|kept| *kept == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shorter_inputs_are_filled_up_and_masked() {
        let batch = TokenBatch::padded(&[vec![5, 6, 7], vec![8]], 0).expect("a batch");
        assert_eq!((batch.rows(), batch.row(1), batch.mask()), (2, &[8, 0, 0][..], &[1, 1, 1, 1, 0, 0][..]));
    }

    #[test]
    fn padding_is_found_unless_it_ends_sequences_too() {
        let ids = [vec![3, 0], vec![4, 5]];
        let found = TokenBatch::rectangular(&ids, None, Some(0), &[1]).expect("a batch");
        assert_eq!(found.mask(), &[1, 0, 1, 1]);
        assert!(TokenBatch::rectangular(&ids, None, Some(0), &[0]).expect("a batch").is_full());
    }

    #[test]
    fn what_is_no_rectangle_is_refused() {
        assert_eq!(TokenBatch::rectangular(&[vec![1], vec![]], None, None, &[]), Err(BatchError::Ragged));
        assert_eq!(
            TokenBatch::rectangular(&[vec![1]], Some(&[vec![1, 1]]), None, &[]),
            Err(BatchError::Ragged)
        );
        assert_eq!(TokenBatch::padded(&[], 0), Err(BatchError::Empty));
    }
}
