//! What orders members by time: a log of touches, one for each ttl.
//!
//! A touch is nearly always the newest event, so it is appended to a log and its member's older entry dies: O(1),
//! whatever the size. Members with the same ttl were seen and expire in the same order, so every distinct ttl that is
//! in use has a *lane* of its own, and "who is online", "who was seen within a window" and "who is to be removed" are
//! all a suffix or a prefix of each lane. Nearly every set has one lane.
//!
//! A lane is a list of chunks (`chunk.rs`), kept as a tree of fixed height: the lane's root lists blocks of up to 64
//! chunks each, and both levels carry the number of the living, so a rank query adds up at most a few hundred small
//! numbers (`rank.rs`). A member's slot holds its [`Place`], chunk and index, so killing an entry needs no search.
//!
//! Chunks thin out as their members are refreshed. A chunk that is half dead is squeezed into half its size, or joined
//! with a neighbour where both fit one half-sized chunk (`squeeze.rs`); each refresh pays for one moved entry.

use std::collections::{BTreeMap, VecDeque};

use super::agenda::Agenda;
use super::arena::Arena;
use super::chunk::{Chunk, MAX_ENTRIES};
use super::online::has_expired;
use super::slots::SlotId;
use super::time::Millis;

/// Where a member's entry is: the chunk, and the index in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place(u32);

const INDEX_BITS: u32 = 10;

impl Place {
    pub(super) fn new(chunk: u32, index: usize) -> Place {
        Place(chunk << INDEX_BITS | index as u32)
    }

    pub(super) fn chunk(self) -> u32 {
        self.0 >> INDEX_BITS
    }

    pub(super) fn index(self) -> usize {
        (self.0 & ((1 << INDEX_BITS) - 1)) as usize
    }
}

/// The most chunks a timeline can have.
pub const MAX_CHUNKS: usize = 1 << (32 - INDEX_BITS);

/// Who must be told where a member's entry is now.
pub trait Places {
    fn set_place(&mut self, slot: SlotId, place: Place);
    /// The slot's place is about to be set.
    fn prefetch(&self, slot: SlotId);
}

/// Chunks in a block.
pub(super) const BLOCK: usize = 64;
/// An entry out of order moves at most this many others up; before more than that, the chunk is split.
const MAX_SHIFT: usize = 128;
/// Room in a chunk that is begun between others.
const MIDDLE_ROOM: usize = 63;

/// A chunk in its block.
#[derive(Clone)]
pub(super) struct Link {
    /// The chunk's base: no entry of it is earlier, none of the chunk before it later.
    pub first: Millis,
    pub chunk: u32,
    pub alive: u32,
}

/// Up to [`BLOCK`] chunks in order of time. Never empty, but for places of the arena not in use.
#[derive(Clone, Default)]
pub(super) struct Block {
    pub lane: u32,
    /// Its place in the lane's root, counted from `Lane::front`.
    pub seq: u64,
    pub links: Vec<Link>,
}

/// A block in its lane's root.
#[derive(Clone)]
pub(super) struct Root {
    pub first: Millis,
    pub block: u32,
    pub alive: u32,
}

/// The members of one ttl, in the order they were seen.
#[derive(Clone, Default)]
pub(super) struct Lane {
    pub ttl: Millis,
    pub alive: usize,
    /// How many of them had expired at the frontier (`online.rs`).
    pub expired: usize,
    /// What `seq` of the first block of the root is.
    pub front: u64,
    pub root: VecDeque<Root>,
}

/// All members of a set in order of time.
#[derive(Clone, Default)]
pub struct Timeline {
    pub(super) lanes: Vec<Lane>,
    free_lanes: Vec<u32>,
    /// A tree and not a hash table, which would rehash all lanes at once.
    by_ttl: BTreeMap<Millis, u32>,
    pub(super) chunks: Arena<Chunk>,
    pub(super) blocks: Arena<Block>,
    pub(super) alive: usize,
    chunk_bytes: usize,
    /// Lanes by the time their first member is due for removal, under the retention they were noted with.
    pub(super) due: Agenda,
    pub(super) due_retain: Millis,
    /// Up to which moment it is known who has expired (`online.rs`).
    pub(super) frontier: Millis,
    pub(super) expired: usize,
    /// Lanes by the time their first member beyond the frontier expires.
    pub(super) expiry: Agenda,
}

