//! What sessions take: bytes, blocks, and how those are moved.

use super::{Metadata, Sessions};
use crate::core::memory::{Mover, Steps};

impl Sessions {
    /// Bytes allocated, these included.
    pub fn bytes(&self) -> usize {
        let groups = self.groups.as_ref().map_or(0, |groups| groups.bytes());
        groups + size_of::<Sessions>() - size_of::<Metadata>()
            + self.ids.bytes()
            + self.records.0.bytes()
            + self.times.bytes()
            + self.owners.bytes()
            + self.owned_bytes
            + self.metadata.bytes()
    }

    /// How many separate allocations there are.
    pub fn allocations(&self) -> usize {
        let groups = self.groups.as_ref();
        groups.map_or(0, |groups| groups.allocations())
            + self.ids.allocations()
            + self.times.allocations()
            + self.metadata.allocations()
            + self.records.0.allocations()
            + self.owners.allocations()
    }

    /// Moves the blocks (`memory/mover.rs`).
    pub fn relocate(&mut self, steps: &mut Steps<impl Mover>) {
        self.ids.relocate(steps);
        steps.arena(&mut self.records.0, |_, _| {});
        self.times.relocate(steps);
        steps.arena(&mut self.owners, |_, _| {});
        self.metadata.relocate(steps);
        if let Some(groups) = &mut self.groups {
            groups.relocate(steps);
        }
    }
}
