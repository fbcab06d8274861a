//! Writing entries: nearly always at the end of their lane, sometimes in between.

use super::chunk::{Chunk, Entry, MAX_ENTRIES};
use super::log::{Block, Root, Timeline};
use crate::core::refs::{Address, Place, Places};
use crate::core::time::Millis;

/// An entry out of order moves at most this many others up; before more than that, the chunk is split.
const MAX_SHIFT: usize = 64;
/// Room in a chunk that is begun between others.
const MIDDLE_ROOM: usize = 64;

impl Timeline {
    /// Adds an entry of one who stays for `ttl`. Among entries of the same time it comes last. Others may move, of which
    /// `places` is told.
    pub fn insert(&mut self, ttl: Millis, mut entry: Entry, places: &mut impl Places) -> Place {
        let time = entry.time;
        let lane = self.lane_for(ttl);
        self.latest = lane;
        let in_lane = &self.lanes[lane as usize];
        let mixed = in_lane.mixed;
        entry.extra = (ttl - in_lane.ttl) as u32;
        let place = match self.lanes[lane as usize].root.back() {
            None => self.first_chunk(lane, entry),
            Some(root) => {
                let links = &self.blocks.get(root.block).links;
                let tail = links[links.len() - 1].chunk;
                if time >= self.chunks.get(tail).last_time() {
                    self.append(tail, entry, true, places)
                } else {
                    self.insert_in_order(lane, entry, places)
                }
            }
        };
        self.alive += 1;
        self.lanes[lane as usize].alive += 1;
        if mixed {
            self.mixed_added(place.chunk(), time, ttl, entry.told);
        } else {
            self.note_due(lane, time);
            self.note_expiry(lane, time);
            self.note_untold(lane, entry);
        }
        place
    }

