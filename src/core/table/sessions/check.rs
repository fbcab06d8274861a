//! What must hold of sessions between any two operations.

use super::Sessions;
use crate::core::member::LookupKey;
use crate::core::timeline::Timeline;
use crate::core::touch::Touch;

impl Sessions {
    /// Panics where they contradict themselves; `owners` are there with the touches of their members, which `members` has.
    pub fn check(&self, owners: &[(u32, Touch)], members: &Timeline) {
        self.times.check();
        if let Some(groups) = &self.groups {
            groups.check();
        }
        let all = self.records.0.indices();
        let joint = all.filter(|session| self.is_joint(*session)).count();
        assert_eq!(self.times.len() + joint, self.len());
        assert_eq!(self.ids.len(), self.len());
        let mut counted = 0;
        let mut bytes = 0;
        let mut own_owners = 0;
        for &(number, member) in owners {
            assert!(member.at <= self.seen, "it is noted when a member was seen");
            if let Some(session) = Self::as_sole(number) {
                assert_eq!(self.owner(session), number);
                assert!(self.touch(session, members).end() <= member.end());
                counted += 1;
                continue;
            }
            own_owners += 1;
            let owner = self.owners.get(number);
            assert!(owner.len() > 0, "an owner has sessions");
            counted += owner.len();
            bytes += owner.bytes();
            let end = self.end(number, members).expect("an owner has sessions");
            assert!(
                end <= member.end(),
                "a member lasts as long as its sessions"
            );
            let mut last = 0;
            for session in owner.sessions() {
                assert_eq!(self.owner(session), number);
                assert!(!self.is_joint(session), "it is its own owner then");
                let end = self.touch(session, members).end();
                assert!(last <= end, "in the order in which they are due");
                last = end;
                self.with_id(session, |id| {
                    assert_eq!(self.find(&LookupKey::with_hash(id)), Some(session));
                });
            }
        }
        let all = self.records.0.indices();
        let ended = all.filter(|session| self.has_ended(self.owner(*session)));
        assert_eq!(counted + ended.count(), self.len());
        assert!(bytes <= self.owned_bytes);
        if self.owners.len() == own_owners {
            assert_eq!(bytes, self.owned_bytes);
        }
    }
}
