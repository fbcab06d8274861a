//! The form of a set with more than a few members: slots, an index over their names, and a timeline over their times.

use super::chunk::Entry;
use super::group::Hashes;
use super::index::Index;
use super::place::{Place, Places, SlotId};
use super::seen::{Kept, Seen};
use super::slots::{MAX_SLOTS, Slots};
use super::sought::Sought;
use super::time::Millis;
use super::timeline::Timeline;

/// Members by name and by time.
#[derive(Clone, Default)]
pub struct Table {
    pub(super) slots: Slots,
    pub(super) index: Index,
    pub(super) timeline: Timeline,
    /// See [`PresenceSet::noted_bytes`](super::PresenceSet::noted_bytes).
    pub(super) noted_bytes: usize,
}

impl Hashes for Slots {
    #[inline]
    fn hash_of(&self, slot: SlotId) -> u64 {
        self.member(slot).hash()
    }

    #[inline]
    fn prefetch(&self, slot: SlotId) {
        Slots::prefetch(self, slot);
    }
}

/// A touch that is there, read where that is asked for.
pub enum Old<'a> {
    Known(Kept),
    InTimeline(&'a Timeline, Place),
}

impl Old<'_> {
    #[inline]
    pub fn kept(&self) -> Kept {
        match self {
            Old::Known(kept) => *kept,
            Old::InTimeline(timeline, place) => timeline.kept(*place),
        }
    }

    #[inline]
    pub fn is_online(&self, now: Millis) -> bool {
        match self {
            Old::InTimeline(timeline, place) if timeline.is_surely_online(*place, now) => true,
            old => old.kept().seen.is_online(now),
        }
    }
}

/// Members that are fetched ahead together.
pub const BATCH: usize = 16;

impl Table {
    pub fn len(&self) -> usize {
        self.timeline.len()
    }

    pub fn bytes(&self) -> usize {
        size_of::<Table>() + self.slots.bytes() + self.index.bytes() + self.timeline.bytes()
    }

    pub fn allocations(&self) -> usize {
        1 + self.slots.allocations() + self.index.allocations() + self.timeline.allocations()
    }

    pub fn has_room_for(&self, more: usize) -> bool {
        self.slots.len() + more < MAX_SLOTS && self.timeline.has_room_for(more)
    }

    /// Asks for the memory that touching or looking up these members will need, by `ahead` for that of the timeline. All
    /// of a batch wait together for what each would wait for alone.
    pub fn prefetch(&self, members: &[Sought], ahead: impl Fn(&Timeline, Place)) {
        debug_assert!(members.len() <= BATCH);
        for member in members {
            self.index.prefetch(member.hash());
        }
        let mut slots = [None; BATCH];
        for (slot, member) in slots.iter_mut().zip(members) {
            *slot = self.index.guess(member.hash());
            if let Some(slot) = *slot {
                self.slots.prefetch(slot);
            }
        }
        for slot in slots.into_iter().flatten() {
            ahead(&self.timeline, self.slots.place(slot));
        }
    }

    #[cfg(test)]
    pub(super) fn index_find(&self, name: &[u8]) -> Option<SlotId> {
        self.find(&Sought::new(name))
    }

    #[inline]
    fn find(&self, member: &Sought) -> Option<SlotId> {
        let is_it = |slot| self.slots.holds(slot, member.packed());
        match member.guess {
            Some(slot) if is_it(slot) => Some(slot),
            _ => self.index.find(member.hash(), is_it),
        }
    }

    /// A member's touch, not read yet.
    #[inline]
    pub fn old(&self, member: &Sought) -> Option<Old<'_>> {
        let slot = self.find(member)?;
        Some(Old::InTimeline(&self.timeline, self.slots.place(slot)))
    }

    /// When a member was seen, and its ttl.
    #[inline]
    pub fn get(&self, member: &Sought) -> Option<Kept> {
        Some(self.old(member)?.kept())
    }

    #[inline]
    fn kept(&self, slot: SlotId) -> Kept {
        self.timeline.kept(self.slots.place(slot))
    }

    #[inline]
    pub(super) fn seen(&self, slot: SlotId) -> Seen {
        self.kept(slot).seen
    }

    /// The member's newest touch is this one. `keep` is asked about the touch that is there, and says whether it is to
    /// stay instead. Returns whether there was one.
    #[inline]
    pub fn set(&mut self, member: &Sought, new: Kept, keep: impl FnOnce(Old) -> bool) -> bool {
        let entry = |slot| Entry {
            time: new.seen.at,
            slot,
            told: new.told,
        };
        let Some(slot) = self.find(member) else {
            let slot = self.slots.insert(member.packed());
            self.index.insert(member.hash(), slot, &self.slots);
            let ttl = new.seen.ttl;
            let place = self.timeline.insert(ttl, entry(slot), &mut self.slots);
            self.slots.set_place(slot, place);
            return false;
        };
        let place = self.slots.place(slot);
        self.timeline.prefetch_life(place);
        if !keep(Old::InTimeline(&self.timeline, place)) {
            let ttl = new.seen.ttl;
            let place = self.timeline.insert(ttl, entry(slot), &mut self.slots);
            // Read only now: the insertion may have moved the old entry.
            let old_place = self.slots.place(slot);
            self.slots.set_place(slot, place);
            self.timeline.kill(old_place, &mut self.slots);
        }
        true
    }

    /// Removes a member. Returns the touch that was there.
    pub fn remove(&mut self, member: &Sought) -> Option<Kept> {
        let slot = self.find(member)?;
        let old = self.kept(slot);
        self.remove_slot(slot, member.hash());
        Some(old)
    }

    fn remove_slot(&mut self, slot: SlotId, hash: u64) {
        self.index.remove(hash, slot, &self.slots);
        let place = self.slots.place(slot);
        self.slots.set_place(slot, Place::default());
        self.timeline.kill(place, &mut self.slots);
        self.slots.remove(slot);
        // Two moves for each removal, and a sparse arena keeps up with any speed of removal.
        for _ in 0..2 {
            let Some((from, to)) = self.slots.move_down() else {
                break;
            };
            let hash = self.slots.member(to).hash();
            self.index.renumber(hash, from, to);
            self.timeline.set_slot(self.slots.place(to), to);
        }
    }

    /// Removes members that are due at `cutoff`, oldest due first, at most `limit`; `f` is given each one's slot before
    /// it goes. Returns how many.
    pub fn evict(
        &mut self,
        cutoff: Millis,
        retain: Millis,
        limit: usize,
        mut f: impl FnMut(&Slots, SlotId, Kept),
    ) -> usize {
        let mut evicted = 0;
        while evicted < limit
            && let Some((due, lane)) = self.timeline.next_due(retain)
            && due <= cutoff
        {
            // With one lane all that is due stands in a row; with more, members of one instant do.
            let until = if self.timeline.lane_count() == 1 {
                cutoff
            } else {
                due
            };
            while evicted < limit
                && let Some((at, slot)) = self.timeline.first(lane)
            {
                let ttl = self.timeline.lane_ttl(lane);
                if at + ttl.max(retain) > until {
                    break;
                }
                let hash = self.slots.member(slot).hash();
                f(&self.slots, slot, self.kept(slot));
                self.remove_slot(slot, hash);
                evicted += 1;
            }
        }
        evicted
    }
}