    fn first_chunk(&mut self, lane: u32, entry: Entry) -> Place {
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
    fn push(&mut self, id: u32, entry: Entry) -> Place {
        let chunk = self.chunks.get_mut(id);
        let index = chunk.push(entry);
        let (block, link) = (chunk.block, chunk.link);
        self.add_alive(block, link, 1);
        Place::new(id, index)
    }

    /// Writes an entry after all of a chunk's: there, or in a new chunk behind it. `tail` says that nothing follows.
    #[inline]
    fn append(&mut self, id: u32, entry: Entry, tail: bool, places: &mut impl Places) -> Place {
        let chunk = self.chunks.get(id);
        if !chunk.is_full() && chunk.spans(entry.time) {
            return self.push(id, entry);
        }
        self.append_slow(id, entry, tail, places)
    }

    #[cold]
    fn append_slow(
        &mut self,
        id: u32,
        entry: Entry,
        tail: bool,
        places: &mut impl Places,
    ) -> Place {
        let chunk = self.chunks.get_mut(id);
        if chunk.spans(entry.time) {
            let room = (chunk.alive() * 2).min(MAX_ENTRIES).max(chunk.alive() + 1);
            let half_dead = chunk.alive() * 2 <= chunk.capacity();
            if chunk.is_stretched() || chunk.sealed && (half_dead || chunk.is_squeezed()) {
                self.rebuild(id, room, places);
                return self.push(id, entry);
            }
            if half_dead && chunk.len() < MAX_ENTRIES {
                self.squeeze_chunk(id, room);
                return self.push(id, entry);
            }
            if chunk.capacity() < MAX_ENTRIES && chunk.len() < MAX_ENTRIES {
                self.grow(id);
                return self.push(id, entry);
            }
        }
        let room = if tail && chunk.len() == MAX_ENTRIES {
            chunk.capacity()
        } else {
            MIDDLE_ROOM
        };
        chunk.sealed = true;
        let mixed = chunk.is_mixed();
        let new = self.new_chunk(room, entry.time, mixed);
        self.chunks.get_mut(new).sealed = !tail;
        self.link_after(id, new);
        self.push(new, entry)
    }

    /// Writes an entry that is earlier than the newest of its lane: an import, or the clock has stepped back.
    fn insert_in_order(&mut self, lane: u32, entry: Entry, places: &mut impl Places) -> Place {
        let time = entry.time;
        let root = &self.lanes[lane as usize].root;
        let at = root.partition_point(|block| block.first <= time);
        let links = &self.blocks.get(root[at.saturating_sub(1)].block).links;
        let link = links.partition_point(|link| link.first <= time);
        let id = links[link.saturating_sub(1)].chunk;

        let chunk = self.chunks.get(id);
        if chunk.last_time() <= time {
            return self.append(id, entry, false, places);
        }
        if chunk.is_squeezed() {
            self.rebuild(id, chunk.alive() + 1, places);
        }
        let chunk = self.chunks.get(id);
        let index = chunk.after(time);
        if index == chunk.len() {
            return self.append(id, entry, false, places);
        }
        if chunk.len() - index <= MAX_SHIFT && chunk.stretches_to(time) {
            if chunk.is_full() && chunk.capacity() < MAX_ENTRIES {
                self.grow(id);
            }
            let chunk = self.chunks.get_mut(id);
            if !chunk.is_full() {
                chunk.insert(index, entry);
                // From the last on: each moves to a place that nobody has any more.
                for at in (index + 1..chunk.len()).rev() {
                    if chunk.is_alive(at) {
                        let (home, place) = (chunk.entry(at).home, Place::new(id, at - 1));
                        places.moved(Address { home, place }, Place::new(id, at));
                    }
                }
                let (block, link, base) = (chunk.block, chunk.link, chunk.base());
                self.add_alive(block, link, 1);
                self.set_first(block, link, base);
                return Place::new(id, index);
            }
        }
        let chunk = self.chunks.get(id);
        if time < chunk.base() {
            let (block, link, mixed) = (chunk.block, chunk.link, chunk.is_mixed());
            let new = self.new_chunk(1, time, mixed);
            self.chunks.get_mut(new).sealed = true;
            self.insert_link(block, link as usize, new);
            return self.push(new, entry);
        }
        self.split(id, index, places);
        self.append(id, entry, false, places)
    }

    /// Doubles the room of a chunk.
    fn grow(&mut self, id: u32) {
        let chunk = self.chunks.get_mut(id);
        let before = chunk.bytes();
        chunk.grow();
        self.chunk_bytes += chunk.bytes() - before;
    }

    /// Moves the entries from `index` on into a new chunk behind.
    fn split(&mut self, id: u32, index: usize, places: &mut impl Places) {
        let chunk = self.chunks.get_mut(id);
        let moved = chunk.count_from(index);
        if moved > 0 {
            let base = chunk.time(index);
            let sealed = std::mem::replace(&mut chunk.sealed, true);
            let mixed = chunk.is_mixed();
            let empty = self.new_chunk(1, base, mixed);
            self.chunks.get_mut(empty).sealed = sealed;
            self.link_after(id, empty);
            let mut new = Chunk::new(moved, base, mixed);
            self.move_living((id, index), &mut new, empty, places);
            self.truncate(id, index);
            self.replace_chunk(empty, new);
            self.recount(id, -(moved as i32));
            self.recount(empty, moved as i32);
            self.mixed_split(id, empty);
        } else {
            self.truncate(id, index);
        }
    }

    /// Cuts a chunk's entries from `index` on off, and gives the room back.
    fn truncate(&mut self, id: u32, index: usize) {
        let chunk = self.chunks.get_mut(id);
        let before = chunk.bytes();
        chunk.truncate(index);
        chunk.shrink();
        self.chunk_bytes = self.chunk_bytes + chunk.bytes() - before;
    }

    /// Writes a chunk anew with its living entries only and room for `room`.
    pub fn rebuild(&mut self, id: u32, room: usize, places: &mut impl Places) {
        let chunk = self.chunks.get(id);
        let mut new = Chunk::new(room, chunk.base(), chunk.is_mixed());
        self.move_living((id, 0), &mut new, id, places);
        self.replace_chunk(id, new);
        self.mixed_renumbered(id);
    }

    /// Writes the living entries of a chunk, from an index on, into what is to be chunk `to`.
    pub fn move_living(
        &self,
        (id, from): (u32, usize),
        new: &mut Chunk,
        to: u32,
        places: &mut impl Places,
    ) {
        /// How many members ahead are asked for.
        const AHEAD: usize = 12;
        let chunk = self.chunks.get(id);
        let mut ahead = chunk.living_from(from);
        for (_, entry) in ahead.by_ref().take(AHEAD) {
            places.prefetch(entry.home);
        }
        for (at, entry) in chunk.living_from(from) {
            if let Some((_, entry)) = ahead.next() {
                places.prefetch(entry.home);
            }
            let (home, place) = (entry.home, Place::new(id, at));
            places.moved(Address { home, place }, Place::new(to, new.push(entry)));
        }
    }

    /// Replaces a chunk's content by one that holds the same living entries, or those and a neighbour's.
    pub fn replace_chunk(&mut self, id: u32, mut new: Chunk) {
        let old = self.chunks.get_mut(id);
        (new.sealed, new.waits) = (old.sealed, old.waits);
        (new.link, new.block) = (old.link, old.block);
        self.chunk_bytes = self.chunk_bytes + new.bytes() - old.bytes();
        *old = new;
    }
}
