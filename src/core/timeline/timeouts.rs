//! Time-outs: members who went offline without a command, each reported once.
//!
//! Removal does not do for that. A key that retains longer than a touch lasts keeps its members long after they went
//! offline, and others are touched again first. So each touch carries a bit that says whether its time-out has been
//! reported, set by `PresenceSet::report_timeouts`, which goes over the expired ones in order of time. Whoever takes an
//! entry away sees by the bit whether its time-out is still to be reported.
//!
//! The bits are no part of the state: replicas and dumps do not have them, and two sets that differ in them only are
//! equal. What has been reported is not looked at again: a lane knows up to which time that is, a chunk up to which
//! entry.

use super::chunk::Entry;
use super::log::Timeline;
use super::online::First;
use crate::core::refs::{EntryId, MemberRef};
use crate::core::time::Millis;
use crate::core::touch::TouchState;

impl Timeline {
    /// An entry has come to a lane.
    #[inline]
    pub fn note_timeout(&mut self, lane: u32, entry: Entry) {
        if self.reports_timeouts && !entry.timeout_reported {
            let in_lane = &mut self.tree.lanes[lane as usize];
            in_lane.reported_upto = in_lane.reported_upto.min(entry.time);
            if in_lane.ttl > 0 {
                let ttl = in_lane.ttl;
                self.timeouts.note(entry.time + ttl, ttl, lane);
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

    /// When the next unreported member expires, and where it is. Lanes are gone over once when this is first asked, and
    /// followed from then on.
    pub fn next_timeout(&mut self) -> Option<(Millis, First)> {
        let mut timeouts = std::mem::take(&mut self.timeouts);
        if !self.reports_timeouts {
            self.reports_timeouts = true;
            let lanes: Vec<_> = self.tree.own_lanes().filter(|(_, ttl)| *ttl > 0).collect();
            for (lane, ttl) in lanes {
                if let Some(time) = self.first_unreported(lane) {
                    timeouts.note(time + ttl, ttl, lane);
                }
            }
            if let Some(mixed) = &mut self.mixed {
                mixed.note_timeout(&self.tree);
            }
        }
        let next = timeouts.earliest(|lane| {
            let ttl = self.tree.lane_ttl(lane);
            self.first_unreported(lane).map(|time| (time + ttl, ttl))
        });
        self.timeouts = timeouts;
        let own = next.map(|(time, _, lane)| (time, First::OfLane(lane)));
        let mixed = self.mixed.as_mut();
        let mixed = mixed.and_then(|mixed| mixed.next_timeout(&self.tree));
        let mixed = mixed.map(|(time, chunk)| (time, First::OfChunk(chunk)));
        own.into_iter().chain(mixed).min_by_key(|(time, _)| *time)
    }

    /// When the oldest unreported member of a lane was seen.
    fn first_unreported(&mut self, lane: u32) -> Option<Millis> {
        let mut found = None;
        self.each_unreported(lane, |entry, _| {
            found = Some(entry.time);
            false
        });
        found
    }

    /// Reports those of a lane whose time was up at `now`, at most `limit`.
    pub fn report(
        &mut self,
        lane: u32,
        now: Millis,
        limit: usize,
        mut f: impl FnMut(TouchState, MemberRef),
    ) -> usize {
        let ttl = self.tree.lane_ttl(lane);
        let mut reported = 0;
        self.each_unreported(lane, |entry, member| {
            let report = reported < limit && entry.time + ttl <= now;
            if report {
                f(entry.state(ttl), member);
                reported += 1;
            }
            report
        });
        reported
    }

    /// The same of a chunk of a mixed lane.
    pub fn report_chunk(
        &mut self,
        id: u32,
        now: Millis,
        limit: usize,
        mut f: impl FnMut(TouchState, MemberRef),
    ) -> usize {
        let lane = self.tree.blocks.get(self.tree.chunks.get(id).block).lane;
        let ttl = self.tree.lane_ttl(lane);
        let chunk = self.tree.chunks.get_mut(id);
        let unreported = chunk.unreported_ends(ttl, now);
        for &index in unreported.iter().take(limit) {
            let (entry, entry_id) = (chunk.entry(index), EntryId::new(id, index));
            let prefix = entry.prefix;
            f(entry.state(ttl), MemberRef { prefix, entry_id });
            chunk.set_reported(index);
        }
        unreported.len().min(limit)
    }

    /// Goes over the unreported members of a lane in order of time, for as long as `f` says that it has reported them.
    fn each_unreported(&mut self, lane: u32, mut f: impl FnMut(Entry, MemberRef) -> bool) {
        let tree = &mut self.tree;
        let lane = &mut tree.lanes[lane as usize];
        // What begins before that moment may reach beyond it.
        let from = lane
            .root
            .partition_point(|root| root.first < lane.reported_upto);
        for root in lane.root.range(from.saturating_sub(1)..) {
            let links = &tree.blocks.get(root.block).links;
            let from = links.partition_point(|link| link.first < lane.reported_upto);
            for link in &links[from.saturating_sub(1)..] {
                let chunk = tree.chunks.get_mut(link.chunk);
                while let Some(index) = chunk.first_unreported() {
                    let entry = chunk.entry(index);
                    let prefix = entry.prefix;
                    let entry_id = EntryId::new(link.chunk, index);
                    lane.reported_upto = lane.reported_upto.max(entry.time);
                    if !f(entry, MemberRef { prefix, entry_id }) {
                        return;
                    }
                    chunk.set_reported(index);
                }
                lane.reported_upto = lane.reported_upto.max(chunk.last_time());
            }
        }
    }
}
