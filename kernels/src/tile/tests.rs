//! Every path against the plain loops, bit by bit, on sizes that are whole and odd.

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::{Finish, Int8Matrix, Int8Rows, Team, columns::Columns, matrix::Line, product_by, quantize::FILL};

/// Sums as outputs, which floats of this size give exactly; between two rows there is a gap.
fn byte_sums(cpu: Cpu, panels: &[Line], values: &[[i8; GROUP]], groups: usize, gap: usize) -> Vec<f32> {
    let totals: Vec<i32> = values
        .chunks_exact(groups)
        .map(|row| row.as_flattened().iter().map(|value| i32::from(*value)).sum())
        .collect();
    let (count, rows) = (panels.len() / groups, totals.len());
    let mut found = vec![7.0; rows * count * LANES];
    let stride = groups + gap;
    let mut filled = vec![[99; GROUP]; rows.next_multiple_of(FILL) * stride];
    for (row, values) in filled.chunks_exact_mut(stride).zip(values.chunks_exact(groups)) {
        row[..groups].copy_from_slice(values);
    }
    let (mut excess, mut ends, mut spans) = (Vec::new(), Vec::new(), Spans::default());
    spans.reset(groups);
    for (row, total) in filled.chunks_exact_mut(stride).zip(&totals) {
        let row = &mut row[..groups];
        take_excess(cpu, row, &mut excess);
        measure_spans(cpu, row, *total, &mut spans);
        ends.push(excess.len());
    }
    let of_tile = Product {
        groups,
        lines: panels,
        scales: &vec![[1.0; LANES]; count],
        values: &filled,
        stride,
        excess: (&excess, &ends),
        spans: &spans,
        norms: &norms(cpu, panels, groups),
        sums: &totals,
        row_scales: &vec![1.0; rows],
        bias: None,
        finish: Finish::Store,
        output: &Columns::new(&mut found, count * LANES),
        column: 0,
    };
    product(cpu, &of_tile);
    found
}

