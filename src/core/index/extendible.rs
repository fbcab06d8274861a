//! From a name's hash to the member: extendible hashing over small tables.
//!
//! One big hash table rehashes everything it holds when it grows. Here the high bits of the hash choose one of many
//! segments (`segment.rs`) of at most 224 cache lines, each of which grows by itself in steps and at last splits in two
//! (Fagin et al., "Extendible hashing", 1979), so that the worst any insertion waits for is one segment's worth of
//! work.
//!
//! A hash fills all segments alike, so all would be full, and split, at nearly the same time, and memory would grow in
//! steps. So they are filled unevenly: the first one twice as fast as the last, and those between in such a way that
//! while the number of names doubles, the segments split one after the other (Martin, "Spiral storage", 1979). The load
//! of all together is the same at every size.
//!
//! Segments are in the order of their hash bits, and so are the buckets in each. So a walk over all names needs to
//! remember nothing but the hash bits it has come to, however segments grow, split and join meanwhile.

use super::segment::{Bucket, Segment, Slot, Stored};
use crate::core::memory::{Mover, Steps};
use crate::core::refs::{EntryId, HASH_RANGE, hash_bits_of};

/// Sizes of a segment in buckets; each a size class of common allocators.
const SIZES: [usize; 14] = [2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 160, 224];
/// The size of the halves of a segment that splits.
const HALF: usize = 128;

/// How many names a segment of this capacity may have: nine tenths.
fn full(capacity: usize) -> usize {
    capacity - capacity.div_ceil(10)
}

/// Hash bits as a number whose high bits choose the segment: bent so that values near 0 are twice as frequent as those
/// at the other end. That takes 2^x - 1 for an x between 0 and 1, which 0.66 x + 0.34 x² is near enough to.
#[inline]
fn spiral(hash_bits: u32) -> u64 {
    /// 0.66 and 0.34 in units of 2^-32.
    const LINEAR: u64 = 0xa8f5_c28f;
    const SQUARE: u64 = (1 << 32) - LINEAR;
    let x = u64::from(hash_bits) << (u32::BITS - HASH_RANGE.ilog2());
    x * (LINEAR + ((SQUARE * x) >> 32))
}

