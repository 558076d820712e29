//! Attention against its formula, and its rows against themselves.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::{BufferPool, Cpu, LANES};

/// Numbers from −2 to 2.
pub(super) fn noise(seed: u32, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 4_194_304.0 - 2.0
    };
    (0..count).map(|_| next()).collect()
}

/// `[width]` of one query over `[length, heads, width]`.
pub(super) fn plain(
    query: &[f32],
    keys: &[f32],
    values: &[f32],
    head: usize,
    heads: usize,
    scale: f32,
    bias: &[f32],
) -> Vec<f32> {
    let width = query.len();
    let row = |rows: &[f32], at: usize| rows[(at * heads + head) * width..][..width].to_vec();
    let length = keys.len() / width / heads;
    let score = |at: usize| {
        let products = query.iter().zip(row(keys, at)).map(|(a, b)| a * b);
        f64::from(products.sum::<f32>() * scale + bias[at])
    };
    let scores: Vec<f64> = (0..length).map(score).collect();
    let highest = scores.iter().copied().fold(f64::MIN, f64::max);
    let total: f64 = scores.iter().map(|score| (score - highest).exp()).sum();
    let mut output = vec![0.0; width];
    for (at, score) in scores.iter().enumerate() {
        for (place, value) in output.iter_mut().zip(row(values, at)) {
            *place += (score - highest).exp() / total * f64::from(value);
        }
    }
    output.into_iter().map(|value| value as f32).collect()
}

pub(super) fn filled(cpu: Cpu, shape: HeadShape, tokens: (&[f32], &[f32]), precision: Precision) -> KvBlocks {
    filled_by(&Arc::default(), cpu, shape, tokens, precision, MOST_KEYS)
}

/// So many blocks at a time.
pub(super) fn filled_by(
    pool: &Arc<BufferPool>,
    cpu: Cpu,
    shape: HeadShape,
    (keys, values): (&[f32], &[f32]),
    precision: Precision,
    size: usize,
) -> KvBlocks {
    let stride = shape.heads * shape.width;
    let mut blocks = KvBlocks::new(pool, shape, (keys.len() / stride).div_ceil(LANES), precision);
    let (count, mut rest) = (blocks.blocks(), blocks.all_mut());
    for first in (0..count).step_by(size) {
        // A block that only fills up has no tokens.
        let tokens = |all: &[f32]| all.get(first * LANES * stride..).unwrap_or_default().to_vec();
        rest.split_off(size).fill(cpu, Tokens { keys: &tokens(keys), values: &tokens(values), stride });
    }
    blocks
}

/// In a layer of pages, token by token; another one has other tokens.
fn paged(
    cpu: Cpu,
    shape: HeadShape,
    (keys, values): (&[f32], &[f32]),
    (layer, layers): (usize, usize),
) -> Vec<Arc<KvPage>> {
    let width = shape.heads * shape.width;
    let mut pages: Vec<KvPage> = Vec::new();
    for (at, (keys, values)) in keys.chunks_exact(width).zip(values.chunks_exact(width)).enumerate() {
        if at % LANES == 0 {
            pages.push(KvPage::new(&Arc::default(), shape, layers));
        }
        let page = pages.last_mut().expect("one");
        for other in 0..layers {
            let (keys, values) = if other == layer { (keys, values) } else { (values, keys) };
            page.write(cpu, other, at % LANES, Tokens { keys, values, stride: width });
        }
    }
    pages.into_iter().map(Arc::new).collect()
}

pub(super) fn run(
    cpu: Cpu,
    keys: Keys<'_>,
    head: usize,
    scale: f32,
    queries: &[&[f32]],
    bias: &[f32],
) -> Vec<Vec<f32>> {
    let mut outputs: Vec<Vec<f32>> = queries.iter().map(|query| vec![9.0; query.len()]).collect();
    let mut rows: Vec<Query<'_>> = queries
        .iter()
        .zip(&mut outputs)
        .map(|(query, output)| Query { query: QueryVector::Floats(query), bias: Some(bias), output })
        .collect();
    attend(cpu, keys, head, scale, &mut rows, &mut Scratch::default());
    outputs
}

