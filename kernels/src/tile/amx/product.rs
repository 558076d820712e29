//! The product of 8-bit integers: `tdpbsud` multiplies signed by unsigned bytes and adds them up by groups of 4, as VNNI does a
//! row at a time.

use std::{
    arch::{
        asm,
        x86_64::{__m512, _MM_HINT_T1, _mm_prefetch, _mm512_add_ps, _mm512_max_ps, _mm512_setzero_ps},
    },
    cell::Cell,
    mem,
    ops::Range,
};

use super::{
    super::{PANELS, avx512::load_some, bf16::ROWS},
    Tiles, WIDTH,
    outputs::{Outputs, Sums, write_some},
};
use crate::{
    Finish,
    matrix::{GROUP, Line},
    product::Product,
};

/// Fewer rows are faster without tiles.
const FEWEST: usize = 9;
/// Groups of a tile.
const GROUPS: usize = WIDTH / GROUP;
/// Rows of two tiles.
pub(super) const BOTH: usize = 2 * ROWS;
/// Bytes of weights that all rows are multiplied by before the next: both lie in a core's own cache then.
const TOGETHER: usize = 128 << 10;

/// Whether a product is for tiles: with enough rows, and whole tiles of groups.
pub(in crate::tile) fn takes(product: &Product<'_>) -> bool {
    product.rows() >= FEWEST && product.groups > 0 && product.groups.is_multiple_of(GROUPS)
}

/// As [`super::super::product`], of one that it [`takes`], where the processor has tiles.
#[target_feature(enable = "avx512f")]
pub(in crate::tile) fn product(product: &Product<'_>) {
    match product.finish {
        Finish::Store => run(product, |sums, _| sums),
        Finish::Add => run(product, |sums, old| _mm512_add_ps(sums, load_some(old))),
        Finish::Relu => run(product, |sums, _| _mm512_max_ps(sums, _mm512_setzero_ps())),
    }
}

/// All blocks. The outputs of each are written while the next is multiplied: what writes them waits for memory, and what multiplies
/// doesn't.
#[target_feature(enable = "avx512f")]
#[inline]
fn run(product: &Product<'_>, with: impl Fn(__m512, &[f32]) -> __m512 + Copy) {
    // SAFETY: the caller knows that the processor has them.
    let tiles = unsafe { Tiles::new() };
    let mut both = [Sums::default(); 2];
    let [mut sums, mut before] = both.each_mut();
    let mut outputs: Option<Outputs<'_>> = None;
    let together = (TOGETHER / (product.groups * size_of::<Line>())).next_multiple_of(PANELS).max(PANELS);
    let fetch = Fetch::of(product);
    for first in (0..product.panels()).step_by(together) {
        let last = (first + together).min(product.panels());
        for (at, row) in (0..product.rows()).step_by(BOTH).enumerate() {
            for panel in (first..last).step_by(PANELS) {
                let lines = product.lines.as_ptr().wrapping_add((panel + together) * product.groups);
                tiles.multiply(product, (panel, row), fetch.part(lines, at, product.groups), |rows| {
                    if let Some(outputs) = &outputs {
                        outputs.write(before, rows, with);
                    }
                });
                tiles.store(sums);
                outputs = Outputs::whole(product, panel, row);
                if outputs.is_none() {
                    write_some(product, (panel, row), sums, with);
                }
                mem::swap(&mut sums, &mut before);
            }
        }
    }
    if let Some(outputs) = outputs {
        outputs.write(before, 0..BOTH, with);
    }
}

/// How many lines are fetched to the second cache at each step of 16 groups, so that all rows' blocks together fetch what comes next
/// once.
#[derive(Clone, Copy)]
struct Fetch(usize);

impl Fetch {
    /// Beside a product's blocks of rows; nothing where this thread has just read the same weights, which its own cache still has then.
    fn of(product: &Product<'_>) -> Self {
        let bytes = product.panels() * product.groups * size_of::<Line>();
        let lines = product.lines.as_ptr().addr();
        if LAST.replace(lines) == lines && bytes <= STAYS {
            return Self(0);
        }
        Self((PANELS * GROUPS).div_ceil(product.rows().div_ceil(BOTH)))
    }

