//! Which lane has something happening next: a priority queue of lanes by time. Chunks of mixed lanes queue individually
//! (`mixed.rs`).
//!
//! Lanes change their next time with every touch, far too often to keep a queue exact. So it is kept lazily: an entry
//! may stand earlier than the lane's true time, never later, and is put right when it comes to the top.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::core::time::Millis;

/// A lane in the queue: its time, its ttl (which decides between equal times, the same on every server) and its id.
pub type Item = (Millis, Millis, u32);

const NOT_QUEUED: (Millis, Millis) = (Millis::MAX, Millis::MAX);

/// A lazy priority queue of lanes.
#[derive(Clone, Default)]
pub struct LazyHeap {
    entries: BinaryHeap<Reverse<Item>>,
    /// The time and ttl that each lane is queued with, or [`NOT_QUEUED`]. A lane that is gone leaves its item in the
    /// heap, and its id may be another ttl's by then.
    queued: Vec<(Millis, Millis)>,
}

impl LazyHeap {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.queued.clear();
    }

    /// The lane has something at `time`, which may be earlier than all it had before. Mostly it is not.
    #[inline]
    pub fn note(&mut self, time: Millis, ttl: Millis, lane: u32) {
        let queued = self.queued.get(lane as usize);
        if queued.is_none_or(|queued| (time, ttl) < *queued) {
            self.queue(time, ttl, lane);
        }
    }

    #[cold]
    fn queue(&mut self, time: Millis, ttl: Millis, lane: u32) {
        let index = lane as usize;
        if index >= self.queued.len() {
            self.queued.resize(index + 1, NOT_QUEUED);
        }
        self.queued[index] = (time, ttl);
        self.entries.push(Reverse((time, ttl, lane)));
        self.drop_superseded();
    }

    /// The lane is gone.
    pub fn forget(&mut self, lane: u32) {
        if let Some(queued) = self.queued.get_mut(lane as usize) {
            *queued = NOT_QUEUED;
        }
    }

    /// The item at the top, which may be early.
    #[inline]
    pub fn top(&mut self) -> Option<Item> {
        while let Some(&Reverse(top)) = self.entries.peek() {
            if self.queued[top.2 as usize] == (top.0, top.1) {
                return Some(top);
            }
            self.entries.pop();
        }
        None
    }

    /// Takes the top out; the lane has to be noted again.
    pub fn pop(&mut self) {
        if let Some(Reverse((_, _, lane))) = self.entries.pop() {
            self.queued[lane as usize] = NOT_QUEUED;
        }
        if self.entries.capacity() > 64 && self.entries.len() < self.entries.capacity() / 4 {
            self.entries.shrink_to(self.entries.capacity() / 2);
        }
    }

    /// The lane with the earliest true time, as `time_of` says, together with the ttl.
    pub fn earliest(
        &mut self,
        mut time_of: impl FnMut(u32) -> Option<(Millis, Millis)>,
    ) -> Option<Item> {
        loop {
            let (queued, queued_ttl, lane) = self.top()?;
            match time_of(lane) {
                Some((time, ttl)) if (time, ttl) == (queued, queued_ttl) => {
                    return Some((time, ttl, lane));
                }
                next => {
                    self.pop();
                    if let Some((time, ttl)) = next {
                        self.note(time, ttl, lane);
                    }
                }
            }
        }
    }

    /// Whether another lane may be queued with the time and the ttl of the top.
    pub fn is_tied(&self) -> bool {
        // The second of a binary heap is one of the two below the first.
        match self.entries.as_slice() {
            [Reverse((time, ttl, _)), below @ ..] => below
                .iter()
                .take(2)
                .any(|Reverse(other)| (other.0, other.1) == (*time, *ttl)),
            [] => false,
        }
    }

    /// What a lane is queued with.
    pub fn queued(&self, lane: u32) -> Option<(Millis, Millis)> {
        let queued = self.queued.get(lane as usize)?;
        (*queued != NOT_QUEUED).then_some(*queued)
    }

    /// Forgets all that is noted of lanes from this one on, and gives the room back.
    pub fn truncate(&mut self, lanes: usize) {
        self.queued.truncate(lanes);
        self.queued.shrink_to(lanes);
        let queued = &self.queued;
        self.entries.retain(|Reverse((time, ttl, lane))| {
            queued.get(*lane as usize) == Some(&(*time, *ttl))
        });
        self.entries.shrink_to(lanes);
    }

    pub fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Item>()
            + self.queued.capacity() * size_of::<(Millis, Millis)>()
    }

    /// An earlier time leaves the item it supersedes in the heap; these may not pile up.
    fn drop_superseded(&mut self) {
        if self.entries.len() > 64 + 2 * self.queued.len() {
            let queued = &self.queued;
            self.entries
                .retain(|Reverse((time, ttl, lane))| queued[*lane as usize] == (*time, *ttl));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_that_is_used_again_has_its_new_ttl() {
        let mut heap = LazyHeap::default();
        heap.note(100, 5, 1);
        heap.forget(1);
        heap.note(100, 20, 1);
        assert_eq!(heap.top(), Some((100, 20, 1)));
        heap.pop();
        assert_eq!(heap.top(), None);
    }
}
