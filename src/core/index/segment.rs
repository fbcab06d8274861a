//! Small hash tables of cache lines, of which an index has many (`index.rs`).
//!
//! A leaf has the names of one stretch of points (`place.rs`), on lines in the order of their points: whose point is a
//! third of the way along the stretch begins to be looked for a third of the way down the lines. A name stands on its
//! own line or, where that is full, on one of the next. All that finding a member takes is on the line: its name, its
//! place in the timeline, and a few bits of the hash, the tag, by which most names are told apart without being read (the
//! idea of Abseil's Swiss tables and of F14). A line counts how many names had to go on to a later one, so a search
//! stops as soon as none did, and a removal leaves no tombstone (F14).
//!
//! Hashes are not kept. A leaf that is written anew makes them again, from names that stand in a row.

use crate::core::memory::prefetch;
use crate::core::refs::{POINTS, Place, point_of};

/// A name in its stored form.
pub trait Stored: Default {
    fn hash(&self) -> u64;
}

/// How many bits of `Line::marks` count the names that went on.
const PAST_BITS: u32 = 8;
const PAST: u32 = (1 << PAST_BITS) - 1;

/// A cache line with room for `K` members. A tag of 0 says that there is none.
#[derive(Clone)]
#[repr(C)]
pub struct Line<N, const K: usize> {
    names: [N; K],
    places: [Place; K],
    /// The number of names that went on, and above it the tags.
    marks: u32,
}

impl<N: Default, const K: usize> Default for Line<N, K> {
    fn default() -> Self {
        Line {
            names: std::array::from_fn(|_| N::default()),
            places: [Place::NONE; K],
            marks: 0,
        }
    }
}

impl<N, const K: usize> Line<N, K> {
    const TAG_BITS: u32 = (u32::BITS - PAST_BITS) / K as u32;
    const TAG: u32 = (1 << Self::TAG_BITS) - 1;

    /// The tag of a name: bits of its hash that are no part of its point.
    #[inline]
    fn tag_of(hash: u64) -> u32 {
        (hash as u32 & Self::TAG).max(1)
    }

    #[inline]
    fn tag(&self, at: usize) -> u32 {
        self.marks >> (PAST_BITS + at as u32 * Self::TAG_BITS) & Self::TAG
    }

    fn set_tag(&mut self, at: usize, tag: u32) {
        let shift = PAST_BITS + at as u32 * Self::TAG_BITS;
        self.marks = self.marks & !(Self::TAG << shift) | tag << shift;
    }

    /// How many names went on; `PAST` for at least that many, which is not counted down any more.
    #[inline]
    fn past(&self) -> u32 {
        self.marks & PAST
    }

    /// The names with this tag, one bit each; of 0, where there is none.
    #[inline]
    fn tagged(&self, tag: u32) -> u32 {
        (0..K).fold(0, |mask, at| mask | u32::from(self.tag(at) == tag) << at)
    }

    /// The names whose entries are at this place in the timeline, one bit each.
    #[inline]
    fn placed(&self, place: Place) -> u32 {
        (0..K).fold(0, |mask, at| {
            mask | u32::from(self.places[at] == place) << at
        })
    }

    /// The names on this line, for their blocks to be moved (`mover.rs`).
    pub fn names_mut(&mut self) -> &mut [N] {
        &mut self.names
    }
}

/// A line of a leaf and which of its names, in one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell(u32);

const AT_BITS: u32 = 3;

impl Cell {
    #[inline]
    fn new(line: usize, at: usize) -> Cell {
        Cell((line << AT_BITS | at) as u32)
    }

    #[inline]
    fn line(self) -> usize {
        (self.0 >> AT_BITS) as usize
    }

    #[inline]
    fn at(self) -> usize {
        (self.0 & ((1 << AT_BITS) - 1)) as usize
    }
}

/// The names of the points from `start` on.
#[derive(Clone)]
pub struct Leaf<N, const K: usize> {
    pub lines: Box<[Line<N, K>]>,
    /// Lines for each point, in units of 2^-32.
    scale: u64,
    pub start: u32,
    items: u16,
    /// How many high bits the leaf's points share, once bent (`index.rs`).
    pub depth: u8,
}

impl<N, const K: usize> Default for Leaf<N, K> {
    fn default() -> Self {
        Leaf {
            lines: Box::default(),
            scale: 0,
            start: 0,
            items: 0,
            depth: 0,
        }
    }
}

impl<N, const K: usize> Leaf<N, K> {
    /// How many names there are.
    pub fn len(&self) -> usize {
        self.items.into()
    }

    /// How many there is room for.
    pub fn capacity(&self) -> usize {
        self.lines.len() * K
    }

    /// The line that a search begins with.
    #[inline]
    fn home(&self, point: u32) -> usize {
        ((u64::from(point - self.start) * self.scale) >> 32) as usize
    }

    #[inline]
    fn next(&self, line: usize) -> usize {
        if line + 1 == self.lines.len() {
            0
        } else {
            line + 1
        }
    }

    /// Asks the processor for what a search will most likely read: one in four names stands on the line after its own.
    #[inline]
    pub fn prefetch(&self, point: u32) {
        let home = self.home(point);
        prefetch(&self.lines[home]);
    }

