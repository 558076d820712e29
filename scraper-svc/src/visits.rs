//! How visits to sources went, as this replica saw it.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

use crate::scrape::ScrapeError;

/// How the last visits to a source went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visits {
    /// The last that had headlines.
    pub last_success: Option<Timestamp>,
    /// The last that had none.
    pub last_failure: Option<Timestamp>,
    /// What went wrong last; empty when nothing did.
    pub last_error: String,
}

#[derive(Debug, Default)]
pub(crate) struct Health(Mutex<HashMap<String, Visits>>);

impl Health {
    pub(crate) fn of(&self, id: &str) -> Visits {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned().unwrap_or_default()
    }

    pub(crate) fn note(&self, id: &str, failure: Option<&ScrapeError>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let visits = all.entry(id.to_owned()).or_default();
        match failure {
            None => {
                visits.last_success = Some(Timestamp::now());
                visits.last_error.clear();
            }
            Some(error) => {
                visits.last_failure = Some(Timestamp::now());
                visits.last_error = error.to_string();
            }
        }
    }
}
