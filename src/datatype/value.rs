//! What the server holds at a presence key.

use std::borrow::Cow;

use crate::core::time::Millis;
use crate::core::{Mover, PresenceSet, Uint};
use crate::expiry::schedule;
use crate::ffi::alloc;
use crate::ffi::guard::guard;
use crate::metrics;

/// A presence set, with the time for which the key is watched or the mark of a damaged set in its owner word. That is
/// not part of the key's state: it is not saved, replicated or compared.
pub struct Value {
    set: PresenceSet,
}

/// The owner word of a set whose key is not watched. Smaller ones are buckets of the schedule.
const NEVER: u64 = Uint::<5>::MAX;
/// The owner word of a set that is being changed, or whose change panicked.
const DAMAGED: u64 = NEVER - 1;

impl Value {
    /// A value for a key, which counts in the module's totals.
    pub fn new(mut set: PresenceSet) -> Box<Value> {
        set.note_bytes();
        set.owner_word = Uint::new(NEVER);
        metrics::KEYS.replace_anywhere(0, 1);
        metrics::MEMBERS.replace_anywhere(0, set.len());
        metrics::BYTES.replace_anywhere(0, set.noted_bytes());
        Box::new(Value { set })
    }

    /// The time for which the key is watched, `Millis::MAX` if it is not.
    pub fn queued(&self) -> Millis {
        match self.set.owner_word.get() {
            NEVER | DAMAGED => Millis::MAX,
            bucket => schedule::slot_of(bucket),
        }
    }

    /// Keeps the time for which the key is watched, `Millis::MAX` if it is not. A damaged one never is.
    pub fn set_queued(&mut self, queued: Millis) {
        if !self.is_damaged() {
            self.set.owner_word = match queued {
                Millis::MAX => Uint::new(NEVER),
                slot => Uint::new(schedule::bucket_of(slot)),
            };
        }
    }

    /// The set, to be read. `None` where it is damaged.
    #[inline]
    pub fn set(&mut self) -> Option<&mut PresenceSet> {
        (!self.is_damaged()).then_some(&mut self.set)
    }

    /// A copy for another key. `None` where the set is damaged.
    pub fn duplicate(&self) -> Option<Box<Value>> {
        (!self.is_damaged()).then(|| Value::new(self.set.clone()))
    }

