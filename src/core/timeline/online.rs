//! What time does to the members while nobody touches them: who has expired, and who is due for removal.
//!
//! How many are online is asked after every touch, for the peak. It is kept as "all but those that had expired at the
//! *frontier*", a moment that moves along with the questions. A lazy heap of lanes says when the next member of each
//! expires, and only then is the lane counted anew. So the answer is O(1) between two expiries, O(log n) for each lane
//! in which something expired since, and no eviction has to have run for it to be right. When the clock steps back the
//! frontier is set back and each lane counted once.
//!
//! A ttl of 0 is that of members who left: they are offline whatever the clock says. Mixed lanes have frontiers of
//! their own (`mixed.rs`).

use super::chunk_tree::Lane;
use super::log::Timeline;
use super::mixed::view::View;
use crate::core::query::Query;
use crate::core::refs::{EntryId, HashPrefix, MemberRef};
use crate::core::time::{Millis, expiry_cut, has_expired};

/// Where the first member due is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// The oldest of a lane.
    OfLane(u32),
    /// Somewhere in a chunk of a mixed lane.
    OfChunk(u32),
}

impl Timeline {
    /// How many members are online at `now`.
    #[inline]
    pub fn online(&mut self, now: Millis) -> usize {
        if now < self.frontier {
            self.set_frontier_back(now);
        } else {
            self.frontier = now;
            while let Some((time, _, lane)) = self.expiry.top()
                && time <= now
            {
                self.expiry.pop();
                self.recount_expired(lane);
            }
        }
        let expired = match self.mixed {
            None => self.expired,
            Some(_) => self.expired + self.mixed_expired(now),
        };
        self.alive - expired
    }

    /// How many members a query is about.
    pub fn count(&mut self, query: Query) -> usize {
        let own = self.tree.own_lanes();
        let in_own: usize = own
            .map(|(lane, ttl)| self.tree.count_after(lane, query.cut(ttl)))
            .sum();
        if self.mixed.is_none() {
            return in_own;
        }
        self.mixed_expired(query.now());
        let views = self.tree.mixed_lanes().map(|lane| self.view(lane, query));
        in_own + views.flatten().map(|view| view.total()).sum::<usize>()
    }

