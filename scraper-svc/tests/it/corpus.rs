//! The entry points of the fuzzer, on its seeds and on mutations of them.

use std::{fs, path::Path};

use proptest::{prelude::*, sample::Index};

#[path = "../../fuzz/entry.rs"]
mod entry;

const TARGETS: [&str; 4] = ["html", "feed", "robots", "charset"];

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let files = fs::read_dir(folder).unwrap();
    files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
}

/// A change of some bytes into others.
#[derive(Debug, Clone)]
enum Change {
    Cut(Index, Index),
    Repeat(Index, Index, usize),
    Insert(Index, Vec<u8>),
    Flip(Index, u8),
}

fn change() -> impl Strategy<Value = Change> {
    let place = any::<Index>;
    prop_oneof![
        (place(), place()).prop_map(|(from, to)| Change::Cut(from, to)),
        (place(), place(), 1..40_usize).prop_map(|(from, to, times)| Change::Repeat(from, to, times)),
        (place(), prop::collection::vec(any::<u8>(), 1..20))
            .prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (place(), 1..=u8::MAX).prop_map(|(at, bits)| Change::Flip(at, bits)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    let end = bytes.len() + 1;
    let range = |from: &Index, to: &Index| {
        let (from, to) = (from.index(end), to.index(end));
        from.min(to)..from.max(to)
    };
    match change {
        Change::Cut(from, to) => drop(bytes.drain(range(from, to))),
        Change::Repeat(from, to, times) => {
            let piece = bytes[range(from, to)].repeat(*times);
            let at = to.index(end);
            bytes.splice(at..at, piece);
        }
        Change::Insert(at, piece) => {
            let at = at.index(end);
            bytes.splice(at..at, piece.iter().copied());
        }
        Change::Flip(at, bits) if !bytes.is_empty() => bytes[at.index(end - 1)] ^= bits,
        Change::Flip(..) => {}
    }
}

#[test]
fn every_seed_is_taken_by_every_target() {
    for target in TARGETS {
        let seeds = seeds(target);
        assert!(seeds.len() >= 2, "{target} has {} seeds", seeds.len());
        for seed in seeds {
            entry::run("", &seed);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn mutations_of_seeds_are_taken(seed: Index, changes in prop::collection::vec(change(), 1..8)) {
        for target in TARGETS {
            let seeds = seeds(target);
            let mut bytes = seeds[seed.index(seeds.len())].clone();
            for change in &changes {
                apply(&mut bytes, change);
            }
            entry::run(target, &bytes);
        }
    }
}
