//! Who of the mixed lanes is due for removal first.

use super::super::chunk::ends::Due;
use super::super::chunk_tree::ChunkTree;
use super::super::lazy_heap::LazyHeap;
use super::Mixed;
use crate::core::refs::HashPrefix;
use crate::core::time::Millis;

impl Mixed {
    /// The chunk whose first member is due for removal before those of all others, and when. Between equal times the
    /// shorter ttl comes first, then who was touched first.
    pub fn next_due(&mut self, retain: Millis, tree: &ChunkTree) -> Option<(Due, u32)> {
        let mut heap = std::mem::take(&mut self.due);
        let next = heap.earliest(|id| self.first_due(id, tree, retain));
        let next = next.map(|(time, ttl, id)| {
            let due = (time, ttl);
            let first = match heap.is_tied() {
                true => self.first_of_run(due, id, &heap, tree, retain),
                false => id,
            };
            (due, first)
        });
        self.due = heap;
        next
    }

    /// The first one due of a chunk that [`next_due`](Self::next_due) returned.
    pub fn first_of_front(&self, id: u32) -> Option<usize> {
        let front = &self.notes.get(id as usize)?.front;
        front.last().map(|index| usize::from(*index))
    }

    /// Prefetches what is read of a chunk when its turn comes again. Returns the prefix of the member who is next.
    pub fn next_of_front(&self, id: u32, tree: &ChunkTree) -> Option<HashPrefix> {
        let front = &self.notes.get(id as usize)?.front;
        if front.is_empty() {
            // The chunk may be gone, too.
            return None;
        }
        let chunk = tree.chunks.get(id);
        let next = front.iter().rev().map(|index| usize::from(*index));
        let mut next = next.filter(|index| chunk.is_alive(*index));
        let prefix = chunk.entry(next.next()?).prefix;
        if let Some(after) = next.next() {
            chunk.prefetch(after);
        }
        Some(prefix)
    }

    /// Members are due under another retention than they were noted with.
    pub fn note_due(&mut self, retain: Millis, tree: &ChunkTree) {
        self.due.clear();
        self.run = None;
        for id in tree.mixed_chunks() {
            self.note_of(id).front.clear();
            // Not when the first one is due, but not after it.
            let remembered = tree.chunks.get(id).base() + retain;
            self.due.note(self.first_end(id).max(remembered), 0, id);
        }
    }

    /// The first chunk in which a member is due at this moment, of whom one chunk has one. Of one ttl, who is due at
    /// one moment was seen at one moment, so the chunks follow each other; and who is touched later stands behind.
    fn first_of_run(
        &mut self,
        due: Due,
        id: u32,
        heap: &LazyHeap,
        tree: &ChunkTree,
        retain: Millis,
    ) -> u32 {
        if let Some((run, first)) = self.run
            && run == due
            && self.first_due(first, tree, retain) == Some(due)
        {
            return first;
        }
        let (time, ttl) = due;
        let touch = time - ttl.max(retain);
        let (mut first, mut at) = (id, id);
        while tree.chunks.get(at).base() == touch
            && let Some(before) = tree.chunk_before(at)
            && tree.chunks.get(before).last_time() == touch
        {
            at = before;
            if heap.queued(at).is_some_and(|queued| queued <= due)
                && self.first_due(at, tree, retain) == Some(due)
            {
                first = at;
            }
        }
        self.run = Some((due, first));
        first
    }

    /// When the first member of a chunk is due, and its ttl. Without retention that is when the first one expires, as
    /// well.
    fn first_due(&mut self, id: u32, tree: &ChunkTree, retain: Millis) -> Option<Due> {
        let (chunk, ttl) = tree.chunk_and_ttl(id);
        let notes = self.note_of(id);
        let front = &mut notes.front;
        while let Some(index) = front.last()
            && !chunk.is_alive((*index).into())
        {
            front.pop();
        }
        if front.is_empty() {
            *front = chunk.front(ttl, retain);
        }
        let first = *front.last()?;
        let due = chunk.due(first.into(), ttl, retain);
        if retain == 0 {
            notes.first_end = due.0;
        }
        Some(due)
    }
}
