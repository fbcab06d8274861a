//! A run of the timeline: up to 1,024 entries in order of time, and which of them are alive.
//!
//! An entry is eight bytes: how many milliseconds after the chunk's base (31 bits), whether it has been told (`told.rs`,
//! one bit), and a slot (32 bits). A refresh appends a new entry and kills the old one, so chunks thin out as they age; a
//! dead entry costs eight bytes until the chunk is squeezed.
//!
//! The entries stand in a block of a power of two bytes, which is a size that allocators serve without waste. The bits of
//! the living do not stand there but in a block of their own: a refresh changes one of them in an old chunk and reads
//! nothing of its entries, and all chunks' bits together take few pages of memory, whose addresses the processor remembers.

use super::place::SlotId;
use super::prefetch::prefetch;
use super::time::Millis;

/// Entries in the largest chunk (8 KiB).
pub const MAX_ENTRIES: usize = 1024;
/// Entries in the smallest chunk.
const MIN_ENTRIES: usize = 4;

/// Where an entry's time begins in its word.
const TIME_SHIFT: u32 = 33;
/// The bit of a word that says that the entry has been told.
const TOLD: u64 = 1 << 32;
/// The largest distance of an entry from the base: 24 days.
pub const MAX_SPAN: Millis = (1 << (64 - TIME_SHIFT)) - 1;

/// What is written of a member's touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub time: Millis,
    pub slot: SlotId,
    /// Whether it has been told that the member went offline when its time was up.
    pub told: bool,
}

/// A run of entries in order of time. The default holds nothing and has room for nothing.
#[derive(Clone, Default)]
pub struct Chunk {
    entries: Box<[u64]>,
    /// A bit for each entry: whether it is alive.
    living: Box<[u64]>,
    /// What the entries' times are counted from; no entry is earlier.
    base: Millis,
    len: u16,
    alive: u16,
    /// Living entries before this index have all been told.
    pub told: u16,
    /// A chunk after which another was begun: it only loses entries, and is squeezed early.
    pub sealed: bool,
    /// Its place in its block's links.
    pub link: u8,
    /// The block it belongs to.
    pub block: u32,
}

impl Chunk {
    /// An empty chunk with room for at least `entries`, for times from `base` on.
    pub fn new(entries: usize, base: Millis) -> Chunk {
        let room = entries.next_power_of_two().max(MIN_ENTRIES);
        Chunk {
            entries: vec![0; room].into_boxed_slice(),
            living: vec![0; room.div_ceil(64)].into_boxed_slice(),
            base,
            ..Chunk::default()
        }
    }

    /// The chunk's blocks, to be moved (`relocate.rs`).
    pub fn blocks_mut(&mut self) -> [&mut Box<[u64]>; 2] {
        [&mut self.entries, &mut self.living]
    }

    pub fn base(&self) -> Millis {
        self.base
    }

    /// Entries, living and dead.
    #[inline]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    #[inline]
    pub fn alive(&self) -> usize {
        self.alive as usize
    }

