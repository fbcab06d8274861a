//! The resolution of a set, which few sets have.
//!
//! It is to presence what `relatime` is to the times of a file: a touch that comes within that time of the member's last
//! recorded one, and is of the same ttl, would only move times on by less than that, so it changes nothing. Last seen may
//! be that much too old, and a member's time may end that much too early, but never too late.
//!
//! Only what happens now is judged by it: an import has rules of its own, and what is replayed was judged before.

use super::change::{Change, touch_of};
use super::members::PresenceSet;
use super::settings::Settings;
use crate::core::member::LookupKey;
use crate::core::time::Millis;
use crate::core::touch::{Touch, TouchMode};

impl PresenceSet {
    /// Whether a change is sure to leave the set as it is because it is a touch of one member that comes too soon. What
    /// follows from a change need not be prepared then.
    #[inline(never)]
    pub fn is_too_soon(&self, change: &Change, member: &LookupKey, now: Millis) -> bool {
        let Change::Touch { at, ttl, mode, .. } = *change else {
            return false;
        };
        mode == TouchMode::Now
            && self.resolution() > 0
            && self.leaves_out(member, touch_of(at, ttl, self.settings.ttl.get(), now))
    }

    /// Whether a touch that happens now comes so soon after the member's last one that it is not recorded. With a ttl of
    /// its own that is short, a member's time could be over long before it should be: it ends by half too early at most.
    ///
    /// A lookup of its own, so that sets without a resolution pay for no more than the question whether they have one.
    #[inline(never)]
    pub(super) fn leaves_out(&self, member: &LookupKey, touch: Touch) -> bool {
        let owner = self.table().and_then(|table| table.owner(member));
        let old = match owner {
            Some(owner) => self
                .table()
                .and_then(|table| table.owning().own_touch(owner)),
            None => self.get(member).map(|old| old.touch),
        };
        old.is_some_and(|old| self.is_just_seen(old, touch))
    }

    /// Whether a touch comes so soon after the last one of the same source.
    pub(super) fn is_just_seen(&self, old: Touch, touch: Touch) -> bool {
        let within = self
            .resolution()
            .min(Settings::longest_resolution(touch.ttl));
        let ago = touch.at.checked_sub(old.at);
        touch.ttl == old.ttl && ago.is_some_and(|ago| ago < within)
    }

    /// The settings' resolution; 0: each touch is recorded.
    #[inline(always)]
    pub(super) fn resolution(&self) -> Millis {
        self.rare().resolution.get()
    }
}
