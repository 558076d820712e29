//! Lines of 16-bit products: two integers, of 8 or of 16 bits, for each of 16 outputs.

use std::ops::Range;

use crate::{LANES, simd::Simd};

/// Two integers for each output of a panel.
pub(super) type PairLine<T> = [T; LANES * 2];

/// Lines of two integers for each output of a panel, which are multiplied in 16 bits.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PairLines<'a> {
    Bytes(&'a [PairLine<i8>]),
    Words(&'a [PairLine<i16>]),
}

/// [`PairLines`] to be written.
#[derive(Debug)]
pub(crate) enum PairLinesMut<'a> {
    Bytes(&'a mut [PairLine<i8>]),
    Words(&'a mut [PairLine<i16>]),
}

impl Default for PairLines<'_> {
    fn default() -> Self {
        Self::Words(&[])
    }
}

impl PairLines<'_> {
    /// Some of the lines; none where they aren't there.
    pub(crate) fn part(self, range: Range<usize>) -> Self {
        match self {
            Self::Bytes(lines) => Self::Bytes(lines.get(range).unwrap_or_default()),
            Self::Words(lines) => Self::Words(lines.get(range).unwrap_or_default()),
        }
    }
}

impl PairLinesMut<'_> {
    /// The first `count` lines, or as many as there are, of which this has the rest.
    pub(crate) fn split_off(&mut self, count: usize) -> Self {
        match self {
            Self::Bytes(lines) => {
                Self::Bytes(lines.split_off_mut(..count.min(lines.len())).unwrap_or_default())
            }
            Self::Words(lines) => {
                Self::Words(lines.split_off_mut(..count.min(lines.len())).unwrap_or_default())
            }
        }
    }

    /// Sets every `step`th number of a line from `first` on, all of which fit; where there is no such place, nothing.
    #[expect(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the instructions of the caller"
    )]
    #[inline(always)]
    pub(crate) fn set(&mut self, line: usize, first: usize, step: usize, values: &[i16]) {
        match self {
            Self::Bytes(lines) => {
                let places = lines.get_mut(line).and_then(|line| line.get_mut(first..)).unwrap_or_default();
                places.iter_mut().step_by(step).zip(values).for_each(|(place, value)| *place = *value as i8);
            }
            Self::Words(lines) => {
                let places = lines.get_mut(line).and_then(|line| line.get_mut(first..)).unwrap_or_default();
                places.iter_mut().step_by(step).zip(values).for_each(|(place, value)| *place = *value);
            }
        }
    }

    /// Sets a line, whose numbers fit; where there is no such line, nothing.
    #[expect(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the instructions of the caller"
    )]
    #[inline(always)]
    pub(crate) fn put(&mut self, simd: impl Simd, line: usize, values: &PairLine<i16>) {
        match self {
            Self::Bytes(lines) => {
                if let Some(line) = lines.get_mut(line) {
                    *line = simd.narrow(values);
                }
            }
            Self::Words(lines) => {
                if let Some(line) = lines.get_mut(line) {
                    *line = *values;
                }
            }
        }
    }
}
