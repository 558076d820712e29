//! Norms of one row.
#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]

use crate::{
    Cpu, LANES,
    cpu::Loops,
    simd::{Simd, chunks, sum},
};

/// To a mean square of 1, scaled (Zhang and Sennrich, <https://arxiv.org/abs/1910.07467>). All are `[width]`.
pub fn rms_norm(cpu: Cpu, row: &[f32], weight: &[f32], epsilon: f32, output: &mut [f32]) {
    cpu.run(RmsNorm { row, weight, epsilon, output });
}

/// To mean 0 and variance 1, scaled and moved (Ba et al., <https://arxiv.org/abs/1607.06450>). All are `[width]`.
pub fn layer_norm(cpu: Cpu, row: &[f32], weight: &[f32], bias: &[f32], epsilon: f32, output: &mut [f32]) {
    cpu.run(LayerNorm { row, weight, bias, epsilon, output });
}

/// Adds one row to another.
pub fn add(cpu: Cpu, row: &mut [f32], more: &[f32]) {
    cpu.run(Add { row, more });
}

/// Adds a number to all values.
pub fn add_number(cpu: Cpu, row: &mut [f32], number: f32) {
    cpu.run(AddNumber { row, number });
}

/// Multiplies all values.
pub fn scale(cpu: Cpu, row: &mut [f32], factor: f32) {
    cpu.run(Scale { row, factor });
}

struct RmsNorm<'a> {
    row: &'a [f32],
    weight: &'a [f32],
    epsilon: f32,
    output: &'a mut [f32],
}

impl Loops for RmsNorm<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self, simd: impl Simd) {
        let mut squares = simd.splat(0.0);
        for values in chunks(self.row, 0.0).iter() {
            let values = simd.load(values);
            squares = simd.fma(values, values, squares);
        }
        let factor = 1.0 / (sum(simd, squares) / self.row.len() as f32 + self.epsilon).sqrt();
        let (rows, weights) = (chunks(self.row, 0.0), chunks(self.weight, 0.0));
        let rows = rows.iter().zip(weights.iter());
        for ((values, weights), place) in rows.zip(self.output.chunks_mut(LANES)) {
            let scaled = simd.mul(simd.load(values), simd.splat(factor));
            store(simd, simd.mul(scaled, simd.load(weights)), place);
        }
    }
}

struct LayerNorm<'a> {
    row: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    epsilon: f32,
    output: &'a mut [f32],
}

impl Loops for LayerNorm<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self, simd: impl Simd) {
        let width = self.row.len() as f32;
        let mut total = simd.splat(0.0);
        for values in chunks(self.row, 0.0).iter() {
            total = simd.add(total, simd.load(values));
        }
        let mean = sum(simd, total) / width;
        let mut squares = simd.splat(0.0);
        // What fills the last part up differs from the mean by nothing.
        for values in chunks(self.row, mean).iter() {
            let values = simd.sub(simd.load(values), simd.splat(mean));
            squares = simd.fma(values, values, squares);
        }
        let factor = simd.splat(1.0 / (sum(simd, squares) / width + self.epsilon).sqrt());
        let rows = [self.row, self.weight, self.bias].map(|row| chunks(row, 0.0));
        let rows = rows[0].iter().zip(rows[1].iter()).zip(rows[2].iter());
        for (((values, weights), biases), place) in rows.zip(self.output.chunks_mut(LANES)) {
            let centred = simd.mul(simd.sub(simd.load(values), simd.splat(mean)), factor);
            store(simd, simd.fma(centred, simd.load(weights), simd.load(biases)), place);
        }
    }
}

/// Stores as many as there is place for.
#[inline(always)]
fn store<S: Simd>(simd: S, values: S::Floats, place: &mut [f32]) {
    if let Some(place) = place.as_mut_array::<LANES>() {
        simd.store(values, place);
    } else {
        let mut all = [0.0; LANES];
        simd.store(values, &mut all);
        place.iter_mut().zip(all).for_each(|(place, value)| *place = value);
    }
}

struct Add<'a> {
    row: &'a mut [f32],
    more: &'a [f32],
}

impl Loops for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self, _: impl Simd) {
        for (value, more) in self.row.iter_mut().zip(self.more) {
            *value += more;
        }
    }
}

struct AddNumber<'a> {
    row: &'a mut [f32],
    number: f32,
}

impl Loops for AddNumber<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self, _: impl Simd) {
        for value in self.row {
            *value += self.number;
        }
    }
}

struct Scale<'a> {
    row: &'a mut [f32],
    factor: f32,
}

impl Loops for Scale<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self, _: impl Simd) {
        for value in self.row {
            *value *= self.factor;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn rows() -> impl Strategy<Value = Vec<(f32, f32, f32)>> {
        vec((-9.0..9.0_f32, -2.0..2.0_f32, -1.0..1.0_f32), 1..80)
    }

    proptest! {
        #[test]
        fn norms_are_their_formulas(values in rows()) {
            let row: Vec<f32> = values.iter().map(|value| value.0).collect();
            let weight: Vec<f32> = values.iter().map(|value| value.1).collect();
            let bias: Vec<f32> = values.iter().map(|value| value.2).collect();
            let width = row.len() as f64;
            let mean = row.iter().map(|value| f64::from(*value)).sum::<f64>() / width;
            let square = |centre: f64| row.iter().map(|value| (f64::from(*value) - centre).powi(2)).sum::<f64>() / width;
            let (root, deviation) = ((square(0.0) + 1e-5).sqrt(), (square(mean) + 1e-5).sqrt());
            for cpu in Cpu::all() {
                let mut found = vec![0.0; row.len()];
                rms_norm(cpu, &row, &weight, 1e-5, &mut found);
                for (at, found) in found.iter().enumerate() {
                    let wanted = f64::from(row[at]) / root * f64::from(weight[at]);
                    prop_assert!((f64::from(*found) - wanted).abs() < 1e-4, "{found} {wanted}");
                }
                let mut found = vec![0.0; row.len()];
                layer_norm(cpu, &row, &weight, &bias, 1e-5, &mut found);
                for (at, found) in found.iter().enumerate() {
                    let wanted = (f64::from(row[at]) - mean) / deviation * f64::from(weight[at]) + f64::from(bias[at]);
                    // A row of equal values is nothing but rounding, divided by little.
                    prop_assert!((f64::from(*found) - wanted).abs() < 2e-3, "{found} {wanted}");
                }
            }
        }
    }
}
