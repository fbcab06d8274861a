//! A segment of an index (`extendible.rs`): a small hash table whose buckets are cache lines.
//!
//! It has the names of one range of hash bits. Buckets are ordered by hash bits, so a name whose bits lie a third of
//! the way into the range has its home bucket a third of the way into the segment. A full bucket overflows into the
//! next (linear probing by bucket). A lookup needs nothing but the bucket: it has the names, the ids of their entries,
//! and a tag for each, a few bits of the hash that rule out most other names without reading them (as in Abseil's Swiss
//! tables and F14). A bucket counts the names that overflowed from it, so a search ends early, and removals leave no
//! tombstones (F14).
//!
//! Hashes are not stored. A segment that is rebuilt hashes its names again; they are read in a row.

use crate::core::memory::prefetch;
use crate::core::refs::{EntryId, HASH_RANGE, hash_bits_of};

/// A name in its stored form.
pub trait Stored: Default {
    fn hash(&self) -> u64;

    /// Takes the name out. What is left is not read.
    fn take(&mut self) -> Self {
        std::mem::take(self)
    }
}

/// How many bits of `Bucket::marks` are the overflow count.
const OVERFLOW_BITS: u32 = 8;
const MAX_OVERFLOW: u32 = (1 << OVERFLOW_BITS) - 1;

/// A cache line with slots for `K` members. A slot with a tag of 0 is empty.
#[derive(Clone)]
#[repr(C)]
pub struct Bucket<N, const K: usize> {
    names: [N; K],
    entry_ids: [EntryId; K],
    /// The overflow count, and above it the tags.
    marks: u32,
}

impl<N: Default, const K: usize> Default for Bucket<N, K> {
    fn default() -> Self {
        Bucket {
            names: std::array::from_fn(|_| N::default()),
            entry_ids: [EntryId::NONE; K],
            marks: 0,
        }
    }
}

impl<N, const K: usize> Bucket<N, K> {
    const TAG_BITS: u32 = (u32::BITS - OVERFLOW_BITS) / K as u32;
    const TAG: u32 = (1 << Self::TAG_BITS) - 1;

    /// The tag of a name: bits of its hash that are not in its prefix.
    #[inline]
    fn tag_of(hash: u64) -> u32 {
        (hash as u32 & Self::TAG).max(1)
    }

    #[inline]
    fn tag(&self, at: usize) -> u32 {
        self.marks >> (OVERFLOW_BITS + at as u32 * Self::TAG_BITS) & Self::TAG
    }

    fn set_tag(&mut self, at: usize, tag: u32) {
        let shift = OVERFLOW_BITS + at as u32 * Self::TAG_BITS;
        self.marks = self.marks & !(Self::TAG << shift) | tag << shift;
    }

    /// How many names went on; `MAX_OVERFLOW` for at least that many, which is not counted down any more.
    #[inline]
    fn overflow_count(&self) -> u32 {
        self.marks & MAX_OVERFLOW
    }

    /// A mask of the slots with this tag; of tag 0, the empty ones.
    #[inline]
    fn tagged(&self, tag: u32) -> u32 {
        (0..K).fold(0, |mask, at| mask | u32::from(self.tag(at) == tag) << at)
    }

    /// A mask of the slots with this entry.
    #[inline]
    fn holding(&self, entry_id: EntryId) -> u32 {
        (0..K).fold(0, |mask, at| {
            mask | u32::from(self.entry_ids[at] == entry_id) << at
        })
    }

    /// The names, for their own blocks of memory to be moved (`memory/mover.rs`).
    pub fn names_mut(&mut self) -> &mut [N] {
        &mut self.names
    }
}

/// A slot of a segment: the bucket, and the slot in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slot(u32);

const AT_BITS: u32 = 3;

impl Slot {
    #[inline]
    fn new(bucket: usize, at: usize) -> Slot {
        Slot((bucket << AT_BITS | at) as u32)
    }

    #[inline]
    fn bucket(self) -> usize {
        (self.0 >> AT_BITS) as usize
    }

    #[inline]
    fn at(self) -> usize {
        (self.0 & ((1 << AT_BITS) - 1)) as usize
    }
}

/// The names whose hash bits are `start` or more, up to the start of the next segment.
#[derive(Clone)]
pub struct Segment<N, const K: usize> {
    pub buckets: Box<[Bucket<N, K>]>,
    /// Buckets for each value of the hash bits, in units of 2^-32.
    scale: u64,
    pub start: u32,
    items: u16,
    /// The local depth: how many leading bits of `spiral` its names share (`extendible.rs`).
    pub depth: u8,
}

