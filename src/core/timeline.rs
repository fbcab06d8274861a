//! What orders members by time: a log of touches, one for each ttl.
//!
//! A touch is nearly always the newest event, so it is appended to a log and its member's older entry dies: O(1),
//! whatever the size. Members with the same ttl were seen and expire in the same order, so every distinct ttl that is
//! in use has a *lane* of its own, and "who is online", "who was seen within a window" and "who is to be removed" are
//! all a suffix or a prefix of each lane. Nearly every set has one lane.
//!
//! A lane is a list of chunks (`chunk.rs`), kept as a tree of fixed height: the lane's root lists blocks of up to 64
//! chunks each, and both levels carry the number of the living, so a rank query adds up at most a few hundred small
//! numbers (`rank.rs`). Beside a member's name stands its [`Place`], chunk and index, so killing an entry needs no search.
//!
//! Chunks thin out as their members are refreshed. A chunk that is half dead is squeezed into half its size; each refresh
//! pays for one copied entry. Where but few of a chunk's places are alive, its members get new ones (`squeeze.rs`).

use std::collections::{BTreeMap, VecDeque};

use super::agenda::Agenda;
use super::arena::Arena;
use super::chunk::Chunk;
use super::place::{MAX_CHUNKS, Place, Places};
use super::seen::{Kept, Seen};
use super::squeeze::Thin;
use super::time::{Millis, has_expired};

/// Chunks in a block.
pub(super) const BLOCK: usize = 64;

/// A chunk in its block.
#[derive(Clone)]
pub(super) struct Link {
    /// The chunk's base: no entry of it is earlier, none of the chunk before it later.
    pub first: Millis,
    pub chunk: u32,
    pub alive: u32,
}

/// Up to [`BLOCK`] chunks in order of time. Never empty, but for places of the arena not in use.
#[derive(Clone, Default)]
pub(super) struct Block {
    pub lane: u32,
    /// Its place in the lane's root, counted from `Lane::front`.
    pub seq: u64,
    pub links: Vec<Link>,
}

/// A block in its lane's root.
#[derive(Clone)]
pub(super) struct Root {
    pub first: Millis,
    pub block: u32,
    pub alive: u32,
}

/// The members of one ttl, in the order they were seen.
#[derive(Clone, Default)]
pub(super) struct Lane {
    pub ttl: Millis,
    pub alive: usize,
    /// How many of them had expired at the frontier (`online.rs`).
    pub expired: usize,
    /// What `seq` of the first block of the root is.
    pub front: u64,
    /// No member seen before this moment is still to be told (`told.rs`).
    pub told: Millis,
    pub root: VecDeque<Root>,
}

/// All members of a set in order of time.
#[derive(Clone, Default)]
pub struct Timeline {
    pub(super) lanes: Vec<Lane>,
    free_lanes: Vec<u32>,
    /// A tree and not a hash table, which would rehash all lanes at once.
    pub(super) by_ttl: BTreeMap<Millis, u32>,
    pub(super) chunks: Arena<Chunk>,
    pub(super) blocks: Arena<Block>,
    pub(super) alive: usize,
    pub(super) chunk_bytes: usize,
    /// Lanes by the time their first member is due for removal, under the retention they were noted with.
    pub(super) due: Agenda,
    pub(super) due_retain: Millis,
    /// Up to which moment it is known who has expired (`online.rs`).
    pub(super) frontier: Millis,
    pub(super) expired: usize,
    /// Lanes by the time their first member beyond the frontier expires.
    pub(super) expiry: Agenda,
    /// Lanes by the time their first untold member expires, once that is asked for (`told.rs`).
    pub(super) untold: Agenda,
    /// Whether it was.
    pub(super) tells: bool,
    /// Chunks that have become thin.
    pub(super) thin: Thin,
}

impl Timeline {
    /// How many members there are.
    pub fn len(&self) -> usize {
        self.alive
    }

    /// How many distinct ttls are in use.
    pub fn lane_count(&self) -> usize {
        self.by_ttl.len()
    }

    /// Whether `more` entries could be added in the worst case, each opening a chunk.
    pub fn has_room_for(&self, more: usize) -> bool {
        self.chunks.len() + more < MAX_CHUNKS
    }

