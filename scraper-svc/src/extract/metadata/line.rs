//! The text of an element in one line.

use scraper::{ElementRef, Node};

/// The text of an element in one line. Pieces that only their elements part are parted by a space, and after the two
/// words of a name by `|`: "JANE ROE" and "Example News" stand beside each other in one byline.
pub(super) fn text_of(element: ElementRef<'_>) -> String {
    let mut text = String::new();
    let mut is_new = false;
    for node in element.descendants().skip(1).take(400) {
        match node.value() {
            Node::Text(piece) => {
                let glued = is_new
                    && text.ends_with(|c: char| !c.is_whitespace())
                    && piece.starts_with(|c: char| c.is_uppercase() || c == '|');
                if glued {
                    let named =
                        text.rsplit('|').next().is_some_and(|part| part.split_whitespace().count() >= 2);
                    text.push_str(if named { " | " } else { " " });
                }
                text.push_str(piece);
                is_new = false;
            }
            Node::Element(element) => {
                is_new = true;
                if element.name() == "br" {
                    text.push(' ');
                }
            }
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use scraper::Html;

    use super::*;

    fn line(html: &str) -> String {
        text_of(Html::parse_fragment(html).root_element())
    }

    #[test]
    fn names_that_only_their_elements_part_do_not_run_together() {
        assert_eq!(line("<span>JANE ROE</span><span>Example News</span>"), "JANE ROE | Example News");
        assert_eq!(line("<b>Jane</b><b>Roe</b>"), "Jane Roe");
        assert_eq!(line("The old<br>crane"), "The old crane");
    }

    #[test]
    fn pieces_of_a_word_stay_together() {
        assert_eq!(line("<b>T</b>he <i>old</i> crane"), "The old crane");
    }
}