impl<N, const K: usize> Default for Segment<N, K> {
    fn default() -> Self {
        Segment {
            buckets: Box::default(),
            scale: 0,
            start: 0,
            items: 0,
            depth: 0,
        }
    }
}

impl<N, const K: usize> Segment<N, K> {
    /// How many names there are.
    pub fn len(&self) -> usize {
        self.items.into()
    }

    /// How many there is room for.
    pub fn capacity(&self) -> usize {
        self.buckets.len() * K
    }

    /// The bucket that a search begins with.
    #[inline]
    fn home_bucket(&self, hash_bits: u32) -> usize {
        ((u64::from(hash_bits - self.start) * self.scale) >> 32) as usize
    }

    #[inline]
    fn next(&self, bucket: usize) -> usize {
        if bucket + 1 == self.buckets.len() {
            0
        } else {
            bucket + 1
        }
    }

    /// Prefetches what a search most likely reads: one name in four has overflowed into the next bucket.
    #[inline]
    pub fn prefetch(&self, hash_bits: u32) {
        let home_bucket = self.home_bucket(hash_bits);
        prefetch(&self.buckets[home_bucket]);
        prefetch(&self.buckets[self.next(home_bucket)]);
    }

    /// The slot for which `is_it` says yes, of those in the mask that `candidates` makes of a bucket, and its entry. One mask
    /// for the whole bucket instead of a test for each slot, whose branches could not be predicted.
    #[inline]
    fn search(
        &self,
        hash_bits: u32,
        candidates: impl Fn(&Bucket<N, K>) -> u32,
        is_it: impl Fn(&Bucket<N, K>, usize) -> bool,
    ) -> Option<(Slot, EntryId)> {
        let home_bucket = self.home_bucket(hash_bits);
        let mut at = home_bucket;
        loop {
            let bucket = &self.buckets[at];
            let mut bits = candidates(bucket);
            while bits != 0 {
                let found = bits.trailing_zeros() as usize;
                if is_it(bucket, found) {
                    return Some((Slot::new(at, found), bucket.entry_ids[found]));
                }
                bits &= bits - 1;
            }
            if bucket.overflow_count() == 0 {
                return None;
            }
            at = self.next(at);
            if at == home_bucket {
                return None;
            }
        }
    }

    /// Where the name with this hash is for which `is_it` says yes, and its entry.
    #[inline]
    pub fn find(&self, hash: u64, is_it: impl Fn(&N) -> bool) -> Option<(Slot, EntryId)> {
        let tag = Bucket::<N, K>::tag_of(hash);
        self.search(
            hash_bits_of(hash),
            |bucket| bucket.tagged(tag),
            |bucket, at| is_it(&bucket.names[at]),
        )
    }

    /// The slot of the name with these hash bits and this entry.
    #[inline]
    pub fn find_entry(&self, hash_bits: u32, entry_id: EntryId) -> Option<Slot> {
        let found = self.search(hash_bits, |bucket| bucket.holding(entry_id), |_, _| true);
        found.map(|(slot, _)| slot)
    }

    /// The slot of a name with these hash bits, or others of its bucket, for whose entry `is_it` says yes.
    pub fn find_where(&self, hash_bits: u32, is_it: impl Fn(EntryId) -> bool) -> Option<Slot> {
        let found = self.search(
            hash_bits,
            |bucket| !bucket.tagged(0) & ((1 << K) - 1),
            |bucket, at| is_it(bucket.entry_ids[at]),
        );
        found.map(|(slot, _)| slot)
    }

    #[inline]
    pub fn name(&self, slot: Slot) -> &N {
        &self.buckets[slot.bucket()].names[slot.at()]
    }

    #[inline]
    pub fn entry_id(&self, slot: Slot) -> EntryId {
        self.buckets[slot.bucket()].entry_ids[slot.at()]
    }

    #[inline]
    pub fn replace_entry_id(&mut self, slot: Slot, entry_id: EntryId) -> EntryId {
        let bucket = &mut self.buckets[slot.bucket()];
        std::mem::replace(&mut bucket.entry_ids[slot.at()], entry_id)
    }

