//! Sessions that are detached, many at once where a gateway goes: they end, or have a grace in which they may come back.

use super::change::{Effects, Members, Observer};
use super::members::PresenceSet;
use crate::core::member::LookupKey;
use crate::core::table::{BATCH, Batch};
use crate::core::time::Millis;
use crate::core::touch::Touch;

/// What becomes of a session that is detached.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detached {
    /// It was over already.
    Over,
    /// It is over before its grace would be.
    Unchanged,
    /// It has a grace.
    Waits,
    /// It has ended, and its member is offline.
    Left,
    /// It has ended, and its member is online without it.
    Stays,
}

impl PresenceSet {
    /// Sessions end, at once or after a while. `members` of the effects are those who went offline.
    pub(super) fn apply_detach<'a>(
        &mut self,
        grace: Millis,
        sessions: Members<'a, impl ExactSizeIterator<Item = &'a [u8]>>,
        now: Millis,
        observer: &mut impl Observer,
    ) -> Effects {
        let touch = Touch {
            at: now,
            ttl: grace,
        };
        let mut effects = Effects {
            touch: Some(touch),
            ..Effects::default()
        };
        let mut stays = false;
        let mut detach = |set: &mut Self, session, position| {
            let detached = set.detach(session, grace, now, observer);
            effects.sessions += usize::from(detached != Detached::Over);
            if !matches!(detached, Detached::Over | Detached::Unchanged) {
                effects.changed = true;
                effects.members += usize::from(detached == Detached::Left);
                stays |= detached == Detached::Stays;
                observer.changed(position);
            }
        };
        match sessions {
            Members::Prefetched(id) => {
                if let Some(session) = self.session(&id) {
                    self.prefetch_end(session);
                    detach(self, session, 0);
                }
            }
            Members::Each(mut ids) => {
                let mut positions = 0..;
                while self.has_sessions() {
                    let batch = Batch::of(&mut ids);
                    if batch.members().is_empty() {
                        break;
                    }
                    self.prefetch_ends(&batch);
                    for (id, position) in batch.members().iter().zip(&mut positions) {
                        // Looked for again: it may have been named twice.
                        if let Some(session) = self.session(id) {
                            detach(self, session, position);
                        }
                    }
                }
            }
        }
        // Who stays does until something that may have been hidden behind the session is over.
        effects.due = if stays { None } else { self.due_after(touch) };
        effects
    }

    fn detach(
        &mut self,
        session: u32,
        grace: Millis,
        now: Millis,
        observer: &mut impl Observer,
    ) -> Detached {
        let table = self.make_table();
        if !table.is_living(session, now) {
            return Detached::Over;
        }
        if grace == 0 {
            return match self.end_session(session, now, observer) {
                true => Detached::Left,
                false => Detached::Stays,
            };
        }
        let old = table.session_touch(session);
        if old.end() <= now + grace {
            return Detached::Unchanged;
        }
        let owner = table.owning().owner(session);
        let at = old.at.min(now);
        let ttl = now + grace - at;
        if !self.touch_session(session, Touch { at, ttl }.bounded(), now) {
            self.settle_touch(owner, at, now);
        }
        Detached::Waits
    }

    fn session(&self, id: &LookupKey) -> Option<u32> {
        self.table_sessions()?.find(id)
    }

    /// Prefetches what the ends of these sessions read, a step of all of them after the other.
    fn prefetch_ends(&self, ids: &Batch) {
        let found = &mut [None; BATCH];
        for session in self.find_sessions(ids, found).iter().flatten() {
            self.prefetch_end(*session);
        }
    }

    fn prefetch_end(&self, session: u32) {
        if let Some(table) = self.table() {
            table.prefetch_end(session);
        }
    }
}
