//! From a name's hash to the member: extendible hashing over small tables.
//!
//! One big hash table rehashes everything it holds when it grows. Here the high bits of the hash choose one of many
//! leaves (`leaf.rs`) of at most 224 cache lines, each of which grows by itself in steps and at last splits in two (Fagin
//! et al., "Extendible hashing", 1979), so that the worst any insertion waits for is one leaf's worth of work.
//!
//! A hash fills all leaves alike, so all would be full, and split, at nearly the same time, and memory would go up in
//! steps. So they are filled unevenly: the first one twice as fast as the last, and those between in such a way that
//! while the number of names doubles, the leaves split one after the other (Martin, "Spiral storage", 1979). The load
//! of all together is the same at every size.
//!
//! Leaves are in the order of their points, and so are the lines in each. So a walk over all names needs to remember
//! nothing but the point it has come to, however the leaves grow, split and join meanwhile.

use super::segment::{Cell, Leaf, Line, Stored};
use crate::core::memory::{Mover, Steps};
use crate::core::refs::{POINTS, Place, point_of};

/// Sizes of a leaf in lines; each a size that allocators serve without waste.
const SIZES: [usize; 14] = [2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 160, 224];
/// The size of the halves of a leaf that splits.
const HALF: usize = 128;

/// How many names a leaf with so much room may have: nine tenths.
fn full(capacity: usize) -> usize {
    capacity - capacity.div_ceil(10)
}

/// A point as a number whose high bits choose the leaf: bent so that values near 0 are twice as frequent as those at
/// the other end. That takes 2^x - 1 for an x between 0 and 1, which 0.66 x + 0.34 x² is near enough to.
#[inline]
fn spiral(point: u32) -> u64 {
    /// 0.66 and 0.34 in units of 2^-32.
    const LINEAR: u64 = 0xa8f5_c28f;
    const SQUARE: u64 = (1 << 32) - LINEAR;
    let x = u64::from(point) << 2;
    x * (LINEAR + ((SQUARE * x) >> 32))
}

