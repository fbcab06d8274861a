//! Sessions in a dump: blocks of sessions, one after the other, in the order of their timeline, and
//! then those that are joint with their members.
//!
//! A session is a row of numbers (LEB128) and strings, each with its length before it: flags, its member, its id, the time and
//! the ttl of its touch, unless the flags say that this is its member's, and what they say follows.

use super::codec::Corrupt;
use super::metadata::take;
use crate::core::leb128;
use crate::core::member::{LookupKey, MAX_MEMBER, MAX_META, MAX_SESSION};
use crate::core::set::PresenceSet;
use crate::core::time::{MAX_DURATION, MAX_TIME};
use crate::core::touch::Touch;

/// A block is given out when it has this many bytes.
const BLOCK: usize = 32 * 1024;
/// The member is gone, and empty here.
const ENDED: u64 = 1;
/// The time and ttl of its member's own touch follow.
const OWN_TOUCH: u64 = 2;
/// Its metadata follows.
const META: u64 = 4;
/// Its touch is its member's, for both of them from now on.
const JOINT: u64 = 8;

/// A session that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredSession<'a> {
    /// Its member; without, that one is gone.
    pub member: Option<&'a [u8]>,
    /// Its id.
    pub id: &'a [u8],
    /// Its newest touch; without, that of its member is its own as well.
    pub touch: Option<Touch>,
    /// The touch of its member itself.
    pub own_touch: Option<Touch>,
    /// Its metadata.
    pub meta: Option<&'a [u8]>,
}

impl PresenceSet {
    /// Calls `f` with all sessions that are stored. Added in this order they make the same set.
    pub fn each_session(&self, mut f: impl FnMut(StoredSession)) {
        let Some(table) = self.table() else { return };
        let Some(sessions) = table.sessions.as_deref() else {
            return;
        };
        sessions.each_in_order(|session| {
            let owner = sessions.owner(session);
            sessions.with_id(session, |id| {
                let meta = sessions.meta(&LookupKey::with_hash(id));
                let stored = StoredSession {
                    member: None,
                    id,
                    touch: (!sessions.is_joint(session)).then(|| table.session_touch(session)),
                    own_touch: sessions.own_touch(owner),
                    meta,
                };
                if sessions.has_ended(owner) {
                    f(stored);
                } else {
                    table.with_owner(owner, |member| {
                        f(StoredSession {
                            member: Some(member.name),
                            ..stored
                        });
                    });
                }
            });
        });
    }

    /// Calls `f` with blocks of all sessions that are stored.
    pub fn encode_sessions(&self, mut f: impl FnMut(&[u8])) {
        let mut block = Vec::new();
        self.each_session(|session| {
            write(&mut block, &session);
            if block.len() >= BLOCK {
                f(&block);
                block.clear();
            }
        });
        if !block.is_empty() {
            f(&block);
        }
    }

    /// Adds the sessions of a block, whose members are there.
    pub fn restore_sessions(&mut self, mut block: &[u8]) -> Result<(), Corrupt> {
        while !block.is_empty() {
            let stored = read(&mut block)?;
            let restored = match stored.touch {
                None => self.restore_joint_session(stored),
                Some(touch) => self.restore_session(stored, touch),
            };
            restored.ok_or(Corrupt)?;
        }
        Ok(())
    }