    /// The set as it is saved. A damaged one is saved with its settings and peak only, so that nothing half-changed
    /// comes back as if it were sound.
    pub fn saved(&self) -> Cow<'_, PresenceSet> {
        if !self.is_damaged() {
            return Cow::Borrowed(&self.set);
        }
        // If it had members, the time of its peak is the latest that is known.
        let since = self.set.empty_since().max(self.set.peak().at);
        Cow::Owned(self.set.emptied(since))
    }

    /// A set to take the place of a damaged one, see [`PresenceSet::emptied`].
    pub fn emptied(&self, at: Millis) -> PresenceSet {
        self.set.emptied(at)
    }

    /// Whether the set is damaged.
    pub fn is_damaged(&self) -> bool {
        self.set.owner_word.get() == DAMAGED
    }

    /// The block that a compact set's members are in, see [`PresenceSet::buffer`].
    #[allow(clippy::borrowed_box)] // as there
    pub fn buffer(&self) -> Option<&Box<[u8]>> {
        self.set.buffer()
    }

    /// How many allocations the set has.
    pub fn allocations(&self) -> usize {
        self.set.allocations()
    }

    /// Changes the set, and brings the module's totals up to date. `None`: the change panicked, which is logged, and
    /// the set is damaged.
    #[inline]
    pub fn change<R>(&mut self, change: impl FnOnce(&mut PresenceSet) -> R) -> Option<R> {
        let (len, bytes) = (self.set.len(), self.set.noted_bytes());
        let calls = alloc::calls();
        let word = std::mem::replace(&mut self.set.owner_word, Uint::new(DAMAGED));
        let result = guard("a change", || change(&mut self.set));
        if result.is_some() {
            self.set.owner_word = word;
        }
        if alloc::calls() != calls {
            self.set.note_bytes();
        }
        if self.set.len() != len {
            metrics::MEMBERS.replace(len, self.set.len());
        }
        if self.set.noted_bytes() != bytes {
            metrics::BYTES.replace(bytes, self.set.noted_bytes());
        }
        result
    }

    /// Moves the set's blocks (`core::Mover`) from a step on. Returns the step to go on with.
    pub fn relocate(&mut self, from: usize, mover: &mut impl Mover) -> Option<usize> {
        self.set.relocate(from, mover)
    }

    /// Bytes allocated for the value.
    pub fn bytes(&self) -> usize {
        self.set.bytes()
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        // This may run on any thread, so it touches nothing but the totals.
        metrics::KEYS.replace_anywhere(1, 0);
        metrics::MEMBERS.replace_anywhere(self.set.len(), 0);
        metrics::BYTES.replace_anywhere(self.set.noted_bytes(), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{Attachment, Change, Members, Settings, TouchMode};

    const SETTINGS: Settings = Settings {
        ttl: 1000,
        retain: 0,
        linger: None,
        resolution: 0,
        cap: 0,
    };

    fn restart_peak(set: &mut PresenceSet) {
        let nobody = Members::Each(std::iter::empty());
        let changed = set.apply(Change::RestartPeak, nobody, 1, &mut ());
        assert!(changed.is_ok());
    }

    #[test]
    fn a_set_whose_change_was_cut_short_is_not_used_again() {
        let mut value = Value::new(PresenceSet::new(SETTINGS, 0));
        value.change(restart_peak);
        assert!(value.set().is_some());
        let cut_short: Option<()> = value.change(|_| panic!("a bug"));
        assert!(cut_short.is_none());
        assert!(value.set().is_none());
        assert!(value.duplicate().is_none());
        assert_eq!(value.saved().settings(), SETTINGS);
        assert!(value.is_damaged());
    }

    #[test]
    fn what_a_set_takes_is_noted_whoever_joins() {
        let mut value = Value::new(PresenceSet::new(SETTINGS, 0));
        for session in 0..1000_u32 {
            let id = session.to_string();
            let change = Change::Attach {
                attachment: Attachment::new(id.as_bytes(), None, None),
                at: None,
                ttl: None,
                mode: TouchMode::Now,
            };
            let member = Members::Each(std::iter::once(&b"ann"[..]));
            value.change(|set| set.apply(change, member, 1, &mut ()).is_ok());
            // What a B-tree takes is estimated by what is in it.
            let missed = value.bytes().abs_diff(value.set.noted_bytes());
            assert!(missed * 20 < value.bytes(), "{missed} of {}", value.bytes());
        }
        let before = value.set.noted_bytes();
        let change = Change::SetMeta {
            session: None,
            blob: &[b'x'; 4000],
            judged: false,
        };
        let member = Members::Each(std::iter::once(&b"ann"[..]));
        value.change(|set| set.apply(change, member, 1, &mut ()).is_ok());
        assert!(value.set.noted_bytes() >= before + 4000);
        assert_eq!(value.set.len(), 1);
    }

    #[test]
    fn a_value_keeps_the_time_for_which_it_is_watched() {
        let mut value = Value::new(PresenceSet::new(SETTINGS, 0));
        assert_eq!(value.queued(), Millis::MAX);
        for slot in [0, 64, 1_700_000_000_000, schedule::LAST, Millis::MAX] {
            value.set_queued(slot);
            value.change(restart_peak);
            assert_eq!(value.queued(), slot);
            assert_eq!(
                value.duplicate().expect("it is sound").queued(),
                Millis::MAX
            );
        }
        let cut_short: Option<()> = value.change(|_| panic!("a bug"));
        assert!(cut_short.is_none());
        value.set_queued(64);
        assert!(value.is_damaged());
        assert_eq!(value.queued(), Millis::MAX, "a damaged one is not watched");
    }

    #[test]
    fn a_small_value_is_small() {
        assert_eq!(size_of::<Value>(), 48);
    }
}