impl Timeline {
    /// How many members there are.
    pub fn len(&self) -> usize {
        self.alive
    }

    /// How many distinct ttls are in use.
    pub fn lane_count(&self) -> usize {
        self.by_ttl.len()
    }

    /// Whether `more` entries could be added in the worst case, each opening a chunk.
    pub fn has_room_for(&self, more: usize) -> bool {
        self.chunks.len() + more < MAX_CHUNKS
    }

    /// Bytes allocated.
    pub fn bytes(&self) -> usize {
        self.chunk_bytes
            + self.chunks.bytes()
            + self.blocks.bytes()
            + self.lanes.capacity() * size_of::<Lane>()
            + self.by_ttl.len() * 2 * size_of::<(Millis, u32)>()
            + self.chunks.len().div_ceil(BLOCK).max(self.blocks.len())
                * (size_of::<Root>() + BLOCK.min(self.chunks.len()) * size_of::<Link>())
            + self.due.bytes()
            + self.expiry.bytes()
    }

    #[cfg(test)]
    pub(super) fn chunk_bytes(&self) -> usize {
        self.chunk_bytes
    }

    /// How many separate allocations there are.
    pub fn allocations(&self) -> usize {
        self.chunks.len() + 2 * self.blocks.len() + self.lanes.len()
    }

    /// When the member whose entry this is was last seen, and its ttl.
    #[inline]
    pub fn seen_and_ttl(&self, place: Place) -> (Millis, Millis) {
        let chunk = self.chunks.get(place.chunk());
        let lane = if let [only] = self.lanes.as_slice() {
            only
        } else {
            &self.lanes[self.blocks.get(chunk.block).lane as usize]
        };
        (chunk.time(place.index()), lane.ttl)
    }

    /// Asks the processor for what `seen_and_ttl` and `kill` will read.
    #[inline]
    pub fn prefetch(&self, place: Place) {
        let chunk = self.chunks.get(place.chunk());
        chunk.prefetch(place.index());
    }

    /// Points the entry at another slot: the member has moved.
    pub fn set_slot(&mut self, place: Place, slot: SlotId) {
        self.chunks
            .get_mut(place.chunk())
            .set_slot(place.index(), slot);
    }

    /// Adds an entry: the member in `slot` was seen at `time` and stays for `ttl`. Among entries of the same time it
    /// comes last. Others may move, of which `places` is told.
    pub fn insert(
        &mut self,
        ttl: Millis,
        time: Millis,
        slot: SlotId,
        places: &mut impl Places,
    ) -> Place {
        let lane = self.lane_for(ttl);
        let place = match self.lanes[lane as usize].root.back() {
            None => self.first_chunk(lane, time, slot),
            Some(root) => {
                let links = &self.blocks.get(root.block).links;
                let tail = links[links.len() - 1].chunk;
                if time >= self.chunks.get(tail).last_time() {
                    self.append(tail, time, slot, true, places)
                } else {
                    self.insert_in_order(lane, time, slot, places)
                }
            }
        };
        self.alive += 1;
        self.lanes[lane as usize].alive += 1;
        self.note_due(lane, time);
        self.note_expiry(lane, time);
        place
    }

    /// Removes an entry; the member's slot must not point at it any more. Others may move, of which `places` is told.
    pub fn kill(&mut self, place: Place, places: &mut impl Places) {
        let id = place.chunk();
        let chunk = self.chunks.get_mut(id);
        let time = chunk.time(place.index());
        chunk.kill(place.index());
        let (block, link, left, thin) = (chunk.block, chunk.link, chunk.alive(), chunk.is_thin());
        let lane = self.add_alive(block, link, -1);
        self.alive -= 1;
        let (ttl, left_in_lane) = {
            let lane = &mut self.lanes[lane as usize];
            lane.alive -= 1;
            (lane.ttl, lane.alive)
        };
        if has_expired(time, ttl, self.frontier) {
            self.lanes[lane as usize].expired -= 1;
            self.expired -= 1;
        }
        if left == 0 {
            self.remove_chunk(id);
        } else if thin {
            self.squeeze(id, places);
        }
        if left_in_lane == 0 {
            self.remove_lane(lane);
        }
    }

