//! Groups of sessions of the naive set.

use super::model::Model;
use crate::core::time::Millis;

/// So many sessions end at once when their group is dropped.
pub const FIRST_BITE: usize = 4;

/// A group; one whose sessions end has no name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelGroup {
    pub name: Vec<u8>,
    pub lease: Option<Millis>,
    /// In the order of their attachment.
    pub sessions: Vec<Vec<u8>>,
}

impl Model {
    /// A session is no more, or joins another group.
    pub fn leave_group(&mut self, id: &[u8]) {
        for group in self.groups.iter_mut().chain(&mut self.dropping) {
            group.sessions.retain(|session| session != id);
        }
        self.groups
            .retain(|group| !group.sessions.is_empty() || group.lease.is_some());
        self.dropping.retain(|group| !group.sessions.is_empty());
    }

    /// The group of this name, made where there is none.
    fn group(&mut self, name: &[u8]) -> &mut ModelGroup {
        let at = self.groups.iter().position(|group| group.name == name);
        let at = at.unwrap_or_else(|| {
            self.groups.push(ModelGroup {
                name: name.to_vec(),
                lease: None,
                sessions: Vec::new(),
            });
            self.groups.len() - 1
        });
        &mut self.groups[at]
    }

    /// How many sessions of a group are to end.
    fn end_group(&mut self, at: usize) -> usize {
        let mut group = self.groups.remove(at);
        let len = group.sessions.len();
        group.name.clear();
        group.lease = None;
        if len > 0 {
            self.dropping.push(group);
        }
        len
    }

    fn end_over(&mut self, name: &[u8], now: Millis) {
        let is_over = |group: &ModelGroup| {
            group.name == name && group.lease.is_some_and(|until| until <= now)
        };
        if let Some(at) = self.groups.iter().position(is_over) {
            self.end_group(at);
        }
    }

    pub fn join(&mut self, id: &[u8], name: &[u8], now: Millis) {
        self.end_over(name, now);
        let is_in =
            |group: &ModelGroup| group.name == name && group.sessions.iter().any(|its| its == id);
        if !self.groups.iter().any(is_in) {
            self.leave_group(id);
            self.group(name).sessions.push(id.to_vec());
        }
    }

    pub fn lease(&mut self, names: &[Vec<u8>], at: Millis, ttl: Millis) {
        for name in names {
            self.end_over(name, at);
            self.group(name).lease = Some(at + ttl);
        }
    }

    /// How many sessions are to end, whether there were such groups or any sessions ended, and who went offline at once.
    pub fn drop_groups(&mut self, names: &[Vec<u8>], now: Millis) -> (usize, bool, Vec<Vec<u8>>) {
        if self.groups.is_empty() && self.dropping.is_empty() {
            return (0, false, Vec::new());
        }
        let (mut sessions, mut found) = (0, false);
        for name in names {
            if let Some(at) = self.groups.iter().position(|group| group.name == *name) {
                found = true;
                sessions += self.end_group(at);
            }
        }
        let (ended, left) = self.end_dropped(FIRST_BITE, now);
        (sessions, found || ended > 0, left)
    }

    /// How many groups had leases that are over.
    pub fn end_leases(&mut self, limit: usize, now: Millis) -> usize {
        for ended in 0..limit {
            let leased = self.groups.iter().enumerate();
            let leased = leased.filter_map(|(at, group)| Some((group.lease?, &group.name, at)));
            match leased.min() {
                Some((until, _, at)) if until <= now => {
                    self.end_group(at);
                }
                _ => return ended,
            }
        }
        limit
    }

    /// How many sessions ended, and who went offline.
    pub fn end_dropped(&mut self, limit: usize, now: Millis) -> (usize, Vec<Vec<u8>>) {
        let mut left = Vec::new();
        for ended in 0..limit {
            let Some(group) = self.dropping.first() else {
                return (ended, left);
            };
            let id = group.sessions[0].clone();
            match self.living(&id, now) {
                Some(at) => left.extend(self.end_session(at, now)),
                None => self.remove_session(&id),
            }
        }
        (limit, left)
    }

    /// All groups, in the order in which a set tells of them.
    pub fn all_groups(&self) -> Vec<ModelGroup> {
        let mut named = self.groups.clone();
        named.sort_by(|a, b| a.name.cmp(&b.name));
        named.extend(self.dropping.iter().cloned());
        named
    }
}
