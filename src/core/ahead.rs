//! One member's touch in steps, so that the memory it needs comes while the caller does other work.
//!
//! A touch in a large set waits for memory three times: for the index, for the slot that the index names, and for the
//! old entry that the slot names. Many members are touched in batches, which wait together (`table.rs`); one alone waits
//! while the server is asked for the time and told of the change.

use super::member::Packed;
use super::seen::Seen;
use super::set::{Error, Form, PresenceSet, Touch, Touched};
use super::time::Millis;

/// A member that is about to be touched.
pub struct Ahead<'a> {
    name: &'a [u8],
    member: Packed<'a>,
    /// Where the set was a table.
    hash: Option<u64>,
}

impl<'a> Ahead<'a> {
    /// The member's name.
    pub fn name(&self) -> &'a [u8] {
        self.name
    }
}

impl PresenceSet {
    /// The first step: asks for the index.
    #[inline]
    pub fn ahead<'a>(&self, name: &'a [u8]) -> Ahead<'a> {
        let member = Packed::new(name);
        let hash = self.table().map(|table| {
            let hash = member.hash();
            table.index.prefetch(hash);
            hash
        });
        Ahead { name, member, hash }
    }

    /// The second step: asks for the slot.
    #[inline]
    pub fn further(&self, ahead: &Ahead) {
        if let (Form::Table(table), Some(hash)) = (&self.form, ahead.hash)
            && let Some(slot) = table.index.guess(hash)
        {
            table.slots.prefetch(slot);
        }
    }

    /// The last step, as [`touch`](Self::touch).
    #[inline]
    pub fn touch_ahead(
        &mut self,
        ahead: &Ahead,
        seen: Seen,
        touch: Touch,
        now: Millis,
    ) -> Result<Touched, Error> {
        self.check_room_for(1)?;
        let seen = seen.bounded();
        Ok(self.touch_one(ahead.name, &ahead.member, ahead.hash, seen, touch, now))
    }
}