proptest! {
    #[test]
    fn with_8_bits_it_is_nearly_the_formula_of_a_source_and_of_pages(
        (heads, width, length, count) in (1..4_usize, 1..150_usize, 1..90_usize, 1..=MOST_QUERIES),
        (layer, layers) in (1..4_usize).prop_flat_map(|layers| (0..layers, Just(layers))), seed in any::<u32>(),
    ) {
        let shape = HeadShape { heads, width };
        let (keys, values) = (noise(seed, length * heads * width), noise(seed ^ 1, length * heads * width));
        let (queries, bias) = (noise(seed ^ 2, count * width), noise(seed ^ 3, length));
        let queries: Vec<&[f32]> = queries.chunks_exact(width).collect();
        let (head, scale) = (heads - 1, 1.0 / (width as f32).sqrt());
        let mut all = Vec::new();
        for cpu in Cpu::all() {
            let blocks = filled(cpu, shape, (&keys, &values), Precision::Bits8);
            let pages = paged(cpu, shape, (&keys, &values), (layer, layers));
            let found = run(cpu, Keys::Source { blocks: &blocks, length }, head, scale, &queries, &bias);
            for (query, found) in queries.iter().zip(&found) {
                for (found, wanted) in found.iter().zip(plain(query, &keys, &values, head, heads, scale, &bias)) {
                    prop_assert!((found - wanted).abs() < 0.08, "{cpu:?} {found} {wanted}");
                }
                let paged = Keys::Pages { pages: &pages, layer, length };
                prop_assert_eq!(&run(cpu, paged, head, scale, &[query], &bias)[0], found);
            }
            let together = run(cpu, Keys::Pages { pages: &pages, layer, length }, head, scale, &queries, &bias);
            prop_assert_eq!(&together, &found);
            all.push(found);
        }
        for (found, wanted) in all.iter().flatten().flatten().zip(all.iter().flat_map(|_| &all[0]).flatten()) {
            // A weight of one in 32,767 more or less, of values that are 4 apart.
            prop_assert!((found - wanted).abs() < 5e-4, "{found} {wanted}");
        }
    }

    #[test]
    fn in_bfloat16_it_is_nearly_the_formula_and_each_row_is_for_itself(
        (width, length, rows, heads) in (1..4_usize, 1..150_usize, 1..=16_usize, 1..3_usize), seed in any::<u32>(),
    ) {
        let shape = HeadShape { heads, width: 32 * width };
        let count = length * heads * shape.width;
        let (keys, values) = (noise(seed, count), noise(seed ^ 1, count));
        let (queries, bias) = (noise(seed ^ 2, rows * shape.width), noise(seed ^ 3, length));
        let queries: Vec<&[f32]> = queries.chunks_exact(shape.width).collect();
        let (head, scale) = (heads - 1, 1.0 / (shape.width as f32).sqrt());
        for cpu in Cpu::all() {
            let blocks = filled(cpu, shape, (&keys, &values), Precision::Bf16);
            let keys_of = Keys::Source { blocks: &blocks, length };
            let found = run(cpu, keys_of, head, scale, &queries, &bias);
            for (query, found) in queries.iter().zip(&found) {
                for (found, wanted) in found.iter().zip(plain(query, &keys, &values, head, heads, scale, &bias)) {
                    prop_assert!((found - wanted).abs() < 0.02, "{cpu:?} {found} {wanted}");
                }
                prop_assert_eq!(found, &run(cpu, keys_of, head, scale, &[query], &bias)[0]);
            }
        }
    }

    #[test]
    fn parts_of_any_size_are_written_the_same(
        (heads, width, length, size) in (1..4_usize, 1..70_usize, 1..90_usize, 1..7_usize), seed in any::<u32>(),
    ) {
        let shape = HeadShape { heads, width };
        let (keys, values) = (noise(seed, length * heads * width), noise(seed ^ 1, length * heads * width));
        for cpu in Cpu::all() {
            for precision in [Precision::Bits8, Precision::Bits16, Precision::Bf16] {
                let wanted = filled(cpu, shape, (&keys, &values), precision);
                let found = filled_by(&Arc::default(), cpu, shape, (&keys, &values), precision, size);
                prop_assert_eq!(format!("{:?}", found), format!("{:?}", wanted));
            }
        }
    }

    #[test]
    fn it_is_the_formula_and_each_row_is_for_itself(
        (heads, width, length, count) in (1..4_usize, 1..70_usize, 1..90_usize, 1..=MOST_QUERIES), seed in any::<u32>(),
    ) {
        let shape = HeadShape { heads, width };
        let (keys, values) = (noise(seed, length * heads * width), noise(seed ^ 1, length * heads * width));
        let (queries, bias) = (noise(seed ^ 2, count * width), noise(seed ^ 3, length));
        let queries: Vec<&[f32]> = queries.chunks_exact(width).collect();
        let scale = 1.0 / (width as f32).sqrt();
        for cpu in Cpu::all() {
            let blocks = filled(cpu, shape, (&keys, &values), Precision::Bits16);
            for head in 0..heads {
                let source = Keys::Source { blocks: &blocks, length };
                let together = run(cpu, source, head, scale, &queries, &bias);
                for (query, found) in queries.iter().zip(&together) {
                    for (found, wanted) in found.iter().zip(plain(query, &keys, &values, head, heads, scale, &bias)) {
                        prop_assert!((found - wanted).abs() < 3e-3, "{cpu:?} {found} {wanted}");
                    }
                    prop_assert_eq!(&run(cpu, source, head, scale, &[query], &bias)[0], found);
                }
            }
        }
    }
}

