//! Groups of sessions: what carries them, usually the process of a gateway.
//!
//! A group has its sessions in the order of their attachment, and perhaps a lease. When that is over, or the group is dropped,
//! all its sessions end, in bites: the group loses its name and stands in a queue, from which the sessions are taken one
//! after the other. So a session that is attached to a group of the same name afterwards is in another group.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::links::{Link, Links, NONE};
use crate::core::memory::{Arena, Mover, Steps};
use crate::core::time::Millis;

/// The most groups that have a name.
pub const MAX_GROUPS: usize = 65_535;

/// The groups of a set's sessions.
#[derive(Clone, Default)]
pub struct Groups {
    groups: Arena<Group>,
    by_name: BTreeMap<Box<[u8]>, u32>,
    /// Bytes of names, each of which is here up to three times.
    name_bytes: usize,
    /// When leases are over, and the names of their groups.
    leases: BTreeSet<(Millis, Box<[u8]>)>,
    links: Links,
    /// Those whose sessions end. One that has lost its last session otherwise stays until its turn comes.
    dropping: VecDeque<u32>,
    /// How many sessions these have.
    dropping_len: usize,
}

/// A group.
#[derive(Clone)]
struct Group {
    name: Box<[u8]>,
    /// When its lease is over.
    lease: Option<Millis>,
    first: u32,
    last: u32,
    len: usize,
    is_dropping: bool,
}

impl Default for Group {
    fn default() -> Self {
        Group {
            name: Box::default(),
            lease: None,
            first: NONE,
            last: NONE,
            len: 0,
            is_dropping: false,
        }
    }
}

/// A group, seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupView<'a> {
    pub name: &'a [u8],
    pub lease: Option<Millis>,
    pub is_dropping: bool,
    /// Its number, by which its sessions are found.
    pub number: u32,
}