    /// The lane of a ttl, made where there is none.
    fn lane_for(&mut self, ttl: Millis) -> u32 {
        if let [only] = self.lanes.as_slice()
            && only.ttl == ttl
            && only.alive > 0
        {
            return 0;
        }
        if let Some(&lane) = self.by_ttl.get(&ttl) {
            return lane;
        }
        let lane = self.free_lanes.pop().unwrap_or_else(|| {
            self.lanes.push(Lane::default());
            (self.lanes.len() - 1) as u32
        });
        self.lanes[lane as usize] = Lane {
            ttl,
            ..Lane::default()
        };
        self.by_ttl.insert(ttl, lane);
        lane
    }

    fn remove_lane(&mut self, lane: u32) {
        let ttl = self.lanes[lane as usize].ttl;
        self.by_ttl.remove(&ttl);
        self.lanes[lane as usize] = Lane::default();
        self.free_lanes.push(lane);
        self.due.forget(lane);
        self.expiry.forget(lane);
        if self.by_ttl.is_empty() {
            self.lanes = Vec::new();
            self.free_lanes = Vec::new();
            self.due.clear();
            self.expiry.clear();
        }
    }

    /// Adds to the number of the living in a link, its block and nothing else. Returns the lane.
    fn add_alive(&mut self, block: u32, link: u8, more: i32) -> u32 {
        let block = self.blocks.get_mut(block);
        let link = &mut block.links[link as usize];
        link.alive = link.alive.wrapping_add_signed(more);
        let lane = &mut self.lanes[block.lane as usize];
        let root = &mut lane.root[(block.seq - lane.front) as usize];
        root.alive = root.alive.wrapping_add_signed(more);
        block.lane
    }

    /// Replaces a chunk's content by one that holds the same living entries, or those and a neighbour's.
    pub(super) fn replace_chunk(&mut self, id: u32, mut new: Chunk, places: &mut impl Places) {
        /// How many slots ahead are asked for.
        const AHEAD: usize = 12;
        let old = self.chunks.get_mut(id);
        (new.sealed, new.link, new.block) = (old.sealed, old.link, old.block);
        self.chunk_bytes = self.chunk_bytes + new.bytes() - old.bytes();
        *old = new;
        let new = self.chunks.get(id);
        for index in 0..new.len().min(AHEAD) {
            places.prefetch(new.slot(index));
        }
        for index in 0..new.len() {
            if index + AHEAD < new.len() {
                places.prefetch(new.slot(index + AHEAD));
            }
            places.set_place(new.slot(index), Place::new(id, index));
        }
    }

    /// Adds `more` to what a chunk's link and block count, after `replace_chunk`.
    pub(super) fn recount(&mut self, id: u32, more: i32) {
        let chunk = self.chunks.get(id);
        self.add_alive(chunk.block, chunk.link, more);
    }

    fn first_chunk(&mut self, lane: u32, time: Millis, slot: SlotId) -> Place {
        let id = self.new_chunk(1, time);
        let block = self.blocks.insert(Block {
            lane,
            seq: self.lanes[lane as usize].front,
            links: Vec::with_capacity(1),
        });
        self.lanes[lane as usize].root.push_back(Root {
            first: time,
            block,
            alive: 0,
        });
        self.insert_link(block, 0, id);
        self.push(id, time, slot)
    }

    fn new_chunk(&mut self, room: usize, base: Millis) -> u32 {
        let chunk = Chunk::new(room, base);
        self.chunk_bytes += chunk.bytes();
        self.chunks.insert(chunk)
    }

    /// Writes an entry at the end of a chunk that has room for it.
    #[inline]
    fn push(&mut self, id: u32, time: Millis, slot: SlotId) -> Place {
        let chunk = self.chunks.get_mut(id);
        let index = chunk.push(time, slot);
        let (block, link) = (chunk.block, chunk.link);
        self.add_alive(block, link, 1);
        Place::new(id, index)
    }

