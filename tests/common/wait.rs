//! Waiting for something to become true. No test sleeps and hopes.

use std::fmt::Display;
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take that should take a moment: a start, a link, a reply.
pub const LIMIT: Duration = Duration::from_secs(10);

/// How long to rest between two looks.
const POLL: Duration = Duration::from_millis(2);

/// Polls `condition` until it holds.
///
/// # Panics
/// With `what` when it does not hold within `limit`.
#[track_caller]
pub fn wait_until(limit: Duration, what: impl Display, condition: impl FnMut() -> bool) {
    assert!(
        holds_within(limit, condition),
        "not within {limit:?}: {what}"
    );
}

/// Polls `condition` until it holds, and gives whether it did within `limit`.
pub fn holds_within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    while !condition() {
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(POLL);
    }
    true
}