    /// Bytes allocated.
    pub fn bytes(&self) -> usize {
        self.chunk_bytes
            + self.chunks.bytes()
            + self.blocks.bytes()
            + self.lanes.capacity() * size_of::<Lane>()
            + self.by_ttl.len() * 2 * size_of::<(Millis, u32)>()
            + self.chunks.len().div_ceil(BLOCK).max(self.blocks.len())
                * (size_of::<Root>() + BLOCK.min(self.chunks.len()) * size_of::<Link>())
            + self.due.bytes()
            + self.expiry.bytes()
            + self.untold.bytes()
            + self.thin.bytes()
    }

    /// How many separate allocations there are.
    pub fn allocations(&self) -> usize {
        2 * self.chunks.len() + 2 * self.blocks.len() + self.lanes.len()
    }

    /// The touch of the member whose entry this is.
    #[inline]
    pub fn kept(&self, place: Place) -> Kept {
        let chunk = self.chunks.get(place.chunk());
        let entry = chunk.entry(place.index());
        Kept {
            seen: Seen {
                at: entry.time,
                ttl: self.lane_of(chunk).ttl,
            },
            told: entry.told,
        }
    }

    /// Whether the member whose entry this is was seen so late that it is online at `now`. Told without reading the entry,
    /// which is seldom at hand, from the chunk's base: no entry is earlier. `false` where that does not tell.
    #[inline]
    pub fn is_surely_online(&self, place: Place, now: Millis) -> bool {
        let chunk = self.chunks.get(place.chunk());
        let ttl = self.lane_of(chunk).ttl;
        !has_expired(chunk.base(), ttl, now)
    }

    #[inline]
    fn lane_of(&self, chunk: &Chunk) -> &Lane {
        if let [only] = self.lanes.as_slice() {
            only
        } else {
            &self.lanes[self.blocks.get(chunk.block).lane as usize]
        }
    }

    /// Asks the processor for what `kept` will read.
    #[inline]
    pub fn prefetch(&self, place: Place) {
        let chunk = self.chunks.get(place.chunk());
        chunk.prefetch(place.index());
    }

    /// Asks the processor for what `kill` will change. The entry itself is seldom read then.
    #[inline]
    pub fn prefetch_life(&self, place: Place) {
        let chunk = self.chunks.get(place.chunk());
        chunk.prefetch_life(place.index());
    }

    /// Removes an entry that is no member's any more. Others may move, of which `places` is told.
    pub fn kill(&mut self, place: Place, places: &mut impl Places) {
        let id = place.chunk();
        let chunk = self.chunks.get_mut(id);
        chunk.kill(place.index());
        let (block, link, left, thin) = (chunk.block, chunk.link, chunk.alive(), chunk.is_thin());
        let lane = self.add_alive(block, link, -1);
        self.alive -= 1;
        let (ttl, left_in_lane) = {
            let lane = &mut self.lanes[lane as usize];
            lane.alive -= 1;
            (lane.ttl, lane.alive)
        };
        let chunk = self.chunks.get(id);
        // The base tells it for most, without the entry.
        if has_expired(chunk.base(), ttl, self.frontier)
            && has_expired(chunk.time(place.index()), ttl, self.frontier)
        {
            self.lanes[lane as usize].expired -= 1;
            self.expired -= 1;
        }
        if left == 0 {
            self.remove_chunk(id);
        } else if thin {
            self.note_thin(id);
        }
        self.squeeze_some(places);
        if left_in_lane == 0 {
            self.remove_lane(lane);
        }
    }

    /// The lane of a ttl, made where there is none.
    pub(super) fn lane_for(&mut self, ttl: Millis) -> u32 {
        if let [only] = self.lanes.as_slice()
            && only.ttl == ttl
            && only.alive > 0
        {
            return 0;
        }
        if let Some(&lane) = self.by_ttl.get(&ttl) {
            return lane;
        }
        let lane = self.free_lanes.pop().unwrap_or_else(|| {
            self.lanes.push(Lane::default());
            (self.lanes.len() - 1) as u32
        });
        self.lanes[lane as usize] = Lane {
            ttl,
            ..Lane::default()
        };
        self.by_ttl.insert(ttl, lane);
        lane
    }

    fn remove_lane(&mut self, lane: u32) {
        let ttl = self.lanes[lane as usize].ttl;
        self.by_ttl.remove(&ttl);
        self.lanes[lane as usize] = Lane::default();
        self.free_lanes.push(lane);
        self.due.forget(lane);
        self.expiry.forget(lane);
        self.untold.forget(lane);
        if self.by_ttl.is_empty() {
            self.lanes = Vec::new();
            self.free_lanes = Vec::new();
            self.due.clear();
            self.expiry.clear();
            self.untold.clear();
            self.thin = Thin::default();
        }
    }
}
