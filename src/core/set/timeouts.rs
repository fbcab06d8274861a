//! Reporting members who timed out (`timeline/timeouts.rs`).

use super::members::{Form, PresenceSet};
use crate::core::member::MemberView;
use crate::core::time::Millis;

impl PresenceSet {
    /// Calls `f` for members who have timed out at `now` and have not been reported, at most `limit`, and notes that
    /// they have. Returns how many. O(log n) for each ttl in use, and O(1) for each member.
    pub(in crate::core) fn report_timeouts(
        &mut self,
        now: Millis,
        limit: usize,
        f: impl FnMut(MemberView),
    ) -> usize {
        match &mut self.form {
            Form::Small(small) => small.report_timeouts(now, limit, f),
            Form::Table(table) => table.report_timeouts(now, limit, f),
        }
    }

    /// When the next unreported member times out, where this is before it is removed. `None`: all those
    /// who go offline are removed at that moment.
    pub(in crate::core) fn next_timeout(&mut self) -> Option<Millis> {
        let retain = self.retain();
        match &mut self.form {
            Form::Small(small) => small.next_timeout(retain),
            Form::Table(table) if table.timeline.shortest_ttl()? < retain => {
                table.timeline.next_timeout().map(|(time, _)| time)
            }
            Form::Table(_) => None,
        }
    }
}
