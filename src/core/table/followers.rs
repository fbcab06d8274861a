//! Who keeps the ids of a table's entries, and has to follow when entries move: the names, or for a member who has sessions
//! their owner, whose number stands beside the name instead.

use super::sessions::Sessions;
use crate::core::index::{NameRef, Names};
use crate::core::refs::{EntryId, HashPrefix, MemberRef, MoveListener};

/// The names of a table's members, and where there are any, the owners of sessions.
pub struct Followers<'a> {
    pub names: &'a mut Names,
    pub sessions: &'a mut Option<Box<Sessions>>,
}

impl MoveListener for Followers<'_> {
    #[inline]
    fn moved(&mut self, from: MemberRef, to: EntryId) {
        match self.names.at(from) {
            Some(name) => {
                self.names.replace_entry_id(name, to);
            }
            None => self.owner_moved(from, to),
        }
    }

    #[inline]
    fn prefetch(&self, prefix: HashPrefix) {
        self.names.prefetch(prefix);
    }
}

impl Followers<'_> {
    #[cold]
    fn owner_moved(&mut self, from: MemberRef, to: EntryId) {
        let sessions = self.sessions.as_deref_mut();
        let sessions = sessions.expect("the timeline's members have names");
        let owner = owner_at(self.names, sessions, from).map(|(_, owner)| owner);
        sessions.set_entry(owner.expect("the timeline's members have names"), to);
    }
}

/// The name of a member whom the timeline knows by this reference.
#[inline]
pub fn name_at(names: &Names, sessions: Option<&Sessions>, member: MemberRef) -> NameRef {
    match names.at(member) {
        Some(name) => name,
        None => name_of_owner(names, sessions, member),
    }
}

#[cold]
fn name_of_owner(names: &Names, sessions: Option<&Sessions>, member: MemberRef) -> NameRef {
    let found = sessions.and_then(|sessions| owner_at(names, sessions, member));
    found.expect("the timeline's members have names").0
}

/// The name and the owner of a member who has sessions, and whom the timeline knows by this reference.
fn owner_at(names: &Names, sessions: &Sessions, member: MemberRef) -> Option<(NameRef, u32)> {
    let has_entry = |owner| sessions.entry(owner) == member.entry_id;
    let name = names.find_where(member.prefix, |entry_id| {
        entry_id.owner().is_some_and(has_entry)
    })?;
    Some((name, names.entry_id(name).owner()?))
}
