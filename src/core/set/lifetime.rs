//! The end of members, and of the set: what is due, removing it, and when nothing is left to keep.

use super::members::{Form, PresenceSet};
use crate::core::member::{LookupKey, MemberView};
use crate::core::time::Millis;
use crate::core::touch::TouchState;

impl PresenceSet {
    /// Removes members that are not remembered at `cutoff`, oldest due first, at most `limit` of them. `f` is given
    /// each before it goes. Returns how many.
    pub fn evict(&mut self, cutoff: Millis, limit: usize, mut f: impl FnMut(MemberView)) -> usize {
        let retain = self.retain();
        let mut last_due = 0;
        let mut f = |member: MemberView| {
            last_due = member.touch.due(retain);
            f(member);
        };
        let evicted = match &mut self.form {
            Form::Small(small) => {
                let mut evicted = 0;
                while evicted < limit
                    && let Some((offset, member)) = small
                        .iter()
                        .filter(|(_, member)| member.touch.due(retain) <= cutoff)
                        .min_by_key(|(_, member)| (member.touch.due(retain), member.touch.ttl))
                {
                    f(member);
                    small.remove(offset);
                    evicted += 1;
                }
                evicted
            }
            Form::Table(table) => table.evict(cutoff, retain, limit, f),
        };
        if evicted > 0 && self.is_empty() {
            self.set_emptied(last_due);
        }
        evicted
    }

    /// Takes a member out. After the last one there have been no members since `now`.
    pub(super) fn remove(&mut self, member: &LookupKey, now: Millis) -> Option<TouchState> {
        let state = match &mut self.form {
            Form::Small(small) => small.take(member.name()),
            Form::Table(table) => table.remove(member),
        }?;
        if self.is_empty() {
            self.set_emptied(now);
        }
        Some(state)
    }

    /// When the next member is due for removal; without members, when the key itself is. `None`: never.
    pub fn next_due(&mut self) -> Option<Millis> {
        if self.is_empty() {
            return match self.settings().linger {
                Some(linger) if !self.awaits_first() => Some(self.empty_since() + linger),
                _ => None,
            };
        }
        let retain = self.retain();
        match &mut self.form {
            Form::Small(small) => small
                .iter()
                .map(|(_, member)| member.touch.due(retain))
                .min(),
            Form::Table(table) => table.timeline.next_due(retain).map(|(due, _)| due),
        }
    }

    /// Whether a key that lingers for no time at all was made ahead of its first member, for which it is kept: it would
    /// otherwise be gone before the settings it was made for could apply.
    fn awaits_first(&self) -> bool {
        self.settings().linger == Some(0) && self.is_untouched()
    }

    /// Whether the key is no more at `now`: nothing is remembered, and its linger is over, though nobody may have
    /// removed it yet.
    #[inline]
    pub fn is_gone(&mut self, now: Millis) -> bool {
        let Some(linger) = self.settings().linger else {
            return false;
        };
        // The first is the quick answer, which nearly always serves.
        self.online(now) == 0 && !self.awaits_first() && self.is_over(linger, now)
    }

    /// Whether the last member is or was due for removal so long before `now`.
    fn is_over(&mut self, linger: Millis, now: Millis) -> bool {
        let (retain, empty_since) = (self.retain(), self.empty_since());
        let last_due = match &mut self.form {
            Form::Small(small) if small.len() == 0 => empty_since,
            Form::Small(small) => small
                .iter()
                .map(|(_, member)| member.touch.due(retain))
                .max()
                .unwrap_or(0),
            Form::Table(table) => {
                let cutoff = now.checked_sub(linger);
                return cutoff.is_some_and(|cutoff| table.timeline.is_all_due(cutoff, retain));
            }
        };
        last_due + linger <= now
    }
}
