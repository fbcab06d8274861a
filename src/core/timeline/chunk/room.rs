//! A chunk's room: more and less of it, and entries that come and go in the middle.

use super::{
    Chunk, Entry, MAX_ENTRIES, MAX_SPAN, QUARTER, STRETCH, TIME_SHIFT, room_for, words_for,
};
use crate::core::memory::bits;
use crate::core::time::Millis;

/// Copies as much as there is of both.
fn copy_to(new: &mut [u64], old: &[u64]) {
    let len = new.len().min(old.len());
    new[..len].copy_from_slice(&old[..len]);
}

impl Chunk {
    /// Doubles the room; every entry keeps its index.
    pub fn grow(&mut self) {
        if self.compacted {
            return self.compact(self.capacity() * 2);
        }
        self.set_room(self.capacity() * 2);
    }

    /// Gives room back that half of is enough for one entry more; all must be stored.
    pub fn shrink(&mut self) {
        self.set_room(self.len() + 1);
    }

    /// Moves to blocks with room for at least `room` entries; all must be stored.
    fn set_room(&mut self, room: usize) {
        let old_room = self.capacity();
        let new = Chunk::new(room, self.base, self.is_mixed());
        let (entries, bits) = (
            std::mem::replace(&mut self.entries, new.entries),
            std::mem::replace(&mut self.bits, new.bits),
        );
        let room = self.capacity();
        let (entries, ends) = entries.split_at(old_room);
        let (new_entries, new_ends) = self.entries.split_at_mut(room);
        copy_to(new_entries, entries);
        copy_to(new_ends, ends);
        copy_to(&mut self.bits, &bits);
    }

    /// Lets the dead entries go: room is left for at least `room`, and every living one keeps its index.
    pub fn compact(&mut self, room: usize) {
        let reach = if self.sealed {
            self.len()
        } else {
            (self.alive() * STRETCH)
                .max(self.len() + 1)
                .min(MAX_ENTRIES)
        };
        self.rewrite(room, reach);
    }

    /// Makes room for so many more entries; every living one keeps its index, and dead ones may go. There must be
    /// indices for them.
    pub fn reserve(&mut self, more: usize) {
        if self.compacted || self.len() + more > self.capacity() {
            self.rewrite(self.alive() + more, self.len() + more);
        }
    }

    /// Copies the living entries into a block with room for at least `room`, and makes bits for `reach` indices.
    fn rewrite(&mut self, room: usize, reach: usize) {
        let half = reach.div_ceil(64);
        let mut bits = vec![0; 2 * half];
        let mut quarters = [0; 4];
        let room = room_for(room);
        let mut entries = Vec::with_capacity(words_for(room, self.is_mixed()));
        let mut ends = Vec::new();
        // Entries stored before a word's.
        let mut before = 0;
        for (word, &living) in self.living().iter().enumerate() {
            let storing = if self.compacted {
                self.storing()[word]
            } else {
                u64::MAX
            };
            if word.is_multiple_of(QUARTER) {
                quarters[word / QUARTER] = entries.len() as u16;
            }
            let mut left = living;
            while left != 0 {
                let below = (left & left.wrapping_neg()) - 1;
                let position = before + (storing & below).count_ones() as usize;
                entries.push(self.entries[position]);
                if self.is_mixed() {
                    ends.push(self.end(position));
                }
                left &= left - 1;
            }
            before += storing.count_ones() as usize;
            (bits[word], bits[half + word]) = (living, living);
        }
        self.stored = entries.len() as u16;
        entries.resize(words_for(room, self.is_mixed()), 0);
        self.entries = entries.into_boxed_slice();
        for (position, end) in ends.into_iter().enumerate() {
            self.set_end(position, end);
        }
        self.bits = bits.into_boxed_slice();
        self.quarters = quarters;
        self.compacted = true;
    }

    /// Whether an entry of this time fits among those that are here: within 24 days of the first and the last.
    pub fn stretches_to(&self, time: Millis) -> bool {
        self.last_time().max(time) - self.base.min(time) <= MAX_SPAN
    }

    /// Puts an entry before those from `index` on, which move up by one; there must be room, and all be stored.
    pub fn insert(&mut self, index: usize, entry: Entry) {
        debug_assert!(!self.compacted && !self.is_full() && self.stretches_to(entry.time));
        let len = self.len();
        if entry.time < self.base {
            let shift = self.base - entry.time;
            for entry in &mut self.entries[..len] {
                *entry += shift << TIME_SHIFT;
            }
            if self.is_mixed() {
                for position in 0..len {
                    self.set_end(position, self.end(position) + shift as u32);
                }
            }
            self.base = entry.time;
        }
        self.reported_upto = self.reported_upto.min(index as u16);
        self.entries.copy_within(index..len, index + 1);
        if self.is_mixed() {
            for position in (index..len).rev() {
                self.set_end(position + 1, self.end(position));
            }
        }
        for at in (index..len).rev() {
            let bit = self.bits[at / 64] >> (at % 64) & 1;
            let above = at + 1;
            self.bits[above / 64] &= !(1 << (above % 64));
            self.bits[above / 64] |= bit << (above % 64);
        }
        self.bits[index / 64] |= 1 << (index % 64);
        self.write(index, entry);
        self.len += 1;
        self.stored += 1;
        self.alive += 1;
    }

    /// Cuts the entries from `index` on off; all must be stored.
    pub fn truncate(&mut self, index: usize) {
        debug_assert!(!self.compacted);
        self.bits[index.div_ceil(64)..].fill(0);
        if !index.is_multiple_of(64) {
            self.bits[index / 64] &= u64::MAX >> (64 - index % 64);
        }
        self.len = index as u16;
        self.stored = self.len;
        self.reported_upto = self.reported_upto.min(self.len);
        self.alive = bits::count(&self.bits) as u16;
    }
}
