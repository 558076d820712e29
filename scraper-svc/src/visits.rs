//! How visits to sources went, as this replica saw it.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

/// How the last visits to a source went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visits {
    /// The last that had headlines.
    pub last_success: Option<Timestamp>,
    /// The last that had none, or at which one of the source's feeds and sitemaps failed.
    pub last_failure: Option<Timestamp>,
    /// What went wrong at the last visit; empty when nothing did.
    pub last_error: String,
}

#[derive(Debug, Default)]
pub(crate) struct Health(Mutex<HashMap<String, Visits>>);

impl Health {
    pub(crate) fn of(&self, id: &str) -> Visits {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned().unwrap_or_default()
    }

    /// Takes note of a visit: whether it had headlines, and what went wrong at each of the source's addresses.
    pub(crate) fn note(&self, id: &str, had_headlines: bool, problems: &[String]) {
        let now = Some(Timestamp::now());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let visits = all.entry(id.to_owned()).or_default();
        if had_headlines {
            visits.last_success = now;
        }
        if !had_headlines || !problems.is_empty() {
            visits.last_failure = now;
        }
        visits.last_error = match problems {
            [] => String::new(),
            [only] => only.clone(),
            [first, others @ ..] => format!("{first} ({} more failed)", others.len()),
        };
    }
}
