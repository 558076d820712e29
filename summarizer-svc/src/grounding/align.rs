//! Which passages of the article a sentence comes from.
//!
//! Sentences of the article are ranked by the content that they share with the summary's sentence, weighed by how rare
//! it is in the article (IDF), and by the pairs of neighbouring words that they share. A sentence fused from several
//! passages gets one span for each: what the first doesn't cover is looked for in the others.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use super::{
    clause::{clauses, trim},
    tongue::Tongue,
    unit::{Units, content},
};
use crate::{
    document::{Article, Document, Language, Sentence, Words},
    summary::SourceSpan,
};

/// Spans of one sentence.
const MOST_SPANS: usize = 3;
/// Sentences of the article that are compared word for word.
const CANDIDATES: usize = 24;
/// Share of content in a score; the rest is pairs of words.
const CONTENT: f64 = 0.7;
/// A span below this score says nothing.
const FLOOR: f64 = 0.15;
/// A further span must cover at least this share of the sentence's content that none has covered.
const LEAST_GAIN: f64 = 0.15;
/// A clause stands for its sentence if it holds this share of what they share.
const CLAUSE: f64 = 0.95;

/// The sentences of an article by what is in them.
pub(super) struct Alignment<'a> {
    article: &'a Article,
    sentences: &'a [Sentence],
    language: &'a Language,
    tongue: Tongue,
    holding: HashMap<String, Vec<u32>>,
}

/// What is left to find of a sentence.
struct Search<'a> {
    units: &'a Units,
    weights: HashMap<&'a str, f64>,
    total: f64,
    open: HashSet<&'a str>,
}

impl<'a> Alignment<'a> {
    /// Indexes the sentences of a document that was read from this article.
    pub(super) fn of(article: &'a Article, document: &'a Document, tongue: Tongue) -> Self {
        let (sentences, language) = (document.sentences.as_slice(), &document.language);
        let mut holding: HashMap<String, Vec<u32>> = HashMap::new();
        for (index, sentence) in sentences.iter().enumerate() {
            for unit in content(&sentence.text, &Words::of(&sentence.text), language, tongue) {
                holding.entry(unit).or_default().push(index as u32);
            }
        }
        Self { article, sentences, language, tongue, holding }
    }

    /// The passages that a sentence comes from, best first.
    pub(super) fn spans(&self, sentence: &str) -> Vec<SourceSpan> {
        let units = Units::of(sentence, self.language, self.tongue);
        let mut search = self.search(&units);
        let candidates = self.candidates(&search);
        let mut spans: Vec<SourceSpan> = Vec::new();
        let mut chosen: Vec<usize> = Vec::new();
        while spans.len() < MOST_SPANS {
            let rest = candidates.iter().filter(|(index, _)| !chosen.contains(index));
            let gains = rest.map(|(index, units)| (*index, units, search.gain(units, chosen.is_empty())));
            let best = gains.fold(None, |best: Option<(usize, &Units, f64)>, next| match best {
                Some(best) if best.2 >= next.2 => Some(best),
                _ => Some(next),
            });
            let Some((index, found, gain)) = best else { break };
            let score = search.score(found);
            let fresh = found.content.iter().filter(|unit| search.open.contains(unit.as_str())).count();
            if score < FLOOR || (!chosen.is_empty() && (gain < LEAST_GAIN || fresh < 2)) {
                break;
            }
            spans.extend(self.span(index, &search, score));
            search.open.retain(|unit| !found.content.contains(*unit));
            chosen.push(index);
        }
        spans
    }

