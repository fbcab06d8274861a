//! How a session comes to a member: anew, again, or from another one, with what it has.

use super::change::{Effects, Observer};
use super::members::{Error, PresenceSet};
use super::sessions::joins;
use crate::core::member::{LookupKey, MemberView};
use crate::core::time::Millis;
use crate::core::touch::{Touch, TouchState};

/// A session as it is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attachment<'c> {
    id: LookupKey<'c>,
    /// The group that it is in from now on; without, it stays where it is.
    pub group: Option<&'c [u8]>,
    /// Its metadata from now on; without, what it has stays.
    pub meta: Option<&'c [u8]>,
}

impl<'c> Attachment<'c> {
    /// A session of this id, in this group, with this metadata.
    #[inline]
    pub fn new(
        session: &'c [u8],
        group: Option<&'c [u8]>,
        meta: Option<&'c [u8]>,
    ) -> Attachment<'c> {
        Attachment {
            id: LookupKey::with_hash(session),
            group,
            meta,
        }
    }

    /// The session's id.
    pub fn session(&self) -> &'c [u8] {
        self.id.name()
    }

    /// The session's id, with its hash at hand.
    #[inline]
    pub(super) fn id(&self) -> &LookupKey<'c> {
        &self.id
    }
}

/// Where a session is that is attached.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is a new one.
    New,
    /// The member has it.
    There(u32),
    /// Another member had it, and it has no owner now.
    Released(u32),
}

impl PresenceSet {
    /// Whether attaching this session to another member takes it from one who is online by nothing else.
    pub(super) fn frees_a_seat(&self, session: &LookupKey, now: Millis) -> bool {
        self.table_with_sessions().is_some_and(|table| {
            let all = table.owning();
            let found = all.find(session);
            found.is_some_and(|session| table.is_living(session, now) && all.is_sole(session))
        })
    }

    /// A member's session comes, or is seen again.
    pub(super) fn apply_attach(
        &mut self,
        Attachment { id, group, meta }: Attachment,
        member: LookupKey,
        touch: Touch,
        now: Millis,
        observer: &mut impl Observer,
    ) -> Result<Effects, Error> {
        self.check_room_for(1)?;
        let touch = touch.bounded();
        if let Some(sessions) = self.table_sessions() {
            if !sessions.has_room() {
                return Err(Error::Full);
            }
            self.check_groups(group.into_iter())?;
        }
        self.make_sessions();
        let table = self.make_table();
        let sessions = table.owning();
        let mut place = Place::New;
        if let Some(found) = sessions.find(&id) {
            if !table.is_living(found, now) {
                table.remove_session(found);
            } else if table.owner(&member) == Some(sessions.owner(found)) {
                place = Place::There(found);
            } else {
                self.release_session(found, now, observer);
                place = Place::Released(found);
            }
        }
        let old = self.get(&member);
        let (session, settled) = self.place_session((&member, old), (&id, place), touch, now);
        let table = self.make_table();
        let owner = table.owning().owner(session);
        if let Some(group) = group {
            table.owning_mut().join(session, group, now);
        }
        let updated = meta.is_some_and(|blob| table.owning_mut().set_meta(&id, blob));
        let new = settled.unwrap_or_else(|| self.settle_touch(owner, touch.at, now));
        let was_online = old.is_some_and(|old| old.touch.is_online(now));
        if let Some(old) = old.filter(|old| !was_online && old.is_unreported(now)) {
            let retain = self.retain();
            observer.timed_out(MemberView::new(member.name(), old.touch), retain);
        }
        let joined = new.is_online(now) && !was_online;
        let peak = self.judge_peak(now).then(|| self.peak());
        let view = MemberView::new(member.name(), new);
        if joined {
            observer.joined(view);
        } else if updated {
            observer.updated(view);
        }
        observer.changed(0);
        Ok(Effects {
            changed: true,
            members: 1,
            joined: joined.into(),
            touch: Some(touch),
            // Who has lost it stays until something that may have been hidden behind it is over.
            due: (!matches!(place, Place::Released(_))).then(|| touch.end()),
            peak,
            ..Effects::default()
        })
    }

    /// Touches a session, or adds it, to a member who is added as well where it is not there; `old` is its touch. One by
    /// which it is online already stays beside the sessions. Returns the session, and the member's touch where that is settled.
    fn place_session(
        &mut self,
        (member, old): (&LookupKey, Option<TouchState>),
        (id, place): (&LookupKey, Place),
        touch: Touch,
        now: Millis,
    ) -> (u32, Option<Touch>) {
        let is_joint = joins(touch, self.retain(), old.map_or(0, |old| old.touch.at));
        self.make_sessions();
        let table = self.make_table();
        let state = TouchState {
            touch,
            timeout_reported: !touch.is_online(now),
        };
        let own = old.map(|old| old.touch).filter(|own| own.is_online(now));
        // Of a new member it is not looked for.
        let owner = old.and_then(|_| table.owner(member));
        if owner.is_none() && own.is_none() && place == Place::New {
            if is_joint && old.is_some() {
                table.set(member, state, |_| false);
            }
            let session = match old {
                None => table.add_with_sole(member, state, id),
                Some(_) => table.add_sole(id, member),
            };
            if !is_joint {
                table.owning_mut().set_touch(session, touch);
            }
            return (session, is_joint.then_some(touch));
        }
        if old.is_none() {
            table.set(member, state, |_| false);
        }
        let owner = owner.unwrap_or_else(|| {
            let owner = table.make_owner(member);
            if let Some(own) = own {
                table.owning_mut().set_own_touch(owner, own);
            }
            owner
        });
        let session = match place {
            Place::New => return (table.add_session(id, owner, touch), None),
            Place::There(session) => session,
            Place::Released(session) => {
                let owner = table.promote(owner);
                table.owning_mut().adopt(session, owner);
                session
            }
        };
        let is_joint = self.touch_session(session, touch, now);
        (session, is_joint.then_some(touch))
    }

    /// As [`end_session`](Self::end_session), of one that stays, and is adopted by another member at once.
    fn release_session(&mut self, session: u32, now: Millis, observer: &mut impl Observer) {
        let table = self.make_table();
        let owner = table.promote(table.owning().owner(session));
        table.owning_mut().release(session);
        self.settle_loss(owner, now, observer);
    }
}
