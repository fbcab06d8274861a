//! A touch, and what follows from it as time goes by.

use crate::core::time::{MAX_DURATION, MAX_TIME, Millis, has_expired};

/// A member's newest touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// When it was last seen.
    pub at: Millis,
    /// How long that keeps it online; 0 for a member who left.
    pub ttl: Millis,
}

/// A touch as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TouchState {
    /// The touch.
    pub touch: Touch,
    /// Whether the time-out has been reported, or never will be because the member never came online
    /// (`timeline/timeouts.rs`).
    pub timeout_reported: bool,
}

/// How a touch meets the member's touch that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TouchMode {
    /// It happens at this moment and is the newest whatever is there, even if the clock has stepped back. Where it
    /// comes within the set's resolution of another, that one stays.
    Now,
    /// It happened in the past: it does not replace a later touch that is remembered, and is dropped where it would not
    /// be remembered itself.
    Past,
    /// It comes resolved from a primary or a log, and is applied as it stands.
    Replayed,
}

impl Touch {
    /// This touch with time and ttl clamped to what can be stored.
    #[inline]
    pub fn bounded(self) -> Touch {
        Touch {
            at: self.at.min(MAX_TIME),
            ttl: self.ttl.min(MAX_DURATION),
        }
    }

    /// Whether a member with this touch is online at `now`.
    #[inline]
    pub fn is_online(self, now: Millis) -> bool {
        !has_expired(self.at, self.ttl, now)
    }

    /// When a member with this touch is not online any more.
    #[inline]
    pub fn end(self) -> Millis {
        self.at + self.ttl
    }

    /// When a member with this touch is to be removed.
    #[inline]
    pub fn due(self, retain: Millis) -> Millis {
        self.at + self.ttl.max(retain)
    }

    /// How long a member with this touch stays online, in ms; 0 for one that is offline.
    pub fn ttl_left(self, now: Millis) -> Millis {
        if self.is_online(now) {
            self.at + self.ttl - now
        } else {
            0
        }
    }
}

impl TouchState {
    /// Whether it has timed out at `now` and that has not been reported.
    #[inline]
    pub fn is_unreported(self, now: Millis) -> bool {
        !self.timeout_reported && self.touch.ttl > 0 && !self.touch.is_online(now)
    }
}
