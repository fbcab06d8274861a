//! Small hash tables of cache lines, of which the index has many (`index.rs`).
//!
//! A table is an array of groups of one cache line: 12 slot ids, and a byte of the hash for each, compared all at
//! once before any slot is read (the idea of Abseil's Swiss tables and of F14). A group counts how many entries had
//! to go on to a later group, so a search stops as soon as none did, and a removal leaves no tombstone (F14).
//!
//! The index keeps no hashes: a table that grows asks for them again, from slots that are fetched ahead of their use.

use super::place::SlotId;
use super::prefetch::prefetch;

/// Entries in a group.
pub(super) const WIDTH: usize = 12;
/// Where in `Group::tags` the number of entries that went on is.
const OVERFLOW: usize = WIDTH;
/// How many slots ahead a table that grows asks for.
const AHEAD: usize = 12;

/// A cache line of entries. A tag of 0 is an empty place.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub(super) struct Group {
    tags: [u8; 16],
    pub ids: [SlotId; WIDTH],
}

impl Group {
    /// The places with this tag, one bit each.
    #[inline]
    fn matching(&self, tag: u8) -> u32 {
        let mut mask = 0;
        for (place, &at) in self.tags.iter().enumerate() {
            mask |= u32::from(at == tag) << place;
        }
        mask & ((1 << WIDTH) - 1)
    }
}

/// Reads hashes back for a table that is written anew.
pub trait Hashes {
    fn hash_of(&self, slot: SlotId) -> u64;
    /// The slot's hash is about to be asked for.
    fn prefetch(&self, slot: SlotId);
}

#[derive(Clone, Default)]
pub(super) struct Table {
    pub groups: Box<[Group]>,
    pub items: u32,
    /// How many high bits of the hashes' [`spiral`] all entries share.
    pub depth: u32,
}

#[inline]
fn tag_of(hash: u64) -> u8 {
    ((hash >> 32) as u8).max(1)
}

impl Table {
    pub fn new(groups: usize, depth: u32) -> Table {
        Table {
            groups: vec![Group::default(); groups].into_boxed_slice(),
            items: 0,
            depth,
        }
    }

    pub fn capacity(&self) -> usize {
        self.groups.len() * WIDTH
    }

    #[inline]
    fn home(&self, hash: u64) -> usize {
        ((hash & u64::from(u32::MAX)) as usize * self.groups.len()) >> 32
    }

    #[inline]
    fn next(&self, group: usize) -> usize {
        if group + 1 == self.groups.len() {
            0
        } else {
            group + 1
        }
    }

    /// Asks the processor for the group a search for this hash begins with.
    #[inline]
    pub fn prefetch(&self, hash: u64) {
        prefetch(&self.groups[self.home(hash)]);
    }

    /// The group and place of the entry with this hash for which `is_it` says yes.
    #[inline]
    pub fn find(&self, hash: u64, mut is_it: impl FnMut(SlotId) -> bool) -> Option<(usize, usize)> {
        let tag = tag_of(hash);
        let mut at = self.home(hash);
        for _ in 0..self.groups.len() {
            let group = &self.groups[at];
            let mut places = group.matching(tag);
            while places != 0 {
                let place = places.trailing_zeros() as usize;
                if is_it(group.ids[place]) {
                    return Some((at, place));
                }
                places &= places - 1;
            }
            if group.tags[OVERFLOW] == 0 {
                return None;
            }
            at = self.next(at);
        }
        None
    }

    /// Adds an entry; there must be a free place.
    pub fn insert(&mut self, hash: u64, id: SlotId) {
        let mut at = self.home(hash);
        loop {
            let free = self.groups[at].matching(0);
            let group = &mut self.groups[at];
            if free != 0 {
                let place = free.trailing_zeros() as usize;
                group.tags[place] = tag_of(hash);
                group.ids[place] = id;
                self.items += 1;
                return;
            }
            group.tags[OVERFLOW] = group.tags[OVERFLOW].saturating_add(1);
            at = self.next(at);
        }
    }

    /// Empties a place, and uncounts the entry in the groups it went past.
    pub fn remove(&mut self, hash: u64, (group, place): (usize, usize)) {
        self.groups[group].tags[place] = 0;
        self.items -= 1;
        let mut at = self.home(hash);
        while at != group {
            let passed = &mut self.groups[at].tags[OVERFLOW];
            // A count that reached its ceiling is not known any more, and stays.
            if *passed != u8::MAX {
                *passed -= 1;
            }
            at = self.next(at);
        }
    }

    fn ids(&self) -> impl Iterator<Item = SlotId> + '_ {
        self.groups.iter().flat_map(|group| {
            (0..WIDTH)
                .filter(|place| group.tags[*place] != 0)
                .map(|place| group.ids[place])
        })
    }

    /// Calls `f` with the hash of each entry.
    pub fn each_hash(&self, hashes: &impl Hashes, mut f: impl FnMut(u64, SlotId)) {
        let mut ahead = self.ids();
        for id in ahead.by_ref().take(AHEAD) {
            hashes.prefetch(id);
        }
        for id in self.ids() {
            if let Some(id) = ahead.next() {
                hashes.prefetch(id);
            }
            f(hashes.hash_of(id), id);
        }
    }
}
