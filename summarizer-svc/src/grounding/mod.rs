//! Where the sentences that a language model wrote come from, and what of them the article does not support.
//!
//! # Layout
//!
//! - `align`: spans, by shared content (`unit`) and neighbouring words; `clause`: parts of a sentence.
//! - `facts`: what is claimed and what the article has; by `number`, `date`, `name` and `quote`.
//! - `token`: words, numbers and marks; `letters`: a text without anything between its letters; `tongue`: how a language
//!   writes facts.
//!
//! Nothing here knows a model: a claim is supported if the article, its title included, has it in some spelling. That a
//! name or a number occurs says nothing of what the sentence does with it, but for numbers that the article clearly
//! counts something else with.

mod align;
mod clause;
mod date;
mod facts;
mod letters;
mod name;
mod number;
mod quote;
mod token;
mod tongue;
mod unit;

use crate::{
    document::{Article, Document},
    summary::SummarySentence,
};
use align::Alignment;
use facts::Facts;
use tongue::Tongue;

/// An article, ready to be asked where sentences come from.
pub struct Grounding<'a> {
    alignment: Alignment<'a>,
    facts: Facts<'a>,
}

impl<'a> Grounding<'a> {
    /// Indexes an article and the document that was read from it. Takes time in proportion to its length.
    ///
    /// Spans lie in the document's sentences; facts are taken from the title and every paragraph, whatever its kind.
    pub fn new(article: &'a Article, document: &'a Document) -> Self {
        let tongue = Tongue::of(document.language.primary());
        Self {
            alignment: Alignment::of(article, document, tongue),
            facts: Facts::of(article, &document.language),
        }
    }

    /// Finds where a sentence comes from. It is taken as it is: spans and marks count its code points.
    ///
    /// There are at most three spans, best first, and none where the article has nothing like it. A span's score is the
    /// share of the sentence's content, weighed by rarity, and of its pairs of neighbouring words that the passage holds:
    /// 1 is word for word, a fused sentence gets less from each of its sources.
    pub fn ground(&self, sentence: &str) -> SummarySentence {
        SummarySentence {
            text: sentence.to_owned(),
            spans: self.alignment.spans(sentence),
            unsupported: self.facts.unsupported(sentence),
        }
    }
}

#[cfg(test)]
mod tests;
