//! The form of a set with more than a few members: their names by hash, and a timeline over their times.

use super::metadata::Metadata;
use super::sessions::Sessions;
use crate::core::index::{MAX_NAMES, NameRef, Names};
use crate::core::member::{LookupKey, MemberView};
use crate::core::rare_settings::RareSettings;
use crate::core::refs::{HashPrefix, MemberRef};
use crate::core::time::Millis;
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
            if let Some((_, entry_id)) = self.names.find(member) {
                self.timeline.prefetch(self.entry_behind(entry_id));
            }
        }
    }

    /// Whether a member is there and online at `now`.
    #[inline]
    pub fn is_online(&self, member: &LookupKey, now: Millis) -> bool {
        let found = self.names.find(member);
        found.is_some_and(|(_, entry_id)| {
            let entry_id = self.entry_behind(entry_id);
            self.timeline.is_online(entry_id, now)
        })
    }

    /// When a member was seen, and its ttl.
    #[inline]
    pub fn get(&self, member: &LookupKey) -> Option<TouchState> {
        let (_, entry_id) = self.names.find(member)?;
        Some(self.timeline.state(self.entry_behind(entry_id)))
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
}