impl Groups {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.groups.len() == 0
    }

    /// Bytes allocated, these included, about.
    pub fn bytes(&self) -> usize {
        /// A group in the maps and the queue.
        const IN_MAPS: usize = 64;
        size_of::<Groups>()
            + self.groups.bytes()
            + self.groups.len() * IN_MAPS
            + self.name_bytes
            + self.links.bytes()
    }

    /// How many separate allocations there are.
    pub fn allocations(&self) -> usize {
        1 + self.links.allocations() + 2 * self.groups.len()
    }

    /// Moves the blocks (`memory/mover.rs`).
    pub fn relocate(&mut self, steps: &mut Steps<impl Mover>) {
        steps.arena(&mut self.groups, |group, mover| {
            mover.slice(&mut group.name)
        });
        self.links.relocate(steps);
    }

    /// The group of this name.
    pub fn named(&self, name: &[u8]) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    /// The group of this name, made where there is none. `None`: there are too many.
    pub fn make(&mut self, name: &[u8]) -> Option<u32> {
        if let Some(group) = self.named(name) {
            return Some(group);
        }
        if self.by_name.len() >= MAX_GROUPS {
            return None;
        }
        let group = self.groups.insert(Group {
            name: name.into(),
            ..Group::default()
        });
        self.by_name.insert(name.into(), group);
        self.name_bytes += 3 * name.len();
        Some(group)
    }

    /// The group's name.
    pub fn name(&self, group: u32) -> &[u8] {
        &self.groups.get(group).name
    }

    /// How many sessions a group has.
    pub fn len(&self, group: u32) -> usize {
        self.groups.get(group).len
    }

    /// A group's lease is over then.
    pub fn set_lease(&mut self, group: u32, until: Millis) {
        let leased = self.groups.get_mut(group);
        let mut lease = (until, leased.name.clone());
        if let Some(old) = leased.lease.replace(until) {
            lease.0 = old;
            self.leases.remove(&lease);
            lease.0 = until;
        }
        self.leases.insert(lease);
    }

    /// When the next lease is over.
    pub fn next_lease(&self) -> Option<Millis> {
        self.leases.first().map(|(until, _)| *until)
    }

    /// When the last lease is over.
    pub fn last_lease(&self) -> Option<Millis> {
        self.leases.last().map(|(until, _)| *until)
    }

    /// The group whose lease is over first, if it is at `now`.
    pub fn first_over(&self, now: Millis) -> Option<u32> {
        let (until, name) = self.leases.first()?;
        if *until > now {
            return None;
        }
        self.named(name)
    }

    /// Whether a group's lease is over at `now`.
    pub fn is_over(&self, group: u32, now: Millis) -> bool {
        self.groups
            .get(group)
            .lease
            .is_some_and(|until| until <= now)
    }

    /// Where the lease of the group of this name is over at `now`, its sessions end.
    pub fn end_over(&mut self, name: &[u8], now: Millis) {
        if let Some(group) = self.named(name)
            && self.is_over(group, now)
        {
            self.end(group);
        }
    }

    /// How many groups there are that have names.
    pub fn named_len(&self) -> usize {
        self.by_name.len()
    }

    /// The group that a session is in.
    pub fn of(&self, session: u32) -> Option<u32> {
        Some(self.links.get(session).group).filter(|group| *group != NONE)
    }

    /// The sessions of a group, in the order of their attachment.
    pub fn sessions(&self, group: u32) -> impl Iterator<Item = u32> + '_ {
        let first = self.groups.get(group).first;
        std::iter::successors(Some(first), |session| Some(self.links.get(*session).after))
            .take_while(|session| *session != NONE)
    }

    /// A session, which is in no group, joins one as its last.
    pub fn join(&mut self, session: u32, group: u32) {
        let joined = self.groups.get_mut(group);
        let before = std::mem::replace(&mut joined.last, session);
        joined.len += 1;
        self.dropping_len += usize::from(joined.is_dropping);
        match before {
            NONE => joined.first = session,
            before => self.links.get_mut(before).after = session,
        }
        let after = NONE;
        self.links.add(
            session,
            Link {
                group,
                before,
                after,
            },
        );
    }

    /// A session leaves its group, if it is in one, which goes where nothing keeps it.
    pub fn leave(&mut self, session: u32) {
        let Some(group) = self.of(session) else {
            return;
        };
        let Link { before, after, .. } = self.links.remove(session);
        let left = self.groups.get_mut(group);
        left.len -= 1;
        self.dropping_len -= usize::from(left.is_dropping);
        match before {
            NONE => left.first = after,
            before => self.links.get_mut(before).after = after,
        }
        match after {
            NONE => left.last = before,
            after => self.links.get_mut(after).before = before,
        }
        self.drop_idle(group);
    }

    /// Whether a session is in a group of this name, which is not being dropped.
    pub fn is_in(&self, session: u32, name: &[u8]) -> bool {
        self.of(session)
            .is_some_and(|group| self.named(name) == Some(group))
    }

    /// Removes a group without sessions and lease.
    pub fn drop_idle(&mut self, group: u32) {
        let idle = self.groups.get(group);
        if idle.len > 0 || idle.lease.is_some() {
            return;
        }
        if !idle.is_dropping {
            self.forget_name(group);
            self.groups.remove(group);
            return;
        }
        while let Some(&first) = self.dropping.front()
            && self.groups.get(first).len == 0
        {
            self.dropping.pop_front();
            self.groups.remove(first);
        }
    }

    fn forget_name(&mut self, group: u32) {
        let name = std::mem::take(&mut self.groups.get_mut(group).name);
        self.by_name.remove(&name);
        self.name_bytes -= 3 * name.len();
    }

    /// The sessions of a group end. Returns how many they are.
    pub fn end(&mut self, group: u32) -> usize {
        if let Some(until) = self.groups.get_mut(group).lease.take() {
            self.leases.remove(&(until, self.name(group).into()));
        }
        let len = self.len(group);
        if len == 0 {
            self.drop_idle(group);
            return 0;
        }
        self.forget_name(group);
        self.groups.get_mut(group).is_dropping = true;
        self.dropping.push_back(group);
        self.dropping_len += len;
        len
    }

    /// A group that is restored, and whose sessions end.
    pub fn add_dropping(&mut self) -> u32 {
        let group = self.groups.insert(Group {
            is_dropping: true,
            ..Group::default()
        });
        self.dropping.push_back(group);
        group
    }

    /// The one that was dropped last.
    pub fn last_dropping(&self) -> Option<u32> {
        self.dropping.back().copied()
    }

    /// How many sessions are still to end.
    pub fn dropping(&self) -> usize {
        self.dropping_len
    }

    /// The next sessions to end, those of one group.
    pub fn next_to_end(&self) -> impl Iterator<Item = u32> + '_ {
        let group = self.dropping.front();
        group.into_iter().flat_map(|group| self.sessions(*group))
    }

    /// All groups in an order that makes the same groups: those with a name by that, then those whose sessions end.
    pub fn in_order(&self) -> impl Iterator<Item = GroupView<'_>> {
        let dropping = self.dropping.iter().filter(|group| self.len(**group) > 0);
        let all = self.by_name.values().chain(dropping);
        all.map(|&number| {
            let group = self.groups.get(number);
            GroupView {
                name: &group.name,
                lease: group.lease,
                is_dropping: group.is_dropping,
                number,
            }
        })
    }
}

#[cfg(test)]
impl Groups {
    /// Panics where they contradict themselves.
    pub fn check(&self) {
        let mut dropping = 0;
        let mut leases = 0;
        for view in self.in_order() {
            let group = self.groups.get(view.number);
            let sessions: Vec<_> = self.sessions(view.number).collect();
            assert_eq!(sessions.len(), group.len);
            assert!(group.len > 0 || group.lease.is_some(), "nothing keeps it");
            let mut before = NONE;
            for session in sessions {
                let link = self.links.get(session);
                assert_eq!((link.group, link.before), (view.number, before));
                before = session;
            }
            assert_eq!(group.last, before);
            dropping += group.len * usize::from(group.is_dropping);
            leases += usize::from(group.lease.is_some());
            assert_eq!(
                self.named(view.name) == Some(view.number),
                !group.is_dropping
            );
        }
        assert_eq!(dropping, self.dropping_len);
        assert_eq!(leases, self.leases.len());
        let idle = self.dropping.iter().filter(|group| self.len(**group) == 0);
        assert_eq!(self.in_order().count() + idle.count(), self.groups.len());
        if let Some(first) = self.dropping.front() {
            assert!(self.len(*first) > 0, "the first has sessions");
        }
    }
}
