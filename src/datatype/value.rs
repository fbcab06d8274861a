//! What the server holds at a presence key.

use crate::core::time::Millis;
use crate::core::{Mover, PresenceSet};
use crate::metrics;

/// A presence set, and what the module keeps with it. What is beside the set is no part of the key's state: it is not
/// saved, replicated or compared.
pub struct Value {
    set: PresenceSet,
    /// Whether a change was cut short by a panic.
    damaged: bool,
    /// When the eviction will look at this key, `Millis::MAX` where it has not been told to.
    pub queued: Millis,
    /// Members and bytes that this value stands for in the module's totals.
    counted: (usize, usize),
}

impl Value {
    /// A value for a key; counted from now on.
    pub fn new(set: PresenceSet) -> Box<Value> {
        metrics::KEYS.add(1);
        let mut value = Box::new(Value {
            set,
            damaged: false,
            queued: Millis::MAX,
            counted: (0, 0),
        });
        value.count();
        value
    }

    /// The set, to be read. `None` where it is damaged.
    #[inline]
    pub fn set(&mut self) -> Option<&mut PresenceSet> {
        (!self.damaged).then_some(&mut self.set)
    }

    /// The set, to be read by a callback that cannot refuse.
    pub fn set_as_it_is(&self) -> &PresenceSet {
        &self.set
    }

    /// Changes the set. Should the change panic, the set is damaged and never used again.
    #[inline]
    pub fn change<R>(&mut self, change: impl FnOnce(&mut PresenceSet) -> R) -> R {
        let before = self.set.len();
        self.damaged = true;
        let result = change(&mut self.set);
        self.damaged = false;
        if self.set.len() != before {
            self.count();
        }
        result
    }

    /// Brings the module's totals up to date.
    fn count(&mut self) {
        let now = (self.set.len(), self.bytes());
        metrics::MEMBERS.replace(self.counted.0, now.0);
        metrics::BYTES.replace(self.counted.1, now.1);
        self.counted = now;
    }

    /// Moves the set's blocks (`core::Mover`) from a step on. Returns the step to go on with.
    pub fn relocate(&mut self, from: usize, mover: &mut impl Mover) -> Option<usize> {
        self.set.relocate(from, mover)
    }

    /// Bytes allocated for the value.
    pub fn bytes(&self) -> usize {
        size_of::<Value>() - size_of::<PresenceSet>() + self.set.bytes()
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        // On any thread: the totals are atomics, and nothing else is touched.
        metrics::KEYS.replace(1, 0);
        metrics::MEMBERS.replace(self.counted.0, 0);
        metrics::BYTES.replace(self.counted.1, 0);
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
    }
}