    /// What the block of rows at such a place fetches of some lines.
    fn part(self, lines: *const Line, at: usize, groups: usize) -> (Self, *const Line) {
        let done = at * self.0 * (groups / GROUPS);
        (if done < PANELS * groups { self } else { Self(0) }, lines.wrapping_add(done))
    }
}

/// Bytes of weights that stay in a core's own cache.
const STAYS: usize = 1 << 20;

thread_local! {
    /// Where the weights were that this thread read last.
    static LAST: Cell<usize> = const { Cell::new(0) };
}

#[expect(clippy::unused_self, reason = "whoever has it has set up the tiles")]
impl Tiles {
    /// Two tiles of rows by two panels, from a row and a panel on. Between the steps some rows' share of other work is done
    /// `meanwhile`.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn multiply(
        &self,
        product: &Product<'_>,
        (panel, row): (usize, usize),
        (fetch, next): (Fetch, *const Line),
        mut meanwhile: impl FnMut(Range<usize>),
    ) {
        let groups = product.groups;
        // Where there is one tile of rows or one panel, it is taken twice: its other sums aren't looked at.
        let rows = [row, if product.rows() - row > ROWS { row + ROWS } else { row }];
        let rows = rows.map(|first| &product.row(first)[..(ROWS - 1) * product.stride + groups]);
        let panels = [panel, (panel + 1).min(product.panels() - 1)].map(|panel| product.panel(panel));
        let steps = groups / GROUPS;
        let share = BOTH.div_ceil(steps);
        self.zero();
        for step in 0..steps {
            // SAFETY: the tiles read a step's groups of 16 rows, and of a panel, which are there.
            unsafe {
                let rows = rows.map(|rows| rows.as_ptr().add(step * GROUPS));
                let panels = panels.map(|lines| lines.as_ptr().add(step * GROUPS));
                self.step(rows, panels, product.stride * GROUP);
            }
            for at in 0..fetch.0 {
                let next = next.wrapping_add(step * fetch.0 + at);
                _mm_prefetch::<_MM_HINT_T1>(next.cast());
            }
            meanwhile(step * share..(step + 1) * share);
        }
    }

    /// Begins new sums.
    #[inline]
    fn zero(&self) {
        // SAFETY: this thread has set up the tiles, which the compiler knows nothing of.
        unsafe {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                options(nostack, nomem, preserves_flags)
            );
        }
    }

    /// Adds the products of 16 groups to the sums.
    ///
    /// # Safety
    ///
    /// Of both tiles of rows there are 16 rows with 16 groups each, every `stride` bytes, and of both panels 16 lines.
    #[inline]
    unsafe fn step(&self, rows: [*const [i8; GROUP]; 2], panels: [*const Line; 2], stride: usize) {
        // SAFETY: as above, and as the caller promises.
        unsafe {
            asm!(
                "tileloadd tmm4, [{rows_0} + {stride}]",
                "tileloadd tmm6, [{panel_0} + {width}]",
                "tileloadd tmm7, [{panel_1} + {width}]",
                "tdpbsud tmm0, tmm4, tmm6",
                "tileloadd tmm5, [{rows_1} + {stride}]",
                "tdpbsud tmm1, tmm4, tmm7",
                "tdpbsud tmm2, tmm5, tmm6",
                "tdpbsud tmm3, tmm5, tmm7",
                rows_0 = in(reg) rows[0],
                rows_1 = in(reg) rows[1],
                panel_0 = in(reg) panels[0],
                panel_1 = in(reg) panels[1],
                stride = in(reg) stride,
                width = in(reg) WIDTH,
                options(nostack, readonly, preserves_flags),
            );
        }
    }

    #[inline]
    fn store(&self, sums: &mut Sums) {
        // SAFETY: as in `zero`; there is place for 32 rows of two panels.
        unsafe {
            asm!(
                "tilestored [{sums} + {stride}], tmm0",
                "tilestored [{sums} + {stride} + 64], tmm1",
                "tilestored [{sums} + {stride} + 2048], tmm2",
                "tilestored [{sums} + {stride} + 2112], tmm3",
                stride = in(reg) PANELS * WIDTH,
                sums = in(reg) sums.0.as_mut_ptr(),
                options(nostack, preserves_flags),
            );
        }
    }
}
