//! Chunks that come, grow, shrink and are written anew, with what the tree counts of them.

use super::chunk::{Chunk, Entry};
use super::chunk_tree::{Block, ChunkTree, Root};
use crate::core::refs::{EntryId, MemberRef, MoveListener};
use crate::core::time::Millis;

impl ChunkTree {
    pub fn first_chunk(&mut self, lane: u32, entry: Entry) -> EntryId {
        let time = entry.time;
        let id = self.new_chunk(1, time, self.lanes[lane as usize].mixed);
        let block = self.blocks.insert(Block {
            lane,
            seq: self.lanes[lane as usize].front,
            links: Vec::new(),
        });
        self.lanes[lane as usize].root.push_back(Root {
            first: time,
            block,
            alive: 0,
        });
        self.insert_link(block, 0, id);
        self.push(id, entry)
    }

    pub fn new_chunk(&mut self, room: usize, base: Millis, mixed: bool) -> u32 {
        let chunk = Chunk::new(room, base, mixed);
        self.chunk_bytes += chunk.bytes();
        self.chunks.insert(chunk)
    }

    /// Writes an entry at the end of a chunk that has room for it.
    #[inline]
    pub fn push(&mut self, id: u32, entry: Entry) -> EntryId {
        let chunk = self.chunks.get_mut(id);
        let index = chunk.push(entry);
        let (block, link) = (chunk.block, chunk.link);
        self.add_alive(block, link, 1);
        EntryId::new(id, index)
    }

    /// Doubles the room of a chunk.
    pub fn grow(&mut self, id: u32) {
        let chunk = self.chunks.get_mut(id);
        let before = chunk.bytes();
        chunk.grow();
        self.chunk_bytes += chunk.bytes() - before;
    }

    /// Drops a chunk's dead entries; the ids of the living stay what they are.
    pub fn compact_chunk(&mut self, id: u32, room: usize) {
        let chunk = self.chunks.get_mut(id);
        let before = chunk.bytes();
        chunk.compact(room);
        self.chunk_bytes = self.chunk_bytes + chunk.bytes() - before;
    }

    /// Cuts a chunk's entries from `index` on off, and gives the room back.
    pub fn truncate(&mut self, id: u32, index: usize) {
        let chunk = self.chunks.get_mut(id);
        let before = chunk.bytes();
        chunk.truncate(index);
        chunk.shrink();
        self.chunk_bytes = self.chunk_bytes + chunk.bytes() - before;
    }

    /// Writes the living entries of a chunk, from an index on, into what is to be chunk `to`.
    pub fn move_living(
        &self,
        (id, from): (u32, usize),
        new: &mut Chunk,
        to: u32,
        listener: &mut impl MoveListener,
    ) {
        /// How many members ahead are asked for.
        const AHEAD: usize = 12;
        let chunk = self.chunks.get(id);
        let mut ahead = chunk.living_from(from);
        for (_, entry) in ahead.by_ref().take(AHEAD) {
            listener.prefetch(entry.prefix);
        }
        for (at, entry) in chunk.living_from(from) {
            if let Some((_, entry)) = ahead.next() {
                listener.prefetch(entry.prefix);
            }
            let (prefix, entry_id) = (entry.prefix, EntryId::new(id, at));
            listener.moved(
                MemberRef { prefix, entry_id },
                EntryId::new(to, new.push(entry)),
            );
        }
    }

    /// Replaces a chunk's content by one that holds the same living entries, or those and a neighbour's.
    pub fn replace_chunk(&mut self, id: u32, mut new: Chunk) {
        let old = self.chunks.get_mut(id);
        (new.sealed, new.queued) = (old.sealed, old.queued);
        (new.link, new.block) = (old.link, old.block);
        self.chunk_bytes = self.chunk_bytes + new.bytes() - old.bytes();
        *old = new;
    }
}
