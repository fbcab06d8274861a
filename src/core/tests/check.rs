//! What must hold inside a set between any two operations.

use crate::core::PresenceSet;

impl PresenceSet {
    /// Panics where the set contradicts itself.
    pub fn check(&self) {
        if let Some(table) = self.table() {
            table.check();
        }
    }

    /// Whether there is a mixed lane.
    pub fn mixes_ttls(&self) -> bool {
        self.table()
            .is_some_and(|table| table.timeline.mixes_ttls())
    }
}
