//! Picks the article's own sentences.
//!
//! A linear scorer over position, length and centrality: the cosine between a sentence's set of stemmed content words
//! and the vector that counts, for each such word, the sentences that hold it. Its weights are a logistic regression on
//! the oracle sentences of CNN/DailyMail. Trigram blocking after Paulus et al. 2018, "A Deep Reinforced Model for
//! Abstractive Summarization".

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    time::Instant,
};

use super::{Engine, EngineError, Nobody, Output, quote, read_in_one, returned_whole};
use crate::{
    document::{Article, Document, Language, Words, content_stem},
    summary::{Draft, EngineKind, Length, ModelId, Notice, Phase, Request},
};

/// How many sentences are read between two looks at whether somebody still waits.
const STRIDE: usize = 256;

/// What is summarized for nobody, to be ready for whoever comes first.
const WARM_UP: &str = "The council closed the bridge on Monday. It will be repaired within two years. \
    Engineers had found cracks in four of its piers. A ferry will take its place until then.";

/// Its name.
pub const NAME: &str = "extractive";

/// The engine that needs no weights.
#[derive(Debug, Default)]
pub struct Extractive;

/// A sentence as the scorer sees it.
struct Features {
    words: usize,
    /// Indices into the article's vocabulary; each once.
    content: Vec<usize>,
    trigrams: Vec<[usize; 3]>,
}

impl Engine for Extractive {
    fn model(&self) -> ModelId {
        ModelId { engine: EngineKind::Extractive, id: NAME.into(), revision: "1".into() }
    }

    /// Compiles the patterns and puts the stop words together, which takes longer than many a summary.
    fn warm_up(&self) {
        let request = Request { article: Article::from_text("", WARM_UP), ..Request::default() };
        if let Err(error) = self.summarize(&request, &mut Nobody) {
            tracing::warn!(%error, "the first summary will take longer than the others");
        }
    }

    fn summarize(&self, request: &Request, output: &mut dyn Output) -> Result<Draft, EngineError> {
        let began = Instant::now();
        output.progress(Phase::Reading, 0, 0)?;
        let document = Document::read(&request.article, request.language.as_ref());
        if document.sentences.is_empty() {
            return Err(EngineError::NothingToSummarize);
        }
        if document.is_short {
            return returned_whole(&document, request, output);
        }
        let features = features(&document, output)?;
        let chosen = choose(&features, &scores(&features), sentences(request.length));
        let encode = began.elapsed();
        let sentences = quote(&document, chosen.iter().copied(), request.format.separator(), output)?;
        let words = |index: &usize| features.get(*index).map_or(0, |sentence| sentence.words);
        let is_supported = document.language.is_supported();
        Ok(Draft {
            sentences,
            tokens_in: features.iter().map(|sentence| sentence.words).sum(),
            tokens_out: chosen.iter().map(words).sum(),
            coverage: read_in_one(&document),
            language: document.language.tag().to_owned(),
            notices: if is_supported { Vec::new() } else { vec![Notice::LanguageNotSupported] },
            encode,
            drawn: false,
        })
    }
}

/// How many sentences a summary of this length has.
pub fn sentences(length: Length) -> usize {
    match length {
        Length::Short => 2,
        Length::Medium => 3,
        Length::Long => 5,
    }
}

fn features(document: &Document, output: &mut dyn Output) -> Result<Vec<Features>, EngineError> {
    let mut vocabulary = Vocabulary::of(&document.language);
    let total = document.sentences.len();
    let mut features = Vec::with_capacity(total);
    for (done, sentence) in document.sentences.iter().enumerate() {
        if done % STRIDE == 0 {
            output.progress(Phase::Encoding, done, total)?;
        }
        let words = Words::of(&sentence.text);
        let mut content: Vec<usize> =
            words.units.into_iter().filter_map(|unit| vocabulary.content(unit)).collect();
        content.sort_unstable();
        content.dedup();
        let sequence: Vec<usize> = words.sequence.into_iter().map(|word| vocabulary.number(word)).collect();
        let trigrams = sequence.windows(3).filter_map(|three| three.try_into().ok()).collect();
        features.push(Features { words: words.count, content, trigrams });
    }
    Ok(features)
}

/// Numbers for an article's words; each word is looked up and stemmed once.
struct Vocabulary<'a> {
    language: &'a Language,
    numbers: HashMap<String, usize>,
    content: HashMap<String, Option<usize>>,
}

impl<'a> Vocabulary<'a> {
    fn of(language: &'a Language) -> Self {
        Self { language, numbers: HashMap::new(), content: HashMap::new() }
    }

    fn number(&mut self, word: String) -> usize {
        let next = self.numbers.len();
        *self.numbers.entry(word).or_insert(next)
    }

    /// The number of a word's stem; None where the word carries no meaning.
    fn content(&mut self, unit: String) -> Option<usize> {
        if let Some(known) = self.content.get(&unit) {
            return *known;
        }
        let stem = content_stem(&unit, self.language).map(Cow::into_owned);
        let number = stem.map(|stem| self.number(stem));
        self.content.insert(unit, number);
        number
    }
}

/// The score of each sentence; higher is better.
fn scores(features: &[Features]) -> Vec<f64> {
    let mut holding: HashMap<usize, f64> = HashMap::new();
    for &word in features.iter().flat_map(|sentence| &sentence.content) {
        *holding.entry(word).or_default() += 1.0;
    }
    let norm = holding.values().map(|count| count * count).sum::<f64>().sqrt();
    let score = |(position, sentence): (usize, &Features)| {
        let shared: f64 = sentence.content.iter().filter_map(|word| holding.get(word)).sum();
        let length = (sentence.content.len() as f64).sqrt() * norm;
        let centrality = if length > 0.0 { shared / length } else { 0.0 };
        let position = position as f64;
        -0.03195 * position + 1.42013 / (1.0 + position) - 0.02068 * sentence.words as f64
            + 4.11121 * centrality
            - 3.01413
    };
    features.iter().enumerate().map(score).collect()
}

/// The best sentences that share no trigram, in the order of the article. Where too few share none, the best of the rest
/// fill up.
fn choose(features: &[Features], scores: &[f64], wanted: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..features.len()).collect();
    order.sort_by(|a, b| scores.get(*b).partial_cmp(&scores.get(*a)).unwrap_or(std::cmp::Ordering::Equal));
    let mut seen: HashSet<[usize; 3]> = HashSet::new();
    let mut chosen = Vec::with_capacity(wanted);
    let mut repeating = Vec::new();
    for index in order {
        let Some(sentence) = features.get(index).filter(|_| chosen.len() < wanted) else { break };
        if !sentence.trigrams.iter().any(|trigram| seen.contains(trigram)) {
            seen.extend(&sentence.trigrams);
            chosen.push(index);
        } else if repeating.len() < wanted {
            repeating.push(index);
        }
    }
    let missing = wanted.saturating_sub(chosen.len());
    chosen.extend(repeating.into_iter().take(missing));
    chosen.sort_unstable();
    chosen
}
