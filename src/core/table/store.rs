//! The form of a set with more than a few members: their names by hash, and a timeline over their times.

use super::batch::BATCH;
use crate::core::index::{MAX_NAMES, Names};
use crate::core::member::{LookupKey, MemberView};
use crate::core::refs::{EntryId, HashPrefix, MemberRef};
use crate::core::time::Millis;
use crate::core::timeline::Entry;
use crate::core::timeline::First;
use crate::core::timeline::Timeline;
use crate::core::touch::TouchState;

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
    InTimeline(&'a Timeline, EntryId),
}

impl Old<'_> {
    #[inline]
    pub fn state(&self) -> TouchState {
        match self {
            Old::Known(state) => *state,
            Old::InTimeline(timeline, entry_id) => timeline.state(*entry_id),
        }
    }

    #[inline]
    pub fn is_online(&self, now: Millis) -> bool {
        match self {
            Old::InTimeline(timeline, entry_id) if timeline.is_surely_online(*entry_id, now) => {
                true
            }
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
    pub fn prefetch(&self, members: &[LookupKey]) {
        for member in members {
            self.names.prefetch(member.prefix());
        }
    }

    /// Asks for the entries of these members.
    pub fn prefetch_entries(&self, members: &[LookupKey]) {
        for member in members {
            if let Some(name) = self.names.find(member) {
                self.timeline.prefetch(self.names.entry_id(name));
            }
        }
    }

    /// A member's touch, not read yet.
    #[inline]
    pub fn old(&self, member: &LookupKey) -> Option<Old<'_>> {
        let name = self.names.find(member)?;
        Some(Old::InTimeline(&self.timeline, self.names.entry_id(name)))
    }

    /// When a member was seen, and its ttl.
    #[inline]
    pub fn get(&self, member: &LookupKey) -> Option<TouchState> {
        Some(self.old(member)?.state())
    }

    /// Visits a few members, in the order of their prefixes from this one on. Returns the prefix to go on with, `None` at the
    /// end. Whoever is there throughout a walk is visited exactly once.
    pub fn visit(&self, from: HashPrefix, mut f: impl FnMut(MemberView)) -> Option<HashPrefix> {
        self.names.visit(from, |name| {
            let state = self.timeline.state(self.names.entry_id(name));
            self.names
                .with_name(name, |name| f(MemberView::new(name, state)));
        })
    }

    /// Calls `f` with a member that the timeline has found.
    #[inline]
    pub fn with_member<R>(
        &self,
        (state, member): (TouchState, MemberRef),
        f: impl FnOnce(MemberView) -> R,
    ) -> R {
        let name = self.names.at(member);
        self.names
            .with_name(name, |name| f(MemberView::new(name, state)))
    }

    /// The member's newest touch is this one. `keep` is asked about the touch that is there, and says whether it is to
    /// stay instead. Returns whether there was one.
    #[inline]
    pub fn set(
        &mut self,
        member: &LookupKey,
        new: TouchState,
        keep: impl FnOnce(Old) -> bool,
    ) -> bool {
        let entry = Entry {
            time: new.touch.at,
            prefix: member.prefix(),
            extra: 0,
            timeout_reported: new.timeout_reported,
        };
        let ttl = new.touch.ttl;
        let Some(name) = self.names.find(member) else {
            let entry_id = self.timeline.insert(ttl, entry, &mut self.names);
            self.names.insert(member, entry_id);
            return false;
        };
        let entry_id = self.names.entry_id(name);
        self.timeline.prefetch_life(entry_id);
        if !keep(Old::InTimeline(&self.timeline, entry_id)) {
            let entry_id = self.timeline.insert(ttl, entry, &mut self.names);
            // Read only now: the insertion may have moved the old entry.
            let old_entry = self.names.entry_id(name);
            self.names.set_entry_id(name, entry_id);
            self.timeline.kill(old_entry, &mut self.names);
        }
        true
    }

    /// Removes a member. Returns the touch that was there.
    pub fn remove(&mut self, member: &LookupKey) -> Option<TouchState> {
        let name = self.names.find(member)?;
        let old = self.timeline.state(self.names.entry_id(name));
        let entry_id = self.names.remove(member.prefix(), name);
        self.timeline.kill(entry_id, &mut self.names);
        Some(old)
    }

    /// Asks for the names of a lane's oldest members.
    fn prefetch_oldest(&self, lane: u32) {
        let tree = &self.timeline.tree;
        let mut cursor = tree.cursor(lane, tree.lane_len(lane));
        for _ in 0..BATCH {
            if let Some((_, member)) = tree.newer(&mut cursor) {
                self.names.prefetch(member.prefix);
            }
        }
    }

    /// Removes members that are due at `cutoff`, oldest due first, at most `limit`; `f` is given each one before it
    /// goes. Returns how many.
    pub fn evict(
        &mut self,
        cutoff: Millis,
        retain: Millis,
        limit: usize,
        mut f: impl FnMut(MemberView),
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
                    if let Some(prefix) = self.timeline.next_of_front(chunk) {
                        self.names.prefetch(prefix);
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
                && let Some((state, member_ref)) = self.timeline.tree.first(lane)
            {
                if state.touch.due(retain) > until {
                    break;
                }
                if evicted.is_multiple_of(BATCH) {
                    self.prefetch_oldest(lane);
                }
                self.evict_one(member_ref, &mut f);
                evicted += 1;
            }
        }
        // While more is due, many chunks would have to be gone over.
        if evicted > 0 && evicted < limit {
            self.timeline.keep_up(cutoff);
        }
        evicted
    }

    fn evict_one(&mut self, member_ref: MemberRef, f: &mut impl FnMut(MemberView)) {
        let MemberRef { prefix, entry_id } = member_ref;
        let name = self.names.at(member_ref);
        let state = self.timeline.state(entry_id);
        self.names
            .with_name(name, |name| f(MemberView::new(name, state)));
        self.names.remove(prefix, name);
        self.timeline.kill(entry_id, &mut self.names);
    }
}
