//! The weight of a linear layer in 8-bit integers.

use std::{
    fmt,
    ops::Range,
    sync::{Arc, OnceLock},
};

use rayon::prelude::*;

use crate::{
    Cpu, LANES,
    cpu::Loops,
    simd::{Simd, chunks},
    tile::{self, Norms},
};

/// Inputs that are multiplied and added at once.
pub(crate) const GROUP: usize = 4;
/// Inputs of a group for all outputs of a panel.
pub(crate) type Line = [u8; LANES * GROUP];
/// What is added to a weight, so that it is stored without a sign.
pub(crate) const OFFSET: u8 = 128;

/// Packed bytes that lie somewhere else, such as in a mapped file.
pub type StoredBytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// `[out_dim, in_dim]` of a linear layer, one scale for each output: the weight is about `scale[out] · int8[out, in]`
/// with integers from −127 to 127.
///
/// # The packed bytes
///
/// All instructions read the same bytes. 16 outputs make a panel, 4 inputs a group. A panel is all groups one after the
/// other, a group is 64 bytes: 4 for the first output, 4 for the second, and so on. A byte is the integer plus 128. What
/// fills up the last panel and the last group is 128, which is zero. So a product reads each panel as one sequential stream.
#[derive(Clone)]
pub struct Int8Matrix {
    out_dim: usize,
    in_dim: usize,
    stored: StoredBytes,
    place: Range<usize>,
    /// `[panels · 16]`, zero in the filling.
    scales: Arc<[f32]>,
    /// As in [`tile::norms`], once they were asked for.
    norms: OnceLock<Arc<[Norms]>>,
}

/// Why bytes are no matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MatrixError {
    /// Another number of bytes than the sizes ask for.
    #[error("a packed matrix has {found} bytes, not {wanted}")]
    Bytes {
        /// There are.
        found: usize,
        /// There should be.
        wanted: usize,
    },
    /// Another number of values than the sizes ask for.
    #[error("a matrix has {found} values, not {wanted}")]
    Values {
        /// There are.
        found: usize,
        /// There should be.
        wanted: usize,
    },
    /// Sizes that no memory can hold, or none at all.
    #[error("a matrix can't have {0} × {1} values")]
    Size(usize, usize),
}

impl Int8Matrix {
    /// Quantizes `weight`, `[out_dim, in_dim]` row by row. What is not a number becomes the lowest integer, what is infinite one of the ends.
    ///
    /// # Errors
    ///
    /// [`MatrixError`] where sizes and values don't fit.
    pub fn quantize(weight: &[f32], out_dim: usize, in_dim: usize) -> Result<Self, MatrixError> {
        let length = Self::packed_len(out_dim, in_dim)?;
        let mut packed = vec![OFFSET; length + size_of::<Line>()];
        let begin = packed.as_ptr().align_offset(size_of::<Line>()).min(size_of::<Line>());
        let place = begin..begin + length;
        let scales = pack(weight, out_dim, in_dim, packed.get_mut(place.clone()).unwrap_or_default())?;
        Ok(Self {
            out_dim,
            in_dim,
            stored: Arc::new(packed),
            place,
            scales: scales.into(),
            norms: OnceLock::new(),
        })
    }

    /// Takes bytes that were packed before, at a place of `stored`; `scales` are one for each output.
    ///
    /// # Errors
    ///
    /// [`MatrixError`] where sizes, bytes and scales don't fit.
    pub fn stored(
        stored: StoredBytes,
        place: Range<usize>,
        scales: &[f32],
        (out_dim, in_dim): (usize, usize),
    ) -> Result<Self, MatrixError> {
        let wanted = Self::packed_len(out_dim, in_dim)?;
        let found = (*stored).as_ref().get(place.clone()).map_or(0, <[u8]>::len);
        if found != wanted {
            return Err(MatrixError::Bytes { found, wanted });
        }
        if scales.len() != out_dim {
            return Err(MatrixError::Values { found: scales.len(), wanted: out_dim });
        }
        let mut scales = scales.to_vec();
        scales.resize(out_dim.next_multiple_of(LANES), 0.0);
        Ok(Self { out_dim, in_dim, stored, place, scales: scales.into(), norms: OnceLock::new() })
    }

    /// Quantizes and packs into `place`, which has [`packed_len`](Self::packed_len) bytes; gives the scales, `[out_dim]`.
    ///
    /// # Errors
    ///
    /// [`MatrixError`] where sizes, values and place don't fit.
    pub fn pack(
        weight: &[f32],
        (out_dim, in_dim): (usize, usize),
        place: &mut [u8],
    ) -> Result<Vec<f32>, MatrixError> {
        let wanted = Self::packed_len(out_dim, in_dim)?;
        if place.len() != wanted {
            return Err(MatrixError::Bytes { found: place.len(), wanted });
        }
        place.fill(OFFSET);
        let mut scales = pack(weight, out_dim, in_dim, place)?;
        scales.truncate(out_dim);
        Ok(scales)
    }

