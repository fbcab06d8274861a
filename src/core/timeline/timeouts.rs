//! Who went offline unseen: members whose time was up, told of once each.
//!
//! Removal does not do for that. A key that retains longer than a touch lasts keeps its members long after they went
//! offline, and others are touched again first. So each touch carries a bit that says whether its end has been told,
//! set by [`PresenceSet::tell`], which goes over the expired ones in order of time. Whoever takes an entry away sees by
//! the bit whether its end is still to be told.
//!
//! The bits are no part of the state: replicas and dumps do not have them, and two sets that differ in them only are
//! equal. What was told is found again without looking at it twice: a lane knows up to which time, a chunk up to which
//! entry.

use super::chunk::Entry;
use super::log::Timeline;
use super::online::First;
use crate::core::refs::{Address, Place};
use crate::core::time::Millis;
use crate::core::touch::Touch;

impl Timeline {
    /// An entry has come to a lane.
    #[inline]
    pub fn note_untold(&mut self, lane: u32, entry: Entry) {
        if self.tells && !entry.told {
            let in_lane = &mut self.tree.lanes[lane as usize];
            in_lane.told = in_lane.told.min(entry.time);
            if in_lane.ttl > 0 {
                let ttl = in_lane.ttl;
                self.untold.note(entry.time + ttl, ttl, lane);
            }
        }
    }

    /// What no ttl in use is shorter than, but for that of those who left.
    pub fn shortest_ttl(&self) -> Option<Millis> {
        let lanes = self
            .tree
            .lanes()
            .filter(|(_, lane)| lane.mixed || lane.ttl > 0);
        lanes.map(|(_, lane)| lane.ttl).min()
    }

    /// When the next untold member expires, and where it is. Lanes are gone over once when this is first asked, and
    /// followed from then on.
    pub fn next_untold(&mut self) -> Option<(Millis, First)> {
        let mut untold = std::mem::take(&mut self.untold);
        if !self.tells {
            self.tells = true;
            let lanes: Vec<_> = self.tree.own_lanes().filter(|(_, ttl)| *ttl > 0).collect();
            for (lane, ttl) in lanes {
                if let Some(time) = self.first_untold(lane) {
                    untold.note(time + ttl, ttl, lane);
                }
            }
            if let Some(mixed) = &mut self.mixed {
                mixed.note_untold(&self.tree);
            }
        }
        let next = untold.earliest(|lane| {
            let ttl = self.tree.lane_ttl(lane);
            self.first_untold(lane).map(|time| (time + ttl, ttl))
        });
        self.untold = untold;
        let own = next.map(|(time, _, lane)| (time, First::OfLane(lane)));
        let mixed = self.mixed.as_mut();
        let mixed = mixed.and_then(|mixed| mixed.next_untold(&self.tree));
        let mixed = mixed.map(|(time, chunk)| (time, First::OfChunk(chunk)));
        own.into_iter().chain(mixed).min_by_key(|(time, _)| *time)
    }

    /// When the oldest untold member of a lane was seen.
    fn first_untold(&mut self, lane: u32) -> Option<Millis> {
        let mut found = None;
        self.each_untold(lane, |time, _| {
            found = Some(time);
            false
        });
        found
    }

    /// Tells those of a lane whose time was up at `now`, at most `limit`.
    pub fn tell(
        &mut self,
        lane: u32,
        now: Millis,
        limit: usize,
        mut f: impl FnMut(Touch, Address),
    ) -> usize {
        let ttl = self.tree.lane_ttl(lane);
        let mut told = 0;
        self.each_untold(lane, |at, address| {
            let tell = told < limit && at + ttl <= now;
            if tell {
                f(Touch { at, ttl }, address);
                told += 1;
            }
            tell
        });
        told
    }

    /// The same of a chunk of a mixed lane.
    pub fn tell_chunk(
        &mut self,
        id: u32,
        now: Millis,
        limit: usize,
        mut f: impl FnMut(Touch, Address),
    ) -> usize {
        let lane = self.tree.blocks.get(self.tree.chunks.get(id).block).lane;
        let ttl = self.tree.lane_ttl(lane);
        let chunk = self.tree.chunks.get_mut(id);
        let untold = chunk.untold_ends(ttl, now);
        for &index in untold.iter().take(limit) {
            let (entry, place) = (chunk.entry(index), Place::new(id, index));
            let home = entry.home;
            f(entry.touch(ttl), Address { home, place });
            chunk.tell(index);
        }
        untold.len().min(limit)
    }

    /// Goes over the untold members of a lane in order of time for as long as `f` says that it has told them.
    fn each_untold(&mut self, lane: u32, mut f: impl FnMut(Millis, Address) -> bool) {
        let tree = &mut self.tree;
        let lane = &mut tree.lanes[lane as usize];
        // What begins before that moment may reach beyond it.
        let from = lane.root.partition_point(|root| root.first < lane.told);
        for root in lane.root.range(from.saturating_sub(1)..) {
            let links = &tree.blocks.get(root.block).links;
            let from = links.partition_point(|link| link.first < lane.told);
            for link in &links[from.saturating_sub(1)..] {
                let chunk = tree.chunks.get_mut(link.chunk);
                while let Some(index) = chunk.first_untold() {
                    let Entry { time, home, .. } = chunk.entry(index);
                    let place = Place::new(link.chunk, index);
                    lane.told = lane.told.max(time);
                    if !f(time, Address { home, place }) {
                        return;
                    }
                    chunk.tell(index);
                }
                lane.told = lane.told.max(chunk.last_time());
            }
        }
    }
}
