//! Metadata of a table's members: bytes that mean nothing here. Few sets have any, and of those not every member, so they
//! stand apart, by name.

use crate::core::index::Names;
use crate::core::member::LookupKey;
use crate::core::memory::{Arena, Mover, Steps};
use crate::core::refs::EntryId;

/// Members' metadata by their names. Empty metadata is none.
#[derive(Clone, Default)]
pub struct Metadata {
    /// Each with the place of its metadata in `blobs`.
    names: Names,
    blobs: Arena<Box<[u8]>>,
    /// Bytes in the boxes of `blobs`.
    blob_bytes: usize,
}

impl Metadata {
    pub fn is_empty(&self) -> bool {
        self.blobs.len() == 0
    }

    /// Bytes allocated, these included.
    pub fn bytes(&self) -> usize {
        size_of::<Metadata>() + self.names.bytes() + self.blobs.bytes() + self.blob_bytes
    }

    /// How many separate allocations there are.
    pub fn allocations(&self) -> usize {
        1 + self.names.allocations() + self.blobs.len()
    }

    /// Moves the blocks (`memory/mover.rs`).
    pub fn relocate(&mut self, steps: &mut Steps<impl Mover>) {
        self.names.relocate(steps);
        steps.arena(&mut self.blobs, |blob, mover| mover.slice(blob));
    }

    /// A member's metadata.
    pub fn get(&self, member: &LookupKey) -> Option<&[u8]> {
        let (_, place) = self.names.find(member)?;
        Some(self.blobs.get(place.bits()))
    }

    /// A member's metadata is this from now on; empty, it has none. Returns whether that is another than before.
    pub fn set(&mut self, member: &LookupKey, blob: &[u8]) -> bool {
        if blob.is_empty() {
            return self.remove(member);
        }
        let Some((_, place)) = self.names.find(member) else {
            self.blob_bytes += blob.len();
            let place = self.blobs.insert(blob.into());
            self.names.insert(member, EntryId::from_bits(place));
            return true;
        };
        let old = self.blobs.get_mut(place.bits());
        if **old == *blob {
            return false;
        }
        self.blob_bytes += blob.len();
        self.blob_bytes -= old.len();
        *old = blob.into();
        true
    }

    /// Takes a member's metadata away. Returns whether there was any.
    pub fn remove(&mut self, member: &LookupKey) -> bool {
        let Some((name, _)) = self.names.find(member) else {
            return false;
        };
        let place = self.names.remove(member.prefix(), name);
        self.blob_bytes -= self.blobs.remove(place.bits()).len();
        true
    }
}
