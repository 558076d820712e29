//! A page as a flat list of nodes in document order, so that every later pass is one walk over an array.

use std::collections::{HashMap, HashSet};
use std::ops::{Index, Range};

use ego_tree::iter::Edge;
use ego_tree::{NodeId, NodeRef};
use scraper::node::Element;
use scraper::{Html, Node};

use super::evidence::{self, Evidence};
use super::tag::Tag;

/// Elements that are there to be used rather than read.
const CONTROLS: [&str; 8] = ["button", "input", "select", "textarea", "iframe", "audio", "video", "dialog"];
/// Elements that captions belong to.
const MEDIA: [&str; 5] = ["img", "picture", "video", "amp-img", "amp-video"];

/// Where a node stands in its page; a child's is larger than its parent's.
pub(super) type NodeIndex = usize;

/// The nodes of a page's body that can hold text of an article.
pub(super) struct Page<'a> {
    nodes: Vec<PageNode<'a>>,
}

/// An element or a text.
pub(super) struct PageNode<'a> {
    /// The element around it; the root is its own parent.
    pub(super) parent: NodeIndex,
    /// One past its last descendant.
    pub(super) end: NodeIndex,
    /// What element it is.
    pub(super) tag: Tag,
    /// Its text, where it is one.
    pub(super) text: Option<&'a str>,
    /// What its attributes say of it.
    pub(super) evidence: Evidence,
    /// Its `class` attribute.
    pub(super) class: &'a str,
    /// How many buttons, fields and players stand directly in it.
    pub(super) controls: usize,
    /// How many pictures and players stand directly in it.
    pub(super) media: usize,
}

impl<'a> Page<'a> {
    /// Flattens a parsed page. Linear in its nodes; no recursion.
    pub(super) fn new(html: &'a Html) -> Self {
        let mut builder = Builder::default();
        for edge in html.tree.root().traverse() {
            match edge {
                Edge::Open(node) => builder.open(node),
                Edge::Close(node) => builder.close(node),
            }
        }
        builder.finish()
    }

    /// A page of only these elements and what is in them; one inside another counts once.
    pub(super) fn of_parts(html: &'a Html, parts: &HashSet<ego_tree::NodeId>) -> Self {
        let mut builder = Builder::default();
        let mut inside = 0;
        for edge in html.tree.root().traverse() {
            match edge {
                Edge::Open(node) => {
                    inside += usize::from(parts.contains(&node.id()));
                    if inside > 0 {
                        builder.open(node);
                    }
                }
                Edge::Close(node) => {
                    if inside > 0 {
                        builder.close(node);
                    }
                    inside -= usize::from(parts.contains(&node.id()));
                }
            }
        }
        builder.finish()
    }

    /// All nodes, in document order.
    pub(super) fn indices(&self) -> Range<NodeIndex> {
        0..self.nodes.len()
    }

    /// A node with all that is in it.
    pub(super) fn subtree(&self, index: NodeIndex) -> Range<NodeIndex> {
        index..self[index].end
    }

    /// The elements around a node, innermost first, without the root.
    pub(super) fn ancestors(&self, index: NodeIndex) -> impl Iterator<Item = NodeIndex> + '_ {
        std::iter::successors(Some(self[index].parent), |&i| Some(self[i].parent)).take_while(|&i| i != 0)
    }
}

/// Collects nodes in document order; the first is the root around them all.
struct Builder<'a> {
    nodes: Vec<PageNode<'a>>,
    open: Vec<NodeIndex>,
    known: HashMap<&'a str, Evidence>,
    /// The element whose content is left out.
    skipped: Option<NodeId>,
}

impl Default for Builder<'_> {
    fn default() -> Self {
        Self { nodes: vec![PageNode::root()], open: vec![0], known: HashMap::new(), skipped: None }
    }
}

impl<'a> Builder<'a> {
    fn open(&mut self, node: NodeRef<'a, Node>) {
        if self.skipped.is_some() {
            return;
        }
        let parent = self.open.last().copied().unwrap_or_default();
        if let Some(new) = PageNode::of(node.value(), parent, &mut self.known) {
            self.open.push(self.nodes.len());
            self.nodes.push(new);
            return;
        }
        self.skipped = Some(node.id());
        if let (Some(around), Some(element)) = (self.nodes.get_mut(parent), node.value().as_element()) {
            around.controls += usize::from(CONTROLS.contains(&element.name()));
            around.media += usize::from(MEDIA.contains(&element.name()));
        }
    }

    fn close(&mut self, node: NodeRef<'a, Node>) {
        match self.skipped {
            Some(skipped) if skipped == node.id() => self.skipped = None,
            Some(_) => {}
            None => {
                let end = self.nodes.len();
                if let Some(closed) = self.open.pop().and_then(|index| self.nodes.get_mut(index)) {
                    closed.end = end;
                }
            }
        }
    }

    fn finish(mut self) -> Page<'a> {
        let end = self.nodes.len();
        if let Some(root) = self.nodes.first_mut() {
            root.end = end;
        }
        Page { nodes: self.nodes }
    }
}

/// Indices come from the page itself, never from what was fetched.
impl<'a> Index<NodeIndex> for Page<'a> {
    type Output = PageNode<'a>;

    fn index(&self, index: NodeIndex) -> &PageNode<'a> {
        &self.nodes[index]
    }
}

impl<'a> PageNode<'a> {
    fn root() -> Self {
        Self {
            parent: 0,
            end: 0,
            tag: Tag::Block,
            text: None,
            evidence: Evidence::default(),
            class: "",
            controls: 0,
            media: 0,
        }
    }

    fn of(node: &'a Node, parent: NodeIndex, known: &mut HashMap<&'a str, Evidence>) -> Option<Self> {
        match node {
            Node::Text(text) => Some(Self { parent, tag: Tag::Text, text: Some(text), ..Self::root() }),
            Node::Element(element) => Self::of_element(element, parent, known),
            Node::Document | Node::Fragment => Some(Self { parent, ..Self::root() }),
            Node::Doctype(_) | Node::Comment(_) | Node::ProcessingInstruction(_) => None,
        }
    }

    fn of_element(
        element: &'a Element,
        parent: NodeIndex,
        known: &mut HashMap<&'a str, Evidence>,
    ) -> Option<Self> {
        let tag = Tag::of(element.name())?;
        let mut found = Evidence::default();
        let mut class = "";
        for (name, value) in element.attrs() {
            match name {
                "class" => {
                    class = value;
                    found |= *known.entry(value).or_insert_with(|| evidence::of_names(value));
                }
                "id" | "data-component" | "data-testid" | "data-type" => {
                    found |= *known.entry(value).or_insert_with(|| evidence::of_names(value));
                }
                _ => found |= evidence::of_attribute(name, value),
            }
        }
        if tag == Tag::Furniture {
            found |= Evidence::FURNITURE;
        }
        Some(Self { parent, tag, class, evidence: found, ..Self::root() })
    }
}
