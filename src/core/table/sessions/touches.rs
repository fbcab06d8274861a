//! When sessions were seen last.
//!
//! Nearly every session is all that its member has, and then the touch of both is the same. Where nobody is remembered for
//! longer than that lasts, it is written once: such a session is *joint* with its member, whose entry in the table's timeline is
//! its own as well, and goes with it. Every other session has an entry in the timeline of sessions.
//!
//! Whether a session is joint is decided by each of its touches, and part of the state: those that are not are evicted by
//! themselves, and count when an eviction is limited.

use super::Sessions;
use crate::core::refs::{EntryId, HashPrefix};
use crate::core::time::Millis;
use crate::core::timeline::{Entry, First, Timeline};
use crate::core::touch::Touch;

impl Sessions {
    /// Whether a session has its member's entry.
    #[inline]
    pub fn is_joint(&self, session: u32) -> bool {
        self.records.0.get(session).entry == EntryId::NONE
    }

    /// The entry of a joint session, and of its member.
    #[inline]
    pub fn joint_entry(&self, session: u32) -> EntryId {
        EntryId::from_bits(self.records.0.get(session).link)
    }

    /// The hash prefix of a joint session's member.
    #[inline]
    pub fn joint_prefix(&self, session: u32) -> HashPrefix {
        self.records.0.get(session).member
    }

    /// The entry of a joint session, and of its member, is this one from now on. Returns the old one.
    #[inline]
    pub fn replace_joint_entry(&mut self, session: u32, entry: EntryId) -> EntryId {
        let link = &mut self.records.0.get_mut(session).link;
        EntryId::from_bits(std::mem::replace(link, entry.bits()))
    }

    /// The timeline that has a session's touch, and where; `members` is that of the table.
    #[inline]
    fn entry_of<'t>(&'t self, session: u32, members: &'t Timeline) -> (&'t Timeline, EntryId) {
        let record = self.records.0.get(session);
        match record.entry == EntryId::NONE {
            true => (members, EntryId::from_bits(record.link)),
            false => (&self.times, record.entry),
        }
    }

    /// A session's touch.
    #[inline]
    pub fn touch(&self, session: u32, members: &Timeline) -> Touch {
        let (times, entry) = self.entry_of(session, members);
        times.state(entry).touch
    }

    /// Whether a session is not over at `now`.
    #[inline]
    pub fn is_living(&self, session: u32, members: &Timeline, now: Millis) -> bool {
        let (times, entry) = self.entry_of(session, members);
        times.is_online(entry, now) && !self.has_ended(self.owner(session))
    }

    /// When an owner's time is up: with the last of its sessions, or with its own touch. `None`: it has neither.
    #[inline]
    pub fn end(&self, owner: u32, members: &Timeline) -> Option<Millis> {
        if let Some(session) = Self::as_sole(owner) {
            return Some(self.touch(session, members).end());
        }
        let owner = self.owners.get(owner);
        match owner.sole() {
            Some(session) => Some(self.touch(session, members).end()),
            None => owner.last_due(),
        }
    }

    /// Prefetches what killing a session's own entry changes.
    #[inline]
    pub fn prefetch_life(&self, session: u32) {
        let entry = self.records.0.get(session).entry;
        if entry != EntryId::NONE {
            self.times.prefetch_life(entry);
        }
    }

    /// Writes a session's touch, as an entry of its own.
    pub(super) fn write_touch(&mut self, session: u32, touch: Touch) {
        let entry = Entry {
            time: touch.at,
            prefix: HashPrefix::from_bits(session),
            extra: 0,
            timeout_reported: true,
        };
        let entry = self.times.insert(touch.ttl, entry, &mut self.records);
        self.replace_entry(session, entry);
    }

    /// A session's newest touch is this one, which has an entry of its own.
    pub fn set_touch(&mut self, session: u32, touch: Touch) {
        let owner = self.owner(session);
        let is_shared = Self::as_sole(owner).is_none() && self.owners.get(owner).is_shared();
        let old_end = is_shared.then(|| self.own_end(session));
        self.write_touch(session, touch);
        if let Some(old_end) = old_end {
            self.change_owner(owner, |owner, end_of| {
                owner.due_changed(session, old_end, touch.end());
                if owner.touch().is_some_and(|own| own.end() <= touch.at) {
                    owner.set_touch(None, end_of);
                }
            });
        }
    }

    /// A session that is its own owner has its member's touch from now on.
    #[inline]
    pub fn join_touches(&mut self, session: u32) {
        self.replace_entry(session, EntryId::NONE);
    }

    /// A session's own entry is this one. The old one is read only now: an insertion may have moved it.
    #[inline]
    fn replace_entry(&mut self, session: u32, entry: EntryId) {
        let old = std::mem::replace(&mut self.records.0.get_mut(session).entry, entry);
        self.kill(old);
    }

    /// Kills the entry of a session, if it has one of its own.
    #[inline]
    pub(super) fn kill(&mut self, entry: EntryId) {
        if entry != EntryId::NONE {
            self.times.kill(entry, &mut self.records);
        }
    }

    /// When a session is due that is not joint.
    pub(super) fn own_end(&self, session: u32) -> Millis {
        self.times
            .state(self.records.0.get(session).entry)
            .touch
            .end()
    }

    /// Calls `f` with all sessions that are stored, in an order that makes the same sessions.
    pub fn each_in_order(&self, mut f: impl FnMut(u32)) {
        let own = self.times.in_order();
        own.for_each(|(_, member)| f(member.prefix.bits()));
        let joint = self.records.0.indices();
        joint.filter(|session| self.is_joint(*session)).for_each(f);
    }

    /// When the next session is due that is not joint.
    pub fn next_due(&mut self) -> Option<Millis> {
        self.times.next_due(0).map(|(due, _)| due)
    }

    /// The session that is due first of those that are not joint, if it is at `cutoff`.
    pub fn first_due(&mut self, cutoff: Millis) -> Option<u32> {
        let (due, first) = self.times.next_due(0)?;
        if due > cutoff {
            return None;
        }
        let first = match first {
            First::OfLane(lane) => self.times.tree.first(lane).map(|(_, first)| first),
            First::OfChunk(chunk) => self.times.first_of_front(chunk),
        };
        Some(first?.prefix.bits())
    }

    /// Sessions due at `cutoff` were removed, and no more are.
    pub fn keep_up(&mut self, cutoff: Millis) {
        self.times.keep_up(cutoff);
    }
}
