//! The product of 8-bit integers: `tdpbsud` multiplies signed by unsigned bytes and adds them up by groups of 4, as VNNI does a
//! row at a time.

use std::{
    arch::{
        asm,
        x86_64::{
            __m512, _mm512_add_ps, _mm512_cvtepi32_ps, _mm512_fmadd_ps, _mm512_loadu_si512, _mm512_max_ps,
            _mm512_mul_ps, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps, _mm512_sub_epi32,
        },
    },
    mem::MaybeUninit,
    ops::Range,
};

use super::{
    super::{
        PANELS,
        avx512::{load_floats, load_some, store_some},
        bf16::{Block, ROWS},
    },
    Tiles, WIDTH,
};
use crate::{
    Finish, LANES,
    matrix::{GROUP, Line, OFFSET},
    product::Product,
};

/// Fewer rows are faster without tiles.
const FEWEST: usize = 9;
/// Groups of a tile.
const GROUPS: usize = WIDTH / GROUP;
/// Rows of two tiles.
const BOTH: usize = 2 * ROWS;

/// Sums of two tiles of rows by two panels, both of the first rows before those of the second.
type Sums = [Block<i32>; 4];

/// Whether a product is for tiles: with enough rows, and whole tiles of groups.
pub(in crate::tile) fn takes(product: &Product<'_>) -> bool {
    product.rows() >= FEWEST && product.groups > 0 && product.groups.is_multiple_of(GROUPS)
}

/// As [`super::super::product`], of one that it [`takes`], where the processor has tiles.
#[target_feature(enable = "avx512f")]
pub(in crate::tile) fn product(product: &Product<'_>) {
    // SAFETY: the caller knows that the processor has them.
    let tiles = unsafe { Tiles::new() };
    let fetch = Fetch::of(product.rows().div_ceil(BOTH));
    for panel in (0..product.panels()).step_by(PANELS) {
        for (at, row) in (0..product.rows()).step_by(BOTH).enumerate() {
            block(&tiles, product, panel, row, (fetch, at));
        }
    }
}

/// Two tiles of rows by two panels, from a row and a panel on.
#[target_feature(enable = "avx512f")]
#[inline]
fn block(tiles: &Tiles, product: &Product<'_>, panel: usize, row: usize, (fetch, at): (Fetch, usize)) {
    let groups = product.groups;
    // Where there is one tile of rows or one panel, it is taken twice: its other sums aren't looked at.
    let rows = [row, if product.rows() - row > ROWS { row + ROWS } else { row }];
    let rows = rows.map(|first| &product.row(first)[..ROWS * groups]);
    let panels = [panel, (panel + 1).min(product.panels() - 1)].map(|panel| product.panel(panel));
    let mut sums = MaybeUninit::uninit();
    // The panels that come after these are fetched once, a part beside each block of rows.
    let next = panels[0].as_ptr().wrapping_add(PANELS * groups + fetch.lines(groups) * at);
    let fetch = if fetch.lines(groups) * at < PANELS * groups { fetch } else { Fetch::None };
    let sums = tiles.multiply(rows, panels, groups, (fetch, next), &mut sums);
    let rows = row..(row + BOTH).min(product.rows());
    match product.finish {
        Finish::Store => finish(sums, product, panel, rows, |sums, _| sums),
        Finish::Add => finish(sums, product, panel, rows, |sums, old| _mm512_add_ps(sums, old)),
        Finish::Relu => {
            finish(sums, product, panel, rows, |sums, _| _mm512_max_ps(sums, _mm512_setzero_ps()));
        }
    }
}

/// How many lines are fetched to the second cache at each step of 16 groups: as many as a core can ask for without waiting for
/// them, where there are rows enough.
#[derive(Clone, Copy)]
enum Fetch {
    None,
    Lines4,
    Lines8,
    Lines16,
    Lines32,
}

impl Fetch {
    /// Two panels beside so many blocks of rows.
    fn of(blocks: usize) -> Self {
        match blocks {
            ..=1 => Self::Lines32,
            2..=3 => Self::Lines16,
            4..=7 => Self::Lines8,
            8.. => Self::Lines4,
        }
    }

    /// Beside one block of so many groups.
    fn lines(self, groups: usize) -> usize {
        let step = match self {
            Self::None => 0,
            Self::Lines4 => 4,
            Self::Lines8 => 8,
            Self::Lines16 => 16,
            Self::Lines32 => 32,
        };
        groups / GROUPS * step
    }
}

/// Fetches lines at some offsets, which `$bytes` are in all.
macro_rules! fetch {
    ($offsets:literal, $bytes:literal) => {
        concat!(".irp offset, ", $offsets, "\nprefetcht1 [{next} + \\offset]\n.endr\nadd {next}, ", $bytes)
    };
}

