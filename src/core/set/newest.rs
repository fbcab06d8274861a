//! The moment of the newest touch, which says when a touch happened that is replicated without a time of its own.

use super::members::{Form, PresenceSet};
use crate::core::time::Millis;

impl PresenceSet {
    /// When the member was seen, or left, who was the last to. `None` without members. O(1) for each ttl in use.
    pub fn newest(&self) -> Option<Millis> {
        match &self.form {
            Form::Small(small) => small.iter().map(|member| member.touch.at).max(),
            Form::Table(table) => table.timeline.tree.newest(),
        }
    }

    /// Whether that was at this moment, where that is quick to tell: in a table of few ttls. `false` where it is not.
    #[inline]
    pub fn is_newest(&self, time: Millis) -> bool {
        match &self.form {
            Form::Small(_) => false,
            Form::Table(table) => table.timeline.tree.is_newest(time),
        }
    }
}