    /// Entries there is room for.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.entries.len()
    }

    /// Bytes of its blocks.
    pub fn bytes(&self) -> usize {
        (self.entries.len() + self.living.len()) * 8
    }

    pub fn is_full(&self) -> bool {
        self.len() == self.capacity()
    }

    /// Whether so few are alive that half the block, or for a chunk still being filled seven eighths, could go.
    #[inline]
    pub fn is_thin(&self) -> bool {
        let share = if self.sealed { 2 } else { 8 };
        self.alive() * share <= self.capacity() && self.capacity() > MIN_ENTRIES
    }

    #[inline]
    pub fn is_alive(&self, index: usize) -> bool {
        self.living[index / 64] >> (index % 64) & 1 == 1
    }

    /// Asks the processor for an entry.
    #[inline]
    pub fn prefetch(&self, index: usize) {
        prefetch(&self.entries[index]);
    }

    /// Asks the processor for the word that says whether an entry is alive.
    #[inline]
    pub fn prefetch_life(&self, index: usize) {
        prefetch(&self.living[index / 64]);
    }

    #[inline]
    pub fn time(&self, index: usize) -> Millis {
        self.base + (self.entries[index] >> TIME_SHIFT)
    }

    #[inline]
    pub fn slot(&self, index: usize) -> SlotId {
        self.entries[index] as SlotId
    }

    /// Whether an entry has been told.
    #[inline]
    pub fn is_told(&self, index: usize) -> bool {
        self.entries[index] & TOLD != 0
    }

    /// Marks an entry as told.
    pub fn tell(&mut self, index: usize) {
        self.entries[index] |= TOLD;
    }

    /// The first living entry that has not been told. What is found out on the way is kept.
    pub fn first_untold(&mut self) -> Option<usize> {
        let mut from = self.told as usize;
        let found = loop {
            match self.alive_from(from) {
                Some(index) if self.is_told(index) => from = index + 1,
                found => break found,
            }
        };
        self.told = found.unwrap_or(self.len()) as u16;
        found
    }

    pub fn last_time(&self) -> Millis {
        self.time(self.len() - 1)
    }

    /// Whether an entry of this time can be written: not before the base, and within 24 days after it.
    pub fn spans(&self, time: Millis) -> bool {
        time >= self.base && time - self.base <= MAX_SPAN
    }

    #[inline]
    fn word_of(&self, entry: Entry) -> u64 {
        (entry.time - self.base) << TIME_SHIFT | u64::from(entry.told) << 32 | u64::from(entry.slot)
    }

    /// Appends an entry that is no earlier than the last; there must be room. Returns its index.
    #[inline]
    pub fn push(&mut self, entry: Entry) -> usize {
        let index = self.len();
        self.entries[index] = self.word_of(entry);
        self.living[index / 64] |= 1 << (index % 64);
        self.len += 1;
        self.alive += 1;
        index
    }

    /// Kills an entry.
    #[inline]
    pub fn kill(&mut self, index: usize) {
        debug_assert!(self.is_alive(index));
        self.living[index / 64] &= !(1 << (index % 64));
        self.alive -= 1;
    }

    /// Points a living entry at another slot.
    pub fn set_slot(&mut self, index: usize, slot: SlotId) {
        self.entries[index] = self.entries[index] & !(TOLD - 1) | u64::from(slot);
    }

    /// The first living entry at or after `index`.
    #[inline]
    pub fn alive_from(&self, index: usize) -> Option<usize> {
        if index >= self.len() {
            return None;
        }
        let (mut word, mut mask) = (index / 64, u64::MAX << (index % 64));
        while word < self.living.len() {
            let bits = self.living[word] & mask;
            if bits != 0 {
                return Some(word * 64 + bits.trailing_zeros() as usize);
            }
            word += 1;
            mask = u64::MAX;
        }
        None
    }

    /// The last living entry before `index`.
    #[inline]
    pub fn alive_before(&self, index: usize) -> Option<usize> {
        let index = index.min(self.len()).checked_sub(1)?;
        let (mut word, mut mask) = (index / 64, u64::MAX >> (63 - index % 64));
        loop {
            let bits = self.living[word] & mask;
            if bits != 0 {
                return Some(word * 64 + bits.ilog2() as usize);
            }
            word = word.checked_sub(1)?;
            mask = u64::MAX;
        }
    }

    /// The first entry, living or dead, that is later than `time`.
    #[inline]
    pub fn after(&self, time: Millis) -> usize {
        if time < self.base {
            return 0;
        }
        let limit = time - self.base;
        self.entries[..self.len()].partition_point(|entry| entry >> TIME_SHIFT <= limit)
    }

    /// How many living entries there are at or after `index`.
    pub fn count_from(&self, index: usize) -> usize {
        let word = index / 64;
        let Some((first, rest)) = self.living.get(word..).and_then(<[u64]>::split_first) else {
            return 0;
        };
        let first = (first >> (index % 64)).count_ones();
        let rest: u32 = rest.iter().map(|word| word.count_ones()).sum();
        (first + rest) as usize
    }

    /// The index of the living entry that has `rank` living ones before it.
    pub fn select(&self, rank: usize) -> usize {
        let mut left = rank as u32;
        for (word, &bits) in self.living.iter().enumerate() {
            let ones = bits.count_ones();
            if left < ones {
                let mut bits = bits;
                for _ in 0..left {
                    bits &= bits - 1;
                }
                return word * 64 + bits.trailing_zeros() as usize;
            }
            left -= ones;
        }
        self.len()
    }

    /// The living entries, in order, from `index` on.
    pub fn living_from(&self, index: usize) -> impl Iterator<Item = (usize, Entry)> + '_ {
        let mut next = index;
        std::iter::from_fn(move || {
            let index = self.alive_from(next)?;
            next = index + 1;
            let entry = Entry {
                time: self.time(index),
                slot: self.slot(index),
                told: self.is_told(index),
            };
            Some((index, entry))
        })
    }

    /// Doubles the room; every entry keeps its index.
    pub fn grow(&mut self) {
        let grown = Chunk::new(self.capacity() * 2, self.base);
        let (entries, living) = (
            std::mem::replace(&mut self.entries, grown.entries),
            std::mem::replace(&mut self.living, grown.living),
        );
        self.entries[..entries.len()].copy_from_slice(&entries);
        self.living[..living.len()].copy_from_slice(&living);
    }

    /// Whether an entry of this time fits among those that are here: within 24 days of the first and the last.
    pub fn stretches_to(&self, time: Millis) -> bool {
        self.last_time().max(time) - self.base.min(time) <= MAX_SPAN
    }

    /// Puts an entry before those from `index` on, which move up by one; there must be room.
    pub fn insert(&mut self, index: usize, entry: Entry) {
        debug_assert!(!self.is_full() && self.stretches_to(entry.time));
        let len = self.len();
        if entry.time < self.base {
            let shift = (self.base - entry.time) << TIME_SHIFT;
            for entry in &mut self.entries[..len] {
                *entry += shift;
            }
            self.base = entry.time;
        }
        self.told = self.told.min(index as u16);
        self.entries.copy_within(index..len, index + 1);
        for at in (index..len).rev() {
            let bit = self.living[at / 64] >> (at % 64) & 1;
            let above = at + 1;
            self.living[above / 64] &= !(1 << (above % 64));
            self.living[above / 64] |= bit << (above % 64);
        }
        self.living[index / 64] |= 1 << (index % 64);
        self.entries[index] = self.word_of(entry);
        self.len += 1;
        self.alive += 1;
    }

    /// Cuts the entries from `index` on off.
    pub fn truncate(&mut self, index: usize) {
        self.living[index.div_ceil(64)..].fill(0);
        if !index.is_multiple_of(64) {
            self.living[index / 64] &= u64::MAX >> (64 - index % 64);
        }
        self.len = index as u16;
        self.told = self.told.min(self.len);
        self.alive = self.count_from(0) as u16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_waste_nothing() {
        let room = |entries| Chunk::new(entries, 0).capacity();
        assert_eq!([0, 1, 4, 5].map(room), [4, 4, 4, 8]);
        assert_eq!(room(MAX_ENTRIES), MAX_ENTRIES);
    }

    #[test]
    fn rank_and_select_see_the_living() {
        let mut chunk = Chunk::new(200, 1000);
        for i in 0..200 {
            let entry = Entry {
                time: 1000 + u64::from(i) / 2,
                slot: i,
                told: false,
            };
            assert_eq!(chunk.push(entry), i as usize);
        }
        for i in (0..200).step_by(3) {
            chunk.kill(i);
        }
        assert_eq!(chunk.alive(), 133);
        assert_eq!(chunk.after(1049), 100);
        let living: Vec<usize> = (0..200).filter(|i| i % 3 != 0).collect();
        assert_eq!(
            chunk.count_from(100),
            living.iter().filter(|i| **i >= 100).count()
        );
        assert!(
            living
                .iter()
                .enumerate()
                .all(|(rank, i)| chunk.select(rank) == *i)
        );
        assert_eq!(
            chunk.living_from(0).map(|e| e.0).collect::<Vec<_>>(),
            living
        );
        assert_eq!(chunk.alive_before(100), Some(98));
        chunk.truncate(100);
        assert_eq!((chunk.len(), chunk.alive()), (100, 66));
        assert_eq!(chunk.count_from(0), 66);
    }
}
