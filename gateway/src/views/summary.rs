//! A summary on the page.

use super::{
    choices,
    measure::{Minutes, comparison},
    passages::anchor,
};
use crate::{
    article::Paragraph,
    options::Format,
    summary::{CacheStatus, Sentence, Summary},
};

/// A summary as the page shows it.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Whether it is a list.
    pub(crate) bullets: bool,
    /// BCP 47.
    pub(crate) language: Option<String>,
    /// What the reader should know about it.
    pub(crate) notices: Vec<&'static str>,
    /// Its sentences.
    pub(crate) sentences: Vec<LinkedSentence>,
    /// How it compares with the article.
    pub(crate) measure: String,
    /// What made it.
    pub(crate) made_by: String,
}

/// A sentence that leads to its passages.
#[derive(Debug)]
pub(crate) struct LinkedSentence {
    /// Its place in the summary, from 0.
    pub(crate) index: usize,
    /// Fragment of the passage that fits best.
    pub(crate) href: Option<String>,
    /// Fragments of the others.
    pub(crate) more: Vec<String>,
    /// Its text in parts, each with whether the article supports it.
    pub(crate) parts: Vec<(String, bool)>,
}

impl Answer {
    /// The summary of `paragraphs`, which came from `site`, if they came from one.
    pub(crate) fn new(summary: &Summary, paragraphs: &[Paragraph], site: Option<&str>) -> Self {
        let original = Minutes::of(paragraphs.iter().map(|paragraph| paragraph.text.as_str()));
        let sentences = summary.sentences.iter().enumerate();
        let is_marked = summary.sentences.iter().any(|sentence| !sentence.unsupported.is_empty());
        let notices = summary.notices.iter().copied().map(choices::notice);
        Self {
            bullets: summary.format == Format::Bullets,
            language: summary.language.clone(),
            notices: notices.chain(is_marked.then_some(choices::UNSUPPORTED)).collect(),
            sentences: sentences.map(|(index, sentence)| linked(index, sentence, paragraphs)).collect(),
            measure: comparison(Minutes::of([summary.text.as_str()]), original),
            made_by: made_by(summary, site),
        }
    }
}

fn linked(index: usize, sentence: &Sentence, paragraphs: &[Paragraph]) -> LinkedSentence {
    let mut anchors = sentence.spans.iter().filter_map(|span| anchor(span, paragraphs));
    LinkedSentence { index, href: anchors.next(), more: anchors.collect(), parts: parts(sentence) }
}

/// The sentence cut where what the article doesn't support begins and ends.
fn parts(sentence: &Sentence) -> Vec<(String, bool)> {
    let text: Vec<char> = sentence.text.chars().collect();
    let slice = |from: usize, to: usize| text.iter().skip(from).take(to - from).collect::<String>();
    let mut ranges: Vec<(usize, usize)> =
        sentence.unsupported.iter().map(|item| (item.start as usize, item.end as usize)).collect();
    ranges.sort_unstable();
    let (mut parts, mut at) = (Vec::new(), 0);
    for (start, end) in ranges {
        if at <= start && start < end && end <= text.len() {
            parts.push((slice(at, start), true));
            parts.push((slice(start, end), false));
            at = end;
        }
    }
    parts.push((slice(at, text.len()), true));
    parts.retain(|(words, _)| !words.is_empty());
    parts
}

fn made_by(summary: &Summary, site: Option<&str>) -> String {
    let model = format!("model {} {}", summary.model.id, short(&summary.model.revision));
    let facts = [
        Some(format!("Engine {}", summary.engine.name())),
        Some(model.trim_end().to_owned()),
        site.map(|site| format!("from {site}")),
        Some(format!("{} ms", summary.timings.total_ms.round().max(1.0))),
        (!summary.replica.is_empty()).then(|| format!("replica {}", summary.replica)),
        (summary.cache == CacheStatus::Hit).then(|| "from the cache".to_owned()),
    ];
    facts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// A commit's first digits, and what follows it; any other revision as it is.
fn short(revision: &str) -> String {
    let (commit, rest) = revision.split_at_checked(40).unwrap_or(("", revision));
    let is_commit = commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digits = commit.get(..if is_commit { commit.len().min(12) } else { commit.len() });
    format!("{}{rest}", digits.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::{Unsupported, UnsupportedKind};

    #[test]
    fn of_a_commit_the_first_digits_are_enough() {
        let commit = "a4f8f3ea906ed274767e9906dbaede7531d660ff";
        let shown = |revision: &str| short(revision);
        assert_eq!(shown(commit), "a4f8f3ea906e");
        assert_eq!(shown(&format!("{commit}+int8")), "a4f8f3ea906e+int8");
        for other in ["", "local+int8", "é", &"x".repeat(50)] {
            assert_eq!(shown(other), *other);
        }
    }

    fn parts_of(text: &str, ranges: &[(u32, u32)]) -> Vec<(String, bool)> {
        let item = |&(start, end): &(u32, u32)| Unsupported {
            kind: UnsupportedKind::Name,
            text: String::new(),
            start,
            end,
        };
        let unsupported = ranges.iter().map(item).collect();
        parts(&Sentence { text: text.into(), spans: Vec::new(), unsupported })
    }

    #[test]
    fn what_is_not_supported_is_cut_out_by_code_points() {
        let expected = [("Zoë ".to_owned(), true), ("Müller".to_owned(), false), (" left.".to_owned(), true)];
        assert_eq!(parts_of("Zoë Müller left.", &[(4, 10)]), expected);
    }

    #[test]
    fn ranges_that_overlap_or_lie_outside_are_left_out() {
        let expected = [("ab".to_owned(), false), ("cd".to_owned(), true)];
        assert_eq!(parts_of("abcd", &[(1, 3), (0, 2), (3, 9), (4, 4)]), expected);
    }

    #[test]
    fn a_commit_is_shortened_and_a_version_is_not() {
        assert_eq!(short("a4f8f3ea906ed274767e9906dbaede7531d660ff"), "a4f8f3ea906e");
        assert_eq!(
            short("é234567890123456789012345678901234567890"),
            "é234567890123456789012345678901234567890"
        );
        assert_eq!(short("1"), "1");
    }
}
