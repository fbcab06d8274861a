//! Questions about order: how many were seen after a moment, and walks that start anywhere.

use super::chunk::Chunk;
use super::chunk_tree::{ChunkTree, Lane};
use crate::core::refs::{EntryId, MemberRef};
use crate::core::time::Millis;
use crate::core::touch::Touch;

/// A gap between two entries of a lane, from which the next older and the next newer living one can be had.
#[derive(Clone, Debug)]
pub struct Cursor {
    lane: u32,
    /// The block in the lane's root.
    root: usize,
    /// The chunk in the block.
    link: usize,
    /// The entry in the chunk that the gap is before.
    entry: usize,
}

impl ChunkTree {
    /// The lanes in use.
    pub fn lanes(&self) -> impl Iterator<Item = (u32, &Lane)> + '_ {
        (0..).zip(&self.lanes).filter(|(_, lane)| lane.alive > 0)
    }

    /// The lanes of one ttl: id and ttl.
    pub fn own_lanes(&self) -> impl Iterator<Item = (u32, Millis)> + '_ {
        let own = self.lanes().filter(|(_, lane)| !lane.mixed);
        own.map(|(id, lane)| (id, lane.ttl))
    }

    /// The lanes of many.
    pub fn mixed_lanes(&self) -> impl Iterator<Item = u32> + '_ {
        let mixed = self.lanes().filter(|(_, lane)| lane.mixed);
        mixed.map(|(id, _)| id)
    }

    /// The ttl of a lane; of a mixed one, the least that it takes.
    pub fn lane_ttl(&self, lane: u32) -> Millis {
        self.lanes[lane as usize].ttl
    }

    /// How many members a lane has.
    pub fn lane_len(&self, lane: u32) -> usize {
        self.lanes[lane as usize].alive
    }

    /// How many of a lane were seen later than `cut`; all of them where there is no cut. O(log n), with a sum over the
    /// blocks on the shorter side.
    pub fn count_after(&self, lane: u32, cut: Option<Millis>) -> usize {
        let lane = &self.lanes[lane as usize];
        let (Some(cut), Some(front)) = (cut, lane.root.front()) else {
            return lane.alive;
        };
        if front.first > cut {
            return lane.alive;
        }
        let after = lane.root.partition_point(|root| root.first <= cut);
        let links = &self.blocks.get(lane.root[after - 1].block).links;
        let link_after = links.partition_point(|link| link.first <= cut);
        let chunk = self.chunks.get(links[link_after - 1].chunk);
        let in_block: usize = links[link_after..]
            .iter()
            .map(|link| link.alive as usize)
            .sum();
        chunk.count_from(chunk.after(cut)) + in_block + alive_in_roots_from(lane, after)
    }

    /// The gap that has `newer` living entries on its newer side.
    pub fn cursor(&self, lane: u32, newer: usize) -> Cursor {
        let lane_id = lane;
        let lane = &self.lanes[lane as usize];
        let mut rank = lane.alive - newer;
        let mut at = 0;
        for (index, root) in lane.root.iter().enumerate() {
            at = index;
            if rank < root.alive as usize {
                break;
            }
            if index + 1 < lane.root.len() {
                rank -= root.alive as usize;
            }
        }
        let links = &self.blocks.get(lane.root[at].block).links;
        let mut link = 0;
        while link + 1 < links.len() && rank >= links[link].alive as usize {
            rank -= links[link].alive as usize;
            link += 1;
        }
        let chunk = self.chunks.get(links[link].chunk);
        Cursor {
            lane: lane_id,
            root: at,
            link,
            entry: chunk.select(rank),
        }
    }

    /// Steps over the next older entry and returns when it was seen, and whose it is.
    #[inline]
    pub fn older(&self, cursor: &mut Cursor) -> Option<(Touch, MemberRef)> {
        let Lane { root, ttl, .. } = &self.lanes[cursor.lane as usize];
        loop {
            let links = &self.blocks.get(root[cursor.root].block).links;
            let id = links[cursor.link].chunk;
            let chunk = self.chunks.get(id);
            if let Some(entry) = chunk.alive_before(cursor.entry) {
                cursor.entry = entry;
                return Some(found(id, chunk, entry, *ttl));
            }
            if cursor.link > 0 {
                cursor.link -= 1;
            } else {
                cursor.root = cursor.root.checked_sub(1)?;
                cursor.link = self.blocks.get(root[cursor.root].block).links.len() - 1;
            }
            cursor.entry = usize::MAX;
        }
    }

    /// Steps over the next newer entry and returns when it was seen, and whose it is.
    #[inline]
    pub fn newer(&self, cursor: &mut Cursor) -> Option<(Touch, MemberRef)> {
        let Lane { root, ttl, .. } = &self.lanes[cursor.lane as usize];
        loop {
            let links = &self.blocks.get(root[cursor.root].block).links;
            let id = links[cursor.link].chunk;
            let chunk = self.chunks.get(id);
            if let Some(entry) = chunk.alive_from(cursor.entry) {
                cursor.entry = entry + 1;
                return Some(found(id, chunk, entry, *ttl));
            }
            if cursor.link + 1 < links.len() {
                cursor.link += 1;
            } else if cursor.root + 1 < root.len() {
                cursor.root += 1;
                cursor.link = 0;
            } else {
                return None;
            }
            cursor.entry = 0;
        }
    }

    /// The oldest entry of a lane; `None` where the lane is gone with its last.
    pub fn first(&self, lane: u32) -> Option<(Touch, MemberRef)> {
        let Lane { root, ttl, .. } = self.lanes.get(lane as usize)?;
        let root = root.front()?;
        let link = self.blocks.get(root.block).links.first()?;
        let chunk = self.chunks.get(link.chunk);
        let entry = chunk.alive_from(0)?;
        Some(found(link.chunk, chunk, entry, *ttl))
    }

    /// When the newest entry of a lane was seen. `None` where the lane is gone with its last.
    #[inline]
    pub fn last_time(&self, lane: &Lane) -> Option<Millis> {
        let links = &self.blocks.get(lane.root.back()?.block).links;
        let chunk = self.chunks.get(links.last()?.chunk);
        let entry = chunk.alive_before(chunk.len())?;
        Some(chunk.time(entry))
    }

    /// When the newest entry of all was seen.
    #[inline]
    pub fn newest(&self) -> Option<Millis> {
        let lanes = self.lanes.iter();
        lanes.filter_map(|lane| self.last_time(lane)).max()
    }

    /// Whether the newest entry of all was seen at this moment, where that is quick to tell: there are few lanes. `false`
    /// where it is not.
    #[inline]
    pub fn is_newest(&self, time: Millis) -> bool {
        /// The own of one or two ttls, and that of those who left.
        const FEW: usize = 4;
        self.lanes.len() <= FEW && self.newest() == Some(time)
    }

    /// Nobody was seen before the one, or later than the other.
    pub fn first_and_last_time(&self) -> (Millis, Millis) {
        let first = self.lanes().filter_map(|(_, lane)| lane.root.front());
        let first = first.map(|root| root.first).min().unwrap_or(0);
        (first, self.newest().unwrap_or(0))
    }
}

/// An entry's touch, and whose it is.
#[inline]
fn found(id: u32, chunk: &Chunk, entry: usize, ttl: Millis) -> (Touch, MemberRef) {
    let entry_id = EntryId::new(id, entry);
    let entry = chunk.entry(entry);
    let prefix = entry.prefix;
    (entry.touch(ttl), MemberRef { prefix, entry_id })
}

/// The living in the blocks of a root from `from` on, adding up whichever side is shorter.
fn alive_in_roots_from(lane: &Lane, from: usize) -> usize {
    let sum = |range| -> usize {
        lane.root
            .range::<std::ops::Range<usize>>(range)
            .map(|root| root.alive as usize)
            .sum()
    };
    if from * 2 > lane.root.len() {
        sum(from..lane.root.len())
    } else {
        lane.alive - sum(0..from)
    }
}
