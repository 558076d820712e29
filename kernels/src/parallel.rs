//! Splitting work among the threads of rayon's current pool.
#![expect(unsafe_code, reason = "threads write different columns of the same rows")]

use std::{marker::PhantomData, ops::Range};

use rayon::iter::{IndexedParallelIterator as _, IntoParallelIterator as _, ParallelIterator as _};

/// Bytes of weights that are worth a thread: a thread that sleeps takes some 10 µs to wake up, in which another reads
/// about as much.
const WORTH_A_THREAD: usize = 96 << 10;

/// In how many parts work on so many bytes is worth splitting.
pub(crate) fn parts(bytes: usize) -> usize {
    let threads = rayon::current_num_threads();
    if threads < 2 { 1 } else { (bytes / WORTH_A_THREAD).clamp(1, threads) }
}

/// Calls `act` with parts of `0..count` of about one size, on as many threads.
pub(crate) fn for_each_part(count: usize, parts: usize, act: impl Fn(Range<usize>) + Sync) {
    let part = |at: usize| at * count / parts.max(1)..(at + 1) * count / parts.max(1);
    match parts {
        0 | 1 => act(0..count),
        2 => {
            rayon::join(|| act(part(0)), || act(part(1)));
        }
        _ => (0..parts).into_par_iter().with_max_len(1).for_each(|at| act(part(at))),
    }
}

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
}