#[test]
fn thousands_of_keys_and_equal_values_stay_within_the_integers() {
    let shape = HeadShape { heads: 1, width: 16 };
    let length = 20_000;
    let (keys, values) = (vec![0.0; length * 16], vec![-3.0; length * 16]);
    for cpu in Cpu::all() {
        let blocks = filled(cpu, shape, (&keys, &values), Precision::Bits16);
        let found =
            run(cpu, Keys::Source { blocks: &blocks, length }, 0, 1.0, &[&[1.0; 16]], &vec![0.0; length]);
        assert!(found[0].iter().all(|value| (value + 3.0).abs() < 1e-3), "{cpu:?} {found:?}");
    }
}

#[test]
fn keys_and_queries_of_the_highest_magnitude_do_not_overflow() {
    for width in [1, 2, 16, 64, 128, 257] {
        let shape = HeadShape { heads: 1, width };
        for cpu in Cpu::all() {
            let keys = [vec![1e3; width], vec![-1e3; width]].concat();
            let values = [vec![1.0; width], vec![-1.0; width]].concat();
            let blocks = filled(cpu, shape, (&keys, &values), Precision::Bits16);
            let query = vec![1e-3; width];
            let found = run(cpu, Keys::Source { blocks: &blocks, length: 2 }, 0, 1.0, &[&query], &[0.0, 0.0]);
            let wanted = (width as f32).tanh();
            assert!(found[0].iter().all(|value| (value - wanted).abs() < 1e-3), "{cpu:?} {width} {found:?}");
        }
    }
}

#[test]
fn without_keys_or_with_values_of_zero_the_result_is_zero() {
    let shape = HeadShape { heads: 1, width: 4 };
    let cpu = Cpu::best();
    let blocks = filled(cpu, shape, (&[1.0; 8], &[0.0; 8]), Precision::Bits16);
    for length in [0, 2] {
        let found = run(cpu, Keys::Source { blocks: &blocks, length }, 0, 1.0, &[&[1.0; 4]], &[0.0; 2]);
        assert_eq!(found[0], [0.0; 4]);
    }
    assert_eq!(
        run(cpu, Keys::Pages { pages: &[], layer: 3, length: 5 }, 0, 1.0, &[&[1.0; 4]], &[0.0; 5])[0],
        [0.0; 4]
    );
}

#[test]
fn a_masked_token_is_as_good_as_not_there() {
    for (precision, width, tolerance) in [(Precision::Bits16, 6, 1e-3), (Precision::Bf16, 32, 2e-2)] {
        let (shape, cpu) = (HeadShape { heads: 2, width }, Cpu::best());
        let stride = 2 * width;
        let (keys, values, query) = (noise(1, 20 * stride), noise(2, 20 * stride), noise(3, width));
        let mut blocks = filled(cpu, shape, (&keys, &values), precision);
        for token in 17..20 {
            blocks.mask(token / LANES, token % LANES);
        }
        let kept = ..17 * stride;
        for head in 0..2 {
            let all =
                run(cpu, Keys::Source { blocks: &blocks, length: 20 }, head, 0.3, &[&query], &[0.0; 20]);
            let wanted = plain(&query, &keys[kept], &values[kept], head, 2, 0.3, &[0.0; 17]);
            for (found, wanted) in all[0].iter().zip(wanted) {
                assert!((found - wanted).abs() < tolerance, "{precision:?} {found} {wanted}");
            }
        }
    }
}

#[test]
fn of_keys_that_are_all_masked_nothing_comes_out() {
    for (precision, width) in [(Precision::Bits8, 6), (Precision::Bits16, 6), (Precision::Bf16, 32)] {
        let shape = HeadShape { heads: 1, width };
        let (length, query) = (600, noise(3, width));
        for cpu in Cpu::all() {
            let tokens = (&*noise(1, length * width), &*noise(2, length * width));
            let mut blocks = filled(cpu, shape, tokens, precision);
            (0..length).for_each(|token| blocks.mask(token / LANES, token % LANES));
            let found =
                run(cpu, Keys::Source { blocks: &blocks, length }, 0, 0.3, &[&query], &vec![0.0; length]);
            assert!(found[0].iter().all(|value| *value == 0.0), "{cpu:?} {precision:?} {found:?}");
        }
    }
}
