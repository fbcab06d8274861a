//! The form of a set with more than a few members: their names by hash, and a timeline over their times.

use super::metadata::Metadata;
use super::sessions::Sessions;
use crate::core::index::{MAX_NAMES, NameRef, Names};
use crate::core::member::{LookupKey, MemberView};
use crate::core::rare_settings::RareSettings;
use crate::core::refs::{EntryId, HashPrefix, MemberRef};
use crate::core::time::Millis;
use crate::core::timeline::Entry;
use crate::core::timeline::Timeline;
use crate::core::touch::{Touch, TouchState};

/// Members by name and by time.
#[derive(Clone, Default)]
pub struct Table {
    pub names: Names,
    pub timeline: Timeline,
    /// See [`PresenceSet::noted_bytes`](crate::core::PresenceSet::noted_bytes).
    pub noted_bytes: usize,
    /// They follow the numbers that each change reads.
    pub rare: RareSettings,
    /// Where any member has metadata.
    pub metadata: Option<Box<Metadata>>,
    /// Where any member has sessions.
    pub sessions: Option<Box<Sessions>>,
}

/// The touch that is there; from the timeline it is read only when needed.
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
        let metadata = self
            .metadata
            .as_ref()
            .map_or(0, |metadata| metadata.bytes());
        let sessions = self.sessions.as_ref().map_or(0, |all| all.bytes());
        size_of::<Table>() + self.names.bytes() + self.timeline.bytes() + metadata + sessions
    }

    pub fn allocations(&self) -> usize {
        let metadata = self.metadata.as_ref();
        let metadata = metadata.map_or(0, |metadata| metadata.allocations());
        let sessions = self.sessions.as_ref().map_or(0, |all| all.allocations());
        1 + self.names.allocations() + self.timeline.allocations() + metadata + sessions
    }

    pub fn has_room_for(&self, more: usize) -> bool {
        self.names.len() + more < MAX_NAMES && self.timeline.has_room_for(more)
    }

    /// Prefetches the buckets of these members, so that a batch has its cache misses at the same time.
    pub fn prefetch(&self, members: &[LookupKey]) {
        for member in members {
            self.names.prefetch(member.prefix());
        }
    }

    /// Prefetches the entries of these members.
    pub fn prefetch_entries(&self, members: &[LookupKey]) {
        for member in members {
            if let Some(name) = self.names.find(member) {
                self.timeline.prefetch(self.entry_id(name));
            }
        }
    }

    /// A member's touch, not read yet.
    #[inline]
    pub fn old(&self, member: &LookupKey) -> Option<Old<'_>> {
        let name = self.names.find(member)?;
        Some(Old::InTimeline(&self.timeline, self.entry_id(name)))
    }

    /// When a member was seen, and its ttl.
    #[inline]
    pub fn get(&self, member: &LookupKey) -> Option<TouchState> {
        Some(self.old(member)?.state())
    }

    /// Visits a few members, in the order of their prefixes from this one on. Returns the prefix to go on with, `None`
    /// at the end. Whoever is there throughout a walk is visited exactly once.
    pub fn visit(&self, from: HashPrefix, mut f: impl FnMut(MemberView)) -> Option<HashPrefix> {
        self.names.visit(from, |name| {
            let state = self.timeline.state(self.entry_id(name));
            self.view(name, state.touch, &mut f);
        })
    }

    /// Calls `f` with a member that the timeline has found.
    #[inline]
    pub fn with_member<R>(
        &self,
        (touch, member): (Touch, MemberRef),
        f: impl FnOnce(MemberView) -> R,
    ) -> R {
        self.view(self.name_at(member), touch, f)
    }

    /// Calls `f` with the member of this name and touch.
    #[inline]
    pub(super) fn view<R>(
        &self,
        name: NameRef,
        touch: Touch,
        f: impl FnOnce(MemberView) -> R,
    ) -> R {
        self.names.with_name(name, |name| {
            let mut member = MemberView::new(name, touch);
            if let Some(metadata) = &self.metadata {
                member.meta = metadata.get(&LookupKey::with_hash(name));
            }
            f(member)
        })
    }

    /// A member's metadata.
    pub fn meta(&self, member: &LookupKey) -> Option<&[u8]> {
        self.metadata.as_ref()?.get(member)
    }

    /// The metadata of a member who is there is this. Returns whether it was another before.
    pub fn set_meta(&mut self, member: &LookupKey, blob: &[u8]) -> bool {
        let metadata = self.metadata.get_or_insert_default();
        let changed = metadata.set(member, blob);
        self.drop_empty_metadata();
        changed
    }

    /// Where the last metadata went, what kept it goes.
    pub(super) fn drop_empty_metadata(&mut self) {
        if self
            .metadata
            .as_ref()
            .is_some_and(|metadata| metadata.is_empty())
        {
            self.metadata = None;
        }
    }

    /// The newest touch of a member without sessions is this one. `keep` is asked about the touch that is there, and says whether it is to
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
            let (timeline, mut followers) = self.followed();
            let entry_id = timeline.insert(ttl, entry, &mut followers);
            self.names.insert(member, entry_id);
            if let Some(sessions) = &mut self.sessions {
                sessions.emptied = None;
            }
            return false;
        };
        let entry_id = self.names.entry_id(name);
        debug_assert_eq!(
            entry_id.owner(),
            None,
            "its touch follows from its sessions"
        );
        self.timeline.prefetch_life(entry_id);
        if !keep(Old::InTimeline(&self.timeline, entry_id)) {
            let (timeline, mut followers) = self.followed();
            let entry_id = timeline.insert(ttl, entry, &mut followers);
            // Read only now: the insertion may have moved the old entry.
            let old_entry = self.names.entry_id(name);
            self.names.set_entry_id(name, entry_id);
            let (timeline, mut followers) = self.followed();
            timeline.kill(old_entry, &mut followers);
        }
        true
    }
}
