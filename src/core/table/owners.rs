//! Members of a table who have sessions (`sessions/`).

use super::batch::BATCH;
use super::followers::{Followers, name_at};
use super::sessions::{Emptied, Sessions};
use super::store::Table;
use crate::core::index::NameRef;
use crate::core::member::{LookupKey, MemberView};
use crate::core::refs::{EntryId, HashPrefix, MemberRef};
use crate::core::time::Millis;
use crate::core::timeline::{Entry, Timeline};
use crate::core::touch::{Touch, TouchState};

impl Table {
    /// The timeline, and who follows it.
    #[inline]
    pub(super) fn followed(&mut self) -> (&mut Timeline, Followers<'_>) {
        let followers = Followers {
            names: &mut self.names,
            sessions: &mut self.sessions,
        };
        (&mut self.timeline, followers)
    }

    /// A member's entry.
    #[inline]
    pub(super) fn entry_id(&self, name: NameRef) -> EntryId {
        self.entry_behind(self.names.entry_id(name))
    }

    /// The entry of the member beside whose name this stands: that, or its owner's.
    #[inline]
    pub(super) fn entry_behind(&self, entry_id: EntryId) -> EntryId {
        match entry_id.owner() {
            None => entry_id,
            Some(owner) => self.entry_of(owner),
        }
    }

    #[cold]
    fn entry_of(&self, owner: u32) -> EntryId {
        self.owning().entry(owner)
    }

    /// The name of a member whom the timeline knows by this reference.
    #[inline]
    pub(super) fn name_at(&self, member: MemberRef) -> NameRef {
        name_at(&self.names, self.sessions.as_deref(), member)
    }

    /// The sessions, where a member has some.
    pub fn owning(&self) -> &Sessions {
        self.sessions.as_deref().expect("an owner has sessions")
    }

    /// As [`owning`](Self::owning), to be changed.
    pub fn owning_mut(&mut self) -> &mut Sessions {
        self.sessions.as_deref_mut().expect("an owner has sessions")
    }

    /// The owner of a member's sessions.
    #[inline]
    pub fn owner(&self, member: &LookupKey) -> Option<u32> {
        self.sessions.as_ref()?;
        self.names.find(member)?.1.owner()
    }

    /// Makes an owner of a member who is there and has no sessions.
    pub fn make_owner(&mut self, member: &LookupKey) -> u32 {
        let (name, entry) = self.note_owner(member);
        let owner = self.owning_mut().add_owner(entry);
        self.names.replace_entry_id(name, EntryId::of_owner(owner));
        owner
    }

    /// Adds a member who is not there, with this touch and a session that is its owner, and joint with it.
    pub fn add_with_sole(&mut self, member: &LookupKey, state: TouchState, id: &LookupKey) -> u32 {
        let touch = state.touch;
        let entry = Entry {
            time: touch.at,
            prefix: member.prefix(),
            extra: 0,
            timeout_reported: state.timeout_reported,
        };
        let (timeline, mut followers) = self.followed();
        let entry_id = timeline.insert(touch.ttl, entry, &mut followers);
        let prefix = member.prefix();
        let sessions = self.owning_mut();
        sessions.emptied = None;
        sessions.note_seen(touch.at);
        let session = sessions.add_joint(id, MemberRef { prefix, entry_id });
        let owner = sessions.owner(session);
        self.names.insert(member, EntryId::of_owner(owner));
        session
    }

    /// Adds a session of a member who is there and has none. It is its own owner, and joint with the member.
    pub fn add_sole(&mut self, id: &LookupKey, member: &LookupKey) -> u32 {
        let (name, entry_id) = self.note_owner(member);
        let prefix = member.prefix();
        let member = MemberRef { prefix, entry_id };
        let session = self.owning_mut().add_joint(id, member);
        let owner = self.owning().owner(session);
        self.names.replace_entry_id(name, EntryId::of_owner(owner));
        session
    }

    /// The name and the entry of a member who is to have an owner.
    fn note_owner(&mut self, member: &LookupKey) -> (NameRef, EntryId) {
        let (name, entry) = self.names.find(member).expect("the member is there");
        let at = self.timeline.state(entry).touch.at;
        self.sessions.get_or_insert_default().note_seen(at);
        (name, entry)
    }