proptest! {
    #[test]
    fn bytes_are_the_same_integers_on_every_path(
        (rows, panels, groups) in (1..50_usize, 1..=PANELS, prop_oneof![1..70_usize, (1..12_usize).prop_map(|tiles| tiles * 16)]),
        gap in prop_oneof![Just(0), 1..40_usize],
        highest in prop_oneof![Just(127_i8), Just(70), Just(30)], seed in any::<u32>(),
    ) {
        let mut state = seed;
        let mut next = |most: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % (most + 1)
        };
        let mut weight = || if next(7) == 0 { 1 + 254 * next(1) as u8 } else { 1 + next(254) as u8 };
        let lines: Vec<Line> = (0..panels * groups).map(|_| std::array::from_fn(|_| weight())).collect();
        let mut value = || (next(2 * u32::from(highest.cast_unsigned())) as i16 - i16::from(highest)) as i8;
        let values: Vec<[i8; GROUP]> = (0..rows * groups).map(|_| std::array::from_fn(|_| value())).collect();
        let wanted = byte_sums(Cpu::all().pop().expect("one"), &lines, &values, groups, gap);
        for cpu in Cpu::all() {
            prop_assert_eq!(&byte_sums(cpu, &lines, &values, groups, gap), &wanted, "{:?}", cpu);
        }
    }

    #[test]
    fn attention_has_the_same_integers_on_every_path(
        (rows, pairs, panels) in (1..=ROWS, 1..40_usize, 1..7_usize),
        (blocks, more) in (vec(1..5_usize, 1..4), 0..3_usize), seed in any::<u32>(),
    ) {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 20) as i16) - 2048
        };
        let lines = |count: usize, next: &mut dyn FnMut() -> i16| -> Vec<PairLine<i16>> {
            (0..count).map(|_| std::array::from_fn(|_| next())).collect()
        };
        let all: usize = blocks.iter().sum();
        let runs: Vec<_> = blocks.iter().map(|blocks| {
            let apart = (blocks + more) * TOKEN_PAIRS;
            (*blocks, apart, lines(blocks * pairs, &mut next), lines(panels * apart, &mut next))
        }).collect();
        let narrow = |lines: &[PairLine<i16>]| -> Vec<PairLine<i8>> {
            lines.iter().map(|line| line.map(|word| (word >> 4) as i8)).collect()
        };
        let bytes: Vec<_> = runs.iter().map(|(.., keys, values)| (narrow(keys), narrow(values))).collect();
        let mut values = |count: usize| -> Vec<[i16; 2]> { (0..count).map(|_| [next(), next()]).collect() };
        let (queries, weights) = (values(rows * pairs), values(rows * all * TOKEN_PAIRS));
        let sums = |cpu, in_bytes: bool| {
            let runs = runs.iter().zip(&bytes).map(|((blocks, apart, keys, values), bytes)| {
                let (keys, values) = if in_bytes {
                    (PairLines::Bytes(&bytes.0), PairLines::Bytes(&bytes.1))
                } else {
                    (PairLines::Words(keys), PairLines::Words(values))
                };
                KvRun { keys, values, apart: *apart, blocks: *blocks, ahead: None }
            });
            let (mut scored, mut weighed) = (vec![[7; LANES]; rows * all], vec![[7; LANES]; rows * panels]);
            scores(cpu, runs.clone(), PairRows { values: &queries, stride: pairs, rows }, &mut scored);
            weigh(cpu, &runs, PairRows { values: &weights, stride: all * TOKEN_PAIRS, rows }, &mut weighed);
            (scored, weighed)
        };
        for in_bytes in [false, true] {
            let wanted = sums(Cpu::all().pop().expect("one"), in_bytes);
            for cpu in Cpu::all() {
                prop_assert_eq!(&sums(cpu, in_bytes), &wanted, "{:?}", cpu);
            }
        }
    }

    #[test]
    fn a_product_is_that_of_the_floats_but_for_the_rounding(
        (rows, width, out_dim) in (1..40_usize, prop_oneof![1..90_usize, Just(128)], 1..70_usize), seed in any::<u32>(),
    ) {
        let (input, weight, bias) = (noise(seed, rows * width), noise(seed ^ 1, out_dim * width), noise(seed ^ 2, out_dim));
        let matrix = Int8Matrix::quantize(&weight, out_dim, width).expect("a matrix");
        let wanted = |row: usize, out: usize| {
            let products = (0..width).map(|at| input[row * width + at] * weight[out * width + at]);
            products.sum::<f32>() + bias[out]
        };
        let mut outputs = Vec::new();
        for cpu in Cpu::all() {
            let mut quantized = Int8Rows::default();
            quantized.quantize(cpu, &input, width);
            let mut output = vec![0.5; rows * out_dim];
            crate::product(&quantized, &matrix, Some(&bias), Finish::Add, &mut output);
            for (at, found) in output.iter().enumerate() {
                let wanted = wanted(at / out_dim, at % out_dim) + 0.5;
                prop_assert!((found - wanted).abs() < 0.013 * (width as f32).sqrt() + 0.004, "{cpu:?} {found} {wanted}");
            }
            outputs.push(output);
        }
    }

    #[test]
    fn a_row_comes_out_the_same_whatever_rows_are_beside_it(
        (rows, width, out_dim) in (2..80_usize, prop_oneof![1..90_usize, Just(64), Just(192)], 1..70_usize), seed in any::<u32>(),
    ) {
        let matrix = Int8Matrix::quantize(&noise(seed, out_dim * width), out_dim, width).expect("a matrix");
        let input = noise(seed ^ 1, rows * width);
        for cpu in Cpu::all() {
            let mut quantized = Int8Rows::default();
            quantized.quantize(cpu, &input, width);
            let mut together = vec![0.0; rows * out_dim];
            crate::product(&quantized, &matrix, None, Finish::Relu, &mut together);
            for (row, together) in input.chunks_exact(width).zip(together.chunks_exact(out_dim)) {
                quantized.quantize(cpu, row, width);
                let mut alone = vec![0.0; out_dim];
                crate::product(&quantized, &matrix, None, Finish::Relu, &mut alone);
                prop_assert_eq!(&alone, together);
            }
        }
    }

    #[test]
    fn packed_bytes_make_the_matrix_again(out_dim in 1..40_usize, width in 1..40_usize) {
        let weight = noise(5, out_dim * width);
        let made = Int8Matrix::quantize(&weight, out_dim, width).expect("a matrix");
        let mut bytes = vec![0; 3 + made.bytes().len()];
        let scales = Int8Matrix::pack(&weight, (out_dim, width), &mut bytes[3..]).expect("packed");
        let place = 3..bytes.len();
        let stored = Int8Matrix::stored(std::sync::Arc::new(bytes), place, &scales, (out_dim, width)).expect("a matrix");
        prop_assert_eq!((made.bytes(), made.scales()), (stored.bytes(), stored.scales()));
        for out in 0..out_dim {
            for (found, wanted) in stored.dequantize(out).zip(&weight[out * width..]) {
                prop_assert!((found - wanted).abs() <= 0.51 * scales[out]);
            }
            prop_assert_eq!(stored.dequantize(out).count(), width);
        }
    }
}

