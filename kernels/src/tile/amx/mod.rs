//! Tiles of AMX (Sapphire Rapids and later): one instruction multiplies 16 rows of 64 bytes by 64 bytes of 16 outputs, and
//! adds them up. What it reads of weights, or of keys and values, are 16 lines as they lie.
//!
//! The instructions are written out, since Rust's functions for them aren't stable; see AMX in Intel's Software Developer's Manual,
//! volume 1.

mod bf16;
mod outputs;
mod product;

use std::{
    arch::{
        asm,
        x86_64::{__cpuid, __cpuid_count},
    },
    marker::PhantomData,
};

pub(super) use product::{product, takes};

use super::bf16::ROWS;

/// Bytes of a row of a tile.
const WIDTH: usize = 64;

/// What `ldtilecfg` reads: palette 1, and of all eight tiles 16 rows of 64 bytes.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    widths: [u16; 16],
    rows: [u8; 16],
}

static CONFIGURATION: Configuration = {
    let (mut widths, mut rows) = ([0; 16], [0; 16]);
    let mut at = 0;
    while at < 8 {
        widths[at] = WIDTH as u16;
        rows[at] = ROWS as u8;
        at += 1;
    }
    Configuration { palette: 1, start_row: 0, reserved: [0; 14], widths, rows }
};

/// What `cpuid` tells in the leaf of extended features: that there are tiles, and that they multiply bfloat16 and 8-bit integers.
const FEATURES: u32 = 1 << 24 | 1 << 22 | 1 << 25;
/// Asks Linux for the use of a part of the processor's state (`ARCH_REQ_XCOMP_PERM` of its `asm/prctl.h`).
const REQUEST: libc::c_long = 0x1023;
/// The state of the tiles, 8 kB a thread.
const TILE_DATA: libc::c_long = 18;

/// Whether the processor has tiles, and the system lets this process use them, which it asks for.
pub(crate) fn is_there() -> bool {
    if __cpuid(0).eax < 7 || __cpuid_count(7, 0).edx & FEATURES != FEATURES {
        return false;
    }
    // SAFETY: the call changes nothing but what this process may do.
    unsafe { libc::syscall(libc::SYS_arch_prctl, REQUEST, TILE_DATA) == 0 }
}

/// Tiles that this thread, and no other, has set up. They are given back in the end, so that the system needn't keep them for it.
pub(crate) struct Tiles(PhantomData<*const ()>);

impl Tiles {
    /// # Safety
    ///
    /// The processor has them ([`is_there`]), and this thread has no others now.
    pub(crate) unsafe fn new() -> Self {
        // SAFETY: the configuration is one that the processor takes, and the compiler uses no tiles of its own.
        unsafe {
            asm!("ldtilecfg [{}]", in(reg) &raw const CONFIGURATION, options(nostack, readonly, preserves_flags));
        }
        Self(PhantomData)
    }
}

impl Drop for Tiles {
    fn drop(&mut self) {
        // SAFETY: the processor has them, for this was made.
        unsafe { asm!("tilerelease", options(nostack, nomem, preserves_flags)) };
    }
}
