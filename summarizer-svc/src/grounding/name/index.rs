//! The names of an article.

use std::collections::{HashMap, HashSet};

use super::{
    place,
    role::is_title,
    run::{Run, is_initial, runs},
};
use crate::grounding::token::{Kind, Token};

/// Longer runs are headlines in capitals, of which no acronym is made.
const LONGEST_NAME: usize = 8;
/// Words of the article that begin alike and are looked at for derivations.
const MOST_ALIKE: usize = 32;

/// How the article uses a word.
#[derive(Debug, Default)]
pub(super) struct Use {
    pub(super) lower: usize,
    /// With a capital where nothing but the word itself calls for one.
    pub(super) upper: usize,
    /// How often it stands without another name beside it.
    pub(super) alone: usize,
    /// Whether another name follows it, that is no title.
    pub(super) leads: bool,
    /// Whether it follows another name, that is no title.
    pub(super) follows: bool,
}

/// The words and names of an article, and whether they support other names.
#[derive(Debug, Default)]
pub(in crate::grounding) struct Names {
    ids: HashMap<String, u32>,
    uses: Vec<Use>,
    neighbours: HashSet<(u32, u32)>,
    /// Words of one run, in order.
    together: HashSet<(u32, u32)>,
    acronyms: HashSet<String>,
    initials: HashSet<String>,
    peoples: HashSet<usize>,
    /// Words in capitals by their first letters.
    alike: HashMap<String, Vec<u32>>,
    words: Vec<String>,
    /// Words in lower case that follow a name.
    followers: HashMap<u32, HashSet<u32>>,
    /// The first letters of all words, a line for each run of words without a mark.
    first_letters: String,
}

impl Use {
    /// Whether the article uses the word as a name and as nothing else.
    pub(super) fn is_name(&self) -> bool {
        self.lower == 0 && (self.upper > 0 || self.leads || self.follows)
    }
}

impl Names {
    /// Adds a paragraph of the article.
    pub(in crate::grounding) fn add(&mut self, tokens: &[Token]) {
        let mut previous: Option<(u32, bool)> = None;
        for (at, token) in tokens.iter().enumerate() {
            if token.kind != Kind::Word {
                let passes = token.is_mark(&['-', '‐', '‑', '.', '&', '\'', '’']) && !token.spaced;
                previous = previous.filter(|_| passes);
                if !passes {
                    self.first_letters.push('\n');
                }
                continue;
            }
            let (id, capital) = (self.id(&token.folded), token.is_capital());
            self.note(id, token, capital && is_initial(tokens, at));
            if let Some((before, was_capital)) = previous {
                self.neighbours.insert((before, id));
                if was_capital && !capital {
                    self.followers.entry(id).or_default().insert(before);
                }
            }
            previous = Some((id, capital));
            self.first_letters.extend(token.folded.chars().next());
        }
        self.first_letters.push('\n');
        for run in runs(tokens, &[]) {
            self.add_run(tokens, &run);
        }
    }

    fn id(&mut self, word: &str) -> u32 {
        if let Some(id) = self.ids.get(word) {
            return *id;
        }
        let id = self.uses.len() as u32;
        self.ids.insert(word.to_owned(), id);
        self.uses.push(Use::default());
        self.words.push(word.to_owned());
        self.peoples.extend(place::people(word));
        id
    }

    fn note(&mut self, id: u32, token: &Token, initial: bool) {
        let capital = token.is_capital();
        if let Some(used) = self.uses.get_mut(id as usize) {
            used.lower += usize::from(!capital);
            used.upper += usize::from(capital && !initial);
        }
        if token.is_acronym() {
            self.acronyms.insert(token.folded.clone());
        }
        if capital {
            let alike = self.alike.entry(token.folded.chars().take(3).collect()).or_default();
            if alike.len() < MOST_ALIKE && !alike.contains(&id) {
                alike.push(id);
            }
        }
    }

