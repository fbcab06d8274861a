//! A turn: how long one key, or what is left of one that is gone, may go on.

use super::{orphans, slot_imports, unfinished, watch_list};
use crate::clock;
use crate::core::time::Millis;

/// How long one may go on.
#[derive(Clone, Copy)]
pub struct Turn {
    /// What is due by then is to be done.
    pub now: Millis,
    /// When the slice is over, which counts where somebody waits.
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

/// Whether anybody has something due. Who has a turn is not counted.
pub fn are_wanted(now: Millis) -> bool {
    watch_list::is_due(now)
        || !unfinished::is_empty()
        || !orphans::is_empty()
        || slot_imports::has_released()
}
