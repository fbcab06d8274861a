//! Sessions of members (`table/sessions/`): a member is online while its own touch lasts, or any of its sessions does. A set
//! that has any is a table.
//!
//! The touch that is stored of a member follows from these: it was last seen when any of them was, and lasts until the last
//! of them is due. What is past by then is not undone by the end of a session: when it was last seen stays.

use super::change::{Change, Effects, Members, Observer, touch_of};
use super::members::{Error, PresenceSet};
use super::removal::Removal;
use super::touching::{Touched, keeps};
use crate::core::member::{LookupKey, MemberView};
use crate::core::table::{Sessions, Table};
use crate::core::time::Millis;
use crate::core::touch::{Touch, TouchMode, TouchState};

impl PresenceSet {
    /// Whether any session is stored.
    #[inline]
    pub fn has_sessions(&self) -> bool {
        self.table().is_some_and(|table| table.sessions.is_some())
    }

    /// How many sessions are stored, over or not.
    pub fn session_count(&self) -> usize {
        self.table_sessions().map_or(0, Sessions::len)
    }

    /// The member's sessions at `now`, the one seen last first; of those seen at one moment the first in the order of ids.
    pub fn sessions(&self, member: &[u8], now: Millis) -> Vec<SessionId> {
        let Some(table) = self.table() else {
            return Vec::new();
        };
        let Some(owner) = table.owner(&LookupKey::with_hash(member)) else {
            return Vec::new();
        };
        let all = table.owning();
        let living = all
            .sessions(owner)
            .filter(|session| table.is_living(*session, now));
        let mut living: Vec<_> = living
            .map(|session| SessionId {
                touch: table.session_touch(session),
                group: all.group_name(session).map(<[u8]>::to_vec),
                id: all.with_id(session, <[u8]>::to_vec),
            })
            .collect();
        living.sort_by(|a, b| b.touch.at.cmp(&a.touch.at).then_with(|| a.id.cmp(&b.id)));
        living
    }

    /// The metadata of the session of this id.
    pub fn session_meta(&self, id: &[u8]) -> Option<&[u8]> {
        let sessions = self.table()?.sessions.as_deref()?;
        sessions.meta(&LookupKey::with_hash(id))
    }

