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
pub fn wait_until(limit: Duration, what: impl Display, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !condition() {
        assert!(Instant::now() < deadline, "not within {limit:?}: {what}");
        thread::sleep(POLL);
    }
}
