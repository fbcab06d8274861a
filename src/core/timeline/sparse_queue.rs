//! The queue of chunks to be compacted (`compact.rs`), and what is owed for the work done.

use std::collections::VecDeque;

/// What an entry that dies pays for, in entries that are copied within a chunk.
const PAID: usize = 8;
/// Room that an empty queue keeps, for a refresh not to ask for it anew.
const MIN_QUEUE: usize = 16;

/// The queue of chunks that have become sparse.
#[derive(Clone, Default)]
pub struct SparseQueue {
    /// May still name chunks that are gone, or not sparse any more.
    queue: VecDeque<u32>,
    /// What has not been paid for of the work that was done.
    owed: usize,
}

impl SparseQueue {
    /// Queues a chunk.
    #[inline]
    pub fn push(&mut self, id: u32) {
        self.queue.push_back(id);
    }

    /// An entry that dies pays its share. Returns the next chunk, where the work on the last one is paid for.
    #[inline]
    pub fn pay(&mut self) -> Option<u32> {
        self.owed = self.owed.saturating_sub(PAID);
        match self.owed {
            0 => self.queue.pop_front(),
            _ => None,
        }
    }

    /// So much is owed for work that was done.
    pub fn owe(&mut self, cost: usize) {
        self.owed = cost;
    }

    /// Gives room back, where an empty queue has more than this many chunks need.
    pub fn shrink(&mut self, chunks: usize) {
        if self.queue.is_empty() && self.queue.capacity() > chunks.max(MIN_QUEUE) * 4 {
            self.queue.shrink_to(MIN_QUEUE);
        }
    }

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
