//! Metadata of members (`table/metadata.rs`). A set that has any is a table.
//!
//! It lives as long as the member is remembered. Whoever is removed loses it; whoever is stored and not remembered any more
//! has none for those who ask, and comes back without it.

use super::change::{Effects, Members, Observer};
use super::members::PresenceSet;
use crate::core::member::{LookupKey, MemberView};
use crate::core::time::Millis;

impl PresenceSet {
    /// Whether any member has metadata.
    #[inline]
    pub fn has_metadata(&self) -> bool {
        self.table().is_some_and(|table| table.metadata.is_some())
    }

    /// Those of these members who have metadata, and are not remembered at `now`.
    pub fn forgotten_with_metadata<'a>(
        &self,
        members: impl Iterator<Item = &'a [u8]>,
        now: Millis,
    ) -> Vec<&'a [u8]> {
        let is_forgotten = |name: &&[u8]| {
            let member = LookupKey::with_hash(name);
            let has_any = self
                .table()
                .is_some_and(|table| table.meta(&member).is_some());
            // Looked up only where there is something to take away.
            has_any
                && self
                    .get(&member)
                    .is_some_and(|state| !self.remembers(state.touch, now))
        };
        members.filter(is_forgotten).collect()
    }

    /// Members' metadata is `blob` from now on. If it is `judged`, only of those who are remembered at `now`.
    pub(super) fn apply_set_meta<'a>(
        &mut self,
        (blob, judged): (&[u8], bool),
        members: Members<'a, impl ExactSizeIterator<Item = &'a [u8]>>,
        now: Millis,
        observer: &mut impl Observer,
    ) -> Effects {
        let mut effects = Effects::default();
        for name in members.names() {
            let member = LookupKey::with_hash(name);
            let Some(state) = self.get(&member) else {
                continue;
            };
            if judged && !self.remembers(state.touch, now) {
                continue;
            }
            effects.members += 1;
            if self.set_meta(&member, blob) {
                effects.changed = true;
                observer.updated(MemberView::new(name, state.touch));
            }
        }
        effects
    }

    /// The metadata of a member who is there is this. Returns whether it was another before.
    pub(in crate::core) fn set_meta(&mut self, member: &LookupKey, blob: &[u8]) -> bool {
        if blob.is_empty() && !self.has_metadata() {
            return false;
        }
        self.make_table().set_meta(member, blob)
    }
}
