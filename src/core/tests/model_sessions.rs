//! Sessions of the naive set.

use super::model::{Model, is_online};
use crate::core::TouchMode;
use crate::core::time::{MAX_DURATION, Millis};
use crate::core::touch::Touch;

/// So many sessions of a member who is gone are removed at once (`table/sessions/`).
const AT_ONCE: usize = 3;

/// A session of the model; those seen last stand last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelSession {
    pub id: Vec<u8>,
    /// `None`: it is gone, and the session is there only until it is due.
    pub member: Option<Vec<u8>>,
    pub touch: Touch,
    /// Whether it goes with its member, who has the same touch and nothing else.
    pub is_joint: bool,
    pub meta: Vec<u8>,
}

/// What an attachment did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attached {
    pub joined: bool,
    pub updated: bool,
}

impl Model {
    fn find(&self, id: &[u8]) -> Option<usize> {
        self.sessions.iter().position(|session| session.id == id)
    }

    /// A session that is not over.
    pub fn living(&self, id: &[u8], now: Millis) -> Option<usize> {
        self.find(id).filter(|at| {
            let session = &self.sessions[*at];
            session.member.is_some() && is_online(session.touch, now)
        })
    }

    /// The living sessions of a member, as they are listed.
    pub fn sessions_of(&self, member: &[u8], now: Millis) -> Vec<(Vec<u8>, Touch)> {
        let is_its = |session: &&ModelSession| {
            session.member.as_deref() == Some(member) && is_online(session.touch, now)
        };
        let its = self.sessions.iter().filter(is_its);
        let mut its: Vec<_> = its
            .map(|session| (session.id.clone(), session.touch))
            .collect();
        its.sort_by(|a, b| b.1.at.cmp(&a.1.at).then_with(|| a.0.cmp(&b.0)));
        its
    }

    /// How many sessions are stored of a member.
    fn stored(&self, member: &[u8]) -> usize {
        let is_its = |session: &&ModelSession| session.member.as_deref() == Some(member);
        self.sessions.iter().filter(is_its).count()
    }

    /// Whether a member has sessions, be they over.
    pub fn is_owner(&self, member: &[u8]) -> bool {
        self.stored(member) > 0
    }

    /// The member is gone, or left.
    pub fn end_sessions(&mut self, member: &[u8]) {
        let stored = self.stored(member);
        if stored <= AT_ONCE {
            let its = self.sessions.iter();
            let its = its.filter(|session| session.member.as_deref() == Some(member));
            for id in its.map(|session| session.id.clone()).collect::<Vec<_>>() {
                self.leave_group(&id);
            }
            self.sessions
                .retain(|session| session.member.as_deref() != Some(member));
        } else {
            for session in &mut self.sessions {
                if session.member.as_deref() == Some(member) {
                    session.member = None;
                }
            }
        }
        self.own_touches.remove(member);
    }

    /// A session is over and removed.
    pub fn remove_session(&mut self, id: &[u8]) {
        let at = self.find(id).expect("there is that session");
        self.remove(at);
    }

    fn remove(&mut self, at: usize) -> Option<Vec<u8>> {
        let ModelSession { id, member, .. } = self.sessions.remove(at);
        self.leave_group(&id);
        let member = member?;
        if !self.is_owner(&member) {
            self.own_touches.remove(&member);
        }
        Some(member)
    }

    /// When the time of a member with sessions is up by what it has.
    fn end(&self, member: &[u8]) -> Option<Millis> {
        let its = self.sessions.iter();
        let its = its.filter(|session| session.member.as_deref() == Some(member));
        let own = self.own_touches.get(member);
        its.map(|session| session.touch.end())
            .chain(own.map(|own| own.end()))
            .max()
    }

    /// Its touch follows from what it has.
    fn settle(&mut self, member: &[u8], at: Millis) -> Touch {
        let old = self.get(member).expect("the member is there");
        let end = self.end(member).expect("the member has sessions");
        let at = old.at.max(at).min(end.saturating_sub(1));
        let touch = Touch {
            at,
            ttl: (end - at).min(MAX_DURATION),
        };
        if touch != old {
            self.members.retain(|(name, _)| name != member);
            self.members.push((member.to_vec(), touch));
        }
        touch
    }

