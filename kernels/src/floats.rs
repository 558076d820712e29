//! Floats that begin where a line of the cache begins.
#![expect(unsafe_code, reason = "lines of 16 floats are read as floats")]

use std::ops::{Deref, DerefMut};

use crate::LANES;

/// 16 floats, in one line of the cache.
#[repr(C, align(64))]
#[derive(Debug, Clone, Copy)]
struct Line([f32; LANES]);

/// Rows between products. They begin where a line of the cache begins, so that what is written 16 numbers at a time falls into one
/// line and not into two, which takes twice as long.
#[derive(Debug, Clone, Default)]
pub struct Floats {
    lines: Vec<Line>,
    length: usize,
}

impl Floats {
    /// Makes it so many. Those that are new may have any value.
    pub fn resize(&mut self, length: usize) {
        let lines = length.div_ceil(LANES);
        if lines > self.lines.len() {
            self.lines.resize(lines, Line([0.0; LANES]));
        }
        self.length = length;
    }
}

impl Deref for Floats {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: a line is 16 floats, and nothing else, and there are at least as many as `length` asks for.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.length) }
    }
}

impl DerefMut for Floats {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.length) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_keep_their_values_and_lie_on_lines() {
        let mut floats = Floats::default();
        for length in [3, 17, 16, 0, 5, 1000] {
            let before = floats.to_vec();
            floats.resize(length);
            assert_eq!((floats.len(), floats.as_ptr().align_offset(64)), (length, 0));
            let kept = before.len().min(length);
            assert_eq!(floats[..kept], before[..kept]);
            floats.fill(length as f32);
        }
        assert!(Floats::default().is_empty());
    }
}
