//! What must hold inside a table between any two operations.

use super::store::Table;
use crate::core::member::LookupKey;
use crate::core::refs::MemberRef;

impl Table {
    /// Panics where the table contradicts itself.
    pub fn check(&self) {
        self.timeline.check();
        let names = &self.names;
        let mut owners = Vec::new();
        assert_eq!(names.len(), self.timeline.len());
        assert_eq!(names.len(), names.name_refs().len());
        for found in names.name_refs() {
            let member = names.member(found);
            let prefix = names.with_name(found, |name| {
                let key = LookupKey::new(name);
                let expected = (found, names.entry_id(found));
                assert_eq!(names.find(&key), Some(expected), "{member:?} is found");
                key.prefix()
            });
            let entry_id = self.entry_id(found);
            self.timeline.check_entry(MemberRef { prefix, entry_id });
            assert_eq!(self.name_at(MemberRef { prefix, entry_id }), found);
            if let Some(owner) = names.entry_id(found).owner() {
                owners.push((owner, self.timeline.state(entry_id).touch));
            }
        }
        match &self.sessions {
            Some(sessions) => sessions.check(&owners, &self.timeline),
            None => assert_eq!(owners, []),
        }
    }
}
