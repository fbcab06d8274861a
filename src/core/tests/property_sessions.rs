//! What the property test does to sessions.

use super::model_groups::{FIRST_BITE, ModelGroup};
use super::model_sessions::ModelSession;
use super::property_ops::{Op, name};
use super::property_test::{Run, assert_same, names};
use super::witness::apply;
use crate::core::time::Millis;
use crate::core::touch::Touch;
use crate::core::{Attachment, Change, Error, LookupKey, PresenceSet, TouchMode};

impl Run {
    pub fn apply_to_sessions(&mut self, op: &Op) {
        let ttl_or_default = |ttl: Option<Millis>| ttl.unwrap_or(self.model.settings.ttl);
        let at = self.now;
        match *op {
            Op::Attach {
                session,
                spread,
                ttl,
                group,
                meta,
            } => {
                let ttl = ttl_or_default(ttl);
                let meta = meta.map(|len| vec![session as u8; len * 50]);
                let group = group.map(name);
                let id = name(session);
                let attachment = Attachment::new(&id, group.as_deref(), meta.as_deref());
                self.attach(attachment, &name(session % spread), Touch { at, ttl });
            }
            Op::Beat { from, count, ttl } => {
                let ttl = ttl_or_default(ttl);
                self.beat(&names(count, |i| from + i), Touch { at, ttl });
            }
            Op::Detach { from, count, grace } => self.detach(&names(count, |i| from + i), grace),
            Op::SetSessionMeta {
                session,
                spread,
                len,
            } => {
                let blob = vec![session as u8; len * 50];
                self.set_session_meta(&name(session), name(session % spread), &blob);
            }
            _ => self.apply_to_groups(op),
        }
    }

    fn apply_to_groups(&mut self, op: &Op) {
        let at = self.now;
        match *op {
            Op::Lease { group, count, ttl } => {
                let names = names(count, |i| group + i);
                self.model.lease(&names, at, ttl);
                for set in &mut self.sets {
                    let change = Change::Lease { at: Some(at), ttl };
                    assert!(apply(set, change, &names, at).0.changed);
                }
            }
            Op::Drop { group, count } => {
                let names = names(count, |i| group + i);
                let (sessions, changed, left) = self.model.drop_groups(&names, at);
                let change = Change::Drop {
                    at: Some(at),
                    limit: FIRST_BITE,
                };
                for (index, set) in self.sets.iter_mut().enumerate() {
                    // A replica is sent what changed something.
                    if index > 0 && !changed {
                        continue;
                    }
                    let (effects, witness) = apply(set, change, &names, at);
                    assert_eq!((effects.sessions, effects.changed), (sessions, changed));
                    assert_same(&witness.left, &left, "who was dropped");
                }
            }
            Op::EndLeases(limit) => {
                let ended = self.model.end_leases(limit, at);
                for set in &mut self.sets {
                    let change = Change::EndLeases {
                        at: Some(at),
                        limit,
                    };
                    assert_eq!(apply(set, change, &[], at).0.members, ended);
                }
            }
            Op::EndDropped(limit) => {
                let (ended, left) = self.model.end_dropped(limit, at);
                for set in &mut self.sets {
                    let change = Change::EndDropped {
                        at: Some(at),
                        limit,
                    };
                    let (effects, witness) = apply(set, change, &[], at);
                    assert_eq!(effects.members, ended);
                    assert_same(&witness.left, &left, "whose last session was dropped");
                }
            }
            _ => unreachable!("{op:?} is not about sessions"),
        }
    }

    fn attach(&mut self, attachment: Attachment, member: &[u8], touch: Touch) {
        let now = self.now;
        let members = [member.to_vec()];
        let change = |mode| Change::Attach {
            attachment,
            at: Some(touch.at),
            ttl: Some(touch.ttl),
            mode,
        };
        if !self.model.is_sole(attachment.session(), now)
            && self.model.is_capped(&members, touch, TouchMode::Now, now)
        {
            for set in &mut self.sets {
                let members = crate::core::Members::Each([member].into_iter());
                let refused = set.apply(change(TouchMode::Now), members, now, &mut ());
                assert!(matches!(refused, Err(Error::Capped { .. })));
            }
            return;
        }
        let forgotten = self.model.forgotten_with_metadata(&members, now);
        let Attachment { group, meta, .. } = attachment;
        let (left, attached) =
            self.model
                .attach(attachment.session(), member, (group, meta), touch, now);
        for (index, set) in self.sets.iter_mut().enumerate() {
            let mode = match index {
                0 => TouchMode::Now,
                _ => TouchMode::Replayed,
            };
            let (effects, witness) = apply(set, change(mode), &members, now);
            assert_eq!(effects.joined, usize::from(attached.joined));
            assert_eq!(witness.joined.len(), usize::from(attached.joined));
            assert_eq!(witness.updated.len(), usize::from(attached.updated));
            assert_same(&witness.left, left.as_slice(), "who lost its last session");
        }
        self.model.judge_peak(now);
        self.set_meta(&forgotten, b"", false);
    }