    /// Writes an entry after all of a chunk's: there, or in a new chunk behind it. `tail` says that nothing follows.
    #[inline]
    fn append(
        &mut self,
        id: u32,
        time: Millis,
        slot: SlotId,
        tail: bool,
        places: &mut impl Places,
    ) -> Place {
        let chunk = self.chunks.get(id);
        if !chunk.is_full() && chunk.spans(time) {
            return self.push(id, time, slot);
        }
        self.append_slow(id, time, slot, tail, places)
    }

    #[cold]
    fn append_slow(
        &mut self,
        id: u32,
        time: Millis,
        slot: SlotId,
        tail: bool,
        places: &mut impl Places,
    ) -> Place {
        let chunk = self.chunks.get_mut(id);
        if chunk.spans(time) {
            if chunk.alive() * 2 <= chunk.capacity() {
                let room = (chunk.alive() * 2).max(chunk.alive() + 1);
                self.rebuild(id, room, places);
                return self.push(id, time, slot);
            }
            if chunk.capacity() < MAX_ENTRIES {
                let before = chunk.bytes();
                chunk.grow();
                self.chunk_bytes += chunk.bytes() - before;
                return self.push(id, time, slot);
            }
        }
        let room = match (tail, chunk.capacity()) {
            (true, MAX_ENTRIES) => MAX_ENTRIES,
            _ => MIDDLE_ROOM,
        };
        chunk.sealed = true;
        let new = self.new_chunk(room, time);
        self.chunks.get_mut(new).sealed = !tail;
        self.link_after(id, new);
        self.push(new, time, slot)
    }

    /// Writes an entry that is earlier than the newest of its lane: an import, or the clock has stepped back.
    fn insert_in_order(
        &mut self,
        lane: u32,
        time: Millis,
        slot: SlotId,
        places: &mut impl Places,
    ) -> Place {
        let root = &self.lanes[lane as usize].root;
        let at = root.partition_point(|block| block.first <= time);
        let links = &self.blocks.get(root[at.saturating_sub(1)].block).links;
        let link = links.partition_point(|link| link.first <= time);
        let id = links[link.saturating_sub(1)].chunk;

        let chunk = self.chunks.get_mut(id);
        let index = chunk.after(time);
        if index == chunk.len() {
            return self.append(id, time, slot, false, places);
        }
        if chunk.len() - index <= MAX_SHIFT && chunk.stretches_to(time) {
            if chunk.is_full() && chunk.capacity() < MAX_ENTRIES {
                let before = chunk.bytes();
                chunk.grow();
                self.chunk_bytes += chunk.bytes() - before;
            }
            if !chunk.is_full() {
                chunk.insert(index, time, slot);
                for (at, _, slot) in chunk.living_from(index + 1) {
                    places.set_place(slot, Place::new(id, at));
                }
                let (block, link, base) = (chunk.block, chunk.link, chunk.base());
                self.add_alive(block, link, 1);
                self.set_first(block, link, base);
                return Place::new(id, index);
            }
        }
        if time < chunk.base() {
            let new = self.new_chunk(1, time);
            let chunk = self.chunks.get(id);
            let (block, link) = (chunk.block, chunk.link);
            self.chunks.get_mut(new).sealed = true;
            self.insert_link(block, link as usize, new);
            return self.push(new, time, slot);
        }
        self.split(id, index, places);
        self.append(id, time, slot, false, places)
    }

    /// Moves the entries from `index` on into a new chunk behind.
    fn split(&mut self, id: u32, index: usize, places: &mut impl Places) {
        let chunk = self.chunks.get_mut(id);
        let moved = chunk.count_from(index);
        if moved > 0 {
            let base = chunk.time(index);
            let mut new = Chunk::new(moved, base);
            for (_, time, slot) in chunk.living_from(index) {
                new.push(time, slot);
            }
            let sealed = std::mem::replace(&mut chunk.sealed, true);
            chunk.truncate(index);
            let empty = self.new_chunk(1, base);
            self.chunks.get_mut(empty).sealed = sealed;
            self.link_after(id, empty);
            self.replace_chunk(empty, new, places);
            self.recount(id, -(moved as i32));
            self.recount(empty, moved as i32);
        } else {
            chunk.truncate(index);
        }
    }

