//! Which instructions the processor has.
#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "a function for instructions that the compiler can't know of is unsafe to call"
    )
)]

#[cfg(target_arch = "aarch64")]
use std::arch::is_aarch64_feature_detected;
use std::sync::OnceLock;

#[cfg(target_arch = "aarch64")]
use crate::simd::Neon;
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Separate, Simd};

/// A set of instructions that the inner loops are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isa {
    /// AVX-512 with VNNI and BF16, and tiles of 8-bit integers and of bfloat16 (Sapphire Rapids and later).
    Amx,
    /// AVX-512 with VNNI and BF16 (Cooper Lake, Zen 4 and later).
    Avx512Bf16,
    /// AVX-512 with VNNI (Ice Lake and later).
    Avx512Vnni,
    /// 256 bits with VNNI (Alder Lake, Sierra Forest, Zen 5).
    AvxVnni,
    /// 256 bits (Haswell, Zen and later).
    Avx2,
    /// 128 bits of ARM with the dot product, and matrices of 8-bit integers and of bfloat16 (Neoverse V1 and N2, Apple M2 and later).
    NeonI8mm,
    /// 128 bits of ARM with the dot product (Neoverse N1, Cortex-A76, Apple M1).
    NeonDot,
    /// 128 bits of ARM (Cortex-A72).
    Neon,
    /// What every processor has.
    Portable,
}

impl Isa {
    /// Whether AVX-512 with VNNI is among them.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn is_avx512(self) -> bool {
        matches!(self, Self::Amx | Self::Avx512Bf16 | Self::Avx512Vnni)
    }
}

/// A set of instructions that this processor has: only [`best`](Self::best) and [`all`](Self::all) make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cpu(Isa);

impl Default for Cpu {
    fn default() -> Self {
        Self::best()
    }
}

impl Cpu {
    /// The fastest.
    pub fn best() -> Self {
        static BEST: OnceLock<Cpu> = OnceLock::new();
        *BEST.get_or_init(|| Self::all().first().copied().unwrap_or(Self(Isa::Portable)))
    }

    /// All, the fastest first, the portable one last.
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        all.extend(of_x86().into_iter().map(Self));
        #[cfg(target_arch = "aarch64")]
        {
            let dot = is_aarch64_feature_detected!("dotprod");
            if dot && is_aarch64_feature_detected!("i8mm") && is_aarch64_feature_detected!("bf16") {
                all.push(Self(Isa::NeonI8mm));
            }
            if dot {
                all.push(Self(Isa::NeonDot));
            }
            all.push(Self(Isa::Neon));
        }
        all.push(Self(Isa::Portable));
        all
    }

    /// Which one this is.
    pub fn isa(self) -> Isa {
        self.0
    }

    /// Whether a product of some rows takes little longer than one of a single row, whose weights have to come from memory.
    pub fn multiplies_at_once(self) -> bool {
        self.0 != Isa::Portable
    }

    /// As [`run`](Self::run), with instructions that make bfloat16 where there are any.
    pub(crate) fn run_bf16<L: Loops>(self, loops: L) -> L::Output {
        match self.0 {
            // SAFETY: as below.
            #[cfg(target_arch = "x86_64")]
            Isa::Amx | Isa::Avx512Bf16 => unsafe { avx512_bf16(loops) },
            _ => self.run(loops),
        }
    }

    /// Runs plain loops, compiled for these instructions.
    pub(crate) fn run<L: Loops>(self, loops: L) -> L::Output {
        match self.0 {
            // SAFETY: a `Cpu` of these instructions is made only where the processor has them.
            #[cfg(target_arch = "x86_64")]
            Isa::Amx | Isa::Avx512Bf16 | Isa::Avx512Vnni => unsafe { avx512(loops) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Isa::AvxVnni | Isa::Avx2 => unsafe { avx2(loops) },
            #[cfg(target_arch = "aarch64")]
            Isa::NeonI8mm | Isa::NeonDot | Isa::Neon => loops.run(Neon),
            _ => loops.run(Separate),
        }
    }
}

/// The sets that an x86 processor has.
#[cfg(target_arch = "x86_64")]
fn of_x86() -> Vec<Isa> {
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    let vnni = avx2 && avx512 && is_x86_feature_detected!("avx512vnni");
    let bf16 = vnni && is_x86_feature_detected!("avx512bf16");
    #[cfg(target_os = "linux")]
    let amx = bf16 && crate::tile::has_amx();
    #[cfg(not(target_os = "linux"))]
    let amx = false;
    let mut all = Vec::new();
    all.extend(amx.then_some(Isa::Amx));
    all.extend(vnni.then_some(Isa::Avx512Vnni));
    if bf16 {
        all.insert(all.len() - usize::from(is_of_amd()), Isa::Avx512Bf16);
    }
    all.extend((avx2 && is_x86_feature_detected!("avxvnni")).then_some(Isa::AvxVnni));
    all.extend(avx2.then_some(Isa::Avx2));
    all
}

/// Whether AMD made the processor, whose products of bfloat16 take no longer than those of 16-bit integers; Intel's do.
#[cfg(target_arch = "x86_64")]
pub(crate) fn is_of_amd() -> bool {
    let leaf = std::arch::x86_64::__cpuid(0);
    [leaf.ebx, leaf.edx, leaf.ecx].map(u32::to_le_bytes).as_flattened() == b"AuthenticAMD"
}

/// Loops over floats that the compiler turns into vectors; all that they call has to be inlined into them.
pub(crate) trait Loops {
    /// What comes out.
    type Output;
    /// The loops.
    fn run(self, simd: impl Simd) -> Self::Output;
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn avx512<L: Loops>(loops: L) -> L::Output {
    // SAFETY: this function is for a processor that has them.
    loops.run(unsafe { Avx512::<false>::new() })
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma")]
fn avx512_bf16<L: Loops>(loops: L) -> L::Output {
    // SAFETY: this function is for a processor that has them.
    loops.run(unsafe { Avx512::<true>::new() })
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<L: Loops>(loops: L) -> L::Output {
    // SAFETY: this function is for a processor that has them.
    loops.run(unsafe { Avx2::new() })
}
