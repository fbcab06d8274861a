//! The end of members, and of the set: when something is due, and when nothing is left to keep.

use super::members::{Form, PresenceSet};
use crate::core::time::Millis;

impl PresenceSet {
    /// When the next member, or session, is due for removal; without members, when the key itself is. `None`: never.
    pub fn next_due(&mut self) -> Option<Millis> {
        let retain = self.retain();
        let of_members = if self.is_empty() {
            let linger = self.settings.linger().filter(|_| !self.awaits_first());
            linger.map(|linger| self.empty_since() + linger)
        } else {
            match &mut self.form {
                Form::Small(small) => small.iter().map(|member| member.touch.due(retain)).min(),
                Form::Table(table) => table.timeline.next_due(retain).map(|(due, _)| due),
            }
        };
        let of_sessions = self.sessions_mut().and_then(|all| all.next_due());
        of_members.into_iter().chain(of_sessions).min()
    }

    /// Whether a key that lingers for no time at all was made ahead of its first member, for which it is kept: it would
    /// otherwise be gone before the settings it was made for could apply.
    fn awaits_first(&self) -> bool {
        self.settings.linger() == Some(0) && self.is_untouched()
    }

    /// Whether the key is no more at `now`: nothing is remembered, and its linger is over, though nobody may have
    /// removed it yet.
    #[inline]
    pub fn is_gone(&mut self, now: Millis) -> bool {
        let Some(linger) = self.settings.linger() else {
            return false;
        };
        // The first is quick, and nearly always decides.
        self.online(now) == 0
            && !self.awaits_first()
            && !self.is_leased(now)
            && self.is_over(linger, now)
    }

    /// Whether the last member is or was due for removal so long before `now`.
    fn is_over(&mut self, linger: Millis, now: Millis) -> bool {
        let (retain, empty_since) = (self.retain(), self.empty_since());
        let last_due = match &mut self.form {
            Form::Small(small) if small.len() == 0 => empty_since,
            Form::Table(table) if table.len() == 0 => empty_since,
            Form::Small(small) => small
                .iter()
                .map(|member| member.touch.due(retain))
                .max()
                .unwrap_or(0),
            Form::Table(table) => {
                let cutoff = now.checked_sub(linger);
                return cutoff.is_some_and(|cutoff| table.timeline.is_all_due(cutoff, retain));
            }
        };
        last_due + linger <= now
    }
}
