//! The form of a set with more than a few members: their names by hash, and a timeline over their times.

use super::batch::BATCH;
use crate::core::index::{MAX_NAMES, Names, Spot};
use crate::core::member::Sought;
use crate::core::refs::{Address, Place};
use crate::core::time::Millis;
use crate::core::timeline::Entry;
use crate::core::timeline::First;
use crate::core::timeline::Timeline;
use crate::core::touch::{Touch, TouchState};

/// Members by name and by time.
#[derive(Clone, Default)]
pub struct Table {
    pub names: Names,
    pub timeline: Timeline,
    /// See [`PresenceSet::noted_bytes`](crate::core::PresenceSet::noted_bytes).
    pub noted_bytes: usize,
}

/// A touch that is there, read where that is asked for.
pub enum Old<'a> {
    Known(TouchState),
    InTimeline(&'a Timeline, Place),
}

impl Old<'_> {
    #[inline]
    pub fn state(&self) -> TouchState {
        match self {
            Old::Known(state) => *state,
            Old::InTimeline(timeline, place) => timeline.state(*place),
        }
    }

    #[inline]
    pub fn is_online(&self, now: Millis) -> bool {
        match self {
            Old::InTimeline(timeline, place) if timeline.is_surely_online(*place, now) => true,
            old => old.state().touch.is_online(now),
        }
    }
}

impl Table {
    pub fn len(&self) -> usize {
        self.timeline.len()
    }

    pub fn bytes(&self) -> usize {
        size_of::<Table>() + self.names.bytes() + self.timeline.bytes()
    }

    pub fn allocations(&self) -> usize {
        1 + self.names.allocations() + self.timeline.allocations()
    }

    pub fn has_room_for(&self, more: usize) -> bool {
        self.names.len() + more < MAX_NAMES && self.timeline.has_room_for(more)
    }

    /// Asks for the memory in which these members will be looked for. All of a batch wait together for what each would wait
    /// for alone.
    pub fn prefetch(&self, members: &[Sought]) {
        for member in members {
            self.names.prefetch(member.home());
        }
    }

    /// Asks for the entries of these members.
    pub fn prefetch_entries(&self, members: &[Sought]) {
        for member in members {
            if let Some(spot) = self.names.find(member) {
                self.timeline.prefetch(self.names.place(spot));
            }
        }
    }

    /// A member's touch, not read yet.
    #[inline]
    pub fn old(&self, member: &Sought) -> Option<Old<'_>> {
        let spot = self.names.find(member)?;
        Some(Old::InTimeline(&self.timeline, self.names.place(spot)))
    }

    /// When a member was seen, and its ttl.
    #[inline]
    pub fn get(&self, member: &Sought) -> Option<TouchState> {
        Some(self.old(member)?.state())
    }

    #[inline]
    pub fn touch(&self, spot: Spot) -> Touch {
        self.timeline.state(self.names.place(spot)).touch
    }

    /// The member's newest touch is this one. `keep` is asked about the touch that is there, and says whether it is to
    /// stay instead. Returns whether there was one.
    #[inline]
    pub fn set(
        &mut self,
        member: &Sought,
        new: TouchState,
        keep: impl FnOnce(Old) -> bool,
    ) -> bool {
        let entry = Entry {
            time: new.touch.at,
            home: member.home(),
            extra: 0,
            told: new.told,
        };
        let ttl = new.touch.ttl;
        let Some(spot) = self.names.find(member) else {
            let place = self.timeline.insert(ttl, entry, &mut self.names);
            self.names.insert(member, place);
            return false;
        };
        let place = self.names.place(spot);
        self.timeline.prefetch_life(place);
        if !keep(Old::InTimeline(&self.timeline, place)) {
            let place = self.timeline.insert(ttl, entry, &mut self.names);
            // Read only now: the insertion may have moved the old entry.
            let old_place = self.names.place(spot);
            self.names.set_place(spot, place);
            self.timeline.kill(old_place, &mut self.names);
        }
        true
    }

    /// Removes a member. Returns the touch that was there.
    pub fn remove(&mut self, member: &Sought) -> Option<TouchState> {
        let spot = self.names.find(member)?;
        let old = self.timeline.state(self.names.place(spot));
        let place = self.names.remove(member.home(), spot);
        self.timeline.kill(place, &mut self.names);
        Some(old)
    }

    /// Asks for the names of a lane's oldest members.
    fn prefetch_oldest(&self, lane: u32) {
        let tree = &self.timeline.tree;
        let mut cursor = tree.cursor(lane, tree.lane_len(lane));
        for _ in 0..BATCH {
            if let Some((_, member)) = tree.newer(&mut cursor) {
                self.names.prefetch(member.home);
            }
        }
    }

    /// Removes members that are due at `cutoff`, oldest due first, at most `limit`; `f` is given where each one stands
    /// before it goes. Returns how many.
    pub fn evict(
        &mut self,
        cutoff: Millis,
        retain: Millis,
        limit: usize,
        mut f: impl FnMut(&Names, Spot, TouchState),
    ) -> usize {
        let mut evicted = 0;
        while evicted < limit
            && let Some((due, first)) = self.timeline.next_due(retain)
            && due <= cutoff
        {
            let lane = match first {
                First::OfLane(lane) => lane,
                First::OfChunk(chunk) => {
                    let Some(first) = self.timeline.first_of_front(chunk) else {
                        debug_assert!(false, "somebody is due");
                        return evicted;
                    };
                    self.evict_one(first, &mut f);
                    evicted += 1;
                    // It is this one's turn after those of other chunks.
                    if let Some(home) = self.timeline.next_of_front(chunk) {
                        self.names.prefetch(home);
                    }
                    continue;
                }
            };
            // With one lane all that is due stands in a row; with more, members of one instant do.
            let until = if self.timeline.lane_count() == 1 {
                cutoff
            } else {
                due
            };
            while evicted < limit
                && let Some((touch, address)) = self.timeline.tree.first(lane)
            {
                if touch.due(retain) > until {
                    break;
                }
                if evicted.is_multiple_of(BATCH) {
                    self.prefetch_oldest(lane);
                }
                self.evict_one(address, &mut f);
                evicted += 1;
            }
        }
        // While more is due, many chunks would have to be gone over.
        if evicted > 0 && evicted < limit {
            self.timeline.keep_up(cutoff);
        }
        evicted
    }

    fn evict_one(&mut self, address: Address, f: &mut impl FnMut(&Names, Spot, TouchState)) {
        let Address { home, place } = address;
        let spot = self.names.at(address);
        f(&self.names, spot, self.timeline.state(place));
        self.names.remove(home, spot);
        self.timeline.kill(place, &mut self.names);
    }
}