    /// A member's session that is its own owner gets one. Returns that one.
    pub fn promote(&mut self, owner: u32) -> u32 {
        if Sessions::as_sole(owner).is_none() {
            return owner;
        }
        let name = self.name_of(owner);
        let sessions = self.sessions.as_deref_mut().expect("an owner has sessions");
        let promoted = sessions.promote(owner, &self.timeline);
        self.names
            .replace_entry_id(name, EntryId::of_owner(promoted));
        promoted
    }

    /// A session that is all its owner has, and its member, are touched alike, and joint from now on.
    #[inline]
    pub fn touch_jointly(&mut self, session: u32, state: TouchState) {
        let mut owner = self.owning().owner(session);
        if Sessions::as_sole(owner).is_none() {
            owner = self.demote(owner, session);
        }
        self.touch_owner(owner, state);
        self.owning_mut().join_touches(session);
    }

    /// Touches sessions, up to [`BATCH`], if all live at `now` and are joint with their members. The touch keeps them living.
    /// Returns whether that was so; else nothing was changed.
    #[inline]
    pub fn refresh_sessions(&mut self, all: &[u32], touch: Touch, now: Millis) -> bool {
        let sessions = self.sessions.as_deref_mut().expect("they are there");
        if !sessions.is_latest(touch.at) || !self.timeline.can_refresh(touch, all.len()) {
            return false;
        }
        let is_living = |session: &u32| {
            sessions.is_joint(*session) && {
                self.timeline.prefetch_life(sessions.joint_entry(*session));
                sessions.is_living(*session, &self.timeline, now)
            }
        };
        if !all.iter().all(is_living) {
            return false;
        }
        let mut prefixes = [HashPrefix::default(); BATCH];
        for (session, prefix) in all.iter().zip(&mut prefixes) {
            *prefix = sessions.joint_prefix(*session);
        }
        let prefixes = prefixes[..all.len()].iter().copied();
        let refreshed = self.timeline.refresh(touch, prefixes, |at, new| {
            // What is there only now: one that is named twice has an entry of these.
            sessions.replace_joint_entry(all[at], new)
        });
        if refreshed {
            sessions.note_seen(touch.at);
            self.pay_for(all.len());
        }
        refreshed
    }

    /// An owner's only session becomes its own owner. Returns that one.
    #[cold]
    fn demote(&mut self, owner: u32, session: u32) -> u32 {
        let (name, prefix) = (self.name_of(owner), self.prefix_of(owner));
        let sessions = self.owning_mut();
        sessions.demote(session, prefix);
        let owner = sessions.owner(session);
        self.names.replace_entry_id(name, EntryId::of_owner(owner));
        owner
    }

    /// A session's touch.
    #[inline]
    pub fn session_touch(&self, session: u32) -> Touch {
        self.owning().touch(session, &self.timeline)
    }

    /// Whether a session is not over at `now`.
    #[inline]
    pub fn is_living(&self, session: u32, now: Millis) -> bool {
        self.owning().is_living(session, &self.timeline, now)
    }

    /// When an owner's time is up: with the last of its sessions, or with its own touch. `None`: it has neither.
    #[inline]
    pub fn end_of(&self, owner: u32) -> Option<Millis> {
        self.owning().end(owner, &self.timeline)
    }

    /// The name of an owner's member.
    fn name_of(&self, owner: u32) -> NameRef {
        let prefix = self.prefix_of(owner);
        let entry_id = EntryId::of_owner(owner);
        let name = self.names.at(MemberRef { prefix, entry_id });
        name.expect("an owner has a name")
    }

    /// The hash prefix of an owner's member.
    fn prefix_of(&self, owner: u32) -> HashPrefix {
        let sessions = self.owning();
        let at_hand = sessions.member_prefix(owner);
        at_hand.unwrap_or_else(|| self.timeline.prefix(sessions.entry(owner)))
    }

    /// Calls `f` with an owner's member.
    pub fn with_owner<R>(&self, owner: u32, f: impl FnOnce(MemberView) -> R) -> R {
        let name = self.name_of(owner);
        let touch = self.timeline.state(self.owning().entry(owner)).touch;
        self.view(name, touch, f)
    }

    /// Where an owner has no sessions any more, its member is as any other from now on.
    pub fn drop_idle(&mut self, owner: u32) {
        let sessions = self.owning();
        if !sessions.is_idle(owner) {
            return;
        }
        let entry = sessions.entry(owner);
        let name = self.name_of(owner);
        self.names.replace_entry_id(name, entry);
        self.owning_mut().remove_owner(owner);
        self.drop_sessions();
    }

