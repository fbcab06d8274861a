//! Members that are looked for together.

use crate::core::member::LookupKey;

/// How many members are prefetched together. With half as many, refreshes wait for the first of them.
pub const BATCH: usize = 20;

/// Up to [`BATCH`] members.
pub struct Batch<'a> {
    members: [LookupKey<'a>; BATCH],
    len: usize,
}

impl Default for Batch<'_> {
    fn default() -> Self {
        Batch {
            members: [LookupKey::new(&[]); BATCH],
            len: 0,
        }
    }
}

impl<'a> Batch<'a> {
    /// The next of these members.
    pub fn of(names: &mut impl Iterator<Item = &'a [u8]>) -> Self {
        let mut batch = Batch::default();
        for name in names.take(BATCH) {
            batch.members[batch.len] = LookupKey::with_hash(name);
            batch.len += 1;
        }
        batch
    }

    pub fn members(&self) -> &[LookupKey<'a>] {
        &self.members[..self.len]
    }
}
