//! Whether what a shared cache holds can be the summary of a text: it may have been written by anybody.

use crate::{
    clients::summarizer::Text,
    summary::{Sentence, SourceSpan, Summary},
};

/// Whether `summary` is in the form that was asked for, says the same in both of its forms, and points into `text`.
pub(super) fn is_sound(summary: &Summary, text: Text<'_>) -> bool {
    let sentences: Vec<&str> = summary.sentences.iter().map(|sentence| sentence.text.as_str()).collect();
    summary.length == text.options.length
        && summary.format == text.options.format
        && summary.text == sentences.join(summary.format.separator())
        && summary.sentences.iter().all(|sentence| points_into(sentence, text))
}

fn points_into(sentence: &Sentence, text: Text<'_>) -> bool {
    let length = |paragraph: u32| {
        let paragraph = usize::try_from(paragraph).ok().and_then(|index| text.paragraphs.get(index));
        paragraph.map(|paragraph| paragraph.text.chars().count())
    };
    let fits = |span: &SourceSpan| {
        let end = usize::try_from(span.end).unwrap_or(usize::MAX);
        span.start <= span.end
            && (0.0..=1.0).contains(&span.score)
            && length(span.paragraph).is_some_and(|length| end <= length)
    };
    let own = sentence.text.chars().count();
    let marks = |start: u32, end: u32| start <= end && usize::try_from(end).is_ok_and(|end| end <= own);
    sentence.spans.iter().all(fits) && sentence.unsupported.iter().all(|item| marks(item.start, item.end))
}
