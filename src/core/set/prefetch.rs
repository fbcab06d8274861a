//! One member's touch in two steps, so that the caller's other work hides its cache miss.
//!
//! A touch in a large set waits for the cache line with the member's name. Many members are touched in batches, which
//! wait together (`table/batch.rs`); one alone waits while the server is asked for the time and notified of the change.

use super::members::{Error, PresenceSet};
use super::touching::Touched;
use crate::core::member::LookupKey;
use crate::core::time::Millis;
use crate::core::touch::{Touch, TouchMode};

impl PresenceSet {
    /// The first step: prefetches the bucket in which the member will be looked for.
    #[inline(always)]
    pub fn prefetch<'a>(&self, name: &'a [u8]) -> LookupKey<'a> {
        let member = LookupKey::new(name);
        match self.table() {
            None => member,
            Some(table) => {
                let member = member.hashed();
                table.names.prefetch(member.prefix());
                member
            }
        }
    }

    /// The second step, as [`touch`](Self::touch).
    #[inline]
    pub(in crate::core) fn touch_prefetched(
        &mut self,
        member: &LookupKey,
        touch: Touch,
        mode: TouchMode,
        now: Millis,
    ) -> Result<Touched, Error> {
        self.check_room_for(1)?;
        Ok(self.touch_one(member, touch.bounded(), mode, now))
    }
}
