//! What the server holds at a presence key.

use std::borrow::Cow;

use crate::core::time::Millis;
use crate::core::{Compact, Mover, PresenceSet};
use crate::metrics;

/// A presence set, and what the module keeps with it. What is beside the set is no part of the key's state: it is not
/// saved, replicated or compared.
pub struct Value {
    set: PresenceSet,
    /// See [`queued`](Self::queued); the largest number for never.
    queued: Compact<6>,
    /// Whether a change was cut short by a panic.
    damaged: bool,
}

/// Bytes of a value beside its set.
const BESIDE: usize = size_of::<Value>() - size_of::<PresenceSet>();

impl Value {
    /// A value for a key; counted from now on.
    pub fn new(mut set: PresenceSet) -> Box<Value> {
        set.note_bytes();
        metrics::KEYS.replace_anywhere(0, 1);
        metrics::MEMBERS.replace_anywhere(0, set.len());
        metrics::BYTES.replace_anywhere(0, BESIDE + set.noted_bytes());
        Box::new(Value {
            set,
            queued: Compact::new(Compact::<6>::MAX),
            damaged: false,
        })
    }

    /// When the eviction will look at this key, `Millis::MAX` where it has not been told to.
    pub fn queued(&self) -> Millis {
        match self.queued.get() {
            Compact::<6>::MAX => Millis::MAX,
            queued => queued,
        }
    }

    /// The eviction will look at this key then, or with `Millis::MAX` not at all.
    pub fn set_queued(&mut self, queued: Millis) {
        self.queued = Compact::new(queued.min(Compact::<6>::MAX));
    }

    /// The set, to be read. `None` where it is damaged.
    #[inline]
    pub fn set(&mut self) -> Option<&mut PresenceSet> {
        (!self.damaged).then_some(&mut self.set)
    }

    /// A copy for another key. `None` where the set is damaged.
    pub fn duplicate(&self) -> Option<Box<Value>> {
        (!self.damaged).then(|| Value::new(self.set.clone()))
    }

    /// The set as it is saved. Of a damaged one only the settings and the record: nothing half-changed may come back as
    /// if it were sound.
    pub fn saved(&self) -> Cow<'_, PresenceSet> {
        if !self.damaged {
            return Cow::Borrowed(&self.set);
        }
        let mut emptied = PresenceSet::new(self.set.settings(), self.set.empty_since());
        emptied.set_peak(self.set.peak());
        Cow::Owned(emptied)
    }

    /// Whether the set is damaged.
    pub fn is_damaged(&self) -> bool {
        self.damaged
    }

    /// The block that a compact set's members are in, see [`PresenceSet::buffer`].
    pub fn buffer(&self) -> Option<&[u8]> {
        self.set.buffer()
    }

    /// How many allocations the set has.
    pub fn allocations(&self) -> usize {
        self.set.allocations()
    }

    /// Changes the set, and brings the module's totals up to date. Should the change panic, the set is damaged and never
    /// used again.
    #[inline]
    pub fn change<R>(&mut self, change: impl FnOnce(&mut PresenceSet) -> R) -> R {
        let (len, bytes) = (self.set.len(), self.set.noted_bytes());
        self.damaged = true;
        let result = change(&mut self.set);
        self.damaged = false;
        if self.set.len() != len {
            self.set.note_bytes();
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
        BESIDE + self.set.bytes()
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        // On any thread: nothing but the totals is touched.
        metrics::KEYS.replace_anywhere(1, 0);
        metrics::MEMBERS.replace_anywhere(self.set.len(), 0);
        metrics::BYTES.replace_anywhere(BESIDE + self.set.noted_bytes(), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Settings;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn a_set_whose_change_was_cut_short_is_not_used_again() {
        let settings = Settings {
            ttl: 1000,
            retain: 0,
            linger: None,
        };
        let mut value = Value::new(PresenceSet::new(settings, 0));
        value.change(|set| set.set_emptied(1));
        assert!(value.set().is_some());
        let cut_short = catch_unwind(AssertUnwindSafe(|| value.change(|_| panic!("a bug"))));
        assert!(cut_short.is_err());
        assert!(value.set().is_none());
        assert!(value.duplicate().is_none());
        assert_eq!(value.saved().settings(), settings);
        assert!(value.is_damaged());
    }

    #[test]
    fn a_small_value_is_small() {
        assert_eq!(size_of::<Value>(), 64);
    }
}
