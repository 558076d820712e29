//! Output that several threads write.
#![expect(unsafe_code, reason = "threads write different columns of the same rows")]

use std::{marker::PhantomData, ops::Range};

/// Rows of floats of which several threads write different columns.
pub(crate) struct Columns<'a> {
    values: *mut f32,
    width: usize,
    rows: usize,
    of: PhantomData<&'a mut [f32]>,
}

// SAFETY: it is a `&mut [f32]` of which each thread gets other parts.
unsafe impl Sync for Columns<'_> {}

impl<'a> Columns<'a> {
    /// Of `values`, `[rows, width]`.
    pub(crate) fn new(values: &'a mut [f32], width: usize) -> Self {
        Self { rows: values.len() / width.max(1), width, values: values.as_mut_ptr(), of: PhantomData }
    }

    /// Some columns of a row; those that there are.
    ///
    /// # Safety
    ///
    /// As long as the slice is used, nobody else may ask for one of these columns of this row.
    #[expect(clippy::mut_from_ref, reason = "the caller sees to it that no two are the same")]
    pub(crate) unsafe fn get(&self, row: usize, columns: Range<usize>) -> &mut [f32] {
        let end = columns.end.min(self.width);
        let begin = columns.start.min(end);
        if row >= self.rows {
            return &mut [];
        }
        // SAFETY: the part lies in the slice that this was made of, which is borrowed for 'a, and the caller promises that no
        // other slice of it overlaps.
        unsafe { std::slice::from_raw_parts_mut(self.values.add(row * self.width + begin), end - begin) }
    }

    /// Where some columns of some rows begin, and how far it is from a row to the next; None unless all are there.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    pub(crate) fn block(&self, rows: Range<usize>, columns: Range<usize>) -> Option<(*mut f32, usize)> {
        let there = rows.end <= self.rows && columns.end <= self.width;
        // SAFETY: it lies in the slice that this was made of.
        there.then(|| (unsafe { self.values.add(rows.start * self.width + columns.start) }, self.width))
    }
}
