//! A run of the timeline: up to 1,024 entries in order of time, and which of them are alive.
//!
//! An entry is eight bytes: how many milliseconds after the chunk's base (31 bits), whether its time-out has been
//! reported (`timeouts.rs`, one bit), and the hash prefix of its member (32 bits). A refresh appends a new entry and
//! kills the old one, so chunks become sparse as they age; a dead entry costs eight bytes until the chunk is compacted.
//!
//! An entry keeps its index when the dead ones before it are dropped: a compacted chunk has a second bitmap of the
//! indices whose entries are still stored, and an entry's position is its rank there (rank and select, as in succinct
//! data structures; Jacobson, "Space-efficient static trees and graphs", 1989). So compacting copies within the chunk,
//! and no entry gets another id.
//!
//! The entries are a block of a power of two bytes, a size class of common allocators. The bitmaps are a block of their
//! own: a refresh clears a bit of an old chunk and reads none of its entries, and the bitmaps of all chunks together
//! take so few pages that the TLB covers them.
//!
//! In a mixed lane every entry has a ttl of its own. There the block is half as long again: after the entries come
//! their ends, the times at which they expire, in 32 bits each. They are what is searched (`chunk/ends.rs`), hence an
//! array of their own.

pub mod ends;
mod room;

use crate::core::memory::bits;
use crate::core::memory::prefetch;
use crate::core::refs::HashPrefix;
use crate::core::time::Millis;
use crate::core::touch::{Touch, TouchState};

/// Indices, and so entries, of the largest chunk (8 KiB).
pub const MAX_ENTRIES: usize = 1024;
/// Entries there is room for in the smallest chunk.
const MIN_ENTRIES: usize = 4;
/// Where no more than one index in so many is alive, the entries get new ones.
const STRETCH: usize = 8;

/// Where an entry's time begins in its word.
const TIME_SHIFT: u32 = 33;
/// The bit of a word that says that the time-out has been reported.
const REPORTED: u64 = 1 << 32;
/// The largest distance of an entry from the base: 24 days.
pub const MAX_SPAN: Millis = (1 << (64 - TIME_SHIFT)) - 1;

/// What is written of a member's touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub time: Millis,
    pub prefix: HashPrefix,
    /// The member's ttl less its lane's: 0 except in a mixed lane.
    pub extra: u32,
    /// Whether the time-out has been reported.
    pub timeout_reported: bool,
}

impl Entry {
    /// The touch as it is stored, in a lane of this ttl.
    #[inline]
    pub fn state(self, ttl: Millis) -> TouchState {
        TouchState {
            touch: self.touch(ttl),
            timeout_reported: self.timeout_reported,
        }
    }

    /// The touch, in a lane of this ttl.
    #[inline]
    pub fn touch(self, ttl: Millis) -> Touch {
        Touch {
            at: self.time,
            ttl: ttl + Millis::from(self.extra),
        }
    }
}

/// A run of entries in order of time. The default holds nothing and has room for nothing.
#[derive(Clone, Default)]
pub struct Chunk {
    /// A power of two of entries. Of a mixed lane there is half as much behind them: an [`end`](Self::end) each.
    entries: Box<[u64]>,
    /// A bit for each index: whether its entry is alive. Of a compacted chunk this is the first half, and the second
    /// half has a bit for each index whose entry is stored.
    bits: Box<[u64]>,
    /// What the entries' times are counted from; no entry is earlier.
    base: Millis,
    /// Of a compacted chunk: how many entries are stored before each quarter of the indices there may be.
    quarters: [u16; 4],
    /// Indices given out.
    len: u16,
    /// Entries stored.
    stored: u16,
    alive: u16,
    /// The time-outs of living entries before this index have all been reported.
    pub reported_upto: u16,
    compacted: bool,
    /// Whether it is queued for compaction (`compact.rs`).
    pub queued: bool,
    /// A chunk after which another was begun: it only loses entries, and is compacted early.
    pub sealed: bool,
    /// Its index in its block's links.
    pub link: u8,
    /// The block it belongs to.
    pub block: u32,
}

/// Words of bits in a quarter of the indices.
const QUARTER: usize = MAX_ENTRIES / 64 / 4;

fn room_for(entries: usize) -> usize {
    entries.next_power_of_two().max(MIN_ENTRIES)
}

/// How long the block of so many entries is.
fn words_for(room: usize, mixed: bool) -> usize {
    if mixed { room + room / 2 } else { room }
}

impl Chunk {
    /// An empty chunk with room for at least `entries`, for times from `base` on. `mixed`: each has an own ttl.
    pub fn new(entries: usize, base: Millis, mixed: bool) -> Chunk {
        let room = room_for(entries);
        Chunk {
            entries: vec![0; words_for(room, mixed)].into_boxed_slice(),
            bits: vec![0; room.div_ceil(64)].into_boxed_slice(),
            base,
            ..Chunk::default()
        }
    }

    /// The chunk's blocks, to be moved (`memory/mover.rs`).
    pub fn blocks_mut(&mut self) -> [&mut Box<[u64]>; 2] {
        [&mut self.entries, &mut self.bits]
    }