    fn touch_session(&mut self, at: usize, touch: Touch) {
        let is_joint = self.is_joint_by(at, touch);
        let mut session = self.sessions.remove(at);
        session.touch = touch;
        session.is_joint = is_joint;
        if let Some(member) = &session.member
            && self
                .own_touches
                .get(member)
                .is_some_and(|own| own.end() <= touch.at)
        {
            self.own_touches.remove(member);
        }
        self.sessions.push(session);
    }

    /// Whether a session goes with its member after this touch.
    fn is_joint_by(&self, at: usize, touch: Touch) -> bool {
        let member = self.sessions[at].member.as_ref().expect("it lives");
        let old = self.get(member).expect("the member is there");
        let is_all = self.stored(member) == 1 && !self.own_touches.contains_key(member);
        is_all && self.settings.retain == 0 && touch.ttl > 0 && old.at <= touch.at
    }

    /// A member gets something else beside its session, which comes last of its moment.
    fn part(&mut self, member: &[u8]) {
        let is_its = |session: &ModelSession| session.member.as_deref() == Some(member);
        let joint = |session: &ModelSession| is_its(session) && session.is_joint;
        if let Some(at) = self.sessions.iter().position(joint) {
            let mut session = self.sessions.remove(at);
            session.is_joint = false;
            self.sessions.push(session);
        }
    }

    /// Who went offline because its session is attached elsewhere, and what the attachment did.
    pub fn attach(
        &mut self,
        id: &[u8],
        member: &[u8],
        (group, meta): (Option<&[u8]>, Option<&[u8]>),
        touch: Touch,
        now: Millis,
    ) -> (Option<Vec<u8>>, Attached) {
        let (mut left, mut was_owner) = (None, self.is_owner(member));
        if let Some(at) = self.find(id) {
            if self.living(id, now).is_none() {
                self.remove(at);
                was_owner = self.is_owner(member);
            } else if self.sessions[at].member.as_deref() != Some(member) {
                // It keeps its group and its metadata.
                let mut moved = self.sessions.remove(at);
                let from = moved.member.replace(member.to_vec()).expect("it lives");
                left = self.settle_loss(&from, now);
                self.part(member);
                self.sessions.push(moved);
                was_owner = self.stored(member) > 1;
            }
        }
        self.untouched = false;
        let old = self.get(member);
        match old {
            None => self.members.push((member.to_vec(), touch)),
            Some(old) if !was_owner && is_online(old, now) => {
                self.own_touches.insert(member.to_vec(), old);
            }
            Some(_) => {}
        }
        match self.find(id) {
            Some(at) => self.touch_session(at, touch),
            None => {
                self.part(member);
                self.sessions.push(ModelSession {
                    id: id.to_vec(),
                    member: Some(member.to_vec()),
                    touch,
                    is_joint: false,
                    meta: Vec::new(),
                });
                let at = self.sessions.len() - 1;
                self.sessions[at].is_joint = self.is_joint_by(at, touch);
            }
        }
        let session = self.sessions.last_mut().expect("it was put there");
        let is_joint = session.is_joint;
        let updated = meta.is_some_and(|meta| session.meta != meta);
        if let Some(meta) = meta {
            session.meta = meta.to_vec();
        }
        if let Some(group) = group {
            self.join(id, group, now);
        }
        let new = self.settle(member, touch.at);
        if is_joint {
            self.come_last(member, new);
        }
        let joined = is_online(new, now) && !old.is_some_and(|old| is_online(old, now));
        let updated = updated && !joined;
        (left, Attached { joined, updated })
    }

    /// A member comes last of its moment, even if nothing else has changed.
    fn come_last(&mut self, member: &[u8], touch: Touch) {
        self.members.retain(|(name, _)| name != member);
        self.members.push((member.to_vec(), touch));
    }

    /// Whether a session is all that keeps a member online.
    pub fn is_sole(&self, id: &[u8], now: Millis) -> bool {
        let at = self.living(id, now);
        let member = at.and_then(|at| self.sessions[at].member.clone());
        member.is_some_and(|member| {
            self.stored(&member) == 1 && !self.own_touches.contains_key(&member)
        })
    }

    /// The positions of those that are recorded, and how many there are.
    pub fn beat(
        &mut self,
        ids: &[Vec<u8>],
        touch: Touch,
        mode: TouchMode,
        now: Millis,
    ) -> (Vec<usize>, usize) {
        let (mut recorded, mut there) = (Vec::new(), 0);
        for (position, id) in ids.iter().enumerate() {
            let Some(at) = self.living(id, now) else {
                continue;
            };
            there += 1;
            let session = &self.sessions[at];
            if mode == TouchMode::Now && self.was_just_seen(session.touch, touch) {
                continue;
            }
            let member = session.member.clone().expect("it lives");
            self.touch_session(at, touch);
            let settled = self.settle(&member, touch.at);
            self.come_last(&member, settled);
            recorded.push(position);
        }
        (recorded, there)
    }

