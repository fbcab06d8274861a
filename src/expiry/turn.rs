//! A turn: how long the eviction may work on one key, or on the orphans of one.

use super::{orphans, slot_imports, unfinished, watch_list};
use crate::clock;
use crate::core::time::Millis;

/// The limits of one.
#[derive(Clone, Copy)]
pub struct Turn {
    /// What is due by then is done.
    pub now: Millis,
    /// When the slice is over, which counts only while another waits.
    pub until: u64,
    /// When the budget is spent.
    pub deadline: u64,
}

impl Turn {
    /// Whether it has come to its end.
    pub fn is_over(self) -> bool {
        let clock = clock::monotonic_micros();
        clock >= self.deadline || clock >= self.until && are_wanted(self.now)
    }
}

/// Whether any key has something due, apart from the one whose turn it is.
pub fn are_wanted(now: Millis) -> bool {
    watch_list::is_due(now)
        || !unfinished::is_empty()
        || !orphans::is_empty()
        || slot_imports::has_released()
}
