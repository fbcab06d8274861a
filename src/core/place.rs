//! How slots and timeline name each other: a slot by its id, an entry by its place.

/// Names a slot (`slots.rs`).
pub type SlotId = u32;

/// Where a member's entry is: the chunk, and the index in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place(u32);

const INDEX_BITS: u32 = 10;

impl Place {
    pub(super) fn new(chunk: u32, index: usize) -> Place {
        Place(chunk << INDEX_BITS | index as u32)
    }

    pub(super) fn chunk(self) -> u32 {
        self.0 >> INDEX_BITS
    }

    pub(super) fn index(self) -> usize {
        (self.0 & ((1 << INDEX_BITS) - 1)) as usize
    }
}

/// The most chunks a timeline can have.
pub const MAX_CHUNKS: usize = 1 << (32 - INDEX_BITS);

/// Who must be told where a member's entry is now.
pub trait Places {
    fn set_place(&mut self, slot: SlotId, place: Place);
    /// The slot's place is about to be set.
    fn prefetch(&self, slot: SlotId);
}
