//! Calls into the crate `tokenizers`, which panics on some files that contradict themselves.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::TokenizerError;

/// Runs a call; its error or its panic is an error of ours.
pub(super) fn run<T>(call: impl FnOnce() -> tokenizers::Result<T>) -> Result<T, TokenizerError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|error| TokenizerError::Failed(error.to_string())),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(TokenizerError::Failed(text.unwrap_or("it panicked").to_owned()))
        }
    }
}
