//! Which of many names are online, each once.

use super::distinct::Distinct;
use super::members::PresenceSet;
use crate::core::time::Millis;

impl PresenceSet {
    /// Calls `f` for those of the members who are online, where each is named first. Returns how many.
    pub fn filter<'a>(
        &mut self,
        members: impl Iterator<Item = &'a [u8]>,
        now: Millis,
        mut f: impl FnMut(&'a [u8]),
    ) -> usize {
        let mut online = Distinct::default();
        self.in_batches(members, false, |set, member| {
            if set.is_online(member, now) && online.insert(member) {
                f(member.name());
            }
        });
        online.len()
    }
}
