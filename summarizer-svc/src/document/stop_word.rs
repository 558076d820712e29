//! Words that carry no meaning of their own, by language.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

/// The stop words of a language; none where it has no list.
#[derive(Clone, Default)]
pub(super) struct StopWords(Arc<HashSet<&'static str>>);

/// The lists that were asked for: there are not more of them than languages.
static KNOWN: LazyLock<Mutex<HashMap<String, StopWords>>> = LazyLock::new(Mutex::default);

impl StopWords {
    /// The list of a language by its ISO 639-1 code; it is put together once.
    pub(super) fn of(code: &str) -> Self {
        let Some(list) = stop_words::lookup(code) else { return Self::default() };
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(words) = known.get(code) {
            return words.clone();
        }
        let words = Self(Arc::new(list.iter().copied().collect()));
        known.insert(code.to_owned(), words.clone());
        words
    }

    pub(super) fn contains(&self, word: &str) -> bool {
        self.0.contains(word)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