    /// Where there are no sessions any more, what kept them goes; that of a table without members with the table.
    pub fn drop_sessions(&mut self) {
        let is_over = |all: &Sessions| all.is_empty() && all.emptied.is_none();
        if self.sessions.as_deref().is_some_and(is_over) {
            self.sessions = None;
        }
    }

    /// Since when there have been no members, where there are none.
    pub fn emptied(&self) -> Option<Emptied> {
        self.sessions.as_ref()?.emptied
    }

    /// The touch of an owner's member.
    pub fn owner_state(&self, owner: u32) -> TouchState {
        self.timeline.state(self.owning().entry(owner))
    }

    /// Whether an owner's member is online at `now`.
    pub fn is_owner_online(&self, owner: u32, now: Millis) -> bool {
        self.timeline.is_online(self.owning().entry(owner), now)
    }

    /// The touch of an owner's member is this one.
    pub fn touch_owner(&mut self, owner: u32, new: TouchState) {
        let entry = Entry {
            time: new.touch.at,
            prefix: self.prefix_of(owner),
            extra: 0,
            timeout_reported: new.timeout_reported,
        };
        let sessions = self.sessions.as_deref_mut().expect("an owner has sessions");
        sessions.note_seen(new.touch.at);
        if !new.timeout_reported {
            let prefix = std::iter::once(entry.prefix);
            let refreshed = self.timeline.refresh(new.touch, prefix, |_, entry| {
                sessions.replace_entry_of(owner, entry)
            });
            if refreshed {
                return self.pay_for(1);
            }
        }
        let (timeline, mut followers) = self.followed();
        let entry = timeline.insert(new.touch.ttl, entry, &mut followers);
        // Read only now: the insertion may have moved the old entry.
        let old = self.owning_mut().replace_entry_of(owner, entry);
        let (timeline, mut followers) = self.followed();
        timeline.kill(old, &mut followers);
    }

    /// Adds a session to a member who has some, or an owner.
    pub fn add_session(&mut self, id: &LookupKey, owner: u32, touch: Touch) -> u32 {
        let owner = self.promote(owner);
        self.owning_mut().add(id, owner, touch)
    }

    /// Removes a session. Its member's touch stays as it is.
    pub fn remove_session(&mut self, session: u32) {
        let sessions = self.owning_mut();
        let owner = sessions.owner(session);
        if Sessions::as_sole(owner).is_some() {
            return self.end_sessions(owner);
        }
        let has_ended = sessions.has_ended(owner);
        sessions.remove(session);
        match has_ended {
            true => self.drop_sessions(),
            false => self.drop_idle(owner),
        }
    }

    /// Prefetches what the end of the next sessions to end reads.
    pub fn prefetch_dropping(&self) {
        let sessions = self.owning();
        let Some(groups) = sessions.groups() else {
            return;
        };
        for session in groups.next_to_end().take(BATCH) {
            sessions.prefetch_name(session);
            if let Some(prefix) = sessions.member_prefix(sessions.owner(session)) {
                self.names.prefetch(prefix);
            }
        }
    }

    /// Prefetches what the end of a session reads that is all its member has.
    pub fn prefetch_end(&self, session: u32) {
        let sessions = self.owning();
        let owner = sessions.owner(session);
        sessions.prefetch_life(session);
        if let Some(prefix) = sessions.member_prefix(owner) {
            let entry_id = sessions.entry(owner);
            self.names.prefetch(prefix);
            self.timeline.prefetch_life(entry_id);
        }
    }

    /// Ends the sessions of a member who is there.
    pub fn end_sessions(&mut self, owner: u32) {
        self.end_sessions_of(owner, self.name_of(owner));
    }

    /// As [`end_sessions`](Self::end_sessions), where the member's name is at hand.
    pub(super) fn end_sessions_of(&mut self, owner: u32, name: NameRef) {
        let sessions = self.sessions.as_deref_mut().expect("an owner has sessions");
        self.names.replace_entry_id(name, sessions.entry(owner));
        match Sessions::as_sole(owner) {
            Some(session) => sessions.remove(session),
            None => sessions.end_all(owner),
        }
        self.drop_sessions();
    }

    /// Removes an owner's member, who is given to `f` before with this touch, and its sessions.
    pub fn remove_member_of(
        &mut self,
        owner: u32,
        state: TouchState,
        f: impl FnOnce(MemberView, TouchState),
    ) {
        self.take_out(self.prefix_of(owner), self.name_of(owner), Some(state), f);
    }
}
