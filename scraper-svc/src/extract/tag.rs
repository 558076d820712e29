//! The kinds of elements.

/// The elements that extraction tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// A text node.
    Text,
    /// `a`
    Link,
    /// `br`
    Break,
    /// `b` or `strong`
    Strong,
    /// Any other element that flows in a line.
    Inline,
    /// `p`
    Paragraph,
    /// `h1`
    Title,
    /// `h2` to `h6`
    Heading,
    /// `blockquote`
    Quote,
    /// `li`, `dd` or `dt`
    ListItem,
    /// `ul`, `ol` or `dl`
    List,
    /// `pre`
    Preformatted,
    /// `figcaption`
    Caption,
    /// `figure`
    Figure,
    /// `table`
    Table,
    /// `td` or `th`
    Cell,
    /// `article`
    Article,
    /// `main`
    Main,
    /// `section`
    Section,
    /// `header`
    Header,
    /// `nav`, `footer`, `aside`, `form` or `menu`
    Furniture,
    /// Any other block, such as `div`
    Block,
}

impl Tag {
    /// The tag of an element's name; `None` for elements whose content is never running text.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "script" | "style" | "noscript" | "template" | "svg" | "math" | "iframe" | "object"
            | "select" | "textarea" | "canvas" | "audio" | "video" | "head" | "button" | "input" | "link"
            | "meta" | "dialog" | "img" | "source" | "picture" | "embed" | "option" | "datalist"
            | "progress" => {
                return None;
            }
            "a" => Self::Link,
            "br" => Self::Break,
            "b" | "strong" => Self::Strong,
            "p" => Self::Paragraph,
            "h1" => Self::Title,
            "h2" | "h3" | "h4" | "h5" | "h6" => Self::Heading,
            "blockquote" => Self::Quote,
            "li" | "dd" | "dt" => Self::ListItem,
            "ul" | "ol" | "dl" => Self::List,
            "pre" => Self::Preformatted,
            "figcaption" => Self::Caption,
            "figure" => Self::Figure,
            "table" => Self::Table,
            "td" | "th" => Self::Cell,
            "article" => Self::Article,
            "main" => Self::Main,
            "section" => Self::Section,
            "header" => Self::Header,
            "nav" | "footer" | "aside" | "form" | "menu" => Self::Furniture,
            "div" | "body" | "html" | "tbody" | "thead" | "tfoot" | "tr" | "center" | "address"
            | "details" | "summary" | "fieldset" | "hgroup" | "caption" | "hr" => Self::Block,
            _ if name.starts_with("amp-") => return None,
            _ if name.contains('-') => Self::Block,
            _ => Self::Inline,
        })
    }

    /// Whether it flows in the line around it.
    pub(super) fn is_inline(self) -> bool {
        matches!(self, Self::Text | Self::Link | Self::Strong | Self::Inline)
    }
}