macro_rules! multiply {
    ($rows:ident, $panels:ident, $groups:ident, $next:ident, $sums:ident, $fetch:expr) => {{
        assert!($rows.iter().all(|rows| rows.len() == ROWS * $groups));
        assert!($panels.iter().all(|lines| lines.len() == $groups));
        // SAFETY: the tiles read all groups of 16 rows and of a panel, which are there, and write all sums. What is fetched
        // needn't be there.
        unsafe {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "2:",
                "tileloadd tmm4, [{rows_0} + {stride}]",
                "tileloadd tmm6, [{panel_0} + {width}]",
                "tileloadd tmm7, [{panel_1} + {width}]",
                "tdpbsud tmm0, tmm4, tmm6",
                $fetch,
                "tileloadd tmm5, [{rows_1} + {stride}]",
                "tdpbsud tmm1, tmm4, tmm7",
                $fetch,
                "tdpbsud tmm2, tmm5, tmm6",
                $fetch,
                "tdpbsud tmm3, tmm5, tmm7",
                $fetch,
                "add {rows_0}, 64",
                "add {rows_1}, 64",
                "add {panel_0}, 1024",
                "add {panel_1}, 1024",
                "dec {steps}",
                "jnz 2b",
                "tilestored [{sums} + {width}], tmm0",
                "tilestored [{sums} + {width} + 1024], tmm1",
                "tilestored [{sums} + {width} + 2048], tmm2",
                "tilestored [{sums} + {width} + 3072], tmm3",
                rows_0 = inout(reg) $rows[0].as_ptr() => _,
                rows_1 = inout(reg) $rows[1].as_ptr() => _,
                panel_0 = inout(reg) $panels[0].as_ptr() => _,
                panel_1 = inout(reg) $panels[1].as_ptr() => _,
                next = inout(reg) $next => _,
                steps = inout(reg) $groups / GROUPS => _,
                stride = in(reg) $groups * GROUP,
                width = in(reg) WIDTH,
                sums = in(reg) $sums.as_mut_ptr(),
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
            $sums.assume_init_ref()
        }
    }};
}

#[expect(clippy::unused_self, reason = "whoever has it has set up the tiles")]
impl Tiles {
    /// Each tile of rows by each panel, while lines that come later are fetched, from `next` on.
    fn multiply<'a>(
        &self,
        rows: [&[[i8; GROUP]]; 2],
        panels: [&[Line]; 2],
        groups: usize,
        (fetch, next): (Fetch, *const Line),
        sums: &'a mut MaybeUninit<Sums>,
    ) -> &'a Sums {
        match fetch {
            Fetch::None => multiply!(rows, panels, groups, next, sums, "/* {next} */"),
            Fetch::Lines4 => multiply!(rows, panels, groups, next, sums, fetch!("0", 64)),
            Fetch::Lines8 => multiply!(rows, panels, groups, next, sums, fetch!("0, 64", 128)),
            Fetch::Lines16 => multiply!(rows, panels, groups, next, sums, fetch!("0, 64, 128, 192", 256)),
            Fetch::Lines32 => {
                multiply!(
                    rows,
                    panels,
                    groups,
                    next,
                    sums,
                    fetch!("0, 64, 128, 192, 256, 320, 384, 448", 512)
                )
            }
        }
    }
}

/// Sums of a block to outputs, a row after the other: the processor knows where to write for few pages at a time.
#[target_feature(enable = "avx512f")]
#[inline]
fn finish(
    sums: &Sums,
    product: &Product<'_>,
    panel: usize,
    rows: Range<usize>,
    with: impl Fn(__m512, __m512) -> __m512,
) {
    let second = (panel + 1).min(product.panels() - 1);
    let scales = [panel, second].map(|panel| load_floats(&product.scales[panel]));
    let bias = [panel, second].map(|panel| load_some(product.bias(panel)));
    let columns = product.columns(panel).start..product.columns(second).end;
    for (row, at) in rows.zip(0..) {
        // SAFETY: each panel is in one part of a product only, and a part goes through its rows one after the other.
        let places = unsafe { product.output.get(row, columns.clone()) };
        let offset = _mm512_set1_epi32(i32::from(OFFSET) * product.sums[row]);
        let row_scale = _mm512_set1_ps(product.row_scales[row]);
        for (panel, place) in places.chunks_mut(LANES).enumerate() {
            let sums = &sums[at / ROWS * 2 + panel].0[at % ROWS];
            // SAFETY: there are 16, and the load needs no alignment.
            let total = _mm512_sub_epi32(unsafe { _mm512_loadu_si512(sums.as_ptr().cast()) }, offset);
            let scale = _mm512_mul_ps(scales[panel], row_scale);
            let values = _mm512_fmadd_ps(_mm512_cvtepi32_ps(total), scale, bias[panel]);
            store_some(place, with(values, load_some(place)));
        }
    }
}