    /// Where the name is for which `is_it` says yes, of those that `candidates` names by their bits. It names all of a line at
    /// once: which of them it is nobody can foretell, the processor neither.
    #[inline]
    fn search(
        &self,
        point: u32,
        candidates: impl Fn(&Line<N, K>) -> u32,
        is_it: impl Fn(&Line<N, K>, usize) -> bool,
    ) -> Option<Cell> {
        let home = self.home(point);
        let mut at = home;
        loop {
            let line = &self.lines[at];
            let mut bits = candidates(line);
            while bits != 0 {
                let found = bits.trailing_zeros() as usize;
                if is_it(line, found) {
                    return Some(Cell::new(at, found));
                }
                bits &= bits - 1;
            }
            if line.past() == 0 {
                return None;
            }
            at = self.next(at);
            if at == home {
                return None;
            }
        }
    }

    /// Where the name with this hash is for which `is_it` says yes.
    #[inline]
    pub fn find(&self, hash: u64, is_it: impl Fn(&N) -> bool) -> Option<Cell> {
        let tag = Line::<N, K>::tag_of(hash);
        self.search(
            point_of(hash),
            |line| line.tagged(tag),
            |line, at| is_it(&line.names[at]),
        )
    }

    /// Where the name of this point is whose entry has this place.
    #[inline]
    pub fn find_place(&self, point: u32, place: Place) -> Option<Cell> {
        self.search(point, |line| line.placed(place), |_, _| true)
    }

    #[inline]
    pub fn name(&self, cell: Cell) -> &N {
        &self.lines[cell.line()].names[cell.at()]
    }

    #[inline]
    pub fn place(&self, cell: Cell) -> Place {
        self.lines[cell.line()].places[cell.at()]
    }

    #[inline]
    pub fn set_place(&mut self, cell: Cell, place: Place) {
        self.lines[cell.line()].places[cell.at()] = place;
    }

    /// Every cell with a name.
    #[cfg(test)]
    pub fn cells(&self) -> impl Iterator<Item = Cell> + '_ {
        (0..self.lines.len())
            .flat_map(|line| (0..K).map(move |at| (line, at)))
            .filter(|(line, at)| self.lines[*line].tag(*at) != 0)
            .map(|(line, at)| Cell::new(line, at))
    }
}

impl<N: Stored, const K: usize> Leaf<N, K> {
    /// A leaf for the points from `start` on up to `end`.
    pub fn new(lines: usize, start: u32, end: u32, depth: u8) -> Self {
        let mut all = Vec::new();
        all.resize_with(lines, Line::default);
        Leaf {
            lines: all.into_boxed_slice(),
            scale: ((lines as u64) << 32) / u64::from(end - start),
            start,
            items: 0,
            depth,
        }
    }

    /// Adds a name that is not there; there must be room.
    pub fn insert(&mut self, hash: u64, name: N, place: Place) {
        let mut at = self.home(point_of(hash));
        loop {
            let line = &mut self.lines[at];
            let free = line.tagged(0).trailing_zeros() as usize;
            if free < K {
                line.set_tag(free, Line::<N, K>::tag_of(hash));
                line.names[free] = name;
                line.places[free] = place;
                self.items += 1;
                return;
            }
            if line.past() < PAST {
                line.marks += 1;
            }
            at = self.next(at);
        }
    }

    /// Takes a name out, and uncounts it on the lines it went past.
    pub fn remove(&mut self, point: u32, cell: Cell) -> (N, Place) {
        let (line, at) = (cell.line(), cell.at());
        let mut passed = self.home(point);
        while passed != line {
            if self.lines[passed].past() < PAST {
                self.lines[passed].marks -= 1;
            }
            passed = self.next(passed);
        }
        let line = &mut self.lines[line];
        line.set_tag(at, 0);
        self.items -= 1;
        (
            std::mem::take(&mut line.names[at]),
            std::mem::replace(&mut line.places[at], Place::NONE),
        )
    }

    /// Calls `f` with the hash of each name, the name and its place, roughly in the order of their points.
    pub fn drain(mut self, mut f: impl FnMut(u64, N, Place)) {
        for line in &mut self.lines {
            for at in 0..K {
                if line.tag(at) != 0 {
                    let name = std::mem::take(&mut line.names[at]);
                    f(name.hash(), name, line.places[at]);
                }
            }
        }
    }

    /// Panics where a line has not counted the names that went past it.
    #[cfg(test)]
    pub fn check(&self) {
        let mut past = vec![0; self.lines.len()];
        for cell in self.cells() {
            let mut line = self.home(point_of(self.name(cell).hash()));
            while line != cell.line() {
                past[line] += 1;
                line = self.next(line);
            }
        }
        for (line, past) in self.lines.iter().zip(past) {
            assert!(line.past() == past || line.past() == PAST);
        }
    }

    /// Calls `f` with where each name is whose own line is that of this point, or those of them that are not of a lesser
    /// point. Returns the first point of the next line, which may be beyond the leaf's last.
    pub fn visit(&self, point: u32, mut f: impl FnMut(Cell)) -> u32 {
        let home = self.home(point);
        let mut line = home;
        for _ in 0..self.lines.len() {
            for at in 0..K {
                if self.lines[line].tag(at) != 0 {
                    let its = point_of(self.lines[line].names[at].hash());
                    if its >= point && self.home(its) == home {
                        f(Cell::new(line, at));
                    }
                }
            }
            if self.lines[line].past() == 0 {
                break;
            }
            line = self.next(line);
        }
        let beyond = ((home as u64 + 1) << 32).div_ceil(self.scale);
        self.start + beyond.min(u64::from(POINTS - self.start)) as u32
    }
}
