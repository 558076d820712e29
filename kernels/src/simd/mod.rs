//! 16 floats at a time, whatever the processor's registers hold.
#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod plain;

#[cfg(target_arch = "aarch64")]
pub(crate) use neon::Neon;
pub(crate) use plain::Separate;
#[cfg(target_arch = "x86_64")]
pub(crate) use {avx2::Avx2, avx512::Avx512};

use crate::LANES;

/// The arithmetic of 16 floats. Whoever has a value of such a type may use its instructions.
pub(crate) trait Simd: Copy {
    /// 16 floats.
    type Floats: Copy;
    /// 16 integers of 32 bits.
    type Integers: Copy;

    /// a · b + c of single numbers.
    fn mul_add(self, a: f32, b: f32, c: f32) -> f32;
    fn load(self, values: &[f32; LANES]) -> Self::Floats;
    fn store(self, values: Self::Floats, place: &mut [f32; LANES]);
    fn splat(self, value: f32) -> Self::Floats;
    fn add(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn sub(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn mul(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// a · b + c.
    fn fma(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    /// The higher; b where a is not a number.
    fn max(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// The lower; b where a is not a number.
    fn min(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn abs(self, a: Self::Floats) -> Self::Floats;
    /// Integers as floats.
    fn floats(self, values: &[i32; LANES]) -> Self::Floats;
    /// The nearest integers, even of two; what the low bytes have of one that is no number is 0.
    fn nearest(self, a: Self::Floats) -> Self::Integers;
    fn to_floats(self, a: Self::Integers) -> Self::Floats;
    /// 2 to the power of integers from −126 to 127.
    fn power(self, a: Self::Integers) -> Self::Floats;
    /// The low 8 bits of each, which is in their range.
    fn bytes(self, a: Self::Integers) -> [i8; LANES];
    /// The low 16 bits of each, which is in their range.
    fn words(self, a: Self::Integers) -> [i16; LANES];

    /// 2^x of numbers from −126 to 126; `polynomial` is that of 2^x on half a power around 0, the highest power's coefficient
    /// first.
    #[inline(always)]
    fn powers_of_2(self, x: Self::Floats, polynomial: &[f32]) -> Self::Floats {
        let exponent = self.nearest(x);
        let fraction = evaluate(self, self.sub(x, self.to_floats(exponent)), polynomial);
        self.mul(fraction, self.power(exponent))
    }

    /// As [`powers_of_2`](Self::powers_of_2), and infinite of all that is higher.
    #[inline(always)]
    fn powers_of_2_or_infinite(self, x: Self::Floats, polynomial: &[f32]) -> Self::Floats {
        self.powers_of_2(self.min(x, self.splat(128.0)), polynomial)
    }

    /// The nearest numbers of bfloat16 of 32 floats, even of two.
    #[inline(always)]
    fn bf16s(self, one: Self::Floats, other: Self::Floats) -> [i16; 2 * LANES] {
        let mut all = [0; 2 * LANES];
        let (first, second) = all.split_at_mut(LANES);
        first.copy_from_slice(&self.bf16(one));
        second.copy_from_slice(&self.bf16(other));
        all
    }

    /// The nearest numbers of bfloat16, even of two.
    #[inline(always)]
    fn bf16(self, a: Self::Floats) -> [i16; LANES] {
        let mut values = [0.0; LANES];
        self.store(a, &mut values);
        values.map(|value| {
            let bits = value.to_bits();
            (bits.wrapping_add(0x7fff + (bits >> 16 & 1)) >> 16) as i16
        })
    }

    /// The highest of each row; none of them is no number.
    #[inline(always)]
    fn highest_of_each(self, rows: &[[f32; LANES]; LANES]) -> [f32; LANES] {
        let mut all = [0.0; LANES];
        for (place, row) in all.iter_mut().zip(rows) {
            *place = highest(self, self.load(row));
        }
        all
    }

    /// The low 8 bits of each, which is in their range.
    #[inline(always)]
    fn narrow(self, a: &[i16; 2 * LANES]) -> [i8; 2 * LANES] {
        a.map(|word| word as i8)
    }

    /// Two rows, number by number.
    #[inline(always)]
    fn interleave(self, one: &[i16; LANES], other: &[i16; LANES]) -> [i16; 2 * LANES] {
        let mut all = [0; 2 * LANES];
        for (pair, (one, other)) in all.as_chunks_mut::<2>().0.iter_mut().zip(one.iter().zip(other)) {
            *pair = [*one, *other];
        }
        all
    }

    /// The pairs of rows, the first of all rows, then the second of all rows, and so on.
    #[inline(always)]
    fn transpose(self, rows: &[[i16; LANES]; LANES]) -> [[i16; 2 * LANES]; LANES / 2] {
        let mut all = [[0; 2 * LANES]; LANES / 2];
        for (at, column) in all.iter_mut().enumerate() {
            for (pair, row) in column.as_chunks_mut::<2>().0.iter_mut().zip(rows) {
                *pair = [row[2 * at], row[2 * at + 1]];
            }
        }
        all
    }
}

/// A polynomial, the highest power's coefficient first.
#[inline(always)]
fn evaluate<S: Simd>(simd: S, x: S::Floats, polynomial: &[f32]) -> S::Floats {
    let Some((first, rest)) = polynomial.split_first() else { return simd.splat(0.0) };
    let mut sum = simd.splat(*first);
    for coefficient in rest {
        sum = simd.fma(sum, x, simd.splat(*coefficient));
    }
    sum
}

/// A row in parts of 16, the last filled up.
pub(crate) struct Chunks<'a> {
    whole: &'a [[f32; LANES]],
    last: Option<[f32; LANES]>,
}

/// A row in parts of 16, the last filled up with `fill`.
#[inline(always)]
pub(crate) fn chunks(row: &[f32], fill: f32) -> Chunks<'_> {
    let (whole, rest) = row.as_chunks::<LANES>();
    let mut last = [fill; LANES];
    for (place, value) in last.iter_mut().zip(rest) {
        *place = *value;
    }
    Chunks { whole, last: (!rest.is_empty()).then_some(last) }
}

impl Chunks<'_> {
    /// Where they lie: a copy would come from memory in other parts than it went there, which takes time.
    #[inline(always)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[f32; LANES]> {
        self.whole.iter().chain(&self.last)
    }
}

/// What there is of so many numbers, and zeros.
#[inline(never)]
pub(crate) fn filled_up<const N: usize>(values: &[f32]) -> [f32; N] {
    let mut all = [0.0; N];
    all.iter_mut().zip(values).for_each(|(place, value)| *place = *value);
    all
}

/// The sum of 16 floats, by halves.
#[inline(always)]
pub(crate) fn sum<S: Simd>(simd: S, values: S::Floats) -> f32 {
    let mut all = [0.0; LANES];
    simd.store(values, &mut all);
    let eight: [f32; 8] = std::array::from_fn(|at| all[at] + all[at + 8]);
    let four: [f32; 4] = std::array::from_fn(|at| eight[at] + eight[at + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// The highest of 16 floats, by halves; none of them is no number.
#[inline(always)]
pub(crate) fn highest<S: Simd>(simd: S, values: S::Floats) -> f32 {
    let mut all = [0.0; LANES];
    simd.store(values, &mut all);
    let eight: [f32; 8] = std::array::from_fn(|at| higher(all[at], all[at + 8]));
    let four: [f32; 4] = std::array::from_fn(|at| higher(eight[at], eight[at + 4]));
    higher(higher(four[0], four[2]), higher(four[1], four[3]))
}

#[inline(always)]
fn higher(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}