    fn add_run(&mut self, tokens: &[Token], run: &Run) {
        let words: Vec<&Token> = run.words.iter().filter_map(|at| tokens.get(*at)).collect();
        let ids: Vec<u32> = words.iter().filter_map(|word| self.ids.get(&word.folded)).copied().collect();
        for (place, id) in ids.iter().enumerate().take(64) {
            let after = ids.iter().skip(place + 1).take(LONGEST_NAME);
            self.together.extend(after.map(|after| (*id, *after)));
        }
        for (place, id) in ids.iter().enumerate() {
            let is_name = |at: Option<usize>| {
                at.and_then(|at| words.get(at)).is_some_and(|word| !is_title(&word.folded))
            };
            let linked = |at: usize| run.adjacent.get(at).copied().unwrap_or(false);
            let (leads, follows) = (
                linked(place + 1) && is_name(Some(place + 1)),
                linked(place) && is_name(place.checked_sub(1)),
            );
            if let Some(used) = self.uses.get_mut(*id as usize) {
                used.leads |= leads;
                used.follows |= follows;
                used.alone += usize::from(!leads && !follows);
            }
        }
        for from in 0..words.len().min(64) {
            let mut initials = String::new();
            for word in words.iter().skip(from).take(LONGEST_NAME) {
                initials.extend(word.folded.chars().next());
                if initials.len() > 1 {
                    self.initials.insert(initials.clone());
                }
            }
        }
        if let Some(with_links) = spelled_out(tokens, run) {
            self.initials.insert(with_links);
        }
        for pair in words.windows(2) {
            if let [a, b] = pair {
                self.peoples.extend(place::people(&format!("{} {}", a.folded, b.folded)));
            }
        }
    }

    pub(super) fn used(&self, word: &str) -> Option<&Use> {
        self.uses.get(*self.ids.get(word)? as usize)
    }

    /// Whether the article has these words side by side, or in one name.
    pub(super) fn has_pair(&self, first: &str, second: &str) -> bool {
        let ids = self.ids.get(first).zip(self.ids.get(second)).map(|(a, b)| (*a, *b));
        ids.is_some_and(|pair| self.neighbours.contains(&pair) || self.together.contains(&pair))
    }

    /// Whether the article's names spell this acronym, or other words of it do ("chief technology officer").
    pub(super) fn has_acronym(&self, letters: &str) -> bool {
        let words = letters.len() > 2 && self.first_letters.contains(letters);
        words || self.initials.contains(letters) || self.acronyms.contains(letters)
    }

    /// Whether the article abbreviates to these letters.
    pub(super) fn abbreviates_to(&self, letters: &str) -> bool {
        self.acronyms.contains(letters)
    }

    /// Whether the article speaks of this people or its country.
    pub(super) fn has_people(&self, words: &str) -> bool {
        place::people(words).is_some_and(|people| self.peoples.contains(&people))
    }

    /// Names of the article that begin like this word.
    pub(super) fn alike(&self, word: &str) -> impl Iterator<Item = &str> {
        let key: String = word.chars().take(3).collect();
        let ids = self.alike.get(&key).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| self.words.get(*id as usize)).map(String::as_str)
    }

    /// Whether this word follows what is only ever a name.
    pub(super) fn follows_name(&self, word: &str) -> bool {
        let names = self.ids.get(word).and_then(|id| self.followers.get(id));
        names.is_some_and(|names| {
            names
                .iter()
                .filter_map(|id| self.uses.get(*id as usize))
                .any(|used| used.lower == 0 && used.upper > 0)
        })
    }
}

/// The first letters of a run's words, of the links between them too: "DOJ".
pub(super) fn spelled_out(tokens: &[Token], run: &Run) -> Option<String> {
    let (first, last) = (*run.words.first()?, *run.words.last()?);
    let words = tokens.get(first..=last)?.iter().filter(|token| token.kind == Kind::Word).take(LONGEST_NAME);
    Some(words.filter_map(|word| word.folded.chars().next()).collect())
}