    /// The positions of those that end earlier than before, and who went offline.
    pub fn detach(
        &mut self,
        ids: &[Vec<u8>],
        grace: Millis,
        now: Millis,
    ) -> (Vec<usize>, Vec<Vec<u8>>) {
        let (mut changed, mut left) = (Vec::new(), Vec::new());
        for (position, id) in ids.iter().enumerate() {
            let Some(at) = self.living(id, now) else {
                continue;
            };
            if grace > 0 {
                let old = self.sessions[at].touch;
                if old.end() <= now + grace {
                    continue;
                }
                let member = self.sessions[at].member.clone().expect("it lives");
                let seen = old.at.min(now);
                let ttl = (now + grace - seen).min(MAX_DURATION);
                self.touch_session(at, Touch { at: seen, ttl });
                self.settle(&member, seen);
            } else {
                left.extend(self.end_session(at, now));
            }
            changed.push(position);
        }
        (changed, left)
    }

    /// Who went offline by the end of a session.
    pub fn end_session(&mut self, at: usize, now: Millis) -> Option<Vec<u8>> {
        let ended = self.sessions.remove(at);
        self.leave_group(&ended.id);
        self.settle_loss(&ended.member.expect("it lives"), now)
    }

    /// Whether the member that has lost a session went offline by that.
    fn settle_loss(&mut self, member: &[u8], now: Millis) -> Option<Vec<u8>> {
        let old = self.get(member).expect("the member is there");
        if self.end(member).is_some_and(|end| end > now) {
            self.settle(member, old.at);
            if !self.is_owner(member) {
                self.own_touches.remove(member);
            }
            return None;
        }
        self.end_sessions(member);
        if !is_online(old, now) {
            return None;
        }
        let left = Touch { at: now, ttl: 0 };
        self.touch(member, left, TouchMode::Replayed, now);
        Some(member.to_vec())
    }

    /// What a touch does to a member with sessions: whether it is recorded, and whether the member came online. `None`: it
    /// has none any more, since it left.
    pub fn touch_owner(
        &mut self,
        name: &[u8],
        touch: Touch,
        mode: TouchMode,
        now: Millis,
    ) -> Option<(bool, bool)> {
        if touch.ttl == 0 {
            self.end_sessions(name);
            return None;
        }
        let own = self.own_touches.get(name).copied();
        let stays = match mode {
            TouchMode::Now => own.is_some_and(|own| self.was_just_seen(own, touch)),
            TouchMode::Past => {
                let stays = own.is_some_and(|own| self.remembers(own, now) && own.at > touch.at);
                stays || !is_online(touch, now)
            }
            TouchMode::Replayed => false,
        };
        if stays {
            return Some((false, false));
        }
        let old = self.get(name).expect("the member is there");
        self.own_touches.insert(name.to_vec(), touch);
        self.part(name);
        let new = self.settle(name, touch.at);
        Some((true, is_online(new, now) && !is_online(old, now)))
    }

    /// Whether there is that session of the member, and whether its metadata is another now.
    pub fn set_session_meta(
        &mut self,
        id: &[u8],
        member: &[u8],
        blob: &[u8],
        now: Millis,
    ) -> (bool, bool) {
        let at = self.living(id, now);
        let found = at.filter(|at| self.sessions[*at].member.as_deref() == Some(member));
        let Some(at) = found else {
            return (false, false);
        };
        let old = std::mem::replace(&mut self.sessions[at].meta, blob.to_vec());
        (true, old != blob)
    }

    /// How many sessions that are due are removed, without those that go with their members.
    pub fn evict_sessions(&mut self, cutoff: Millis, limit: usize) -> usize {
        let own = self.sessions.iter().filter(|session| !session.is_joint);
        let mut due: Vec<_> = own.map(|session| session.touch).collect();
        due.retain(|touch| touch.end() <= cutoff);
        due.sort_by_key(|touch| (touch.end(), touch.ttl));
        due.truncate(limit);
        for touch in &due {
            let at = self
                .sessions
                .iter()
                .position(|session| !session.is_joint && session.touch == *touch);
            self.remove(at.expect("it is there"));
        }
        due.len()
    }
}
