//! Models by short name, with what one needs to know before fetching one.

use serde::Serialize;

mod table;

use table::PRESETS;

use crate::{reference::RepoId, size::Size};

/// An architecture, as the field names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// T5 and Flan-T5 (Raffel et al. 2020; Chung et al. 2022).
    T5,
    /// BART (Lewis et al. 2020) and its distillations (Shleifer and Rush 2020).
    Bart,
    /// PEGASUS (Zhang et al. 2020).
    Pegasus,
}

/// A model that is known to summarize.
#[derive(Debug, PartialEq, Eq)]
pub struct Preset {
    /// What one types.
    pub name: &'static str,
    /// Its architecture.
    pub family: Family,
    /// What it reads and writes, as BCP 47 tags.
    pub languages: &'static [&'static str],
    /// Its licence, as an SPDX expression; where its card states none (PEGASUS), that of its authors' release.
    pub licence: &'static str,
    /// What it is good for.
    pub good_for: &'static str,
    repository: &'static str,
    shape: Shape,
}

/// The numbers that memory is computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    /// In tens of thousands.
    parameters: u64,
    decoder_layers: u64,
    heads: u64,
    /// Heads × width of a head.
    attention_width: u64,
    /// Tokens that it reads at once.
    input: u64,
}

/// Bytes of a number in the files and in memory (f32).
const FLOAT: u64 = 4;
/// What generation is reckoned with: beams, and tokens that it writes.
const BEAMS: u64 = 4;
const OUTPUT: u64 = 256;
/// In which numbers a model's weights are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightType {
    /// 32 bits.
    Float,
    /// 8 bits.
    Int8,
}

/// Vocabulary and settings.
const TOKENIZER: u64 = 3_000_000;

impl Preset {
    /// Where its files are.
    pub fn repo(&self) -> RepoId {
        RepoId::constant(self.repository)
    }

    /// Number of parameters, about.
    pub fn parameters(&self) -> u64 {
        self.shape.parameters * 10_000
    }

    /// Bytes to fetch, about: weights in 32-bit floats, and the tokenizer.
    pub fn download(&self) -> Size {
        Size(self.parameters() * FLOAT + TOKENIZER)
    }

    /// Bytes of memory that one summary needs, about: the parameters, and the working set of four beams on a full input:
    /// keys and values of each decoder layer (cross-attention over the input, self-attention over the output), and one
    /// layer of the encoder's attention scores.
    pub fn memory(&self, weights: WeightType) -> Size {
        let Shape { decoder_layers, heads, attention_width, input, .. } = self.shape;
        let values = decoder_layers * 2 * attention_width;
        match weights {
            WeightType::Float => {
                let cache = BEAMS * values * (input + OUTPUT) * FLOAT;
                Size(self.parameters() * FLOAT + cache + heads * input * input * FLOAT)
            }
            // Keys and values have 16 bits, beams share the input's, and scores are made in blocks.
            WeightType::Int8 => Size(self.parameters() + values * (input + BEAMS * OUTPUT) * FLOAT / 2),
        }
    }

    /// How many tokens it reads at once.
    pub fn input_tokens(&self) -> u64 {
        self.shape.input
    }
}

/// All of them, the small ones of each family first.
pub fn all() -> &'static [Preset] {
    &PRESETS
}

/// The preset of exactly this name.
pub fn find(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

/// The preset whose name is at most a third away from `name`.
pub(crate) fn nearest(name: &str) -> Option<&'static str> {
    let name = name.get(..name.len().min(64))?;
    let distances = PRESETS.iter().map(|preset| (distance(preset.name, name), preset.name));
    distances.min().filter(|(distance, near)| distance * 3 <= near.len()).map(|(_, near)| near)
}

/// Their names in one line.
pub(crate) fn names() -> String {
    PRESETS.iter().map(|preset| preset.name).collect::<Vec<_>>().join(", ")
}

/// Levenshtein's distance.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let (mut diagonal, mut left) = (i, i + 1);
        for (b, above) in other.iter().zip(row.iter_mut().skip(1)) {
            let next = (diagonal + usize::from(a != *b)).min(left + 1).min(*above + 1);
            diagonal = std::mem::replace(above, next);
            left = next;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_names_a_repository_and_no_name_twice() {
        let names: std::collections::BTreeSet<_> = all().iter().map(|preset| preset.name).collect();
        assert_eq!(names.len(), all().len());
        for preset in all() {
            assert_eq!(preset.repository.parse::<RepoId>().unwrap(), preset.repo());
            assert_eq!(find(preset.name), Some(preset));
        }
    }

    #[test]
    fn memory_is_the_parameters_and_what_generation_needs() {
        let small = find("t5-small").unwrap();
        assert_eq!(small.download().to_string(), "245.0 MB");
        // 242.0 MB of parameters, 75.5 MB of keys and values, 8.4 MB of scores.
        assert_eq!(small.memory(WeightType::Float).to_string(), "325.9 MB");
        // A quarter of it, and 18.9 MB of keys and values.
        assert_eq!(small.memory(WeightType::Int8).to_string(), "79.4 MB");
        for preset in all() {
            let weights = preset.parameters();
            for (kind, size) in [(WeightType::Float, FLOAT * weights), (WeightType::Int8, weights)] {
                assert!((size + 1..size * 2).contains(&preset.memory(kind).0), "{}", preset.name);
            }
        }
    }

    #[test]
    fn the_distance_counts_edits() {
        for (one, other, edits) in [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("ab", "ba", 2)] {
            assert_eq!(distance(one, other), edits, "{one} {other}");
        }
    }
}
