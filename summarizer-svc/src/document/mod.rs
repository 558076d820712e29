//! An article as the engines read it: paragraphs, the sentences of their running text, the language.
//!
//! # Layout
//!
//! - `sentence`: borders, with exact ranges; `abbreviation`: stops that end nothing.
//! - `boilerplate`: what belongs to the page and not to the story.
//! - `language`: tag, stop words, stemmer; `words`: units of meaning.

mod abbreviation;
mod boilerplate;
mod language;
mod sentence;
mod words;

pub use language::{Language, LanguageTag, NotALanguage};
pub use sentence::{LONGEST_SENTENCE, Orthography, SentenceRange, split};
pub use words::{Words, is_written_without_spaces};

/// As much of an article, in bytes, as is read to tell its language and its use of capitals.
const SAMPLE_BYTES: usize = 8_192;
/// A paragraph of fewer words that ends without a mark is a heading.
const HEADING_WORDS: usize = 12;

/// What a paragraph is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ParagraphKind {
    /// Running text.
    #[default]
    Text,
    /// Never quoted.
    Heading,
    /// Somebody's words, set apart.
    Quote,
    /// One item of a list.
    ListItem,
    /// Never quoted.
    Caption,
}

/// A block of the article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paragraph {
    /// Plain text.
    pub text: String,
    /// What it is.
    pub kind: ParagraphKind,
}

/// An article to summarize.
#[derive(Debug, Clone, Default)]
pub struct Article {
    /// The headline; may be empty.
    pub title: String,
    /// In the order of the page. Spans count these from 0.
    pub paragraphs: Vec<Paragraph>,
}

impl Article {
    /// An article of plain text: each line that is not blank is a paragraph, as it stands between its line feeds.
    pub fn from_text(title: &str, text: &str) -> Self {
        let paragraphs = Self::lines(text)
            .map(|line| Paragraph { text: line.to_owned(), kind: ParagraphKind::Text })
            .collect();
        Self { title: title.to_owned(), paragraphs }
    }

    /// The lines of a plain text that are its paragraphs.
    pub fn lines(text: &str) -> impl Iterator<Item = &str> {
        text.lines().filter(|line| !line.trim().is_empty())
    }

    /// Whether there is nothing but white space.
    pub fn is_blank(&self) -> bool {
        self.paragraphs.iter().all(|paragraph| paragraph.text.trim().is_empty())
    }

    /// Bytes of title and text together.
    pub fn bytes(&self) -> usize {
        self.paragraphs.iter().map(|paragraph| paragraph.text.len()).sum::<usize>() + self.title.len()
    }
}

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
    /// Given or detected.
    pub language: Language,
}

impl Document {
    /// Splits and sifts an article. `language` is detected where it isn't given.
    pub fn read(article: &Article, language: Option<&LanguageTag>) -> Self {
        let sample = sample(article);
        let language = language.map_or_else(|| Language::detect(&sample), Language::given);
        let orthography = Orthography::of(&language, &sample);
        let title = collapse(&article.title).to_lowercase();
        let mut document = Self { sentences: Vec::new(), skipped: 0, language };
        let stopped = ends_with_mark_somewhere(article);
        for (index, paragraph) in article.paragraphs.iter().enumerate() {
            if matches!(paragraph.kind, ParagraphKind::Heading | ParagraphKind::Caption) {
                continue;
            }
            let ranges = split(&paragraph.text, orthography);
            let heading = stopped && ranges.len() == 1 && looks_like_heading(paragraph);
            for range in ranges {
                let SentenceRange { bytes, chars } = range;
                let text = collapse(paragraph.text.get(bytes).unwrap_or_default());
                let echo = !title.is_empty() && text.to_lowercase() == title;
                if heading || echo || boilerplate::is_boilerplate(&text) {
                    document.skipped += 1;
                } else {
                    document.sentences.push(Sentence {
                        text,
                        paragraph: index,
                        start: chars.start,
                        end: chars.end,
                    });
                }
            }
        }
        document
    }
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
        for word in paragraph.text.split_inclusive(char::is_whitespace) {
            if sample.len() + word.len() > SAMPLE_BYTES {
                break;
            }
            sample.push_str(word);
        }
        sample.push(' ');
        if sample.len() > SAMPLE_BYTES / 2 && sample.len() + paragraph.text.len() > SAMPLE_BYTES {
            break;
        }
    }
    sample
}

/// Headings can be told by their missing stop only in an article that writes stops.
fn ends_with_mark_somewhere(article: &Article) -> bool {
    article.paragraphs.iter().any(|paragraph| ends_with_mark(&paragraph.text))
}

fn ends_with_mark(text: &str) -> bool {
    let bare = text.trim_end_matches(|c: char| c.is_whitespace() || "\"'”’“»«)]」』）".contains(c));
    bare.ends_with(|c: char| sentence::is_stop(c) || matches!(c, ':' | ';'))
}

fn looks_like_heading(paragraph: &Paragraph) -> bool {
    paragraph.kind == ParagraphKind::Text
        && !ends_with_mark(&paragraph.text)
        && !paragraph.text.chars().any(is_written_without_spaces)
        && paragraph.text.split_whitespace().nth(HEADING_WORDS).is_none()
}