    pub fn base(&self) -> Millis {
        self.base
    }

    /// Indices given out.
    #[inline]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    #[inline]
    pub fn alive(&self) -> usize {
        self.alive as usize
    }

    /// Entries there is room for: the largest power of two in the length of the block.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.entries.len().checked_ilog2().map_or(0, |log| 1 << log)
    }

    /// Whether each entry has an own ttl.
    #[inline]
    pub fn is_mixed(&self) -> bool {
        self.entries.len() & self.entries.len().wrapping_sub(1) != 0
    }

    /// Bytes of its blocks.
    pub fn bytes(&self) -> usize {
        (self.entries.len() + self.bits.len()) * 8
    }

    /// How many indices there are bits for.
    #[inline]
    fn reach(&self) -> usize {
        if self.compacted {
            self.bits.len() / 2 * 64
        } else {
            self.capacity()
        }
    }

    /// Whether so many can be appended.
    #[inline]
    pub fn has_room_for(&self, more: usize) -> bool {
        self.stored as usize + more <= self.capacity() && self.len() + more <= self.reach()
    }

    /// Whether nothing can be appended.
    #[inline]
    pub fn is_full(&self) -> bool {
        !self.has_room_for(1)
    }

    /// Whether so few are alive that half the block, or for a chunk still being filled seven eighths, could go.
    #[inline]
    pub fn is_sparse(&self) -> bool {
        let share = if self.sealed { 2 } else { 8 };
        self.alive() * share <= self.capacity() && self.capacity() > MIN_ENTRIES
    }

    /// Whether there are so many more indices than living entries that these should get new ones.
    #[inline]
    pub fn is_stretched(&self) -> bool {
        self.alive() * STRETCH <= self.len()
    }

    /// Whether some entries are not stored any more.
    #[inline]
    pub fn is_compacted(&self) -> bool {
        self.compacted
    }

    #[inline]
    pub fn living(&self) -> &[u64] {
        &self.bits[..self.len().div_ceil(64)]
    }

    /// Of a compacted chunk: which indices have an entry that is stored.
    #[inline]
    pub fn storing(&self) -> &[u64] {
        &self.bits[self.bits.len() / 2..]
    }

    #[inline]
    pub fn is_alive(&self, index: usize) -> bool {
        self.bits[index / 64] >> (index % 64) & 1 == 1
    }

    /// Where an entry stands.
    #[inline]
    pub fn position(&self, index: usize) -> usize {
        if !self.compacted {
            return index;
        }
        let quarter = index / 64 / QUARTER;
        let words = &self.storing()[quarter * QUARTER..];
        usize::from(self.quarters[quarter])
            + bits::count_before(words, index - quarter * QUARTER * 64)
    }

    /// The index of the entry that stands there.
    fn index_of(&self, position: usize) -> usize {
        if !self.compacted {
            return position;
        }
        bits::select(self.storing(), position).unwrap_or(self.len())
    }

    /// Prefetches an entry.
    #[inline]
    pub fn prefetch(&self, index: usize) {
        let position = self.position(index);
        prefetch(&self.entries[position]);
        if self.is_mixed() {
            prefetch(&self.entries[self.capacity() + position / 2]);
        }
    }

    /// Prefetches the word that says whether an entry is alive.
    #[inline]
    pub fn prefetch_life(&self, index: usize) {
        prefetch(&self.bits[index / 64]);
    }

    #[inline]
    fn time_of(&self, word: u64) -> Millis {
        self.base + (word >> TIME_SHIFT)
    }

    /// Of a mixed lane's chunk: when the time of the entry that stands there is up, counted from the base and the
    /// lane's ttl. A time takes 31 bits, and so does what a ttl is more than the lane's.
    #[inline]
    pub fn end(&self, position: usize) -> u32 {
        let word = self.entries[self.capacity() + position / 2];
        (word >> (position % 2 * 32)) as u32
    }

    /// All of them, two in a word.
    pub fn ends(&self) -> &[u64] {
        &self.entries[self.capacity()..]
    }

    fn set_end(&mut self, position: usize, end: u32) {
        let word = self.capacity() + position / 2;
        let shift = position % 2 * 32;
        let other = self.entries[word] & !(u64::from(u32::MAX) << shift);
        self.entries[word] = other | u64::from(end) << shift;
    }

    /// The time of the entry that stands there, counted from the base, and whether its time-out has been reported.
    #[inline]
    pub fn time_and_reported(&self, position: usize) -> (u32, bool) {
        let word = self.entries[position];
        ((word >> TIME_SHIFT) as u32, word & REPORTED != 0)
    }

    #[inline]
    pub fn time(&self, index: usize) -> Millis {
        self.time_of(self.entries[self.position(index)])
    }

    /// An entry that is stored, alive or not.
    #[inline]
    pub fn entry(&self, index: usize) -> Entry {
        let position = self.position(index);
        let word = self.entries[position];
        Entry {
            time: self.time_of(word),
            prefix: HashPrefix::from_bits(word as u32),
            extra: match self.is_mixed() {
                true => self.end(position) - (word >> TIME_SHIFT) as u32,
                false => 0,
            },
            timeout_reported: word & REPORTED != 0,
        }
    }

    /// Notes that the time-out of an entry has been reported.
    pub fn set_reported(&mut self, index: usize) {
        let position = self.position(index);
        self.entries[position] |= REPORTED;
    }

    /// The first living entry whose time-out has not been reported. What is found out on the way is kept.
    pub fn first_unreported(&mut self) -> Option<usize> {
        let mut from = self.reported_upto as usize;
        let found = loop {
            match self.alive_from(from) {
                Some(index) if self.entry(index).timeout_reported => from = index + 1,
                found => break found,
            }
        };
        self.reported_upto = found.unwrap_or(self.len()) as u16;
        found
    }

    /// The time of the last entry that is stored.
    #[inline]
    pub fn last_time(&self) -> Millis {
        self.time_of(self.entries[self.stored as usize - 1])
    }

    /// Whether an entry of this time can be written: not before the base, and within 24 days after it.
    pub fn spans(&self, time: Millis) -> bool {
        time >= self.base && time - self.base <= MAX_SPAN
    }

    #[inline]
    fn word_of(&self, entry: Entry) -> u64 {
        let time = (entry.time - self.base) << TIME_SHIFT;
        time | u64::from(entry.timeout_reported) << 32 | u64::from(entry.prefix.bits())
    }

    #[inline]
    fn write(&mut self, position: usize, entry: Entry) {
        let word = self.word_of(entry);
        self.entries[position] = word;
        if self.is_mixed() {
            self.set_end(position, (word >> TIME_SHIFT) as u32 + entry.extra);
        }
    }

    /// Appends an entry that is no earlier than the last; there must be room. Returns its index. Inlined, as what
    /// else each touch does to its chunk.
    #[inline(always)]
    pub fn push(&mut self, entry: Entry) -> usize {
        let index = self.len();
        self.write(self.stored as usize, entry);
        self.bits[index / 64] |= 1 << (index % 64);
        if self.compacted {
            let half = self.bits.len() / 2;
            self.bits[half + index / 64] |= 1 << (index % 64);
            if index.is_multiple_of(QUARTER * 64) {
                self.quarters[index / (QUARTER * 64)] = self.stored;
            }
        }
        self.len += 1;
        self.stored += 1;
        self.alive += 1;
        index
    }

    /// Kills an entry.
    #[inline]
    pub fn kill(&mut self, index: usize) {
        debug_assert!(self.is_alive(index));
        self.bits[index / 64] &= !(1 << (index % 64));
        self.alive -= 1;
    }

    /// The first living entry at or after `index`.
    #[inline]
    pub fn alive_from(&self, index: usize) -> Option<usize> {
        bits::first_from(self.living(), index)
    }

    /// The last living entry before `index`.
    #[inline]
    pub fn alive_before(&self, index: usize) -> Option<usize> {
        bits::last_before(self.living(), index.min(self.len()))
    }

    /// The first entry, living or dead, that is later than `time`.
    #[inline]
    pub fn after(&self, time: Millis) -> usize {
        if time < self.base {
            return 0;
        }
        let limit = time - self.base;
        let entries = &self.entries[..self.stored as usize];
        self.index_of(entries.partition_point(|entry| entry >> TIME_SHIFT <= limit))
    }

    /// How many living entries there are at or after `index`.
    pub fn count_from(&self, index: usize) -> usize {
        self.alive() - bits::count_before(self.living(), index)
    }

    /// The index of the living entry that has `rank` living ones before it.
    pub fn select(&self, rank: usize) -> usize {
        bits::select(self.living(), rank).unwrap_or(self.len())
    }

    /// The living entries, in order, from `index` on.
    pub fn living_from(&self, index: usize) -> impl Iterator<Item = (usize, Entry)> + '_ {
        let mut next = index;
        std::iter::from_fn(move || {
            let index = self.alive_from(next)?;
            next = index + 1;
            Some((index, self.entry(index)))
        })
    }
}

#[cfg(test)]
impl Chunk {
    /// Panics where the chunk contradicts itself.
    pub fn check(&self) {
        assert_eq!(bits::count(self.living()), self.alive());
        assert!(self.len() <= self.reach() && self.reach() <= MAX_ENTRIES);
        assert!(self.stored as usize <= self.capacity());
        if !self.compacted {
            assert_eq!(self.stored, self.len);
            return;
        }
        assert_eq!(bits::count(self.storing()), self.stored as usize);
        for (word, (living, storing)) in self.living().iter().zip(self.storing()).enumerate() {
            assert_eq!(living & !storing, 0, "who is alive is stored");
            if word.is_multiple_of(QUARTER) {
                let before = bits::count(&self.storing()[..word]);
                assert_eq!(usize::from(self.quarters[word / QUARTER]), before);
            }
        }
    }
}

#[cfg(test)]
#[path = "chunk/chunk_test.rs"]
mod tests;
