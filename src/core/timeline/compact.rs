//! Getting the room of dead entries back.
//!
//! A sealed chunk is squeezed when half of it is dead: its living entries are copied into a block of half the size, and keep
//! their indices (`chunk.rs`). So each refresh, which kills one entry, pays for copying one, and between a half and all of
//! every block is alive.
//!
//! Where only an eighth of the indices is alive, the chunk is joined with a neighbour or written anew, and its members are
//! told of their new places. Each refresh pays for an eighth of that, and a long tail of old chunks with few survivors each
//! cannot form.
//!
//! Members who are refreshed at random thin all chunks out alike, so that thousands would be half dead, or dead but for an
//! eighth, in the same moment. So they queue, and each entry that dies pays for a little of that work. It pays for more than
//! twice as much as there is to do in the long run, so the queue moves on.

use std::collections::VecDeque;

use super::chunk::{Chunk, MAX_ENTRIES, MAX_SPAN};
use super::log::Timeline;
use crate::core::refs::Places;

/// Two chunks are joined while they have at most this many living entries together, half of the largest chunk.
const MAX_JOINED: usize = MAX_ENTRIES / 2;

/// What an entry that dies pays for, in entries that are copied within a chunk.
const PAID: usize = 8;
/// What it costs to tell a member of a new place, in the same.
const TOLD: usize = 16;

/// Room that an empty queue keeps, for a refresh not to ask for it anew.
const MIN_QUEUE: usize = 16;

/// The queue of chunks that have become thin.
#[derive(Clone, Default)]
pub struct Thin {
    /// A chunk that is not there any more, or not thin, may still have its number here.
    queue: VecDeque<u32>,
    /// What has not been paid for of the work that was done.
    owed: usize,
}

impl Thin {
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

impl Timeline {
    /// Notes that a chunk has become thin.
    #[inline]
    pub fn note_thin(&mut self, id: u32) {
        let chunk = self.chunks.get_mut(id);
        if !chunk.waits {
            chunk.waits = true;
            self.thin.queue.push_back(id);
        }
    }

    /// An entry has died: squeezes the next chunk, where what was done for the one before is paid for.
    #[inline]
    pub fn squeeze_some(&mut self, places: &mut impl Places) {
        self.thin.owed = self.thin.owed.saturating_sub(PAID);
        if self.thin.owed == 0
            && let Some(id) = self.thin.queue.pop_front()
        {
            self.squeeze_next(id, places);
        }
    }

    #[cold]
    fn squeeze_next(&mut self, id: u32, places: &mut impl Places) {
        let queue = &mut self.thin.queue;
        if queue.is_empty() && queue.capacity() > self.chunks.len().max(MIN_QUEUE) * 4 {
            queue.shrink_to(MIN_QUEUE);
        }
        let waiting = |chunk: &mut Chunk| std::mem::take(&mut chunk.waits) && chunk.is_thin();
        if self.chunks.place_mut(id).is_some_and(waiting) {
            self.thin.owed = self.squeeze(id, places);
        }
    }

    /// Makes a chunk smaller that has become thin. Returns what that cost.
    fn squeeze(&mut self, id: u32, places: &mut impl Places) -> usize {
        let chunk = self.chunks.get(id);
        let alive = chunk.alive();
        let room = if chunk.sealed { alive } else { alive * 2 };
        if !chunk.is_stretched() {
            self.squeeze_chunk(id, room);
            return alive;
        }
        if chunk.sealed {
            let (before, after) = self.neighbours(id);
            if let Some(before) = before
                && self.can_join(before, id)
            {
                return self.join(before, id, places);
            }
            if let Some(after) = after
                && self.chunks.get(after).is_stretched()
                && self.can_join(id, after)
            {
                return self.join(id, after, places);
            }
        }
        self.rebuild(id, room, places);
        alive * TOLD
    }

    /// Lets a chunk's dead entries go; the places of the living stay what they are.
    pub fn squeeze_chunk(&mut self, id: u32, room: usize) {
        let chunk = self.chunks.get_mut(id);
        let before = chunk.bytes();
        chunk.squeeze(room);
        self.chunk_bytes = self.chunk_bytes + chunk.bytes() - before;
    }

    /// The chunks before and after one in its lane.
    fn neighbours(&self, id: u32) -> (Option<u32>, Option<u32>) {
        let chunk = self.chunks.get(id);
        let block = self.blocks.get(chunk.block);
        let lane = &self.lanes[block.lane as usize];
        let (link, at) = (chunk.link as usize, (block.seq - lane.front) as usize);
        let links_of = |at: usize| Some(&self.blocks.get(lane.root.get(at)?.block).links);
        let before = match link.checked_sub(1) {
            Some(link) => Some(block.links[link].chunk),
            None => at
                .checked_sub(1)
                .and_then(links_of)
                .and_then(|links| links.last())
                .map(|link| link.chunk),
        };
        let after = match block.links.get(link + 1) {
            Some(link) => Some(link.chunk),
            None => links_of(at + 1)
                .and_then(|links| links.first())
                .map(|link| link.chunk),
        };
        (before, after)
    }

    fn can_join(&self, first: u32, second: u32) -> bool {
        let (first, second) = (self.chunks.get(first), self.chunks.get(second));
        first.sealed
            && second.sealed
            && first.alive() + second.alive() <= MAX_JOINED
            && second.last_time() - first.base() <= MAX_SPAN
    }

    /// Writes the living of two neighbours into the first. Returns what that cost.
    fn join(&mut self, first: u32, second: u32, places: &mut impl Places) -> usize {
        let before = self.chunks.get(first);
        let (stay, moved) = (before.alive(), self.chunks.get(second).alive());
        let extends = !before.is_stretched() && before.len() + moved <= MAX_ENTRIES;
        if extends {
            let before = self.chunks.get_mut(first);
            let bytes = before.bytes();
            before.reserve(moved);
            let mut joined = std::mem::take(before);
            self.chunk_bytes = self.chunk_bytes + joined.bytes() - bytes;
            self.move_living((second, 0), &mut joined, first, places);
            *self.chunks.get_mut(first) = joined;
        } else {
            let mut joined = Chunk::new(stay + moved, before.base(), before.is_mixed());
            self.move_living((first, 0), &mut joined, first, places);
            self.move_living((second, 0), &mut joined, first, places);
            self.replace_chunk(first, joined);
        }
        self.recount(first, moved as i32);
        self.recount(second, -(moved as i32));
        self.mixed_joined(second, first);
        self.remove_chunk(second);
        let told = if extends { moved } else { stay + moved };
        told * TOLD
    }
}

#[cfg(test)]
#[path = "compact_test.rs"]
mod tests;
