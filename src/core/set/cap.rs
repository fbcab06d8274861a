//! The cap of a set: how many members may be online at once.
//!
//! It is judged before a change is made, over all that the change is about, so that a touch of several either passes or
//! changes nothing. Who is online already needs no seat, and whoever's time is up holds none, evicted or not. What is
//! replayed was judged before.

use super::change::Members;
use super::distinct::Distinct;
use super::members::{Error, PresenceSet};
use super::touching::keeps;
use crate::core::member::LookupKey;
use crate::core::time::Millis;
use crate::core::touch::{Touch, TouchMode};

impl PresenceSet {
    /// Refuses a touch by which more members would be online than the cap allows. A lookup of each member, but only where
    /// there are not seats for all of them. Not inlined, since few sets have a cap.
    #[inline(never)]
    pub(super) fn check_cap<'a>(
        &mut self,
        touch: Touch,
        mode: TouchMode,
        members: &Members<'a, impl ExactSizeIterator<Item = &'a [u8]> + Clone>,
        now: Millis,
    ) -> Result<(), Error> {
        let cap = self.rare().cap.get();
        if cap == 0 || mode == TouchMode::Replayed || !touch.is_online(now) {
            return Ok(());
        }
        let online = self.online(now) as u64;
        if online + members.len() as u64 <= cap {
            return Ok(());
        }
        let newcomers = match members {
            Members::Prefetched(member) => u64::from(self.comes_online(member, touch, mode, now)),
            Members::Each(members) => {
                let mut newcomers = Distinct::default();
                self.in_batches(members.clone(), true, |set, member| {
                    if set.comes_online(member, touch, mode, now) {
                        newcomers.insert(member);
                    }
                });
                newcomers.len() as u64
            }
        };
        match newcomers > 0 && online + newcomers > cap {
            true => Err(Error::Capped { online }),
            false => Ok(()),
        }
    }

    /// Whether a member who is not online would be by a touch that is up later than `now`.
    fn comes_online(&self, member: &LookupKey, touch: Touch, mode: TouchMode, now: Millis) -> bool {
        self.get(member).is_none_or(|old| {
            let old = old.touch;
            let stays = mode == TouchMode::Past && keeps(old, touch, self.retain(), now);
            !old.is_online(now) && !stays
        })
    }
}