    /// The members of a mixed lane that a query is about; a frontier has to stand at its moment
    /// ([`keep_up`](Self::keep_up)).
    pub fn view(&self, lane: u32, query: Query) -> Option<View<'_>> {
        let mixed = self.mixed.as_deref()?;
        Some(View::new(&self.tree, mixed, lane, query))
    }

    /// How many members of mixed lanes are offline at `now`.
    #[inline]
    fn mixed_expired(&mut self, now: Millis) -> usize {
        let mixed = self.mixed.as_mut();
        mixed.map_or(0, |mixed| mixed.expired(now, &self.tree))
    }

    /// Advances a frontier of the mixed lanes to `now`, so that the next question has few to count.
    pub fn keep_up(&mut self, now: Millis) {
        self.mixed_expired(now);
    }

    #[cold]
    fn set_frontier_back(&mut self, now: Millis) {
        self.frontier = now;
        self.expiry.clear();
        for lane in 0..self.tree.lanes.len() as u32 {
            if self.tree.lane_len(lane) > 0 && !self.tree.lanes[lane as usize].mixed {
                self.recount_expired(lane);
            }
        }
    }

    /// Counts a lane's expired members at the frontier, and notes when the next one expires.
    fn recount_expired(&mut self, lane: u32) {
        let ttl = self.tree.lanes[lane as usize].ttl;
        let cut = expiry_cut(self.frontier, ttl);
        let unexpired = match ttl {
            0 => 0,
            _ => self.tree.count_after(lane, cut),
        };
        let expired = self.tree.lane_len(lane) - unexpired;
        self.expired = self.expired + expired - self.tree.lanes[lane as usize].expired;
        self.tree.lanes[lane as usize].expired = expired;
        if unexpired > 0 {
            let mut cursor = self.tree.cursor(lane, unexpired);
            let (touch, _) = self
                .tree
                .newer(&mut cursor)
                .expect("the cursor has newer entries");
            self.expiry.note(touch.at + ttl, ttl, lane);
        }
    }

    /// An entry has come to a lane.
    #[inline]
    pub fn note_expiry(&mut self, lane: u32, time: Millis) {
        let in_lane = &mut self.tree.lanes[lane as usize];
        let ttl = in_lane.ttl;
        if has_expired(time, ttl, self.frontier) {
            in_lane.expired += 1;
            self.expired += 1;
        } else {
            self.expiry.note(time + ttl, ttl, lane);
        }
    }

    /// An entry of a lane has been killed that may have expired.
    #[cold]
    pub fn uncount_expired(&mut self, lane: u32, id: u32, index: usize) {
        let (chunk, in_lane) = (
            self.tree.chunks.get(id),
            &mut self.tree.lanes[lane as usize],
        );
        if has_expired(chunk.time(index), in_lane.ttl, self.frontier) {
            in_lane.expired -= 1;
            self.expired -= 1;
        }
    }

    /// Whether everybody is or was due for removal at `cutoff`.
    pub fn is_all_due(&mut self, cutoff: Millis, retain: Millis) -> bool {
        let tree = &self.tree;
        let due =
            |(_, lane): (u32, &Lane)| tree.last_time(lane).unwrap_or(0) + lane.ttl.max(retain);
        // Where somebody is remembered, it is nearly always who was touched last.
        let latest = tree.lanes.get(self.latest as usize);
        let latest = latest.filter(|lane| lane.alive > 0);
        if latest.is_some_and(|lane| due((self.latest, lane)) > cutoff) {
            return false;
        }
        // A member of a mixed lane may be due later than the one seen last. Who is remembered and not online is not, so
        // mixed lanes are seldom gone over.
        if tree.lanes().map(due).any(|due| due > cutoff) {
            return false;
        }
        let mixed = self.mixed.as_mut();
        mixed.is_none_or(|mixed| mixed.last_end(&self.tree) <= cutoff)
    }

    /// The first one due of a chunk that [`next_due`](Self::next_due) returned.
    pub fn first_of_front(&self, chunk: u32) -> Option<MemberRef> {
        let index = self.mixed.as_ref()?.first_of_front(chunk)?;
        let prefix = self.tree.chunks.get(chunk).entry(index).prefix;
        let entry_id = EntryId::new(chunk, index);
        Some(MemberRef { prefix, entry_id })
    }

    /// Prefetches what is read of a chunk when its turn comes again. Returns the prefix of the member who is next.
    pub fn next_of_front(&self, chunk: u32) -> Option<HashPrefix> {
        self.mixed.as_ref()?.next_of_front(chunk, &self.tree)
    }

    /// An entry has come to a lane.
    #[inline]
    pub fn note_due(&mut self, lane: u32, time: Millis) {
        let ttl = self.tree.lanes[lane as usize].ttl;
        self.due.note(time + ttl.max(self.due_retain), ttl, lane);
    }

    /// When the first member is due for removal, and where it is; between equal times it is the one of the shorter ttl.
    pub fn next_due(&mut self, retain: Millis) -> Option<(Millis, First)> {
        if retain != self.due_retain {
            self.due_retain = retain;
            self.due.clear();
            let lanes: Vec<_> = self.tree.own_lanes().collect();
            for (lane, _) in lanes {
                if let Some((touch, _)) = self.tree.first(lane) {
                    self.note_due(lane, touch.at);
                }
            }
            if let Some(mixed) = &mut self.mixed {
                mixed.note_due(retain, &self.tree);
            }
        }
        let mut due = std::mem::take(&mut self.due);
        let next = due.earliest(|lane| {
            let (touch, _) = self.tree.first(lane)?;
            Some((touch.due(retain), touch.ttl))
        });
        self.due = due;
        let own = next.map(|(time, ttl, lane)| ((time, ttl), First::OfLane(lane)));
        let mixed = self.mixed.as_mut();
        let mixed = mixed.and_then(|mixed| mixed.next_due(retain, &self.tree));
        let mixed = mixed.map(|(due, chunk)| (due, First::OfChunk(chunk)));
        let next = own.into_iter().chain(mixed).min_by_key(|(due, _)| *due);
        next.map(|((time, _), first)| (time, first))
    }
}
