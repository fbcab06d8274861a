//! Moving a table's blocks, in steps.

use super::store::Table;
use crate::core::memory::{Mover, Steps};

impl Table {
    /// Moves the blocks from step `from` on (0: all of them). Returns the step to go on with, `None` at the end.
    pub fn relocate(&mut self, from: usize, mover: &mut impl Mover) -> Option<usize> {
        let mut steps = Steps::new(from, mover);
        self.names.relocate(&mut steps);
        self.timeline.relocate(&mut steps);
        if let Some(metadata) = &mut self.metadata {
            metadata.relocate(&mut steps);
        }
        if let Some(sessions) = &mut self.sessions {
            sessions.relocate(&mut steps);
        }
        steps.rest()
    }
}
