//! The queue of chunks to be compacted (`compact.rs`), and what is owed for the work done.

use std::collections::VecDeque;

/// What an entry that dies pays for, in entries that are copied within a chunk.
pub const PAID: usize = 8;
/// Room that an empty queue keeps, for a refresh not to ask for it anew.
pub const MIN_QUEUE: usize = 16;

/// The queue of chunks that have become sparse.
#[derive(Clone, Default)]
pub struct SparseQueue {
    /// May still name chunks that are gone, or not sparse any more.
    pub queue: VecDeque<u32>,
    /// What has not been paid for of the work that was done.
    pub owed: usize,
}

impl SparseQueue {
    /// Bytes allocated.
    pub fn bytes(&self) -> usize {
        self.queue.capacity() * size_of::<u32>()
    }

    /// Who is in the queue.
    #[cfg(test)]
    pub fn ids(&self) -> impl Iterator<Item = u32> + '_ {
        self.queue.iter().copied()
    }
}
