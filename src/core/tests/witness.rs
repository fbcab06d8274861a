//! An observer that remembers everything.

use crate::core::time::Millis;
use crate::core::{Change, Effects, MemberView, Members, Observer, PresenceSet, Touch};

/// What was said of members while a change was applied, each in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Witness {
    pub changed: Vec<usize>,
    pub joined: Vec<Vec<u8>>,
    pub left: Vec<Vec<u8>>,
    pub timed_out: Vec<(Vec<u8>, Touch)>,
    pub updated: Vec<Vec<u8>>,
}

impl Observer for Witness {
    fn changed(&mut self, position: usize) {
        self.changed.push(position);
    }

    fn joined(&mut self, member: MemberView) {
        self.joined.push(member.name.to_vec());
    }

    fn left(&mut self, member: MemberView) {
        self.left.push(member.name.to_vec());
    }

    fn timed_out(&mut self, member: MemberView, _retain: Millis) {
        self.timed_out.push((member.name.to_vec(), member.touch));
    }

    fn updated(&mut self, member: MemberView) {
        self.updated.push(member.name.to_vec());
    }
}

/// Applies a change about these members, which is not refused. Whoever watches the set for when something is due, and goes by the
/// effects alone, is not late afterwards.
pub fn apply(
    set: &mut PresenceSet,
    change: Change,
    members: &[Vec<u8>],
    now: Millis,
) -> (Effects, Witness) {
    let mut witness = Witness::default();
    let members = Members::Each(members.iter().map(Vec::as_slice));
    let mut watched = set.next_look().unwrap_or(Millis::MAX);
    let effects = set.apply(change, members, now, &mut witness);
    let effects = effects.expect("there is room");
    let next_look = set.next_look().unwrap_or(Millis::MAX);
    if effects.changed {
        watched = watched.min(effects.due.unwrap_or(next_look));
    }
    assert!(watched <= next_look.max(now), "{change:?}: {next_look}");
    (effects, witness)
}
