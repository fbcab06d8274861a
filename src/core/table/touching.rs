//! Touching the members of a table.

use super::batch::BATCH;
use super::store::Table;
use crate::core::index::NameRef;
use crate::core::member::LookupKey;
use crate::core::time::Millis;
use crate::core::timeline::Entry;
use crate::core::touch::{Touch, TouchState};

/// What a touch met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    /// The member was not there.
    Nobody,
    /// It was online.
    Online,
    /// It was there and not online, with this touch.
    Offline(TouchState),
}

impl Table {
    /// A member is touched. Nearly all that is done to a table is this. `None`: nothing was changed, since it has sessions.
    #[inline]
    pub fn touch(&mut self, member: &LookupKey, touch: Touch, now: Millis) -> Option<Met> {
        let entry = Entry {
            time: touch.at,
            prefix: member.prefix(),
            extra: 0,
            timeout_reported: false,
        };
        let Some((name, entry_id)) = self.names.find(member) else {
            self.add(member, touch.ttl, entry);
            return Some(Met::Nobody);
        };
        if entry_id.owner().is_some() {
            return None;
        }
        self.timeline.prefetch_life(entry_id);
        let met = match self.timeline.is_online(entry_id, now) {
            true => Met::Online,
            false => Met::Offline(self.timeline.state(entry_id)),
        };
        self.replace(name, touch.ttl, entry);
        Some(met)
    }

    /// Touches members, up to [`BATCH`], if all are there, are online at `now` and have no sessions. The touch keeps them online.
    /// Returns whether that was so; else nothing was changed.
    #[inline]
    pub fn refresh_all(&mut self, members: &[LookupKey], touch: Touch, now: Millis) -> bool {
        if !self.timeline.can_refresh(touch, members.len()) {
            return false;
        }
        let mut names = [NameRef::default(); BATCH];
        for (member, found) in members.iter().zip(&mut names) {
            let Some((name, entry_id)) = self.names.find(member) else {
                return false;
            };
            if entry_id.owner().is_some() {
                return false;
            }
            self.timeline.prefetch_life(entry_id);
            if !self.timeline.is_online(entry_id, now) {
                return false;
            }
            *found = name;
        }
        let prefixes = members.iter().map(LookupKey::prefix);
        let refreshed = self.timeline.refresh(touch, prefixes, |at, new| {
            // What is there only now: who is named twice has an entry of these.
            self.names.replace_entry_id(names[at], new)
        });
        if refreshed {
            self.pay_for(members.len());
        }
        refreshed
    }

    /// Does the compaction that so many removed entries pay for.
    #[inline]
    pub(super) fn pay_for(&mut self, entries: usize) {
        let (timeline, mut followers) = self.followed();
        for _ in 0..entries {
            timeline.compact_some(&mut followers);
        }
    }

    /// The newest touch of a member without sessions is this one. `keep` is asked about the touch that is there, and says
    /// whether it is to stay instead. Returns whether there was one.
    pub fn set(
        &mut self,
        member: &LookupKey,
        new: TouchState,
        keep: impl FnOnce(TouchState) -> bool,
    ) -> bool {
        let entry = Entry {
            time: new.touch.at,
            prefix: member.prefix(),
            extra: 0,
            timeout_reported: new.timeout_reported,
        };
        let Some((name, entry_id)) = self.names.find(member) else {
            self.add(member, new.touch.ttl, entry);
            return false;
        };
        if !keep(self.timeline.state(entry_id)) {
            self.replace(name, new.touch.ttl, entry);
        }
        true
    }

    /// Adds a member who is not there.
    fn add(&mut self, member: &LookupKey, ttl: Millis, entry: Entry) {
        let (timeline, mut followers) = self.followed();
        let entry_id = timeline.insert(ttl, entry, &mut followers);
        self.names.insert(member, entry_id);
        if let Some(sessions) = &mut self.sessions {
            sessions.emptied = None;
        }
    }

    /// A member gets a new entry in the place of the old one.
    #[inline]
    fn replace(&mut self, name: NameRef, ttl: Millis, entry: Entry) {
        debug_assert_eq!(
            self.names.entry_id(name).owner(),
            None,
            "its touch follows from its sessions"
        );
        if !entry.timeout_reported {
            let prefix = std::iter::once(entry.prefix);
            let refreshed = self.timeline.refresh(entry.touch(ttl), prefix, |_, new| {
                self.names.replace_entry_id(name, new)
            });
            if refreshed {
                return self.pay_for(1);
            }
        }
        let (timeline, mut followers) = self.followed();
        let new = timeline.insert(ttl, entry, &mut followers);
        // Read only now: the insertion may have moved the old entry.
        let old = self.names.replace_entry_id(name, new);
        let (timeline, mut followers) = self.followed();
        timeline.kill(old, &mut followers);
    }
}
