//! What a feed-forward layer does between its two products.
#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]

use super::exp;
use crate::{Cpu, cpu::Loops, simd::Simd};

/// An activation function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// max(0, x).
    Relu,
    /// x · Φ(x), with the error function (Hendrycks and Gimpel, <https://arxiv.org/abs/1606.08415>).
    Gelu,
    /// The tanh approximation of GELU.
    GeluTanh,
    /// x · sigmoid(x).
    Silu,
}

/// Puts all values through the function, in place.
pub fn activate(cpu: Cpu, activation: Activation, row: &mut [f32]) {
    match activation {
        Activation::Relu => cpu.run(Each { row, by: relu }),
        Activation::Gelu => cpu.run(Each { row, by: Gelu }),
        Activation::GeluTanh => cpu.run(Each { row, by: GeluTanh }),
        Activation::Silu => cpu.run(Each { row, by: Silu }),
    }
}

/// activation(gate) · value, in the place of the gates (Shazeer, <https://arxiv.org/abs/2002.05202>).
pub fn gate(cpu: Cpu, activation: Activation, gates: &mut [f32], values: &[f32]) {
    activate(cpu, activation, gates);
    cpu.run(Times { row: gates, by: values });
}

/// A function of one value.
trait Function: Copy {
    fn of(self, simd: impl Simd, x: f32) -> f32;
}

#[derive(Clone, Copy)]
struct Gelu;
#[derive(Clone, Copy)]
struct GeluTanh;
#[derive(Clone, Copy)]
struct Silu;

fn relu(x: f32) -> f32 {
    if x > 0.0 { x } else { 0.0 }
}

impl<F: Fn(f32) -> f32 + Copy> Function for F {
    #[inline(always)]
    fn of(self, _: impl Simd, x: f32) -> f32 {
        self(x)
    }
}

impl Function for Gelu {
    #[inline(always)]
    fn of(self, simd: impl Simd, x: f32) -> f32 {
        0.5 * x * (1.0 + erf(simd, x * std::f32::consts::FRAC_1_SQRT_2))
    }
}

impl Function for GeluTanh {
    /// (1 + tanh(y)) / 2 is sigmoid(2y).
    #[inline(always)]
    fn of(self, simd: impl Simd, x: f32) -> f32 {
        let inner = 2.0 * 0.797_884_6 * x * simd.mul_add(0.044_715 * x, x, 1.0);
        x / (1.0 + exp(simd, -inner))
    }
}

impl Function for Silu {
    #[inline(always)]
    fn of(self, simd: impl Simd, x: f32) -> f32 {
        x / (1.0 + exp(simd, -x))
    }
}

/// The error function within 5e-7 (Abramowitz and Stegun, 7.1.26).
#[inline(always)]
fn erf(simd: impl Simd, x: f32) -> f32 {
    let magnitude = x.abs();
    let t = 1.0 / simd.mul_add(0.327_591_1, magnitude, 1.0);
    let mut sum = 1.061_405_4;
    for coefficient in [-1.453_152_1, 1.421_413_8, -0.284_496_74, 0.254_829_6] {
        sum = simd.mul_add(sum, t, coefficient);
    }
    let value = 1.0 - sum * t * exp(simd, -magnitude * magnitude);
    value.copysign(x)
}

struct Each<'a, F> {
    row: &'a mut [f32],
    by: F,
}

impl<F: Function> Loops for Each<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, simd: impl Simd) {
        for value in self.row {
            *value = self.by.of(simd, *value);
        }
    }
}

struct Times<'a> {
    row: &'a mut [f32],
    by: &'a [f32],
}

impl Loops for Times<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self, _: impl Simd) {
        for (value, factor) in self.row.iter_mut().zip(self.by) {
            *value *= factor;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// erf by its power series, which converges for what is tested.
    fn plain_erf(x: f64) -> f64 {
        let (mut term, mut sum) = (x, x);
        for n in 1..200 {
            let n = f64::from(n);
            term *= -x * x / n;
            sum += term / (2.0 * n + 1.0);
        }
        sum * std::f64::consts::FRAC_2_SQRT_PI
    }

    fn plain(activation: Activation, x: f64) -> f64 {
        match activation {
            Activation::Relu => x.max(0.0),
            Activation::Gelu => 0.5 * x * (1.0 + plain_erf(x * std::f64::consts::FRAC_1_SQRT_2)),
            Activation::GeluTanh => {
                let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x);
                0.5 * x * (1.0 + inner.tanh())
            }
            Activation::Silu => x / (1.0 + (-x).exp()),
        }
    }

    #[test]
    fn they_are_the_functions() {
        let inputs: Vec<f32> = (-5500..5500).map(|at| at as f32 / 1000.0).collect();
        for cpu in Cpu::all() {
            for activation in [Activation::Relu, Activation::Gelu, Activation::GeluTanh, Activation::Silu] {
                let mut found = inputs.clone();
                activate(cpu, activation, &mut found);
                for (input, found) in inputs.iter().zip(found) {
                    let wanted = plain(activation, f64::from(*input));
                    assert!(
                        (f64::from(found) - wanted).abs() < 2e-6,
                        "{cpu:?} {activation:?} {input}: {found} {wanted}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_gate_multiplies() {
        let mut gates = [-1.0, 0.5, 2.0];
        gate(Cpu::best(), Activation::Relu, &mut gates, &[-3.0, 3.0, 3.0]);
        assert_eq!(gates.map(f32::to_bits), [-0.0_f32, 1.5, 6.0].map(f32::to_bits));
    }

    #[test]
    fn large_inputs_stay_finite() {
        for activation in [Activation::Gelu, Activation::GeluTanh, Activation::Silu] {
            let mut values = [-1e4, 1e4];
            activate(Cpu::best(), activation, &mut values);
            assert!(values[0].abs() < 1e-3 && (values[1] - 1e4).abs() < 1.0, "{activation:?} {values:?}");
        }
    }
}
