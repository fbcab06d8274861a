//! Writing entries: nearly always at the end of their lane, sometimes in between.

use super::chunk::{Chunk, Entry, MAX_ENTRIES};
use super::log::Timeline;
use crate::core::refs::{EntryId, MemberRef, MoveListener};
use crate::core::time::Millis;
use crate::core::touch::Touch;

/// An entry out of order shifts at most this many others; where more would have to move, the chunk is split.
const MAX_SHIFT: usize = 64;
/// Room in a chunk that is begun between others.
const MIDDLE_ROOM: usize = 64;

impl Timeline {
    /// Adds an entry of one who stays for `ttl`. Among entries of the same time it comes last. Others may move, which
    /// `listener` follows.
    pub fn insert(
        &mut self,
        ttl: Millis,
        mut entry: Entry,
        listener: &mut impl MoveListener,
    ) -> EntryId {
        let time = entry.time;
        let lane = self.lane_for(ttl);
        self.latest = lane;
        let in_lane = &self.tree.lanes[lane as usize];
        let mixed = in_lane.mixed;
        entry.extra = (ttl - in_lane.ttl) as u32;
        let entry_id = match self.tree.lanes[lane as usize].root.back() {
            None => self.tree.first_chunk(lane, entry),
            Some(root) => {
                let links = &self.tree.blocks.get(root.block).links;
                let tail = links[links.len() - 1].chunk;
                if time >= self.tree.chunks.get(tail).last_time() {
                    self.append(tail, entry, true, listener)
                } else {
                    self.insert_in_order(lane, entry, listener)
                }
            }
        };
        self.alive += 1;
        self.tree.lanes[lane as usize].alive += 1;
        if mixed {
            let note_timeout = self.reports_timeouts && !entry.timeout_reported;
            if let Some(mixed) = &mut self.mixed {
                mixed.added(
                    entry_id.chunk(),
                    Touch { at: time, ttl },
                    self.due_retain,
                    note_timeout,
                );
            }
        } else {
            self.note_due(lane, time);
            self.note_expiry(lane, time);
            self.note_timeout(lane, entry);
        }
        entry_id
    }

    /// Writes an entry after all of a chunk's: there, or in a new chunk behind it. `tail` says that nothing follows.
    fn append(
        &mut self,
        id: u32,
        entry: Entry,
        tail: bool,
        listener: &mut impl MoveListener,
    ) -> EntryId {
        let chunk = self.tree.chunks.get(id);
        if !chunk.is_full() && chunk.spans(entry.time) {
            return self.tree.push(id, entry);
        }
        self.append_slow(id, entry, tail, listener)
    }

    #[cold]
    fn append_slow(
        &mut self,
        id: u32,
        entry: Entry,
        tail: bool,
        listener: &mut impl MoveListener,
    ) -> EntryId {
        let chunk = self.tree.chunks.get_mut(id);
        if chunk.spans(entry.time) {
            let room = (chunk.alive() * 2).min(MAX_ENTRIES).max(chunk.alive() + 1);
            let half_dead = chunk.alive() * 2 <= chunk.capacity();
            if chunk.is_stretched() || chunk.sealed && (half_dead || chunk.is_compacted()) {
                self.rebuild(id, room, listener);
                return self.tree.push(id, entry);
            }
            if half_dead && chunk.len() < MAX_ENTRIES {
                self.tree.compact_chunk(id, room);
                return self.tree.push(id, entry);
            }
            if chunk.capacity() < MAX_ENTRIES && chunk.len() < MAX_ENTRIES {
                self.tree.grow(id);
                return self.tree.push(id, entry);
            }
        }
        let room = if tail && chunk.len() == MAX_ENTRIES {
            chunk.capacity()
        } else {
            MIDDLE_ROOM
        };
        chunk.sealed = true;
        let mixed = chunk.is_mixed();
        let new = self.tree.new_chunk(room, entry.time, mixed);
        self.tree.chunks.get_mut(new).sealed = !tail;
        self.tree.link_after(id, new);
        self.tree.push(new, entry)
    }

