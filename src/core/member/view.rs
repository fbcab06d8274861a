//! A member as it leaves the core: in lists, walks, scans, dumps, removals and reports of time-outs.

use crate::core::time::Millis;
use crate::core::touch::{Touch, TouchState};

/// A member, seen from outside. What members carry besides comes here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberView<'a> {
    /// The name, byte for byte as it came.
    pub name: &'a [u8],
    /// The newest touch.
    pub touch: Touch,
    /// Whether the time-out of that touch has been reported, or never will be.
    pub timeout_reported: bool,
}

impl<'a> MemberView<'a> {
    #[inline]
    pub(in crate::core) fn new(name: &'a [u8], state: TouchState) -> MemberView<'a> {
        MemberView {
            name,
            touch: state.touch,
            timeout_reported: state.timeout_reported,
        }
    }

    /// The touch as it is stored.
    #[inline]
    pub(in crate::core) fn state(&self) -> TouchState {
        TouchState {
            touch: self.touch,
            timeout_reported: self.timeout_reported,
        }
    }

    /// Whether it has timed out at `now` and that has not been reported.
    #[inline]
    pub fn is_unreported(&self, now: Millis) -> bool {
        self.state().is_unreported(now)
    }
}
