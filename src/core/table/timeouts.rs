//! Reporting the members of a table whose time was up.

use super::followers::name_at;
use super::store::Table;
use crate::core::member::MemberView;
use crate::core::time::Millis;
use crate::core::timeline::First;
use crate::core::touch::TouchState;

impl Table {
    /// See [`PresenceSet::report_timeouts`](crate::core::PresenceSet::report_timeouts).
    pub fn report_timeouts(
        &mut self,
        now: Millis,
        limit: usize,
        mut f: impl FnMut(MemberView),
    ) -> usize {
        let mut reported = 0;
        while reported < limit
            && let Some((time, first)) = self.timeline.next_timeout()
            && time <= now
        {
            let left = limit - reported;
            let (names, sessions) = (&self.names, self.sessions.as_deref());
            let f = |state: TouchState, member| {
                names.with_name(name_at(names, sessions, member), |name| {
                    f(MemberView::new(name, state.touch))
                })
            };
            reported += match first {
                First::OfLane(lane) => self.timeline.report(lane, now, left, f),
                First::OfChunk(chunk) => self.timeline.report_chunk(chunk, now, left, f),
            };
        }
        if reported > 0 {
            self.timeline.keep_up(now);
        }
        reported
    }
}
