//! Sessions of a table's members: connections, tabs or devices, each with a touch of its own.
//!
//! A member who has sessions has an *owner*, whose number stands beside its name in the place of its entry. The owner knows
//! the entry, which is as that of any other member: it says when the member was last seen, and lasts until the last of
//! its sessions is due. So whoever asks about members finds what they ask for where it always is, and members without
//! sessions pay nothing.
//!
//! A session's touch is in a timeline of sessions, so those that are due are found there in order; its entry has the number
//! of the session where one of a member has a hash prefix. Or it is that of its member (`touches.rs`).
//!
//! Nearly every member with sessions has one, and nothing else. Then the session is its own owner: its record has what an
//! owner's has, and its number is marked as [`SOLE`]. Owners of their own have their sessions by when they are due, and
//! perhaps a touch of the member itself, one more source of time. Sessions of a member who is gone are gone with it. Where they
//! are many, they are stored until they are due, under an owner that has *ended*, and nobody is told of them.

#[cfg(test)]
mod check;
mod footprint;
mod groups;
mod links;
mod owner;
mod record;
mod touches;

pub use groups::{Groups, MAX_GROUPS};
use owner::Owner;
use record::{OWNED, Record, Records};

use super::metadata::Metadata;
use crate::core::index::{MAX_NAMES, Names};
use crate::core::member::LookupKey;
use crate::core::memory::{Arena, prefetch};
use crate::core::refs::{EntryId, HashPrefix, MemberRef};
use crate::core::time::Millis;
use crate::core::timeline::Timeline;
use crate::core::touch::Touch;

/// So many sessions of a member who is gone are removed at once; more than that stay until they are due.
const AT_ONCE: usize = if cfg!(test) { 3 } else { 1000 };

/// Marks the number of a session in the place of an owner's.
const SOLE: u32 = 1 << 30;
/// The sessions of a table, and their owners.
#[derive(Clone, Default)]
pub struct Sessions {
    /// The sessions' ids, each with the number of its session in the place of an entry's id.
    ids: Names,
    records: Records,
    /// The touches of those that are not joint.
    times: Timeline,
    owners: Arena<Owner>,
    /// No member of an owner was seen later.
    seen: Millis,
    /// Bytes of what owners own.
    owned_bytes: usize,
    /// Metadata by the sessions' ids.
    metadata: Metadata,
    /// Where there are groups.
    groups: Option<Box<Groups>>,
    /// Of a table without members, which there is for the sake of groups with leases, or of sessions of members who are gone.
    pub emptied: Option<Emptied>,
}

/// Since when a table has been without members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emptied {
    pub since: Millis,
    /// Whether there never was one.
    pub is_untouched: bool,
}

impl Sessions {
    /// How many sessions are stored.
    pub fn len(&self) -> usize {
        self.records.0.len()
    }

