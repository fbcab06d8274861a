//! What time does to the members while nobody touches them: who has expired, and who is due for removal.
//!
//! How many are online is asked after every touch, for the peak. It is kept as "all but those that had expired at the
//! *frontier*", a moment that moves along with the questions: a lane is counted anew only when its next member's time
//! comes, which an agenda of lanes tells. So the answer is O(1) between two expiries, O(log n) for each lane in which
//! something expired since, and no eviction has to have run for it to be right. When the clock steps back the frontier
//! is set back and each lane counted once.
//!
//! A ttl of 0 is that of members who left: they are offline whatever the clock says. Mixed lanes have frontiers of their own
//! (`mixed.rs`).

use super::log::Timeline;
use crate::core::time::{Millis, expiry_cut, has_expired};

/// Where the member is that is due first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// It is the oldest of a lane.
    OfLane(u32),
    /// It is somewhere in a chunk of a mixed lane.
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

    #[cold]
    fn set_frontier_back(&mut self, now: Millis) {
        self.frontier = now;
        self.expiry.clear();
        for lane in 0..self.lanes.len() as u32 {
            if self.lane_len(lane) > 0 && !self.lanes[lane as usize].mixed {
                self.recount_expired(lane);
            }
        }
    }

    /// Counts a lane's expired members at the frontier, and notes when the next one expires.
    fn recount_expired(&mut self, lane: u32) {
        let ttl = self.lanes[lane as usize].ttl;
        let cut = expiry_cut(self.frontier, ttl);
        let unexpired = match ttl {
            0 => 0,
            _ => self.count_after(lane, cut),
        };
        let expired = self.lane_len(lane) - unexpired;
        self.expired = self.expired + expired - self.lanes[lane as usize].expired;
        self.lanes[lane as usize].expired = expired;
        if unexpired > 0 {
            let mut cursor = self.cursor(lane, unexpired);
            let (seen, _) = self
                .newer(&mut cursor)
                .expect("the cursor has newer entries");
            self.expiry.note(seen.at + ttl, ttl, lane);
        }
    }

    /// An entry has come to a lane.
    #[inline]
    pub fn note_expiry(&mut self, lane: u32, time: Millis) {
        let in_lane = &mut self.lanes[lane as usize];
        let ttl = in_lane.ttl;
        if has_expired(time, ttl, self.frontier) {
            in_lane.expired += 1;
            self.expired += 1;
        } else {
            self.expiry.note(time + ttl, ttl, lane);
        }
    }

    /// An entry of a lane has been killed.
    #[inline]
    pub fn uncount_expired(&mut self, lane: u32, id: u32, index: usize) {
        let (chunk, in_lane) = (self.chunks.get(id), &mut self.lanes[lane as usize]);
        // The base tells it for most, without the entry.
        if has_expired(chunk.base(), in_lane.ttl, self.frontier)
            && has_expired(chunk.time(index), in_lane.ttl, self.frontier)
        {
            in_lane.expired -= 1;
            self.expired -= 1;
        }
    }

    /// An entry has come to a lane.
    #[inline]
    pub fn note_due(&mut self, lane: u32, time: Millis) {
        let ttl = self.lanes[lane as usize].ttl;
        self.due.note(time + ttl.max(self.due_retain), ttl, lane);
    }

    /// When the first member is due for removal, and where it is; between equal times it is the one of the shorter ttl.
    pub fn next_due(&mut self, retain: Millis) -> Option<(Millis, First)> {
        if retain != self.due_retain {
            self.due_retain = retain;
            self.due.clear();
            let lanes: Vec<_> = self.own_lanes().collect();
            for (lane, _) in lanes {
                if let Some((seen, _)) = self.first(lane) {
                    self.note_due(lane, seen.at);
                }
            }
            self.note_mixed_due(retain);
        }
        let mut due = std::mem::take(&mut self.due);
        let next = due.earliest(|lane| {
            let (seen, _) = self.first(lane)?;
            Some((seen.due(retain), seen.ttl))
        });
        self.due = due;
        let own = next.map(|(time, ttl, lane)| ((time, ttl), First::OfLane(lane)));
        let mixed = self.next_mixed_due();
        let mixed = mixed.map(|(due, chunk)| (due, First::OfChunk(chunk)));
        let next = own.into_iter().chain(mixed).min_by_key(|(due, _)| *due);
        next.map(|((time, _), first)| (time, first))
    }
}