    fn search<'b>(&self, units: &'b Units) -> Search<'b> {
        let weights: HashMap<&str, f64> =
            units.content.iter().map(|unit| (unit.as_str(), self.weight(unit))).collect();
        let total = weights.values().sum();
        let open = weights.keys().copied().collect();
        Search { units, weights, total, open }
    }

    /// How much a unit says: more, the fewer sentences hold it.
    fn weight(&self, unit: &str) -> f64 {
        let holding = self.holding.get(unit).map_or(0, Vec::len);
        ((1.0 + self.sentences.len() as f64) / (0.5 + holding as f64)).ln().max(0.1)
    }

    /// The sentences that share most with the one that is looked for, in the order of the article.
    fn candidates(&self, search: &Search<'_>) -> Vec<(usize, Units)> {
        let mut shared: HashMap<u32, f64> = HashMap::new();
        for (unit, weight) in &search.weights {
            for index in self.holding.get(*unit).into_iter().flatten() {
                *shared.entry(*index).or_default() += weight;
            }
        }
        let mut ranked: Vec<(u32, f64)> = shared.into_iter().collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranked.truncate(CANDIDATES);
        ranked.sort_by_key(|(index, _)| *index);
        let units = |(index, _): (u32, f64)| {
            let sentence = self.sentences.get(index as usize)?;
            Some((index as usize, Units::of(&sentence.text, self.language, self.tongue)))
        };
        ranked.into_iter().filter_map(units).collect()
    }

    /// A sentence as a span, or the part of it that holds all that was found in it.
    fn span(&self, index: usize, search: &Search<'_>, score: f64) -> Option<SourceSpan> {
        let sentence = self.sentences.get(index)?;
        let paragraph = &self.article.paragraphs.get(sentence.paragraph)?.text;
        let chars: Vec<char> =
            paragraph.chars().skip(sentence.start).take(sentence.end - sentence.start).collect();
        let part = trim(&chars, self.narrowest(&chars, search));
        let is_whole = part.is_empty() || part.len() + 2 >= chars.len();
        let range = if is_whole { 0..chars.len() } else { part };
        Some(SourceSpan {
            paragraph: sentence.paragraph,
            start: sentence.start + range.start,
            end: sentence.start + range.end,
            score,
        })
    }

    /// The shortest run of clauses that holds nearly all that the sentence shares with what is looked for.
    fn narrowest(&self, chars: &[char], search: &Search<'_>) -> Range<usize> {
        let clauses = clauses(chars);
        let held: Vec<HashSet<String>> = clauses
            .iter()
            .map(|clause| {
                let text: String = chars.get(clause.clone()).unwrap_or_default().iter().collect();
                let mut units = content(&text, &Words::of(&text), self.language, self.tongue);
                units.retain(|unit| search.weights.contains_key(unit.as_str()));
                units
            })
            .collect();
        let weigh = |from: usize, to: usize| {
            let units: HashSet<&str> =
                held.get(from..=to).unwrap_or_default().iter().flatten().map(String::as_str).collect();
            units.into_iter().filter_map(|unit| search.weights.get(unit)).sum::<f64>()
        };
        let all = weigh(0, clauses.len().saturating_sub(1));
        let mut best = 0..chars.len();
        let (mut from, mut to) = (0, 0);
        while to < clauses.len() {
            if weigh(from, to) < CLAUSE * all {
                to += 1;
                continue;
            }
            let range = clauses.get(from).zip(clauses.get(to)).map(|(first, last)| first.start..last.end);
            best = range.filter(|range| range.len() < best.len()).unwrap_or(best);
            from += 1;
            to = to.max(from);
        }
        best
    }
}

impl Search<'_> {
    /// How much of the sentence a passage holds, 0 to 1; 1 if it holds all of its words in this order.
    fn score(&self, found: &Units) -> f64 {
        let pairs = self.units.pairs.iter().filter(|pair| found.pairs.contains(*pair)).count() as f64;
        let pairs = if self.units.pairs.is_empty() { 1.0 } else { pairs / self.units.pairs.len() as f64 };
        CONTENT * self.share(|unit| found.content.contains(unit)) + (1.0 - CONTENT) * pairs
    }

    /// What a passage adds; the score where it is the first one.
    fn gain(&self, found: &Units, is_first: bool) -> f64 {
        let fresh = |unit: &str| self.open.contains(unit) && found.content.contains(unit);
        if is_first { self.score(found) } else { self.share(fresh) + 0.1 * self.score(found) }
    }

    /// The share of content, by weight, that passes a test.
    fn share(&self, test: impl Fn(&str) -> bool) -> f64 {
        let passing: f64 = self.weights.iter().filter(|(unit, _)| test(unit)).map(|(_, weight)| weight).sum();
        if self.total > 0.0 { (passing / self.total).min(1.0) } else { 0.0 }
    }
}
