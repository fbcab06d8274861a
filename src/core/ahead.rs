//! One member's touch in steps, so that the memory it needs comes while the caller does other work.
//!
//! A touch in a large set waits for memory twice: for the index, and for the slot that the index names. Many members are
//! touched in batches, which wait together (`table.rs`); one alone waits while the server is asked for the time and told
//! of the change.

use super::seen::Seen;
use super::set::{Error, Form, PresenceSet, Touch, Touched};
use super::sought::Sought;
use super::time::Millis;

impl PresenceSet {
    /// The first step: asks for the index.
    #[inline]
    pub fn ahead<'a>(&self, name: &'a [u8]) -> Sought<'a> {
        let member = Sought::new(name);
        match self.table() {
            None => member,
            Some(table) => {
                let member = member.hashed();
                table.index.prefetch(member.hash());
                member
            }
        }
    }

    /// The second step: asks for the slot.
    #[inline]
    pub fn further(&self, member: &mut Sought) {
        if let Form::Table(table) = &self.form {
            member.guess = table.index.guess(member.hash());
            if let Some(slot) = member.guess {
                table.slots.prefetch(slot);
            }
        }
    }

    /// The last step, as [`touch`](Self::touch). The set has not changed since the others.
    #[inline]
    pub fn touch_ahead(
        &mut self,
        member: &Sought,
        seen: Seen,
        touch: Touch,
        now: Millis,
    ) -> Result<Touched, Error> {
        self.check_room_for(1)?;
        Ok(self.touch_one(member, seen.bounded(), touch, now))
    }
}