    /// `None`: there is a session of that id, or no such member, or one whose time is up before.
    fn restore_session(&mut self, session: StoredSession, touch: Touch) -> Option<()> {
        let id = LookupKey::with_hash(session.id);
        let member = session.member.map(LookupKey::with_hash);
        if let Some(member) = &member {
            let end = self.get(member)?.touch.end();
            let ends = session.own_touch.into_iter().chain([touch]);
            if ends.map(Touch::end).max()? > end {
                return None;
            }
        }
        let sessions = self.make_sessions();
        if sessions.find(&id).is_some() || !sessions.has_room() {
            return None;
        }
        let table = self.make_table();
        let sessions = table.owning_mut();
        let added = match &member {
            None => {
                let owner = sessions.add_ended();
                sessions.add(&id, owner, touch)
            }
            Some(member) => match table.owner(member) {
                Some(owner) => table.add_session(&id, owner, touch),
                None => {
                    let added = table.add_sole(&id, member);
                    table.owning_mut().set_touch(added, touch);
                    added
                }
            },
        };
        if let Some(own) = session.own_touch {
            let owner = table.promote(table.owning().owner(added));
            table.owning_mut().set_own_touch(owner, own);
        }
        if let Some(meta) = session.meta {
            table.owning_mut().set_meta(&id, meta);
        }
        Some(())
    }

    /// `None`: there is a session of that id, or no such member, or one who has a session.
    fn restore_joint_session(&mut self, session: StoredSession) -> Option<()> {
        let id = LookupKey::with_hash(session.id);
        let member = LookupKey::with_hash(session.member?);
        let is_touched = self.get(&member)?.touch.ttl > 0;
        let sessions = self.make_sessions();
        if !is_touched || sessions.find(&id).is_some() || !sessions.has_room() {
            return None;
        }
        let table = self.make_table();
        if table.owner(&member).is_some() {
            return None;
        }
        table.add_sole(&id, &member);
        if let Some(meta) = session.meta {
            table.owning_mut().set_meta(&id, meta);
        }
        Some(())
    }
}

fn write(block: &mut Vec<u8>, session: &StoredSession) {
    let flag = |is_there, flag| if is_there { flag } else { 0 };
    let flags = flag(session.member.is_none(), ENDED)
        | flag(session.own_touch.is_some(), OWN_TOUCH)
        | flag(session.touch.is_none(), JOINT)
        | flag(session.meta.is_some(), META);
    leb128::write(block, flags);
    for bytes in [session.member.unwrap_or_default(), session.id] {
        leb128::write(block, bytes.len() as u64);
        block.extend_from_slice(bytes);
    }
    for touch in session.touch.into_iter().chain(session.own_touch) {
        leb128::write(block, touch.at);
        leb128::write(block, touch.ttl);
    }
    if let Some(meta) = session.meta {
        leb128::write(block, meta.len() as u64);
        block.extend_from_slice(meta);
    }
}

fn read<'a>(rest: &mut &'a [u8]) -> Result<StoredSession<'a>, Corrupt> {
    let flags = leb128::read(rest).ok_or(Corrupt)?;
    let (has_ended, has_own) = (flags & ENDED != 0, flags & OWN_TOUCH != 0);
    let is_joint = flags & JOINT != 0;
    let is_known = flags <= (ENDED | OWN_TOUCH | META | JOINT);
    if !is_known || has_ended && has_own || is_joint && (has_ended || has_own) {
        return Err(Corrupt);
    }
    let member = take(rest, MAX_MEMBER)?;
    let id = take(rest, MAX_SESSION)?;
    if id.is_empty() || has_ended && !member.is_empty() {
        return Err(Corrupt);
    }
    Ok(StoredSession {
        member: (!has_ended).then_some(member),
        id,
        touch: (!is_joint).then(|| read_touch(rest)).transpose()?,
        own_touch: has_own.then(|| read_touch(rest)).transpose()?,
        meta: match flags & META {
            0 => None,
            _ => Some(take(rest, MAX_META)?).filter(|meta| !meta.is_empty()),
        },
    })
}

fn read_touch(rest: &mut &[u8]) -> Result<Touch, Corrupt> {
    let at = leb128::read(rest).ok_or(Corrupt)?;
    let ttl = leb128::read(rest).ok_or(Corrupt)?;
    match at <= MAX_TIME && (1..=MAX_DURATION).contains(&ttl) {
        true => Ok(Touch { at, ttl }),
        false => Err(Corrupt),
    }
}
