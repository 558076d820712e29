//! An article as the engines read it: paragraphs, the sentences of their running text, the language.
//!
//! # Layout
//!
//! - `article`: what comes in.
//! - `sentence`: borders, with exact ranges.
//! - `boilerplate`: what belongs to the page and not to the story.
//! - `language`: tag and stemmer; `stop_word`: lists of them; `words`: units of meaning.

mod article;
mod boilerplate;
mod language;
mod sentence;
mod stop_word;
mod words;

pub use article::{Article, Paragraph, ParagraphKind};
pub use language::{Language, LanguageTag, NotALanguage};
pub use sentence::{LONGEST_SENTENCE, Orthography, SentenceRange, split};
pub use words::{Words, content_stem, is_written_without_spaces};

/// As much of an article, in bytes, as is read to tell its language and its use of capitals.
const SAMPLE_BYTES: usize = 4_096;
/// A text of fewer sentences is not summarized.
pub const FEWEST_SENTENCES: usize = 3;
/// A paragraph of fewer words that ends without a mark is a heading.
const HEADING_WORDS: usize = 12;

/// One sentence of the article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// Its text with white space collapsed.
    pub text: String,
    /// Index of its paragraph in the input.
    pub paragraph: usize,
    /// Where it stands in the paragraph, in Unicode code points.
    pub start: usize,
    /// Where it ends, exclusive.
    pub end: usize,
}

/// An article that has been read.
pub struct Document {
    /// The sentences that a summary may quote, in order: running text without headings, captions and boilerplate.
    pub sentences: Vec<Sentence>,
    /// Sentences that were left out as boilerplate.
    pub skipped: usize,
    /// There is too little text to summarize; then nothing of it is left out.
    pub is_short: bool,
    /// Given or detected.
    pub language: Language,
}

/// A sentence of the text, and whether it seems to belong to the page rather than to the story.
struct Candidate {
    sentence: Sentence,
    furniture: bool,
}

impl Document {
    /// The language of an article, as [`read`](Self::read) will have it.
    pub fn language(article: &Article, language: Option<&LanguageTag>) -> Language {
        language.map_or_else(|| Language::detect(&sample(article)), Language::given)
    }

    /// Splits and sifts an article. `language` is detected where it isn't given.
    ///
    /// Whether a text is short is told before the sifting: two sentences are two sentences, even if one of them looks
    /// like boilerplate, while two that are left of a page full of it are not all that the page said. Paragraphs that
    /// are given as headings or captions, and a repetition of the title, are no text at all.
    pub fn read(article: &Article, language: Option<&LanguageTag>) -> Self {
        let sample = sample(article);
        let language = language.map_or_else(|| Language::detect(&sample), Language::given);
        let orthography = Orthography::of(&language, &sample);
        let mut candidates = candidates(article, orthography);
        let before = candidates.len();
        let title = collapse(&article.title).to_lowercase();
        candidates.retain(|candidate| title.is_empty() || candidate.sentence.text.to_lowercase() != title);
        let is_short = candidates.len() < FEWEST_SENTENCES;
        candidates.retain(|candidate| is_short || !candidate.furniture);
        let skipped = before - candidates.len();
        let sentences = candidates.into_iter().map(|candidate| candidate.sentence).collect();
        Self { sentences, skipped, is_short, language }
    }
}

fn candidates(article: &Article, orthography: Orthography) -> Vec<Candidate> {
    let stopped = ends_with_mark_somewhere(article);
    let mut candidates = Vec::new();
    for (index, paragraph) in article.paragraphs.iter().enumerate() {
        if matches!(paragraph.kind, ParagraphKind::Heading | ParagraphKind::Caption) {
            continue;
        }
        let ranges = split(&paragraph.text, orthography);
        let heading = stopped && ranges.len() == 1 && looks_like_heading(paragraph);
        for SentenceRange { bytes, chars } in ranges {
            let text = collapse(paragraph.text.get(bytes).unwrap_or_default());
            let furniture = heading || boilerplate::is_boilerplate(&text);
            let sentence = Sentence { text, paragraph: index, start: chars.start, end: chars.end };
            candidates.push(Candidate { sentence, furniture });
        }
    }
    candidates
}

/// Every run of white space as one space, none at the ends.
pub fn collapse(text: &str) -> String {
    let mut collapsed = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !collapsed.is_empty() {
            collapsed.push(' ');
        }
        collapsed.push_str(word);
    }
    collapsed
}

/// The beginning of the running text.
fn sample(article: &Article) -> String {
    let mut sample = String::new();
    for paragraph in article.paragraphs.iter().filter(|paragraph| paragraph.kind != ParagraphKind::Caption) {
        let room = SAMPLE_BYTES.saturating_sub(sample.len());
        let end = paragraph.text.floor_char_boundary(room);
        sample.push_str(paragraph.text.get(..end).unwrap_or_default());
        sample.push(' ');
        if sample.len() >= SAMPLE_BYTES {
            break;
        }
    }
    sample
}

/// Headings can be told by their missing stop only in an article that writes stops.
fn ends_with_mark_somewhere(article: &Article) -> bool {
    article.paragraphs.iter().any(|paragraph| ends_with_mark(&paragraph.text))
}

/// Whether a sentence seems to end here: with a stop, whatever closing marks come after it.
pub fn ends_with_mark(text: &str) -> bool {
    let bare = text.trim_end_matches(|c: char| c.is_whitespace() || "\"'”’“»«)]」』）".contains(c));
    bare.ends_with(|c: char| sentence::is_stop(c) || matches!(c, ':' | ';'))
}

fn looks_like_heading(paragraph: &Paragraph) -> bool {
    paragraph.kind == ParagraphKind::Text
        && !ends_with_mark(&paragraph.text)
        && !paragraph.text.chars().any(is_written_without_spaces)
        && paragraph.text.split_whitespace().nth(HEADING_WORDS).is_none()
}
