//! Compaction: getting the room of dead entries back, as in log-structured storage.
//!
//! A sealed chunk is compacted when half of it is dead: its living entries are copied into a block of half the size,
//! and keep their indices (`chunk.rs`). So each refresh, which kills one entry, pays for copying one, and at least half
//! of every block is alive.
//!
//! Where only an eighth of the indices is alive, the chunk is joined with a neighbour or rebuilt, and its entries get
//! new ids. Each refresh pays for an eighth of that, and a long tail of old chunks with few survivors each cannot form.
//!
//! Random refreshes make all chunks sparse at the same rate, so thousands would be due in the same moment. So they
//! queue, and each entry that dies pays for a little of the work: more than twice as much as there is to do in the long
//! run, so the queue drains.

use super::chunk::{Chunk, MAX_ENTRIES, MAX_SPAN};
use super::log::Timeline;
use crate::core::refs::MoveListener;

/// Two chunks are joined while they have at most this many living entries together, half of the largest chunk.
const MAX_JOINED: usize = MAX_ENTRIES / 2;

/// What it costs to point a name at a new entry, in the same unit.
const REPOINT_COST: usize = 16;

impl Timeline {
    /// Queues a chunk that has become sparse.
    #[inline]
    pub fn queue_sparse(&mut self, id: u32) {
        let chunk = self.tree.chunks.get_mut(id);
        if !chunk.queued {
            chunk.queued = true;
            self.sparse.push(id);
        }
    }

    /// An entry has died: compacts the next chunk, once the last one is paid for.
    #[inline]
    pub fn compact_some(&mut self, listener: &mut impl MoveListener) {
        if let Some(id) = self.sparse.pay() {
            self.compact_next(id, listener);
        }
    }

    #[cold]
    fn compact_next(&mut self, id: u32, listener: &mut impl MoveListener) {
        self.sparse.shrink(self.tree.chunks.len());
        let is_waiting = |chunk: &mut Chunk| std::mem::take(&mut chunk.queued) && chunk.is_sparse();
        if self.tree.chunks.slot_mut(id).is_some_and(is_waiting) {
            let cost = self.compact(id, listener);
            self.sparse.owe(cost);
        }
    }

    /// Makes a sparse chunk smaller. Returns what that cost.
    fn compact(&mut self, id: u32, listener: &mut impl MoveListener) -> usize {
        let chunk = self.tree.chunks.get(id);
        let alive = chunk.alive();
        let room = if chunk.sealed { alive } else { alive * 2 };
        if !chunk.is_stretched() {
            self.tree.compact_chunk(id, room);
            return alive;
        }
        if chunk.sealed {
            if let Some(before) = self.tree.chunk_before(id)
                && self.can_join(before, id)
            {
                return self.join(before, id, listener);
            }
            if let Some(after) = self.tree.chunk_after(id)
                && self.tree.chunks.get(after).is_stretched()
                && self.can_join(id, after)
            {
                return self.join(id, after, listener);
            }
        }
        self.rebuild(id, room, listener);
        alive * REPOINT_COST
    }

    fn can_join(&self, first: u32, second: u32) -> bool {
        let (first, second) = (self.tree.chunks.get(first), self.tree.chunks.get(second));
        first.sealed
            && second.sealed
            && first.alive() + second.alive() <= MAX_JOINED
            && second.last_time() - first.base() <= MAX_SPAN
    }

    /// Writes the living of two neighbours into the first. Returns what that cost.
    fn join(&mut self, first: u32, second: u32, listener: &mut impl MoveListener) -> usize {
        let before = self.tree.chunks.get(first);
        let (stay, moved) = (before.alive(), self.tree.chunks.get(second).alive());
        let extends = !before.is_stretched() && before.len() + moved <= MAX_ENTRIES;
        if extends {
            let before = self.tree.chunks.get_mut(first);
            let bytes = before.bytes();
            before.reserve(moved);
            let mut joined = std::mem::take(before);
            self.tree.chunk_bytes = self.tree.chunk_bytes + joined.bytes() - bytes;
            self.tree
                .move_living((second, 0), &mut joined, first, listener);
            *self.tree.chunks.get_mut(first) = joined;
        } else {
            let mut joined = Chunk::new(stay + moved, before.base(), before.is_mixed());
            self.tree
                .move_living((first, 0), &mut joined, first, listener);
            self.tree
                .move_living((second, 0), &mut joined, first, listener);
            self.tree.replace_chunk(first, joined);
        }
        self.tree.recount(first, moved as i32);
        self.tree.recount(second, -(moved as i32));
        if let Some(mixed) = &mut self.mixed {
            mixed.joined(second, first);
        }
        self.remove_chunk(second);
        let repointed = if extends { moved } else { stay + moved };
        repointed * REPOINT_COST
    }
}

#[cfg(test)]
#[path = "compact_test.rs"]
mod tests;
