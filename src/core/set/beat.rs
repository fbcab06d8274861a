//! Sessions that are seen again, many at once: what a gateway sends for all its connections.

use super::change::{Effects, Members, Observer};
use super::members::{Form, PresenceSet};
use super::sessions::lasting;
use crate::core::table::{BATCH, Batch, Sessions};
use crate::core::time::Millis;
use crate::core::touch::{Touch, TouchMode};

impl PresenceSet {
    /// Sessions are seen again, those that there are.
    pub(super) fn apply_beat<'a>(
        &mut self,
        touch: Touch,
        mode: TouchMode,
        sessions: Members<'a, impl ExactSizeIterator<Item = &'a [u8]>>,
        now: Millis,
        observer: &mut impl Observer,
    ) -> Effects {
        let touch = touch.bounded();
        let mut effects = Effects {
            touch: Some(touch),
            due: Some(touch.end()),
            ..Effects::default()
        };
        let is_judged = mode == TouchMode::Now && self.resolution() > 0;
        let mut ids = sessions.names();
        let mut position = 0;
        loop {
            let batch = Batch::of(&mut ids);
            if batch.members().is_empty() {
                break;
            }
            let found = &mut [None; BATCH];
            let found = self.find_sessions(&batch, found);
            if !is_judged && self.beat_all(found, touch, now) {
                for _ in found {
                    observer.changed(position);
                    position += 1;
                }
                effects.sessions += found.len();
                effects.members += found.len();
                continue;
            }
            for found in found {
                let living = found.filter(|session| {
                    self.table()
                        .is_some_and(|table| table.is_living(*session, now))
                });
                match living {
                    None => observer.missing(position),
                    Some(session) => {
                        effects.sessions += 1;
                        if !(is_judged && self.is_just_beaten(session, touch)) {
                            self.beat(session, touch, now);
                            observer.changed(position);
                            effects.members += 1;
                        }
                    }
                }
                position += 1;
            }
        }
        effects.changed = effects.members > 0;
        effects
    }

    /// Beats sessions together, if all live and each is all that its member has. Returns whether that was so; else nothing was
    /// changed.
    fn beat_all(&mut self, found: &[Option<u32>], touch: Touch, now: Millis) -> bool {
        // Where members are retained, a session that is beaten gets a touch of its own.
        if self.retain() > 0 || !touch.is_online(now) {
            return false;
        }
        let Form::Table(table) = &mut self.form else {
            return false;
        };
        let mut sessions = [0; BATCH];
        for (session, found) in sessions.iter_mut().zip(found) {
            match found {
                Some(found) => *session = *found,
                None => return false,
            }
        }
        table.refresh_sessions(&sessions[..found.len()], touch, now)
    }

    /// Finds sessions by their ids, with their cache misses at the same time.
    pub(super) fn find_sessions<'f>(
        &self,
        ids: &Batch,
        found: &'f mut [Option<u32>; BATCH],
    ) -> &'f [Option<u32>] {
        if let Some(all) = self.table_sessions() {
            for id in ids.members() {
                all.prefetch_id(id);
            }
            for (found, id) in found.iter_mut().zip(ids.members()) {
                *found = all.find(id);
                if let Some(session) = *found {
                    all.prefetch(session);
                }
            }
        }
        &found[..ids.members().len()]
    }

    fn is_just_beaten(&self, session: u32, touch: Touch) -> bool {
        let old = self.table().map(|table| table.session_touch(session));
        old.is_some_and(|old| self.is_just_seen(old, touch))
    }

    /// A session that lives is seen again.
    fn beat(&mut self, session: u32, touch: Touch, now: Millis) {
        if self.touch_session(session, touch, now) {
            return;
        }
        let table = self.make_table();
        let sessions = table.owning();
        let owner = sessions.owner(session);
        let end = match Sessions::as_sole(owner) {
            Some(_) => touch.end(),
            None => table.end_of(owner).unwrap_or(0),
        };
        // Its entry is not read if it cannot be later.
        let at = match sessions.is_latest(touch.at) {
            true => touch.at,
            false => table.owner_state(owner).touch.at.max(touch.at),
        };
        table.touch_owner(owner, lasting(at, end, now));
    }
}
