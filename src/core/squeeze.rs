//! Getting the room of dead entries back.
//!
//! A sealed chunk is squeezed when half of it is dead: its living entries are copied into a block of half the size, and keep
//! their indices (`chunk.rs`). So each refresh, which kills one entry, pays for copying one, and between a half and all of
//! every block is alive.
//!
//! Where only an eighth of the indices is alive, the chunk is joined with a neighbour or written anew, and its members are
//! told of their new places. Each refresh pays for an eighth of that, and a long tail of old chunks with few survivors each
//! cannot form.

use super::chunk::{Chunk, MAX_ENTRIES, MAX_SPAN};
use super::place::Places;
use super::timeline::Timeline;

/// Two chunks are joined while they have at most this many living entries together, half of the largest chunk.
const MAX_JOINED: usize = MAX_ENTRIES / 2;

impl Timeline {
    /// Makes a chunk smaller that has become thin.
    #[cold]
    pub(super) fn squeeze(&mut self, id: u32, places: &mut impl Places) {
        let chunk = self.chunks.get(id);
        let room = if chunk.sealed {
            chunk.alive()
        } else {
            chunk.alive() * 2
        };
        if !chunk.is_stretched() {
            return self.squeeze_chunk(id, room);
        }
        if chunk.sealed {
            let (before, after) = self.neighbours(id);
            if let Some(before) = before
                && self.can_join(before, id)
            {
                return self.join(before, id, places);
            }
            if let Some(after) = after
                && self.can_join(id, after)
            {
                return self.join(id, after, places);
            }
        }
        self.rebuild(id, room, places);
    }

    /// Lets a chunk's dead entries go; the places of the living stay what they are.
    pub(super) fn squeeze_chunk(&mut self, id: u32, room: usize) {
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

    /// Writes the living of two neighbours into the first.
    fn join(&mut self, first: u32, second: u32, places: &mut impl Places) {
        let (before, after) = (self.chunks.get(first), self.chunks.get(second));
        let moved = after.alive();
        let mut joined = Chunk::new(before.alive() + moved, before.base());
        self.move_living((first, 0), &mut joined, first, places);
        self.move_living((second, 0), &mut joined, first, places);
        self.replace_chunk(first, joined);
        self.recount(first, moved as i32);
        self.recount(second, -(moved as i32));
        self.remove_chunk(second);
    }
}