    /// Writes a chunk anew with its living entries only and room for `room`.
    pub(super) fn rebuild(&mut self, id: u32, room: usize, places: &mut impl Places) {
        let chunk = self.chunks.get(id);
        let mut new = Chunk::new(room, chunk.base());
        for (_, time, slot) in chunk.living_from(0) {
            new.push(time, slot);
        }
        self.replace_chunk(id, new, places);
    }

    fn link_after(&mut self, id: u32, new: u32) {
        let chunk = self.chunks.get(id);
        let (block, link) = (chunk.block, chunk.link);
        self.insert_link(block, link as usize + 1, new);
    }

    /// Puts an empty chunk into a block, before the link that is `at` now.
    fn insert_link(&mut self, block: u32, at: usize, chunk: u32) {
        if self.blocks.get(block).links.len() < BLOCK {
            let first = self.chunks.get(chunk).base();
            let links = &mut self.blocks.get_mut(block).links;
            links.insert(
                at,
                Link {
                    first,
                    chunk,
                    alive: 0,
                },
            );
            self.renumber_links(block, at);
            return;
        }
        let keep = if at == BLOCK { BLOCK } else { BLOCK / 2 };
        let upper = self.blocks.get_mut(block).links.split_off(keep);
        let new = self.add_block_after(block, upper);
        if at <= keep && keep < BLOCK {
            self.insert_link(block, at, chunk);
        } else {
            self.insert_link(new, at - keep, chunk);
        }
    }

    /// A new block behind another in its lane, with these links.
    fn add_block_after(&mut self, block: u32, links: Vec<Link>) -> u32 {
        let (lane, seq) = {
            let block = self.blocks.get(block);
            (block.lane, block.seq)
        };
        let alive: u32 = links.iter().map(|link| link.alive).sum();
        let first = links.first().map_or(0, |link| link.first);
        let new = self.blocks.insert(Block {
            lane,
            seq: 0,
            links,
        });
        let lane = &mut self.lanes[lane as usize];
        let at = (seq - lane.front) as usize;
        lane.root[at].alive -= alive;
        lane.root.insert(
            at + 1,
            Root {
                first,
                block: new,
                alive,
            },
        );
        self.renumber_blocks(new, at + 1);
        self.renumber_links(new, 0);
        new
    }

    /// Takes an empty chunk out.
    pub(super) fn remove_chunk(&mut self, id: u32) {
        let chunk = self.chunks.remove(id);
        self.chunk_bytes -= chunk.bytes();
        let block = self.blocks.get_mut(chunk.block);
        block.links.remove(chunk.link as usize);
        if !block.links.is_empty() {
            self.renumber_links(chunk.block, chunk.link as usize);
            return;
        }
        let block = self.blocks.remove(chunk.block);
        let lane = &mut self.lanes[block.lane as usize];
        let at = (block.seq - lane.front) as usize;
        lane.root.remove(at);
        if at == 0 {
            lane.front += 1;
        } else if let Some(next) = lane.root.get(at) {
            let next = next.block;
            self.renumber_blocks(next, at);
        }
    }

    /// Tells the chunks from link `from` on where they stand, and the root what the block begins with.
    fn renumber_links(&mut self, block: u32, from: usize) {
        let links = &self.blocks.get(block).links;
        for (at, link) in links.iter().enumerate().skip(from) {
            let chunk = self.chunks.get_mut(link.chunk);
            chunk.link = at as u8;
            chunk.block = block;
        }
        if let (0, Some(link)) = (from, links.first()) {
            let first = link.first;
            self.set_first(block, 0, first);
        }
    }

    fn renumber_blocks(&mut self, block: u32, from: usize) {
        let lane = &self.lanes[self.blocks.get(block).lane as usize];
        for (at, root) in lane.root.iter().enumerate().skip(from) {
            self.blocks.get_mut(root.block).seq = lane.front + at as u64;
        }
    }

    /// What a link begins with, in the block and where it is the first also in the root.
    fn set_first(&mut self, block: u32, link: u8, first: Millis) {
        let block = self.blocks.get_mut(block);
        block.links[link as usize].first = first;
        if link == 0 {
            let lane = &mut self.lanes[block.lane as usize];
            lane.root[(block.seq - lane.front) as usize].first = first;
        }
    }
}
