//! The panic guard: a panic that left an `extern "C"` function would abort the server.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::log;

/// Runs a callback's body. A panic becomes a line in the server's log and `None`.
pub fn guard<R>(what: &str, body: impl FnOnce() -> R) -> Option<R> {
    // Unwind safe: what a change leaves half done is marked as damaged (`datatype::value`).
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(result) => Some(result),
        Err(panic) => {
            let message = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("no message");
            log::warn(&format!("presence: internal error in {what}: {message}"));
            None
        }
    }
}