    /// Writes an entry that is earlier than the newest of its lane: an import, or the clock has stepped back.
    fn insert_in_order(
        &mut self,
        lane: u32,
        entry: Entry,
        listener: &mut impl MoveListener,
    ) -> EntryId {
        let time = entry.time;
        let root = &self.tree.lanes[lane as usize].root;
        let at = root.partition_point(|block| block.first <= time);
        let links = &self.tree.blocks.get(root[at.saturating_sub(1)].block).links;
        let link = links.partition_point(|link| link.first <= time);
        let id = links[link.saturating_sub(1)].chunk;

        let chunk = self.tree.chunks.get(id);
        if chunk.last_time() <= time {
            return self.append(id, entry, false, listener);
        }
        if chunk.is_compacted() {
            self.rebuild(id, chunk.alive() + 1, listener);
        }
        let chunk = self.tree.chunks.get(id);
        let index = chunk.after(time);
        if index == chunk.len() {
            return self.append(id, entry, false, listener);
        }
        if chunk.len() - index <= MAX_SHIFT && chunk.stretches_to(time) {
            if chunk.is_full() && chunk.capacity() < MAX_ENTRIES {
                self.tree.grow(id);
            }
            let chunk = self.tree.chunks.get_mut(id);
            if !chunk.is_full() {
                chunk.insert(index, entry);
                // From the last on: each gets the index that the one before has just left.
                for at in (index + 1..chunk.len()).rev() {
                    if chunk.is_alive(at) {
                        let (prefix, entry_id) = (chunk.entry(at).prefix, EntryId::new(id, at - 1));
                        listener.moved(MemberRef { prefix, entry_id }, EntryId::new(id, at));
                    }
                }
                let (block, link, base) = (chunk.block, chunk.link, chunk.base());
                self.tree.add_alive(block, link, 1);
                self.tree.set_first(block, link, base);
                return EntryId::new(id, index);
            }
        }
        let chunk = self.tree.chunks.get(id);
        if time < chunk.base() {
            let (block, link, mixed) = (chunk.block, chunk.link, chunk.is_mixed());
            let new = self.tree.new_chunk(1, time, mixed);
            self.tree.chunks.get_mut(new).sealed = true;
            self.tree.insert_link(block, link as usize, new);
            return self.tree.push(new, entry);
        }
        self.split(id, index, listener);
        self.append(id, entry, false, listener)
    }

    /// Moves the entries from `index` on into a new chunk behind.
    fn split(&mut self, id: u32, index: usize, listener: &mut impl MoveListener) {
        let chunk = self.tree.chunks.get_mut(id);
        let moved = chunk.count_from(index);
        if moved > 0 {
            let base = chunk.time(index);
            let sealed = std::mem::replace(&mut chunk.sealed, true);
            let mixed = chunk.is_mixed();
            let empty = self.tree.new_chunk(1, base, mixed);
            self.tree.chunks.get_mut(empty).sealed = sealed;
            self.tree.link_after(id, empty);
            let mut new = Chunk::new(moved, base, mixed);
            self.tree
                .move_living((id, index), &mut new, empty, listener);
            self.tree.truncate(id, index);
            self.tree.replace_chunk(empty, new);
            self.tree.recount(id, -(moved as i32));
            self.tree.recount(empty, moved as i32);
            if let Some(mixed) = &mut self.mixed {
                mixed.split(id, empty, &self.tree);
            }
        } else {
            self.tree.truncate(id, index);
        }
    }

    /// Rebuilds a chunk with its living entries only and room for `room`.
    pub fn rebuild(&mut self, id: u32, room: usize, listener: &mut impl MoveListener) {
        let chunk = self.tree.chunks.get(id);
        let mut new = Chunk::new(room, chunk.base(), chunk.is_mixed());
        self.tree.move_living((id, 0), &mut new, id, listener);
        self.tree.replace_chunk(id, new);
        if let Some(mixed) = &mut self.mixed {
            mixed.renumbered(id);
        }
    }
}