/// The first point whose [`spiral`] begins with these `depth` bits or more.
fn first_point(bits: u64, depth: u8) -> u32 {
    if bits >> depth != 0 {
        return POINTS;
    }
    let (mut low, mut high) = (0, POINTS);
    while low < high {
        let middle = low + (high - low) / 2;
        if prefix(middle, depth) >= bits {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// The first `depth` bits of a point's [`spiral`].
#[inline]
fn prefix(point: u32, depth: u8) -> u64 {
    // A shift by all 64 bits is none to the processor.
    (spiral(point) >> 1) >> (63 - depth)
}

/// Where a name stands, until the next change of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    leaf: u32,
    cell: Cell,
}

/// Names of one form, by their hashes.
#[derive(Clone)]
pub struct Index<N, const K: usize> {
    /// For each value of the first `depth` bits of a point's [`spiral`], a leaf. Leaves of a lesser depth stand here
    /// repeatedly.
    directory: Vec<u32>,
    depth: u8,
    leaves: Vec<Leaf<N, K>>,
    /// Leaves that were joined into another.
    free: Vec<u32>,
    /// Lines of all leaves.
    lines: usize,
    len: usize,
}

impl<N, const K: usize> Default for Index<N, K> {
    fn default() -> Self {
        Index {
            directory: Vec::new(),
            depth: 0,
            leaves: Vec::new(),
            free: Vec::new(),
            lines: 0,
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
        self.lines * size_of::<Line<N, K>>()
            + self.directory.capacity() * size_of::<u32>()
            + self.leaves.capacity() * size_of::<Leaf<N, K>>()
            + self.free.capacity() * size_of::<u32>()
    }

    /// How many separate allocations there are.
    pub fn allocations(&self) -> usize {
        self.leaves.len()
    }

    /// Moves the leaves' blocks; `inner` moves what a name owns itself.
    pub fn relocate<M: Mover>(
        &mut self,
        steps: &mut Steps<M>,
        mut inner: impl FnMut(&mut N, &mut M),
    ) {
        steps.each(&mut self.leaves, |leaf, mover| {
            mover.slice(&mut leaf.lines);
            for name in leaf.lines.iter_mut().flat_map(Line::names_mut) {
                inner(name, mover);
            }
        });
    }

    #[inline]
    fn leaf_of(&self, point: u32) -> Option<u32> {
        self.directory
            .get(prefix(point, self.depth) as usize)
            .copied()
    }

    /// Where the name with this hash is for which `is_it` says yes.
    #[inline]
    pub fn find(&self, hash: u64, is_it: impl Fn(&N) -> bool) -> Option<Spot> {
        let leaf = self.leaf_of(point_of(hash))?;
        let cell = self.leaves[leaf as usize].find(hash, is_it)?;
        Some(Spot { leaf, cell })
    }

    /// Where the name of this point is whose entry has this place.
    #[inline]
    pub fn find_place(&self, point: u32, place: Place) -> Option<Spot> {
        let leaf = self.leaf_of(point)?;
        let cell = self.leaves[leaf as usize].find_place(point, place)?;
        Some(Spot { leaf, cell })
    }

    /// The entry of the name of this point moves from one place to another.
    #[inline]
    pub fn move_place(&mut self, point: u32, from: Place, to: Place) {
        let spot = self.find_place(point, from);
        self.set_place(spot.expect("the timeline's members have names"), to);
    }

    /// Asks the processor for the lines that a search for this point begins with.
    #[inline]
    pub fn prefetch(&self, point: u32) {
        if let Some(leaf) = self.leaf_of(point) {
            self.leaves[leaf as usize].prefetch(point);
        }
    }

    #[inline]
    pub fn name(&self, spot: Spot) -> &N {
        self.leaves[spot.leaf as usize].name(spot.cell)
    }

    #[inline]
    pub fn place(&self, spot: Spot) -> Place {
        self.leaves[spot.leaf as usize].place(spot.cell)
    }

    #[inline]
    pub fn set_place(&mut self, spot: Spot, place: Place) {
        self.leaves[spot.leaf as usize].set_place(spot.cell, place);
    }

    /// Adds a name that is not in the index.
    pub fn insert(&mut self, hash: u64, name: N, place: Place) {
        let point = point_of(hash);
        let mut leaf = match self.leaf_of(point) {
            Some(leaf) => leaf,
            None => {
                self.directory.push(0);
                self.leaves.push(Leaf::new(SIZES[0], 0, POINTS, 0));
                self.lines = SIZES[0];
                0
            }
        };
        while self.leaves[leaf as usize].len() >= full(self.leaves[leaf as usize].capacity()) {
            self.grow(leaf);
            leaf = self.leaf_of(point).expect("the directory is not empty");
        }
        self.leaves[leaf as usize].insert(hash, name, place);
        self.len += 1;
    }

    /// Takes out the name of this point that stands there.
    pub fn remove(&mut self, point: u32, spot: Spot) -> (N, Place) {
        let leaf = &mut self.leaves[spot.leaf as usize];
        let removed = leaf.remove(point, spot.cell);
        self.len -= 1;
        if leaf.lines.len() > SIZES[0] && leaf.len() < leaf.capacity() / 4 {
            self.shrink(spot.leaf);
        }
        removed
    }

    /// The first point beyond a leaf's.
    fn end_of(leaf: &Leaf<N, K>) -> u32 {
        first_point(prefix(leaf.start, leaf.depth) + 1, leaf.depth)
    }

    /// Gives a full leaf the next size, or splits it.
    #[cold]
    fn grow(&mut self, leaf: u32) {
        let lines = self.leaves[leaf as usize].lines.len();
        match SIZES.iter().find(|size| **size > lines) {
            Some(&size) => self.resize(leaf, size),
            None => self.split(leaf),
        }
    }

    fn split(&mut self, leaf: u32) {
        let old = std::mem::take(&mut self.leaves[leaf as usize]);
        if old.depth == self.depth {
            self.directory = self.directory.iter().flat_map(|id| [*id, *id]).collect();
            self.depth += 1;
        }
        let (start, depth, end) = (old.start, old.depth + 1, Self::end_of(&old));
        let middle = first_point(prefix(start, old.depth) << 1 | 1, depth);
        assert!(start < middle && middle < end, "no more names than points");
        let mut low = Leaf::new(HALF, start, middle, depth);
        let mut high = Leaf::new(HALF, middle, end, depth);
        let mut spill = Vec::new();
        self.lines = self.lines + 2 * HALF - old.lines.len();
        old.drain(|hash, name, place| {
            let half = if point_of(hash) < middle {
                &mut low
            } else {
                &mut high
            };
            if half.len() < half.capacity() {
                half.insert(hash, name, place);
            } else {
                spill.push((hash, name, place));
            }
        });
        let high_id = self.free.pop().unwrap_or_else(|| {
            self.leaves.push(Leaf::default());
            (self.leaves.len() - 1) as u32
        });
        self.leaves[leaf as usize] = low;
        self.leaves[high_id as usize] = high;
        // The run of the directory that named the old leaf: its upper half names the new one.
        let run = 1_usize << (self.depth - depth);
        let first = prefix(middle, depth) as usize * run;
        self.directory[first..first + run].fill(high_id);
        self.len -= spill.len();
        for (hash, name, place) in spill {
            self.insert(hash, name, place);
        }
    }

    /// Gives a leaf that has become empty a smaller size, or joins it with the one it was split from.
    #[cold]
    fn shrink(&mut self, leaf: u32) {
        let at = &self.leaves[leaf as usize];
        if at.lines.len() <= HALF && at.depth > 0 {
            return self.join(leaf);
        }
        let wanted = at.len() * 2 / K + 1;
        let floor = if at.depth > 0 { HALF } else { SIZES[0] };
        let size = SIZES
            .iter()
            .copied()
            .find(|size| *size >= wanted.max(floor));
        if let Some(size) = size
            && size < at.lines.len()
        {
            self.resize(leaf, size);
        }
    }

    fn resize(&mut self, leaf: u32, lines: usize) {
        let old = std::mem::take(&mut self.leaves[leaf as usize]);
        let mut new = Leaf::new(lines, old.start, Self::end_of(&old), old.depth);
        self.lines = self.lines + lines - old.lines.len();
        old.drain(|hash, name, place| new.insert(hash, name, place));
        self.leaves[leaf as usize] = new;
    }

    /// Joins a leaf with its other half, where that is of the same depth and both fit comfortably.
    fn join(&mut self, leaf: u32) {
        let (start, depth) = {
            let leaf = &self.leaves[leaf as usize];
            (leaf.start, leaf.depth)
        };
        let run = 1_usize << (self.depth - depth);
        let first = prefix(start, depth) as usize * run;
        let other = self.directory[first ^ run];
        let (a, b) = (&self.leaves[leaf as usize], &self.leaves[other as usize]);
        if a.depth != b.depth || a.len() + b.len() > HALF * K / 2 {
            return;
        }
        let mut halves = [leaf, other].map(|id| std::mem::take(&mut self.leaves[id as usize]));
        halves.sort_by_key(|half| half.start);
        let mut joined = Leaf::new(HALF, halves[0].start, Self::end_of(&halves[1]), depth - 1);
        self.lines += HALF;
        for half in halves {
            self.lines -= half.lines.len();
            half.drain(|hash, name, place| joined.insert(hash, name, place));
        }
        self.leaves[leaf as usize] = joined;
        self.free.push(other);
        let first = first & !run;
        self.directory[first..first + 2 * run].fill(leaf);
        self.halve_directory();
    }

    /// Halves the directory while no leaf needs its full depth. Looks at it only after many joins.
    fn halve_directory(&mut self) {
        let in_use = self.leaves.len() - self.free.len();
        while self.depth > 0 && in_use * 4 <= self.directory.len() {
            if self.directory.chunks(2).any(|pair| pair[0] != pair[1]) {
                break;
            }
            self.directory = self.directory.chunks(2).map(|pair| pair[0]).collect();
            self.depth -= 1;
        }
        if self.depth == 0 && self.leaves.len() > 1 {
            let only = std::mem::take(&mut self.leaves[self.directory[0] as usize]);
            self.leaves = vec![only];
            self.directory = vec![0];
            self.free = Vec::new();
        }
    }

    /// Visits the names on one line whose point is this or a later one. Returns the point to go on with, [`POINTS`] at
    /// the end. The names of a point are all on the same line.
    pub fn visit(&self, point: u32, mut f: impl FnMut(Spot)) -> u32 {
        let Some(id) = self.leaf_of(point) else {
            return POINTS;
        };
        let leaf = &self.leaves[id as usize];
        let next = leaf.visit(point, |cell| f(Spot { leaf: id, cell }));
        next.min(Self::end_of(leaf))
    }

    /// Where each name stands.
    #[cfg(test)]
    pub fn spots(&self) -> impl Iterator<Item = Spot> + '_ {
        (0..)
            .zip(&self.leaves)
            .flat_map(|(leaf, at)| at.cells().map(move |cell| Spot { leaf, cell }))
    }
}

#[cfg(test)]
#[path = "extendible_test.rs"]
mod tests;
