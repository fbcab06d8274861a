//! Removing the members of a table: one by name, or those that are due.

use super::batch::BATCH;
use super::store::Table;
use crate::core::index::NameRef;
use crate::core::member::{LookupKey, MemberView};
use crate::core::refs::{HashPrefix, MemberRef};
use crate::core::time::Millis;
use crate::core::timeline::First;
use crate::core::touch::TouchState;

impl Table {
    /// Removes a member, who is given to `f` before. Returns whether it was there.
    pub fn remove(&mut self, key: &LookupKey, f: impl FnOnce(MemberView, TouchState)) -> bool {
        let found = self.names.find(key);
        found
            .map(|(name, _)| self.take_out(key.prefix(), name, None, f))
            .is_some()
    }

    /// Removes a member that the timeline has found.
    fn take_found(&mut self, member: MemberRef, f: impl FnOnce(MemberView, TouchState)) {
        self.take_out(member.prefix, self.name_at(member), None, f);
    }

    /// Removes a member of this prefix. `f` is given it before, with `state` where the caller has it at hand: reading the one that
    /// is stored is mostly a cache miss.
    pub(super) fn take_out(
        &mut self,
        prefix: HashPrefix,
        name: NameRef,
        state: Option<TouchState>,
        f: impl FnOnce(MemberView, TouchState),
    ) {
        if let Some(owner) = self.names.entry_id(name).owner() {
            self.end_sessions_of(owner, name);
        }
        let state = state.unwrap_or_else(|| self.timeline.state(self.names.entry_id(name)));
        self.view(name, state.touch, |member| f(member, state));
        if let Some(metadata) = &mut self.metadata {
            self.names.with_name(name, |name| {
                metadata.remove(&LookupKey::with_hash(name));
            });
            self.drop_empty_metadata();
        }
        let entry_id = self.names.remove(prefix, name);
        let (timeline, mut followers) = self.followed();
        timeline.kill(entry_id, &mut followers);
    }

    /// Prefetches the names of a lane's oldest members.
    fn prefetch_oldest(&self, lane: u32) {
        let tree = &self.timeline.tree;
        let mut cursor = tree.cursor(lane, tree.lane_len(lane));
        for _ in 0..BATCH {
            if let Some((_, member)) = tree.newer(&mut cursor) {
                self.names.prefetch(member.prefix);
            }
        }
    }

    /// Removes sessions that are due at `cutoff`, at most `limit`. Returns how many. Their members' touches stay.
    pub fn evict_sessions(&mut self, cutoff: Millis, limit: usize) -> usize {
        let mut evicted = 0;
        while evicted < limit
            && let Some(sessions) = &mut self.sessions
        {
            let Some(session) = sessions.first_due(cutoff) else {
                sessions.keep_up(cutoff);
                break;
            };
            self.remove_session(session);
            evicted += 1;
        }
        evicted
    }

    /// Removes members that are due at `cutoff`, oldest due first, at most `limit`; `f` is given each one before it
    /// goes, with its touch as it is stored. Returns how many.
    pub fn evict(
        &mut self,
        cutoff: Millis,
        retain: Millis,
        limit: usize,
        mut f: impl FnMut(MemberView, TouchState),
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
                    self.take_found(first, &mut f);
                    evicted += 1;
                    // It will be needed only after those of other chunks.
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
                && let Some((touch, member_ref)) = self.timeline.tree.first(lane)
            {
                if touch.due(retain) > until {
                    break;
                }
                if evicted.is_multiple_of(BATCH) {
                    self.prefetch_oldest(lane);
                }
                self.take_found(member_ref, &mut f);
                evicted += 1;
            }
        }
        // Not while more is due: many chunks would have to be scanned.
        if evicted > 0 && evicted < limit {
            self.timeline.keep_up(cutoff);
        }
        evicted
    }
}
