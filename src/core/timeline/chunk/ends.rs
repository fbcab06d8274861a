//! Scans of a mixed lane's chunk. Its entries are in the order they were seen in, not in the order they expire in, so
//! each scan reads the ends of all entries: a thousand numbers in a row.

use super::{Chunk, MAX_ENTRIES};
use crate::core::memory::bits;
use crate::core::time::Millis;

/// How many entries a [`front`](Chunk::front) has at most.
const FRONT: usize = 16;

/// How many ends are compared at once.
const GROUP: usize = 32;

/// How many living ends are later than a limit, and the first of them. Without branches, so that the compiler
/// vectorizes it.
#[inline]
fn later_than(limit: u32, ends: &[u32; GROUP], living: u32) -> (u32, u32) {
    let mut counts = [0; 4];
    let mut firsts = [u32::MAX; 4];
    for (four, ends) in ends.as_chunks::<4>().0.iter().enumerate() {
        let living = living >> (four * 4);
        for at in 0..4 {
            let later = u32::from(living & (1 << at) != 0) & u32::from(ends[at] > limit);
            counts[at] += later;
            // All ones where it is not one of them.
            firsts[at] = firsts[at].min(ends[at] | later.wrapping_sub(1));
        }
    }
    let first = firsts.into_iter().min().unwrap_or(u32::MAX);
    (counts.iter().sum(), first)
}

/// When a member is due for removal, and its ttl, which decides between those due at the same time.
pub type Due = (Millis, Millis);

impl Chunk {
    /// Calls `f` with the index and the position of each living entry, in order.
    #[inline]
    fn each_living(&self, mut f: impl FnMut(usize, usize)) {
        if !self.is_compacted() {
            return bits::each(self.living(), |index| f(index, index));
        }
        let mut position = 0;
        bits::each(&self.storing()[..self.living().len()], |index| {
            if self.is_alive(index) {
                f(index, position);
            }
            position += 1;
        });
    }

    /// A moment as [`ends`](Self::end) are counted; `None` where it is before all of them.
    fn limit(&self, ttl: Millis, moment: Millis) -> Option<u64> {
        moment.checked_sub(self.base() + ttl)
    }

    /// How many are online at `now`, and when the next of them goes offline. `ttl` is the lane's.
    pub fn online(&self, ttl: Millis, now: Millis) -> (usize, Option<Millis>) {
        let Some(limit) = self.limit(ttl, now) else {
            // Nobody can have expired. The first one does so no earlier than this.
            return (self.alive(), Some(self.base() + ttl));
        };
        let Ok(limit) = u32::try_from(limit) else {
            return (0, None);
        };
        let (mut online, mut first) = (0, u32::MAX);
        let living = self.living_positions();
        for (group, ends) in self.ends().chunks(GROUP / 2).enumerate() {
            let living = living[group / 2] >> (group % 2 * GROUP);
            let mut all = [0; GROUP];
            for (pair, word) in all.as_chunks_mut().0.iter_mut().zip(ends) {
                *pair = [*word as u32, (*word >> 32) as u32];
            }
            let (in_group, first_of_group) = later_than(limit, &all, living as u32);
            online += in_group;
            first = first.min(first_of_group);
        }
        let next = self.base() + ttl + u64::from(first);
        (online as usize, (online > 0).then_some(next))
    }

    /// A bit for each position: whether the entry that stands there is alive.
    fn living_positions(&self) -> [u64; MAX_ENTRIES / 64] {
        let mut living = [0; MAX_ENTRIES / 64];
        let words = self.living();
        if !self.is_compacted() {
            living[..words.len()].copy_from_slice(words);
            return living;
        }
        let mut position = 0;
        for (&alive, &storing) in words.iter().zip(self.storing()) {
            let (mut packed, mut left) = (0, alive);
            if alive == storing {
                packed = u64::MAX.unbounded_shr(64 - storing.count_ones());
                left = 0;
            }
            while left != 0 {
                let below = (left & left.wrapping_neg()) - 1;
                packed |= 1 << (storing & below).count_ones();
                left &= left - 1;
            }
            living[position / 64] |= packed << (position % 64);
            if position % 64 > 0 && position / 64 + 1 < living.len() {
                living[position / 64 + 1] |= packed >> (64 - position % 64);
            }
            position += storing.count_ones() as usize;
        }
        living
    }

    /// When the time of the last one is up.
    pub fn last_end(&self, ttl: Millis) -> Millis {
        let mut last = 0;
        self.each_living(|_, position| last = last.max(self.end(position)));
        self.base() + ttl + u64::from(last)
    }

    /// When an entry's member is due for removal, and its ttl.
    #[inline]
    fn due_at(&self, position: usize, ttl: Millis, retain: Millis) -> Due {
        let (time, _) = self.time_and_reported(position);
        let own = ttl + u64::from(self.end(position) - time);
        (self.base() + u64::from(time) + own.max(retain), own)
    }

    /// The same of a living entry.
    pub fn due(&self, index: usize, ttl: Millis, retain: Millis) -> Due {
        self.due_at(self.position(index), ttl, retain)
    }

    /// The indices of some of those who are due first, the very first one last.
    pub fn front(&self, ttl: Millis, retain: Millis) -> Vec<u16> {
        let mut front: Vec<(Due, u16)> = Vec::with_capacity(FRONT + 1);
        self.each_living(|index, position| {
            let due = self.due_at(position, ttl, retain);
            // Of equal ones the earlier stays before the later.
            if front.len() < FRONT || due < front[FRONT - 1].0 {
                let at = front.partition_point(|(other, _)| *other <= due);
                front.insert(at, (due, index as u16));
                front.truncate(FRONT);
            }
        });
        front.iter().rev().map(|(_, index)| *index).collect()
    }

    /// When the first one expires whose time-out has not been reported.
    pub fn first_unreported_end(&self, ttl: Millis) -> Option<Millis> {
        let mut first = None;
        self.each_living(|_, position| {
            let (_, timeout_reported) = self.time_and_reported(position);
            if !timeout_reported {
                let end = self.end(position);
                first = Some(first.map_or(end, |first: u32| first.min(end)));
            }
        });
        first.map(|end| self.base() + ttl + u64::from(end))
    }

    /// The indices of those who had expired at `now` and whose time-outs have not been reported, in the order of their
    /// ends.
    pub fn unreported_ends(&self, ttl: Millis, now: Millis) -> Vec<usize> {
        let Some(limit) = self.limit(ttl, now) else {
            return Vec::new();
        };
        let mut unreported = Vec::new();
        self.each_living(|index, position| {
            let end = self.end(position);
            if u64::from(end) <= limit && !self.time_and_reported(position).1 {
                unreported.push((end, index));
            }
        });
        unreported.sort_unstable();
        unreported.into_iter().map(|(_, index)| index).collect()
    }
}
