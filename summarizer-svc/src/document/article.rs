//! An article as it comes in.

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