    /// Whether there is nothing to be kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0 && self.groups.is_none()
    }

    /// The groups, where there are any.
    pub fn groups(&self) -> Option<&Groups> {
        self.groups.as_deref()
    }

    /// Changes the groups, or makes some.
    pub fn change_groups<R>(&mut self, change: impl FnOnce(&mut Groups) -> R) -> R {
        let result = change(self.groups.get_or_insert_default());
        if self.groups.as_ref().is_some_and(|groups| groups.is_empty()) {
            self.groups = None;
        }
        result
    }

    /// Whether one more can be added.
    pub fn has_room(&self) -> bool {
        self.ids.len() + 1 < MAX_NAMES && self.times.has_room_for(1)
    }

    /// The session of this id that is stored.
    #[inline]
    pub fn find(&self, id: &LookupKey) -> Option<u32> {
        Some(self.ids.find(id)?.1.bits())
    }

    /// Prefetches what is kept of a session.
    #[inline]
    pub fn prefetch(&self, session: u32) {
        prefetch(self.records.0.get(session));
    }

    /// Prefetches what finding a session reads.
    #[inline]
    pub fn prefetch_id(&self, id: &LookupKey) {
        self.ids.prefetch(id.prefix());
    }

    /// Prefetches where a session's id stands.
    #[inline]
    pub fn prefetch_name(&self, session: u32) {
        self.ids.prefetch(self.records.0.get(session).prefix);
    }

    /// Whose a session is.
    #[inline]
    pub fn owner(&self, session: u32) -> u32 {
        match self.records.0.get(session).link {
            link if link & OWNED != 0 => link & !OWNED,
            _ => SOLE | session,
        }
    }

    /// The session that an owner is itself.
    #[inline]
    pub fn as_sole(owner: u32) -> Option<u32> {
        (owner & SOLE != 0).then_some(owner & !SOLE)
    }

    /// The sessions of an owner.
    pub fn sessions(&self, owner: u32) -> impl Iterator<Item = u32> + '_ {
        let sole = Self::as_sole(owner);
        let owner = sole.is_none().then(|| self.owners.get(owner));
        let others = owner.into_iter().flat_map(|owner| owner.sessions());
        sole.into_iter().chain(others)
    }

    /// Whether an owner has no sessions.
    pub fn is_idle(&self, owner: u32) -> bool {
        Self::as_sole(owner).is_none() && self.owners.get(owner).len() == 0
    }

    /// The entry of an owner in the table's timeline.
    #[inline]
    pub fn entry(&self, owner: u32) -> EntryId {
        match Self::as_sole(owner) {
            Some(session) => EntryId::from_bits(self.records.0.get(session).link),
            None => self.owners.get(owner).entry,
        }
    }

    /// An owner's entry is this one from now on. Returns the old one.
    #[inline]
    pub fn replace_entry_of(&mut self, owner: u32, entry: EntryId) -> EntryId {
        let old = self.entry(owner);
        self.set_entry(owner, entry);
        old
    }

    /// An owner's entry is this one from now on.
    #[inline]
    pub fn set_entry(&mut self, owner: u32, entry: EntryId) {
        match Self::as_sole(owner) {
            Some(session) => self.records.0.get_mut(session).link = entry.bits(),
            None => self.owners.get_mut(owner).entry = entry,
        }
    }

    /// The hash prefix of an owner's member, where that is at hand.
    #[inline]
    pub fn member_prefix(&self, owner: u32) -> Option<HashPrefix> {
        let session = Self::as_sole(owner)?;
        Some(self.records.0.get(session).member)
    }

    /// Notes that a member of an owner was seen then.
    #[inline]
    pub fn note_seen(&mut self, at: Millis) {
        self.seen = self.seen.max(at);
    }

    /// Whether no member of an owner was seen later than that.
    #[inline]
    pub fn is_latest(&self, at: Millis) -> bool {
        at >= self.seen
    }

    /// The touch of an owner itself.
    pub fn own_touch(&self, owner: u32) -> Option<Touch> {
        match Self::as_sole(owner) {
            Some(_) => None,
            None => self.owners.get(owner).touch(),
        }
    }

    /// Calls `f` with the id of a session.
    pub fn with_id<R>(&self, session: u32, f: impl FnOnce(&[u8]) -> R) -> R {
        let prefix = self.records.0.get(session).prefix;
        let entry_id = EntryId::from_bits(session);
        let id = self.ids.at(MemberRef { prefix, entry_id });
        self.ids.with_name(id.expect("a session has an id"), f)
    }

    /// The metadata of the session of this id.
    pub fn meta(&self, id: &LookupKey) -> Option<&[u8]> {
        self.metadata.get(id)
    }

    /// The metadata of the session of this id is `blob`. Returns whether it was another before.
    pub fn set_meta(&mut self, id: &LookupKey, blob: &[u8]) -> bool {
        self.metadata.set(id, blob)
    }

    /// An owner without sessions, of the member with this entry.
    pub fn add_owner(&mut self, entry: EntryId) -> u32 {
        self.owners.insert(Owner::new(entry))
    }

    /// Takes out an owner without sessions.
    pub fn remove_owner(&mut self, owner: u32) {
        self.owned_bytes -= self.owners.remove(owner).bytes();
    }

    /// Adds a session, whose id no other has, to an owner of its own.
    pub fn add(&mut self, id: &LookupKey, owner: u32, touch: Touch) -> u32 {
        let session = self.add_record(id, OWNED | owner, HashPrefix::default());
        self.write_touch(session, touch);
        self.change_owner(owner, |owner, end_of| owner.add(session, end_of));
        session
    }

    /// Adds a session, whose id no other has, that is the owner of a member with this entry and prefix, and joint with it.
    pub fn add_joint(&mut self, id: &LookupKey, member: MemberRef) -> u32 {
        self.add_record(id, member.entry_id.bits(), member.prefix)
    }

    fn add_record(&mut self, id: &LookupKey, link: u32, member: HashPrefix) -> u32 {
        let session = self.records.0.insert(Record {
            entry: EntryId::NONE,
            prefix: id.prefix(),
            link,
            member,
        });
        self.ids.insert(id, EntryId::from_bits(session));
        session
    }

    /// A session that is its own owner gets one, and an entry of its own. Returns that owner; where there is one, it stays.
    pub fn promote(&mut self, owner: u32, members: &Timeline) -> u32 {
        let Some(session) = Self::as_sole(owner) else {
            return owner;
        };
        if self.is_joint(session) {
            self.set_touch(session, self.touch(session, members));
        }
        let promoted = self.add_owner(self.entry(owner));
        self.records.0.get_mut(session).link = OWNED | promoted;
        self.change_owner(promoted, |owner, end_of| owner.add(session, end_of));
        promoted
    }

    /// An owner's only session becomes its own owner, and the old one goes. `member` is the hash prefix of their member.
    pub fn demote(&mut self, session: u32, member: HashPrefix) {
        let owner = self.owner(session);
        let record = self.records.0.get_mut(session);
        record.link = self.owners.get(owner).entry.bits();
        record.member = member;
        self.remove_owner(owner);
    }

    /// Changes an owner; the function that is given as well says when a session is due.
    fn change_owner(
        &mut self,
        owner: u32,
        change: impl FnOnce(&mut Owner, &dyn Fn(u32) -> Millis),
    ) {
        debug_assert_eq!(owner & SOLE, 0, "it has an owner of its own");
        let (times, records) = (&self.times, &self.records.0);
        let end_of = |session| times.state(records.get(session).entry).touch.end();
        let owner = self.owners.get_mut(owner);
        self.owned_bytes -= owner.bytes();
        change(owner, &end_of);
        self.owned_bytes += owner.bytes();
    }

    /// The touch of an owner itself is this one.
    pub fn set_own_touch(&mut self, owner: u32, touch: Touch) {
        self.change_owner(owner, |owner, end_of| owner.set_touch(Some(touch), end_of));
    }

    /// Whether an owner has this session and nothing else.
    #[inline]
    pub fn is_sole(&self, session: u32) -> bool {
        let owner = self.owner(session);
        Self::as_sole(owner).is_some() || self.owners.get(owner).sole() == Some(session)
    }

    /// Takes a session away from its owner, which stays. It is to be [adopted](Self::adopt) by another one, or removed. One
    /// that is its own owner has nobody to be taken from.
    pub fn release(&mut self, session: u32) {
        let owner = self.owner(session);
        if Self::as_sole(owner).is_some() {
            return;
        }
        let is_shared = self.owners.get(owner).is_shared();
        let end = if is_shared { self.own_end(session) } else { 0 };
        self.change_owner(owner, |owner, _| owner.remove(session, end));
    }

    /// A session that was released is this owner's.
    pub fn adopt(&mut self, session: u32, owner: u32) {
        self.records.0.get_mut(session).link = OWNED | owner;
        self.change_owner(owner, |owner, end_of| owner.add(session, end_of));
    }

    /// Removes a session. An owner of its own stays, unless it has ended and this was its last one.
    pub fn remove(&mut self, session: u32) {
        let owner = self.owner(session);
        self.release(session);
        if self.groups.is_some() {
            self.change_groups(|groups| groups.leave(session));
        }
        let Record { entry, prefix, .. } = self.records.0.remove(session);
        let entry_id = EntryId::from_bits(session);
        let id = self.ids.at(MemberRef { prefix, entry_id });
        let id = id.expect("a session has an id");
        let metadata = &mut self.metadata;
        if !metadata.is_empty() {
            self.ids.with_name(id, |id| {
                metadata.remove(&LookupKey::with_hash(id));
            });
        }
        self.ids.remove(prefix, id);
        self.kill(entry);
        if self.is_idle(owner) && self.has_ended(owner) {
            self.remove_owner(owner);
        }
    }

    /// The member of an owner is gone, or has left: its sessions are over.
    pub fn end_all(&mut self, owner: u32) {
        if self.owners.get(owner).len() <= AT_ONCE {
            let sessions: Vec<_> = self.sessions(owner).collect();
            for session in sessions {
                self.remove(session);
            }
            return self.remove_owner(owner);
        }
        self.change_owner(owner, |owner, end_of| {
            owner.set_touch(None, end_of);
            owner.entry = EntryId::NONE;
        });
    }

    /// Whether the member of an owner is gone.
    pub fn has_ended(&self, owner: u32) -> bool {
        self.entry(owner) == EntryId::NONE
    }

    /// An owner that has ended, for sessions of members who are gone.
    pub fn add_ended(&mut self) -> u32 {
        self.add_owner(EntryId::NONE)
    }

    /// A session joins the group of this name, if it is not in it. One whose lease is over at `now` is not that group any more.
    pub fn join(&mut self, session: u32, name: &[u8], now: Millis) {
        self.change_groups(|groups| {
            groups.end_over(name, now);
            if !groups.is_in(session, name) {
                groups.leave(session);
                if let Some(group) = groups.make(name) {
                    groups.join(session, group);
                }
            }
        });
    }

    /// The name of the group that a session is in; none once that is dropped.
    pub fn group_name(&self, session: u32) -> Option<&[u8]> {
        let groups = self.groups.as_deref()?;
        let name = groups.name(groups.of(session)?);
        (!name.is_empty()).then_some(name)
    }
}