/// The first hash bits whose [`spiral`] begins with these `depth` bits or more.
fn first_hash_bits(bits: u64, depth: u8) -> u32 {
    if bits >> depth != 0 {
        return HASH_RANGE;
    }
    let (mut low, mut high) = (0, HASH_RANGE);
    while low < high {
        let middle = low + (high - low) / 2;
        if directory_index(middle, depth) >= bits {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// The first `depth` bits of [`spiral`]: an index into a directory of that depth.
#[inline]
fn directory_index(hash_bits: u32, depth: u8) -> u64 {
    // In two steps: at depth 0 the shift would be by 64, which overflows.
    (spiral(hash_bits) >> 1) >> (63 - depth)
}

/// Where a name stands, until the next change of the index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotRef {
    segment: u32,
    slot: Slot,
}

/// Names of one form, by their hashes.
#[derive(Clone)]
pub struct Index<N, const K: usize> {
    /// For each value of the first `depth` bits of [`spiral`], a segment. A segment of a lesser depth is listed
    /// repeatedly.
    directory: Vec<u32>,
    depth: u8,
    segments: Vec<Segment<N, K>>,
    /// Ids of segments that were joined into another.
    free: Vec<u32>,
    /// Buckets of all segments; in four bytes there is room for it beside the depth.
    buckets: u32,
    len: usize,
}

impl<N, const K: usize> Default for Index<N, K> {
    fn default() -> Self {
        Index {
            directory: Vec::new(),
            depth: 0,
            segments: Vec::new(),
            free: Vec::new(),
            buckets: 0,
            len: 0,
        }
    }
}

impl<N: Stored, const K: usize> Index<N, K> {
    /// How many names there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Bytes allocated, without what the names own themselves.
    pub fn bytes(&self) -> usize {
        self.buckets as usize * size_of::<Bucket<N, K>>()
            + self.directory.capacity() * size_of::<u32>()
            + self.segments.capacity() * size_of::<Segment<N, K>>()
            + self.free.capacity() * size_of::<u32>()
    }

    /// How many separate allocations there are.
    pub fn allocations(&self) -> usize {
        self.segments.len()
    }

    /// Moves the segments' blocks; `inner` moves what a name owns itself.
    pub fn relocate<M: Mover>(
        &mut self,
        steps: &mut Steps<M>,
        mut inner: impl FnMut(&mut N, &mut M),
    ) {
        steps.each(&mut self.segments, |segment, mover| {
            mover.slice(&mut segment.buckets);
            for name in segment.buckets.iter_mut().flat_map(Bucket::names_mut) {
                inner(name, mover);
            }
        });
    }

    #[inline]
    fn segment_of(&self, hash_bits: u32) -> Option<u32> {
        self.directory
            .get(directory_index(hash_bits, self.depth) as usize)
            .copied()
    }

    /// Where the name with this hash is for which `is_it` says yes, and its entry.
    #[inline]
    pub fn find(&self, hash: u64, is_it: impl Fn(&N) -> bool) -> Option<(SlotRef, EntryId)> {
        let segment = self.segment_of(hash_bits_of(hash))?;
        let (slot, entry_id) = self.segments[segment as usize].find(hash, is_it)?;
        Some((SlotRef { segment, slot }, entry_id))
    }

    /// The slot of the name with these hash bits and this entry.
    #[inline]
    pub fn find_entry(&self, hash_bits: u32, entry_id: EntryId) -> Option<SlotRef> {
        let segment = self.segment_of(hash_bits)?;
        let slot = self.segments[segment as usize].find_entry(hash_bits, entry_id)?;
        Some(SlotRef { segment, slot })
    }

    /// The slot of a name of this home bucket for whose entry `is_it` says yes.
    pub fn find_where(&self, hash_bits: u32, is_it: impl Fn(EntryId) -> bool) -> Option<SlotRef> {
        let segment = self.segment_of(hash_bits)?;
        let slot = self.segments[segment as usize].find_where(hash_bits, is_it)?;
        Some(SlotRef { segment, slot })
    }

    /// Prefetches what a search for these hash bits most likely reads.
    #[inline]
    pub fn prefetch(&self, hash_bits: u32) {
        if let Some(segment) = self.segment_of(hash_bits) {
            self.segments[segment as usize].prefetch(hash_bits);
        }
    }

    #[inline]
    pub fn name(&self, slot_ref: SlotRef) -> &N {
        self.segments[slot_ref.segment as usize].name(slot_ref.slot)
    }

    #[inline]
    pub fn entry_id(&self, slot_ref: SlotRef) -> EntryId {
        self.segments[slot_ref.segment as usize].entry_id(slot_ref.slot)
    }

    #[inline]
    pub fn replace_entry_id(&mut self, slot_ref: SlotRef, entry_id: EntryId) -> EntryId {
        self.segments[slot_ref.segment as usize].replace_entry_id(slot_ref.slot, entry_id)
    }

    /// Adds a name that is not in the index.
    pub fn insert(&mut self, hash: u64, name: N, entry_id: EntryId) {
        let hash_bits = hash_bits_of(hash);
        let mut segment = match self.segment_of(hash_bits) {
            Some(segment) => segment,
            None => {
                self.directory.push(0);
                self.segments.push(Segment::new(SIZES[0], 0, HASH_RANGE, 0));
                self.buckets = SIZES[0] as u32;
                0
            }
        };
        while self.segments[segment as usize].len()
            >= full(self.segments[segment as usize].capacity())
        {
            self.grow(segment);
            segment = self
                .segment_of(hash_bits)
                .expect("the directory is not empty");
        }
        self.segments[segment as usize].insert(hash, name, entry_id);
        self.len += 1;
    }

    /// Takes out the name in that slot, which has these hash bits.
    pub fn remove(&mut self, hash_bits: u32, slot_ref: SlotRef) -> (N, EntryId) {
        let segment = &mut self.segments[slot_ref.segment as usize];
        let removed = segment.remove(hash_bits, slot_ref.slot);
        self.len -= 1;
        if segment.buckets.len() > SIZES[0] && segment.len() < segment.capacity() / 4 {
            self.shrink(slot_ref.segment);
        }
        removed
    }

    /// The end of a segment's hash bits, exclusive.
    fn end_of(segment: &Segment<N, K>) -> u32 {
        first_hash_bits(
            directory_index(segment.start, segment.depth) + 1,
            segment.depth,
        )
    }

    /// Gives a full segment the next size, or splits it.
    #[cold]
    fn grow(&mut self, segment: u32) {
        let buckets = self.segments[segment as usize].buckets.len();
        match SIZES.iter().find(|size| **size > buckets) {
            Some(&size) => self.resize(segment, size),
            None => self.split(segment),
        }
    }

    fn split(&mut self, segment: u32) {
        let old = std::mem::take(&mut self.segments[segment as usize]);
        if old.depth == self.depth {
            self.directory = self.directory.iter().flat_map(|id| [*id, *id]).collect();
            self.depth += 1;
        }
        let (start, depth, end) = (old.start, old.depth + 1, Self::end_of(&old));
        let middle = first_hash_bits(directory_index(start, old.depth) << 1 | 1, depth);
        assert!(start < middle && middle < end, "no more names than points");
        let mut low = Segment::new(HALF, start, middle, depth);
        let mut high = Segment::new(HALF, middle, end, depth);
        let mut spill = Vec::new();
        self.buckets = self.buckets + 2 * HALF as u32 - old.buckets.len() as u32;
        old.drain(|hash, name, entry_id| {
            let half = if hash_bits_of(hash) < middle {
                &mut low
            } else {
                &mut high
            };
            if half.len() < half.capacity() {
                half.insert(hash, name, entry_id);
            } else {
                spill.push((hash, name, entry_id));
            }
        });
        let high_id = self.free.pop().unwrap_or_else(|| {
            self.segments.push(Segment::default());
            (self.segments.len() - 1) as u32
        });
        self.segments[segment as usize] = low;
        self.segments[high_id as usize] = high;
        // The upper half of the run of the directory that listed the old segment lists the new one.
        let run = 1_usize << (self.depth - depth);
        let first = directory_index(middle, depth) as usize * run;
        self.directory[first..first + run].fill(high_id);
        self.len -= spill.len();
        for (hash, name, entry_id) in spill {
            self.insert(hash, name, entry_id);
        }
    }

    /// Gives a sparsely filled segment a smaller size, or joins it with the one it was split from.
    #[cold]
    fn shrink(&mut self, segment: u32) {
        let at = &self.segments[segment as usize];
        if at.buckets.len() <= HALF && at.depth > 0 {
            return self.join(segment);
        }
        let wanted = at.len() * 2 / K + 1;
        let floor = if at.depth > 0 { HALF } else { SIZES[0] };
        let size = SIZES
            .iter()
            .copied()
            .find(|size| *size >= wanted.max(floor));
        if let Some(size) = size
            && size < at.buckets.len()
        {
            self.resize(segment, size);
        }
    }

    fn resize(&mut self, segment: u32, buckets: usize) {
        let old = std::mem::take(&mut self.segments[segment as usize]);
        let mut new = Segment::new(buckets, old.start, Self::end_of(&old), old.depth);
        self.buckets = self.buckets + buckets as u32 - old.buckets.len() as u32;
        old.drain(|hash, name, entry_id| new.insert(hash, name, entry_id));
        self.segments[segment as usize] = new;
    }

    /// Joins a segment with its other half, where that is of the same depth and both fit comfortably.
    fn join(&mut self, segment: u32) {
        let (start, depth) = {
            let segment = &self.segments[segment as usize];
            (segment.start, segment.depth)
        };
        let run = 1_usize << (self.depth - depth);
        let first = directory_index(start, depth) as usize * run;
        let other = self.directory[first ^ run];
        let (a, b) = (
            &self.segments[segment as usize],
            &self.segments[other as usize],
        );
        if a.depth != b.depth || a.len() + b.len() > HALF * K / 2 {
            return;
        }
        let mut halves = [segment, other].map(|id| std::mem::take(&mut self.segments[id as usize]));
        halves.sort_by_key(|half| half.start);
        let mut joined = Segment::new(HALF, halves[0].start, Self::end_of(&halves[1]), depth - 1);
        self.buckets += HALF as u32;
        for half in halves {
            self.buckets -= half.buckets.len() as u32;
            half.drain(|hash, name, entry_id| joined.insert(hash, name, entry_id));
        }
        self.segments[segment as usize] = joined;
        self.free.push(other);
        let first = first & !run;
        self.directory[first..first + 2 * run].fill(segment);
        self.halve_directory();
    }

    /// Halves the directory while no segment needs its full depth. Looks at it only after many joins.
    fn halve_directory(&mut self) {
        let in_use = self.segments.len() - self.free.len();
        while self.depth > 0 && in_use * 4 <= self.directory.len() {
            if self.directory.chunks(2).any(|pair| pair[0] != pair[1]) {
                break;
            }
            self.directory = self.directory.chunks(2).map(|pair| pair[0]).collect();
            self.depth -= 1;
        }
        if self.depth == 0 && self.segments.len() > 1 {
            let only = std::mem::take(&mut self.segments[self.directory[0] as usize]);
            self.segments = vec![only];
            self.directory = vec![0];
            self.free = Vec::new();
        }
    }

    /// Visits the names of one home bucket that have these hash bits or higher ones. Returns the hash bits to go on
    /// with, [`HASH_RANGE`] at the end. Names of the same hash bits have the same home bucket.
    pub fn visit(&self, hash_bits: u32, mut f: impl FnMut(SlotRef)) -> u32 {
        let Some(id) = self.segment_of(hash_bits) else {
            return HASH_RANGE;
        };
        let segment = &self.segments[id as usize];
        let next = segment.visit(hash_bits, |slot| f(SlotRef { segment: id, slot }));
        next.min(Self::end_of(segment))
    }

    /// Where each name stands.
    #[cfg(test)]
    pub fn slot_refs(&self) -> impl Iterator<Item = SlotRef> + '_ {
        (0..)
            .zip(&self.segments)
            .flat_map(|(segment, at)| at.slots().map(move |slot| SlotRef { segment, slot }))
    }
}

#[cfg(test)]
#[path = "extendible_test.rs"]
mod tests;
