//! What orders members by time: a log of touches, one for each ttl.
//!
//! A touch is nearly always the newest event, so it is appended to a log and its member's older entry dies: O(1),
//! whatever the size. Members with the same ttl were seen and expire in the same order, so every distinct ttl that is
//! in use has a *lane* of its own, and "who is online", "who was seen within a window" and "who is to be removed" are
//! all a suffix or a prefix of each lane. Nearly every set has one lane.
//!
//! A lane is a list of chunks (`chunk.rs`), kept as a tree of fixed height: the lane's root lists blocks of up to 64
//! chunks each, and both levels carry the number of the living, so a rank query adds up at most a few hundred small
//! numbers (`rank.rs`). Beside a member's name stands its [`EntryId`], chunk and index, so killing an entry needs no
//! search.
//!
//! Chunks become sparse as their members are refreshed. A chunk that is half dead is compacted into half its size; each
//! refresh pays for one copied entry. Where only few indices of a chunk are alive, its entries get new ones
//! (`compact.rs`).
//!
//! Beyond a number of ttls, further ones share mixed lanes (`mixed.rs`).

use std::collections::BTreeMap;

use super::chunk_tree::{ChunkTree, Lane};
use super::lazy_heap::LazyHeap;
use super::mixed::Mixed;
use super::sparse_queue::SparseQueue;
use crate::core::memory::{Mover, Steps};
use crate::core::refs::{EntryId, HashPrefix, MAX_CHUNKS, MemberRef, MoveListener};
use crate::core::time::{Millis, has_expired};
use crate::core::touch::{Touch, TouchState};

/// How many ttls have a lane of their own, not counting a ttl of 0. Few in tests, so that random operations soon need
/// mixed lanes.
pub const MAX_LANES: usize = if cfg!(test) { 4 } else { 64 };
/// The ttls of a mixed lane have the same bits from this one on.
const MIXED_BITS: u32 = 31;
/// Marks a mixed lane in [`Timeline::by_ttl`].
const MIXED: Millis = 1 << 63;

/// All members of a set in order of time.
#[derive(Clone, Default)]
pub struct Timeline {
    /// Lanes, and their chunks.
    pub tree: ChunkTree,
    free_lanes: Vec<u32>,
    pub(super) by_ttl: BTreeMap<Millis, u32>,
    pub(super) alive: usize,
    /// Lanes by the time their first member is due for removal, under this retention.
    pub(super) due: LazyHeap,
    pub(super) due_retain: Millis,
    /// Up to which moment it is known who has expired (`online.rs`).
    pub(super) frontier: Millis,
    pub(super) expired: usize,
    /// Lanes by the time their first member beyond the frontier expires.
    pub(super) expiry: LazyHeap,
    /// Lanes by the time their first unreported member expires, once that is asked for (`timeouts.rs`).
    pub(super) timeouts: LazyHeap,
    /// Whether it was.
    pub(super) reports_timeouts: bool,
    /// Chunks that have become sparse.
    pub(super) sparse: SparseQueue,
    /// Where the latest entry was written.
    pub(super) latest: u32,
    /// Where there are mixed lanes.
    pub(super) mixed: Option<Box<Mixed>>,
}

/// The key of a ttl's lane in [`Timeline::by_ttl`].
fn key_of(ttl: Millis, mixed: bool) -> Millis {
    if mixed {
        MIXED | ttl >> MIXED_BITS
    } else {
        ttl
    }
}

impl Timeline {
    /// How many members there are.
    pub fn len(&self) -> usize {
        self.alive
    }

    /// How many lanes there are.
    pub fn lane_count(&self) -> usize {
        self.by_ttl.len()
    }

    /// Whether `more` entries could be added in the worst case, each opening a chunk.
    pub fn has_room_for(&self, more: usize) -> bool {
        self.tree.chunks.len() + more < MAX_CHUNKS
    }

    /// Bytes allocated.
    pub fn bytes(&self) -> usize {
        self.tree.bytes()
            + self.by_ttl.len() * 2 * size_of::<(Millis, u32)>()
            + self.due.bytes()
            + self.expiry.bytes()
            + self.timeouts.bytes()
            + self.sparse.bytes()
            + self.mixed.as_ref().map_or(0, |mixed| mixed.bytes())
    }

    /// How many separate allocations there are.
    pub fn allocations(&self) -> usize {
        self.tree.allocations()
    }

    /// Moves the chunks' blocks (`memory/mover.rs`).
    pub fn relocate(&mut self, steps: &mut Steps<impl Mover>) {
        self.tree.relocate(steps);
    }

    /// The touch of the member whose entry this is.
    #[inline]
    pub fn state(&self, entry_id: EntryId) -> TouchState {
        let chunk = self.tree.chunks.get(entry_id.chunk());
        let entry = chunk.entry(entry_id.index());
        TouchState {
            touch: entry.touch(self.tree.lane_of(chunk).ttl),
            timeout_reported: entry.timeout_reported,
        }
    }

    /// The hash prefix that an entry was written with.
    pub fn prefix(&self, entry_id: EntryId) -> HashPrefix {
        let chunk = self.tree.chunks.get(entry_id.chunk());
        chunk.entry(entry_id.index()).prefix
    }