    fn beat(&mut self, ids: &[Vec<u8>], touch: Touch) {
        let now = self.now;
        let (recorded, there) = self.model.beat(ids, touch, TouchMode::Now, now);
        let sent: Vec<_> = recorded.iter().map(|at| ids[*at].clone()).collect();
        for (index, set) in self.sets.iter_mut().enumerate() {
            // A replica is sent those that were recorded.
            let (mode, ids) = match index {
                0 => (TouchMode::Now, ids),
                _ => (TouchMode::Replayed, &sent[..]),
            };
            let change = Change::Beat {
                at: Some(touch.at),
                ttl: Some(touch.ttl),
                mode,
            };
            let (effects, witness) = apply(set, change, ids, now);
            assert_eq!(effects.members, recorded.len());
            assert_eq!(witness.joined.len() + witness.left.len(), 0);
            if index == 0 {
                assert_same(&witness.changed, &recorded, "which were recorded");
                assert_eq!(effects.sessions, there);
            }
        }
    }

    fn detach(&mut self, ids: &[Vec<u8>], grace: Millis) {
        let now = self.now;
        let (changed, left) = self.model.detach(ids, grace, now);
        let change = Change::Detach {
            at: Some(now),
            grace,
        };
        for set in &mut self.sets {
            let (effects, witness) = apply(set, change, ids, now);
            assert_same(&witness.changed, &changed, "which end");
            assert_same(&witness.left, &left, "who went offline");
            assert_eq!(effects.members, left.len());
        }
    }

    fn set_session_meta(&mut self, id: &[u8], member: Vec<u8>, blob: &[u8]) {
        let now = self.now;
        let (there, changed) = self.model.set_session_meta(id, &member, blob, now);
        let change = Change::SetMeta {
            session: Some(id),
            blob,
            judged: true,
        };
        let members = [member];
        for set in &mut self.sets {
            let (effects, witness) = apply(set, change, &members, now);
            assert_eq!((effects.members, effects.changed), (there.into(), changed));
            assert_eq!(witness.updated.len(), usize::from(changed));
        }
    }

    /// All sessions that a dump or a digest has in it.
    pub fn compare_sessions(&self, set: &PresenceSet) {
        let mut stored = Vec::new();
        set.each_session(|session| {
            let member = session.member.map(<[u8]>::to_vec);
            let own = session.own_touch;
            let expected = member
                .as_ref()
                .and_then(|name| self.model.own_touches.get(name));
            assert_eq!(own.as_ref(), expected, "own touches");
            stored.push(ModelSession {
                id: session.id.to_vec(),
                touch: session.touch.unwrap_or_else(|| {
                    let member = session.member.expect("it is joint with one");
                    let member = LookupKey::with_hash(member);
                    set.get(&member).expect("the member is there").touch
                }),
                is_joint: session.touch.is_none(),
                member,
                meta: session.meta.unwrap_or_default().to_vec(),
            });
        });
        let mut expected = self.model.sessions.clone();
        for sessions in [&mut stored, &mut expected] {
            sessions.sort_by_key(|session| {
                // Of the others the order is part of the state.
                let joint = session.is_joint.then(|| session.id.clone());
                (session.touch.ttl, session.touch.at, joint)
            });
        }
        assert_same(&stored, &expected, "all sessions");
        let mut groups: Vec<ModelGroup> = Vec::new();
        set.each_group(|part| match groups.last_mut() {
            Some(group) if part.goes_on => group.sessions.extend(part.sessions),
            _ => groups.push(ModelGroup {
                name: part.name,
                lease: part.lease,
                sessions: part.sessions,
            }),
        });
        assert_same(&groups, &self.model.all_groups(), "all groups");
        let dropping = self.model.dropping.iter();
        let dropping: usize = dropping.map(|group| group.sessions.len()).sum();
        assert_eq!(set.dropping(), dropping);
    }
}
