//! What was picked at random of late, so that it is not picked again while there is something else.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use crate::{article::ArticleUrl, discovery::MOST_HEADLINES};

/// The articles that were served at random, by source, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Served(Mutex<HashMap<String, VecDeque<ArticleUrl>>>);

impl Served {
    /// Those of `all` that were not served of late; where all were, all but the one that was served last.
    pub(crate) fn unserved<'a>(&self, source: &str, all: &[&'a ArticleUrl]) -> Vec<&'a ArticleUrl> {
        let mut by_source = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(served) = by_source.get_mut(source) else { return all.to_vec() };
        let unserved: Vec<_> = all.iter().copied().filter(|url| !served.contains(url)).collect();
        if !unserved.is_empty() {
            return unserved;
        }
        let last = served.pop_back();
        served.clear();
        let rest: Vec<_> = all.iter().copied().filter(|url| Some(*url) != last.as_ref()).collect();
        served.extend(last);
        if rest.is_empty() { all.to_vec() } else { rest }
    }

    /// Takes note of what was served.
    pub(crate) fn note(&self, source: &str, url: ArticleUrl) {
        let mut by_source = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let served = by_source.entry(source.to_owned()).or_default();
        served.retain(|other| *other != url);
        served.push_back(url);
        if served.len() > MOST_HEADLINES {
            served.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_comes_twice_before_everything_came_once_and_nothing_twice_in_a_row() {
        let urls: Vec<ArticleUrl> =
            (0..5).map(|index| ArticleUrl::parse(&format!("https://a.example/{index}")).unwrap()).collect();
        let all: Vec<&ArticleUrl> = urls.iter().collect();
        let served = Served::default();
        let mut order = Vec::new();
        for turn in 0..20 {
            let left = served.unserved("a", &all);
            let picked = left[turn * 7 % left.len()];
            served.note("a", picked.clone());
            order.push(picked);
        }
        let mut first_round = order[..5].to_vec();
        first_round.sort_by_key(ToString::to_string);
        assert_eq!(first_round, all);
        assert!(order.windows(2).all(|pair| pair[0] != pair[1]), "{order:?}");
        assert_eq!(served.unserved("b", &all[..1]), &all[..1]);
        served.note("b", urls[0].clone());
        assert_eq!(served.unserved("b", &all[..1]), &all[..1]);
    }
}