    /// All of them, in an order that makes the same timeline of the same entries: by ttl first, but for those of mixed
    /// lanes, which follow, and then by when they were seen.
    pub fn in_order(&self) -> impl Iterator<Item = (Touch, MemberRef)> + '_ {
        let tree = &self.tree;
        let mut lanes: Vec<_> = tree.lanes().collect();
        lanes.sort_by_key(|(_, lane)| (lane.mixed, lane.ttl));
        lanes.into_iter().flat_map(move |(lane, _)| {
            let mut cursor = tree.cursor(lane, tree.lane_len(lane));
            std::iter::from_fn(move || tree.newer(&mut cursor))
        })
    }

    /// Whether this entry's member is online at `now`. Mostly the chunk's base says so, since no entry is earlier; then the
    /// entry is not read, which would be a cache miss.
    #[inline]
    pub fn is_online(&self, entry_id: EntryId, now: Millis) -> bool {
        let chunk = self.tree.chunks.get(entry_id.chunk());
        let ttl = self.tree.lane_of(chunk).ttl;
        !has_expired(chunk.base(), ttl, now) || self.state(entry_id).touch.is_online(now)
    }

    /// Prefetches what [`state`](Self::state) reads.
    #[inline]
    pub fn prefetch(&self, entry_id: EntryId) {
        let chunk = self.tree.chunks.get(entry_id.chunk());
        chunk.prefetch(entry_id.index());
    }

    /// Prefetches what [`kill`](Self::kill) changes. The entry itself is seldom read then.
    #[inline]
    pub fn prefetch_life(&self, entry_id: EntryId) {
        let chunk = self.tree.chunks.get(entry_id.chunk());
        chunk.prefetch_life(entry_id.index());
    }

    /// Removes an entry that is no member's any more. Other entries may move, which `listener` follows.
    #[inline]
    pub fn kill(&mut self, entry_id: EntryId, listener: &mut impl MoveListener) {
        let emptied = self.take_out(entry_id);
        self.compact_some(listener);
        if let Some(lane) = emptied {
            self.remove_lane(lane);
        }
    }

    /// Removes an entry while no other moves. Returns the lane where that was the last one of it.
    #[inline]
    pub fn take_out(&mut self, entry_id: EntryId) -> Option<u32> {
        let id = entry_id.chunk();
        let chunk = self.tree.chunks.get_mut(id);
        chunk.kill(entry_id.index());
        let (block, link, base) = (chunk.block, chunk.link, chunk.base());
        let (left, sparse) = (chunk.alive(), chunk.is_sparse());
        let lane = self.tree.add_alive(block, link, -1);
        self.alive -= 1;
        let in_lane = &mut self.tree.lanes[lane as usize];
        in_lane.alive -= 1;
        let left_in_lane = in_lane.alive;
        if in_lane.mixed {
            if let Some(mixed) = &mut self.mixed {
                mixed.removed(id, entry_id.index(), &self.tree);
            }
        } else if has_expired(base, in_lane.ttl, self.frontier) {
            // For most the chunk's base decides it, without the entry.
            self.uncount_expired(lane, id, entry_id.index());
        }
        if left == 0 {
            self.remove_chunk(id);
        } else if sparse {
            self.queue_sparse(id);
        }
        (left_in_lane == 0).then_some(lane)
    }

    /// Takes an empty chunk out.
    pub fn remove_chunk(&mut self, id: u32) {
        self.tree.remove_chunk(id);
        if let Some(mixed) = &mut self.mixed {
            mixed.forget(id, self.tree.chunks.capacity());
        }
    }

    /// The lane of a ttl, made where there is none.
    #[inline]
    pub fn lane_for(&mut self, ttl: Millis) -> u32 {
        match self.tree.lanes.as_slice() {
            [only] if only.ttl == ttl && !only.mixed && only.alive > 0 => 0,
            _ => self.lane_among_many(ttl),
        }
    }

    fn lane_among_many(&mut self, ttl: Millis) -> u32 {
        if let Some(&lane) = self.by_ttl.get(&ttl) {
            return lane;
        }
        // While there is a mixed lane, further ttls go there. Else a ttl that is in one might get a lane of its own,
        // and be in both.
        let own_lanes = self.by_ttl.len() - usize::from(self.by_ttl.contains_key(&0));
        let mixed = ttl > 0 && (self.mixed.is_some() || own_lanes >= MAX_LANES);
        let key = key_of(ttl, mixed);
        if mixed && let Some(&lane) = self.by_ttl.get(&key) {
            return lane;
        }
        let lane = self.free_lanes.pop().unwrap_or_else(|| {
            self.tree.lanes.push(Lane::default());
            (self.tree.lanes.len() - 1) as u32
        });
        self.tree.lanes[lane as usize] = Lane {
            ttl: match mixed {
                true => ttl >> MIXED_BITS << MIXED_BITS,
                false => ttl,
            },
            mixed,
            ..Lane::default()
        };
        self.by_ttl.insert(key, lane);
        if mixed {
            let mixed = self.mixed.get_or_insert_with(|| Box::new(Mixed::new()));
            mixed.lanes += 1;
        }
        lane
    }

    /// Removes a lane without entries.
    pub fn remove_lane(&mut self, lane: u32) {
        let Lane { ttl, mixed, .. } = std::mem::take(&mut self.tree.lanes[lane as usize]);
        self.by_ttl.remove(&key_of(ttl, mixed));
        if let Some(noted) = self.mixed.as_mut().filter(|_| mixed) {
            noted.lanes -= 1;
            if noted.lanes == 0 {
                self.mixed = None;
            }
        }
        self.free_lanes.push(lane);
        self.due.forget(lane);
        self.expiry.forget(lane);
        self.timeouts.forget(lane);
        if self.by_ttl.is_empty() {
            self.tree.lanes = Vec::new();
            self.free_lanes = Vec::new();
            self.due.clear();
            self.expiry.clear();
            self.timeouts.clear();
            self.sparse = SparseQueue::default();
        }
    }
}