    /// Every slot with a name.
    #[cfg(test)]
    pub fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        (0..self.buckets.len())
            .flat_map(|bucket| (0..K).map(move |at| (bucket, at)))
            .filter(|(bucket, at)| self.buckets[*bucket].tag(*at) != 0)
            .map(|(bucket, at)| Slot::new(bucket, at))
    }
}

impl<N: Stored, const K: usize> Segment<N, K> {
    /// A segment for hash bits from `start` up to `end`, exclusive.
    pub fn new(buckets: usize, start: u32, end: u32, depth: u8) -> Self {
        let mut all = Vec::new();
        all.resize_with(buckets, Bucket::default);
        Segment {
            buckets: all.into_boxed_slice(),
            scale: ((buckets as u64) << 32) / u64::from(end - start),
            start,
            items: 0,
            depth,
        }
    }

    /// Adds a name that is not there; there must be room.
    pub fn insert(&mut self, hash: u64, name: N, entry_id: EntryId) {
        let mut at = self.home_bucket(hash_bits_of(hash));
        loop {
            let bucket = &mut self.buckets[at];
            let free = bucket.tagged(0).trailing_zeros() as usize;
            if free < K {
                bucket.set_tag(free, Bucket::<N, K>::tag_of(hash));
                bucket.names[free] = name;
                bucket.entry_ids[free] = entry_id;
                self.items += 1;
                return;
            }
            if bucket.overflow_count() < MAX_OVERFLOW {
                bucket.marks += 1;
            }
            at = self.next(at);
        }
    }

    /// Takes a name out, and off the overflow counts of the buckets it was moved past.
    pub fn remove(&mut self, hash_bits: u32, slot: Slot) -> (N, EntryId) {
        let (bucket, at) = (slot.bucket(), slot.at());
        let mut passed = self.home_bucket(hash_bits);
        while passed != bucket {
            if self.buckets[passed].overflow_count() < MAX_OVERFLOW {
                self.buckets[passed].marks -= 1;
            }
            passed = self.next(passed);
        }
        let bucket = &mut self.buckets[bucket];
        bucket.set_tag(at, 0);
        self.items -= 1;
        (
            std::mem::take(&mut bucket.names[at]),
            std::mem::replace(&mut bucket.entry_ids[at], EntryId::NONE),
        )
    }

    /// Calls `f` with the hash of each name, the name and its entry, roughly in the order of their hash bits.
    pub fn drain(mut self, mut f: impl FnMut(u64, N, EntryId)) {
        for bucket in &mut self.buckets {
            for at in 0..K {
                if bucket.tag(at) != 0 {
                    let name = bucket.names[at].take();
                    f(name.hash(), name, bucket.entry_ids[at]);
                }
            }
        }
    }

    /// Panics where an overflow count is wrong.
    #[cfg(test)]
    pub fn check(&self) {
        let mut overflow_count = vec![0; self.buckets.len()];
        for slot in self.slots() {
            let mut bucket = self.home_bucket(hash_bits_of(self.name(slot).hash()));
            while bucket != slot.bucket() {
                overflow_count[bucket] += 1;
                bucket = self.next(bucket);
            }
        }
        for (bucket, overflow_count) in self.buckets.iter().zip(overflow_count) {
            assert!(
                bucket.overflow_count() == overflow_count
                    || bucket.overflow_count() == MAX_OVERFLOW
            );
        }
    }

    /// Calls `f` with the slot of each name that has the same home bucket as these hash bits, and no lower bits.
    /// Returns the first hash bits of the next bucket, which may be beyond the segment.
    pub fn visit(&self, hash_bits: u32, mut f: impl FnMut(Slot)) -> u32 {
        let home_bucket = self.home_bucket(hash_bits);
        let mut bucket = home_bucket;
        for _ in 0..self.buckets.len() {
            for at in 0..K {
                if self.buckets[bucket].tag(at) != 0 {
                    let its = hash_bits_of(self.buckets[bucket].names[at].hash());
                    if its >= hash_bits && self.home_bucket(its) == home_bucket {
                        f(Slot::new(bucket, at));
                    }
                }
            }
            if self.buckets[bucket].overflow_count() == 0 {
                break;
            }
            bucket = self.next(bucket);
        }
        let beyond = ((home_bucket as u64 + 1) << 32).div_ceil(self.scale);
        self.start + beyond.min(u64::from(HASH_RANGE - self.start)) as u32
    }
}