    /// Bytes of a packed matrix.
    ///
    /// # Errors
    ///
    /// [`MatrixError::Size`].
    pub fn packed_len(out_dim: usize, in_dim: usize) -> Result<usize, MatrixError> {
        let panels = out_dim.div_ceil(LANES);
        let length =
            panels.checked_mul(in_dim.div_ceil(GROUP)).and_then(|lines| lines.checked_mul(size_of::<Line>()));
        length
            .filter(|length| *length > 0 && *length < isize::MAX as usize / 2)
            .ok_or(MatrixError::Size(out_dim, in_dim))
    }

    /// Outputs.
    pub fn out_dim(&self) -> usize {
        self.out_dim
    }

    /// Inputs.
    pub fn in_dim(&self) -> usize {
        self.in_dim
    }

    /// Scales of the outputs, `[out_dim]`.
    pub fn scales(&self) -> &[f32] {
        self.scales.get(..self.out_dim).unwrap_or_default()
    }

    /// The packed bytes.
    pub fn bytes(&self) -> &[u8] {
        (*self.stored).as_ref().get(self.place.clone()).unwrap_or_default()
    }

    /// Panels of 16 outputs.
    pub fn panels(&self) -> usize {
        self.out_dim.div_ceil(LANES)
    }

    /// One output's weights in floats again, `[in_dim]`: a table of embeddings is read so. Nothing where there is no such output.
    pub fn dequantize(&self, out: usize) -> impl Iterator<Item = f32> + '_ {
        let (panel, lane) = (out / LANES, out % LANES);
        let scale = self.scales().get(out).copied().unwrap_or_default();
        let inputs = if out < self.out_dim { self.in_dim } else { 0 };
        let lines = self.lines().chunks_exact(self.groups()).nth(panel).unwrap_or_default();
        let bytes = lines.iter().flat_map(move |line| line.iter().skip(lane * GROUP).take(GROUP));
        bytes.take(inputs).map(move |byte| f32::from(i16::from(*byte) - i16::from(OFFSET)) * scale)
    }

    /// Groups of 4 inputs.
    pub(crate) fn groups(&self) -> usize {
        self.in_dim.div_ceil(GROUP)
    }

    /// `[panels, groups]`.
    pub(crate) fn lines(&self) -> &[Line] {
        self.bytes().as_chunks().0
    }

    /// As in [`tile::norms`], from a panel on; none where so many rows need none.
    pub(crate) fn norms(&self, cpu: Cpu, rows: usize, panel: usize) -> &[Norms] {
        if !tile::wants_norms(cpu, rows) {
            return &[];
        }
        let all = self.norms.get_or_init(|| tile::norms(cpu, self.lines(), self.groups()).into());
        all.get(panel * (all.len() / self.panels())..).unwrap_or_default()
    }

    /// The scales of each panel.
    pub(crate) fn panel_scales(&self) -> &[[f32; LANES]] {
        self.scales.as_chunks().0
    }
}

/// `place` is filled with 128 already.
fn pack(weight: &[f32], out_dim: usize, in_dim: usize, place: &mut [u8]) -> Result<Vec<f32>, MatrixError> {
    let wanted = out_dim * in_dim;
    if weight.len() != wanted {
        return Err(MatrixError::Values { found: weight.len(), wanted });
    }
    let panel_bytes = in_dim.div_ceil(GROUP) * size_of::<Line>();
    let mut scales = vec![0.0; out_dim.next_multiple_of(LANES)];
    let panels = place.par_chunks_mut(panel_bytes.max(1)).zip(scales.par_chunks_mut(LANES));
    panels.zip(weight.par_chunks((LANES * in_dim).max(1))).for_each(|((place, scales), weight)| {
        for (lane, (row, scale)) in weight.chunks_exact(in_dim.max(1)).zip(scales).enumerate() {
            *scale = Cpu::best().run(PackRow { row, lane, place });
        }
    });
    Ok(scales)
}

/// Quantizes an output's weights into its lane of a panel; gives the scale.
struct PackRow<'a> {
    row: &'a [f32],
    lane: usize,
    place: &'a mut [u8],
}

impl Loops for PackRow<'_> {
    type Output = f32;

    #[expect(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the instructions of the caller"
    )]
    #[inline(always)]
    fn run(self, simd: impl Simd) -> f32 {
        let finite = |value: &f32| if value.is_finite() { value.abs() } else { 0.0 };
        let highest =
            self.row.iter().map(finite).fold(0.0_f32, |most, value| if value > most { value } else { most });
        let inverse = 127.0 / highest;
        if !inverse.is_finite() {
            return 0.0;
        }
        let limit = [simd.splat(-127.0), simd.splat(127.0)];
        for (chunk, lines) in
            chunks(self.row, 0.0).iter().zip(self.place.chunks_mut(LANES / GROUP * size_of::<Line>()))
        {
            let values = simd.mul(simd.load(chunk), simd.splat(inverse));
            // What is infinite becomes one of the ends.
            let integers = simd.bytes(simd.nearest(simd.min(simd.max(values, limit[0]), limit[1])));
            for (line, group) in
                lines.chunks_exact_mut(size_of::<Line>()).zip(integers.as_chunks::<GROUP>().0)
            {
                for (byte, integer) in line.iter_mut().skip(self.lane * GROUP).zip(group) {
                    *byte = integer.cast_unsigned() ^ OFFSET;
                }
            }
        }
        highest / 127.0
    }
}

impl fmt::Debug for Int8Matrix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Int8Matrix({} × {})", self.out_dim, self.in_dim)
    }
}