    /// Applies a change that is about sessions or groups. Not inlined, since a change is mostly something else.
    #[inline(never)]
    pub(super) fn apply_to_sessions<'a>(
        &mut self,
        change: Change,
        members: Members<'a, impl ExactSizeIterator<Item = &'a [u8]> + Clone>,
        now: Millis,
        observer: &mut impl Observer,
    ) -> Result<Effects, Error> {
        let set_ttl = self.settings.ttl.get();
        Ok(match change {
            Change::Attach {
                attachment,
                at,
                ttl,
                mode,
            } => {
                let touch = touch_of(at, ttl, set_ttl, now);
                if self.has_rare_settings() && !self.frees_a_seat(attachment.id(), now) {
                    self.check_cap(touch, mode, &members, now)?;
                }
                match members.keys().next() {
                    Some(member) => self.apply_attach(attachment, member, touch, now, observer)?,
                    None => Effects::default(),
                }
            }
            Change::Beat { at, ttl, mode } => {
                let touch = touch_of(at, ttl, set_ttl, now);
                self.apply_beat(touch, mode, members, now, observer)
            }
            Change::Detach { grace, .. } => self.apply_detach(grace, members, now, observer),
            Change::Lease { at, ttl } => self.apply_lease(at.unwrap_or(now), ttl, members)?,
            Change::Drop { limit, .. } => self.apply_drop(limit, members, now, observer),
            Change::EndLeases { limit, .. } => self.apply_end_leases(limit, now),
            Change::EndDropped { limit, .. } => {
                let (sessions, _) = self.end_dropped(limit, now, observer);
                Effects {
                    changed: sessions > 0,
                    members: sessions,
                    sessions,
                    ..Effects::default()
                }
            }
            Change::RestoreSessions { block } => {
                let restored = self.restore_sessions(block);
                self.restored(restored.is_ok())
            }
            Change::RestoreGroups { block } => {
                let restored = self.restore_groups(block);
                self.restored(restored.is_ok())
            }
            _ => Effects::default(),
        })
    }

    /// A block was restored, if it is one. What was made for one that is not goes where nothing is in it.
    fn restored(&mut self, changed: bool) -> Effects {
        self.drop_sessions();
        Effects {
            changed,
            ..Effects::default()
        }
    }

    /// The metadata of a member's session is `blob` from now on, if there is that session.
    pub(super) fn apply_set_session_meta(
        &mut self,
        (session, blob): (&[u8], &[u8]),
        judged: bool,
        member: &[u8],
        now: Millis,
        observer: &mut impl Observer,
    ) -> Effects {
        let (member, id) = (LookupKey::with_hash(member), LookupKey::with_hash(session));
        let Some(table) = self.table() else {
            return Effects::default();
        };
        let Some(owner) = table.owner(&member) else {
            return Effects::default();
        };
        let all = table.owning();
        let found = all.find(&id).filter(|session| {
            all.owner(*session) == owner && (!judged || table.is_living(*session, now))
        });
        if found.is_none() {
            return Effects::default();
        }
        let table = self.make_table();
        let changed = table.owning_mut().set_meta(&id, blob);
        if changed {
            let touch = table.owner_state(owner).touch;
            observer.updated(MemberView::new(member.name(), touch));
        }
        Effects {
            changed,
            members: 1,
            ..Effects::default()
        }
    }

    /// The table, where it has sessions.
    pub(super) fn table_with_sessions(&self) -> Option<&Table> {
        self.table().filter(|table| table.sessions.is_some())
    }

    pub(super) fn table_sessions(&self) -> Option<&Sessions> {
        self.table()?.sessions.as_deref()
    }

    /// What a touch does to a member who has sessions. `None`: it has none, or none any more because it left.
    #[cold]
    pub(super) fn touch_owner(
        &mut self,
        member: &LookupKey,
        touch: Touch,
        mode: TouchMode,
        now: Millis,
    ) -> Option<Touched> {
        let retain = self.retain();
        let table = self.table()?;
        let owner = table.owner(member)?;
        if touch.ttl == 0 {
            self.make_table().end_sessions(owner);
            return None;
        }
        let own = table.owning().own_touch(owner);
        let stays = match mode {
            TouchMode::Now => own.is_some_and(|own| self.is_just_seen(own, touch)),
            TouchMode::Past => {
                !touch.is_online(now) || own.is_some_and(|own| keeps(own, touch, retain, now))
            }
            TouchMode::Replayed => false,
        };
        if stays {
            return Some(Touched::default());
        }
        let old = table.owner_state(owner);
        let table = self.make_table();
        let owner = table.promote(owner);
        table.owning_mut().set_own_touch(owner, touch);
        let new = self.settle_touch(owner, touch.at, now);
        let was_online = old.touch.is_online(now);
        Some(Touched {
            applied: true,
            joined: new.is_online(now) && !was_online,
            timed_out: (!was_online && old.is_unreported(now)).then_some(old.touch),
        })
    }

    /// A session that lives is seen again. Returns whether that is its member's touch as well; else it is to be settled.
    #[inline]
    pub(super) fn touch_session(&mut self, session: u32, touch: Touch, now: Millis) -> bool {
        let retain = self.retain();
        let table = self.make_table();
        let sessions = table.owning();
        let is_joint = sessions.is_sole(session) && {
            // The member's entry is not read if it cannot be later.
            let seen = match sessions.is_latest(touch.at) {
                true => touch.at,
                false => table.owner_state(sessions.owner(session)).touch.at,
            };
            joins(touch, retain, seen)
        };
        match is_joint {
            true => {
                let timeout_reported = !touch.is_online(now);
                let state = TouchState {
                    touch,
                    timeout_reported,
                };
                table.touch_jointly(session, state);
            }
            false => table.owning_mut().set_touch(session, touch),
        }
        is_joint
    }

    /// Ends a session that lives. Returns whether its member went offline by that.
    pub(super) fn end_session(
        &mut self,
        session: u32,
        now: Millis,
        observer: &mut impl Observer,
    ) -> bool {
        let sessions = self.make_table().owning_mut();
        let owner = sessions.owner(session);
        if Sessions::as_sole(owner).is_some() {
            return self.leave_by_loss(owner, now, observer);
        }
        sessions.remove(session);
        self.settle_loss(owner, now, observer)
    }

    /// An owner has lost a session that lived. Returns whether its member went offline by that.
    pub(super) fn settle_loss(
        &mut self,
        owner: u32,
        now: Millis,
        observer: &mut impl Observer,
    ) -> bool {
        let table = self.make_table();
        if table.end_of(owner).is_none_or(|end| end <= now) {
            return self.leave_by_loss(owner, now, observer);
        }
        let at = table.owner_state(owner).touch.at;
        self.settle_touch(owner, at, now);
        self.make_table().drop_idle(owner);
        false
    }

    /// An owner's member has lost what kept it online. Returns whether it went offline by that.
    fn leave_by_loss(&mut self, owner: u32, now: Millis, observer: &mut impl Observer) -> bool {
        let retains = self.retain() > 0;
        let left = TouchState {
            touch: Touch { at: now, ttl: 0 }.bounded(),
            timeout_reported: false,
        };
        let table = self.make_table();
        if !table.is_owner_online(owner, now) {
            table.end_sessions(owner);
            return false;
        }
        if retains {
            table.touch_owner(owner, left);
            table.with_owner(owner, |member| {
                observer.left(MemberView::new(member.name, left.touch));
            });
            table.end_sessions(owner);
        } else {
            self.remove(Removal::Owner(owner, left), |member, _| {
                observer.left(member);
            });
        }
        true
    }

    /// Sets the touch of an owner's member by what the owner has, after something was seen at `at`. Returns it.
    pub(super) fn settle_touch(&mut self, owner: u32, at: Millis, now: Millis) -> Touch {
        let table = self.make_table();
        let old = table.owner_state(owner).touch;
        let end = table.end_of(owner).unwrap_or(0);
        let new = lasting(old.at.max(at), end, now);
        if new.touch != old {
            table.touch_owner(owner, new);
        }
        new.touch
    }
}

/// Whether a touch of a session that is all its member has is the member's as well, who was seen last at `seen`: both are over
/// at once then.
#[inline]
pub(super) fn joins(touch: Touch, retain: Millis, seen: Millis) -> bool {
    retain == 0 && touch.ttl > 0 && seen <= touch.at
}

/// The touch of a member with sessions that was seen at `at`, or just before its time is up at `end`.
pub(super) fn lasting(at: Millis, end: Millis, now: Millis) -> TouchState {
    let at = at.min(end.saturating_sub(1));
    let touch = Touch { at, ttl: end - at }.bounded();
    TouchState {
        touch,
        timeout_reported: !touch.is_online(now),
    }
}

/// A session of a member, without its metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionId {
    /// Its id.
    pub id: Vec<u8>,
    /// The group that it is in.
    pub group: Option<Vec<u8>>,
    /// Its newest touch.
    pub touch: Touch,
}