/// Numbers from −1 to 1.
fn noise(seed: u32, count: usize) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn the_extremes_do_not_saturate() {
    let line = |weights: [u8; 2]| -> Line { weights.repeat(32).try_into().expect("64 bytes") };
    let highest = [4.0 * 127.0 * 127.0; LANES];
    for cpu in Cpu::all() {
        assert_eq!(byte_sums(cpu, &[line([255, 1])], &[[127, -127, 127, -127]], 1, 0), highest, "{cpu:?}");
        assert_eq!(byte_sums(cpu, &[line([255, 255])], &[[127; 4]], 1, 0), highest, "{cpu:?}");
        assert_eq!(byte_sums(cpu, &[line([1, 1])], &[[-127; 4]], 1, 0), highest, "{cpu:?}");
    }
}

#[test]
fn eight_products_fit_up_to_the_limit() {
    let line: Line = [255; 64];
    for value in [32_i8, -32, 33, -33] {
        // Of so many rows those that fit are told from the others.
        let values = vec![[value; GROUP]; 17 * 16];
        let wanted = vec![127.0 * 64.0 * f32::from(value); 17 * LANES];
        for cpu in Cpu::all() {
            assert_eq!(byte_sums(cpu, &[line; 16], &values, 16, 0), wanted, "{cpu:?} {value}");
        }
    }
}

#[test]
fn what_is_no_number_does_no_harm() {
    let matrix = Int8Matrix::quantize(&[1.0, f32::NAN, f32::INFINITY, -1.0], 2, 2).expect("a matrix");
    assert!(matrix.scales().iter().all(|scale| scale.is_finite()));
    for cpu in Cpu::all() {
        let mut rows = Int8Rows::default();
        rows.quantize(cpu, &[f32::NAN, 1.0, f32::INFINITY, 1.0], 2);
        let mut output = [0.0; 4];
        crate::product(&rows, &matrix, None, Finish::Store, &mut output);
        assert!(output.iter().all(|value| value.is_finite()), "{cpu:?} {output:?}");
    }
}

#[test]
fn sizes_that_do_not_fit_are_errors() {
    assert!(Int8Matrix::quantize(&[1.0; 5], 2, 3).is_err());
    assert!(Int8Matrix::quantize(&[], 0, 3).is_err());
    assert!(Int8Matrix::packed_len(usize::MAX, 64).is_err());
    let stored: crate::StoredBytes = std::sync::Arc::new(vec![0_u8; 100]);
    assert!(Int8Matrix::stored(std::sync::Arc::clone(&stored), 50..114, &[1.0], (1, 4)).is_err());
    assert!(Int8Matrix::stored(stored, 0..64, &[1.0, 1.0], (1, 4)).is_err());
}

#[test]
fn a_team_gives_what_one_thread_gives() {
    // Larger than what is worth a thread, with a last panel that is not whole.
    let (out_dim, in_dim) = (1000, 512);
    let weight: Vec<f32> = (0..out_dim * in_dim).map(|at| ((at * 7919) % 255) as f32 - 127.0).collect();
    let matrix = Int8Matrix::quantize(&weight, out_dim, in_dim).unwrap();
    let input: Vec<f32> = (0..9 * in_dim).map(|at| ((at * 31) % 200) as f32 - 100.0).collect();
    let mut rows = Int8Rows::default();
    rows.quantize(Cpu::best(), &input, in_dim);
    let mut wanted = vec![0.0; 9 * out_dim];
    crate::product(&rows, &matrix, None, Finish::Store, &mut wanted);
    for threads in 1..6 {
        let team = Team::new(threads).unwrap();
        let mut found = vec![f32::NAN; wanted.len()];
        product_by(&team, &rows, &matrix, None, Finish::Store, &mut found, Some(&matrix));
        assert_eq!(found, wanted, "{threads}");
    }
}

#[test]
fn rows_may_be_wider_than_what_is_multiplied_together_and_have_gaps() {
    for width in [8256, 4096] {
        products_of(width);
    }
}

fn products_of(width: usize) {
    let (rows, out_dim) = (20, 40);
    let matrix = Int8Matrix::quantize(&noise(1, out_dim * width), out_dim, width).expect("a matrix");
    let input = noise(2, rows * width);
    let outputs = Cpu::all().into_iter().map(|cpu| {
        let (mut quantized, mut output) = (Int8Rows::default(), vec![0.0; rows * out_dim]);
        quantized.quantize(cpu, &input, width);
        crate::product(&quantized, &matrix, None, Finish::Store, &mut output);
        output
    });
    let outputs: Vec<Vec<f32>> = outputs.collect();
    let wanted = outputs.last().expect("the portable one");
    for (found, wanted) in outputs.iter().flatten().zip(outputs.iter().flat_map(|_| wanted)) {
        assert!((found - wanted).abs() < 1e-3, "{found} {wanted}");
    }
}
