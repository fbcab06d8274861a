//! Groups of sessions (`table/sessions/groups.rs`), their leases, and the end of both.

use std::collections::BTreeSet;

use super::change::{Effects, Members, Observer};
use super::members::{Error, PresenceSet};
use crate::core::table::{BATCH, MAX_GROUPS, Sessions};
use crate::core::time::{MAX_TIME, Millis};
use crate::core::touch::Touch;

impl PresenceSet {
    /// How many sessions are still to end, since their groups are dropped or had leases that are over.
    pub fn dropping(&self) -> usize {
        let groups = self.table_sessions().and_then(Sessions::groups);
        groups.map_or(0, |groups| groups.dropping())
    }

    /// When a lease is over next, or sessions are to end, which they are at once.
    pub(super) fn next_end(&self) -> Option<Millis> {
        match self.dropping() {
            0 => self.table_sessions()?.groups()?.next_lease(),
            _ => Some(0),
        }
    }

    /// Whether any group has a lease at `now`.
    pub(super) fn is_leased(&self, now: Millis) -> bool {
        let groups = self.table_sessions().and_then(Sessions::groups);
        groups.is_some_and(|groups| groups.last_lease().is_some_and(|until| until > now))
    }

    /// Refuses groups that would be too many.
    pub(super) fn check_groups<'a>(
        &self,
        names: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), Error> {
        let groups = self.table_sessions().and_then(Sessions::groups);
        let is_new = |name: &&[u8]| groups.is_none_or(|groups| groups.named(name).is_none());
        let new: BTreeSet<_> = names.filter(is_new).collect();
        let there = groups.map_or(0, |groups| groups.named_len());
        match there + new.len() > MAX_GROUPS && !new.is_empty() {
            true => Err(Error::TooManyGroups),
            false => Ok(()),
        }
    }

    /// Groups have a lease for `ttl` from `at` on. One whose lease is over by then is another group.
    pub(super) fn apply_lease<'a>(
        &mut self,
        at: Millis,
        ttl: Millis,
        names: Members<'a, impl ExactSizeIterator<Item = &'a [u8]> + Clone>,
    ) -> Result<Effects, Error> {
        let names: Vec<_> = names.names().collect();
        self.check_groups(names.iter().copied())?;
        let until = at.min(MAX_TIME) + ttl;
        let sessions = self.make_sessions();
        sessions.change_groups(|groups| {
            for name in names {
                groups.end_over(name, at);
                if let Some(group) = groups.make(name) {
                    groups.set_lease(group, until);
                }
            }
        });
        Ok(Effects {
            changed: true,
            touch: Some(Touch { at, ttl }),
            ..Effects::default()
        })
    }

    /// The sessions of groups end, the first of them at once. `sessions` of the effects are all of them, `members` those who
    /// went offline.
    pub(super) fn apply_drop<'a>(
        &mut self,
        limit: usize,
        names: Members<'a, impl ExactSizeIterator<Item = &'a [u8]>>,
        now: Millis,
        observer: &mut impl Observer,
    ) -> Effects {
        let mut effects = Effects {
            touch: Some(Touch {
                at: now,
                ttl: limit as Millis,
            }),
            ..Effects::default()
        };
        let Some(sessions) = self.sessions_mut().filter(|all| all.groups().is_some()) else {
            return effects;
        };
        sessions.change_groups(|groups| {
            for name in names.names() {
                if let Some(group) = groups.named(name) {
                    effects.changed = true;
                    effects.sessions += groups.end(group);
                }
            }
        });
        let (ended, left) = self.end_dropped(limit, now, observer);
        effects.members = left;
        // Those of groups that were dropped before, where there are none of these names.
        effects.changed |= ended > 0;
        effects
    }

    /// The groups whose leases are over are dropped, at most `limit` of them.
    pub(super) fn apply_end_leases(&mut self, limit: usize, now: Millis) -> Effects {
        let mut ended = 0;
        while ended < limit
            && let Some(sessions) = self.sessions_mut()
            && let Some(groups) = sessions.groups()
            && let Some(group) = groups.first_over(now)
        {
            sessions.change_groups(|groups| groups.end(group));
            ended += 1;
        }
        self.drop_sessions();
        Effects {
            changed: ended > 0,
            members: ended,
            ..Effects::default()
        }
    }

    /// Sessions of dropped groups end, at most `limit`, in the order of their attachment. Returns how many did, and how many
    /// members went offline.
    pub(super) fn end_dropped(
        &mut self,
        limit: usize,
        now: Millis,
        observer: &mut impl Observer,
    ) -> (usize, usize) {
        let (mut ended, mut left) = (0, 0);
        while ended < limit
            && let Some(sessions) = self.table_sessions()
            && let Some(session) = sessions
                .groups()
                .and_then(|groups| groups.next_to_end().next())
        {
            if ended.is_multiple_of(BATCH) {
                self.table().inspect(|table| table.prefetch_dropping());
            }
            if self
                .table()
                .is_some_and(|table| table.is_living(session, now))
            {
                left += usize::from(self.end_session(session, now, observer));
            } else {
                self.make_table().remove_session(session);
            }
            ended += 1;
        }
        self.drop_sessions();
        (ended, left)
    }

    pub(super) fn sessions_mut(&mut self) -> Option<&mut Sessions> {
        self.table_box_mut()?.sessions.as_deref_mut()
    }
}
