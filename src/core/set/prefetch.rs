//! One member's touch in two steps, so that the caller's other work hides its cache miss.
//!
//! A touch in a large set waits for the cache line with the member's name. Many members are touched in batches, which
//! wait together (`table/batch.rs`); one alone waits while the server is asked for the time and notified of the change.

use super::change::Change;
use super::members::{Error, PresenceSet};
use super::touching::Touched;
use crate::core::member::LookupKey;
use crate::core::time::Millis;
use crate::core::touch::{Touch, TouchMode};

impl PresenceSet {
    /// The first step: prefetches the buckets in which a change of one member, or session, will look for it.
    #[inline(always)]
    pub fn prefetch<'a>(&self, change: &Change, name: &'a [u8]) -> LookupKey<'a> {
        let key = LookupKey::new(name);
        let Some(table) = self.table() else {
            return key;
        };
        let key = key.hashed();
        let sessions = table.sessions.as_deref();
        match (change, sessions) {
            (Change::Beat { .. } | Change::Detach { .. }, Some(sessions)) => {
                sessions.prefetch_id(&key);
                return key;
            }
            (Change::Attach { attachment, .. }, Some(sessions)) => {
                sessions.prefetch_id(attachment.id());
            }
            _ => {}
        }
        table.names.prefetch(key.prefix());
        key
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
