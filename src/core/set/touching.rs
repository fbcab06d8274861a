//! Touching members: how a new touch meets the one that is there.

use super::members::{Error, Form, PresenceSet};
use super::removal::Removal;
use crate::core::member::LookupKey;
use crate::core::table::{Met, Table};
use crate::core::time::Millis;
use crate::core::touch::{Touch, TouchMode, TouchState};

/// What a touch did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Whether the touch was applied; of one that was ignored, or came too soon after another (`resolution.rs`),
    /// nothing has changed.
    pub applied: bool,
    /// Whether the member is online now and was not before.
    pub joined: bool,
    /// The touch that was there, where it had timed out, or the new one ends it, and that had not been reported
    /// (`timeline/timeouts.rs`).
    pub timed_out: Option<Touch>,
}

impl Touched {
    /// What a touch did that met one by which the member is online.
    const REFRESHED: Touched = Touched {
        applied: true,
        joined: false,
        timed_out: None,
    };

    /// What a touch did that met this at `now`.
    #[inline]
    fn after(met: Met, touch: Touch, now: Millis) -> Touched {
        Touched {
            applied: true,
            joined: met != Met::Online && touch.is_online(now),
            timed_out: match met {
                Met::Offline(old) if old.is_unreported(now) => Some(old.touch),
                _ => None,
            },
        }
    }
}

impl PresenceSet {
    /// Touches members: each was seen at `touch.at` and stays online for `touch.ttl`. `now` is the command's own time.
    /// A ttl of 0 is the touch of one who leaves. `f` is given what became of each member, in order. The peak is left
    /// to [`judge_peak`](Self::judge_peak).
    pub(in crate::core) fn touch<'a>(
        &mut self,
        members: impl ExactSizeIterator<Item = &'a [u8]>,
        touch: Touch,
        mode: TouchMode,
        now: Millis,
        mut f: impl FnMut(&'a [u8], Touched),
    ) -> Result<(), Error> {
        self.check_room_for(members.len())?;
        let touch = touch.bounded();
        self.each_batch(members, false, |set, batch| {
            if set.refresh_all(batch, touch, mode, now) {
                for member in batch {
                    f(member.name(), Touched::REFRESHED);
                }
                return;
            }
            for member in batch {
                f(member.name(), set.touch_one(member, touch, mode, now));
            }
        });
        Ok(())
    }

    /// Touches members together, if all are online. Returns whether that was so; else nothing was changed.
    #[inline]
    fn refresh_all(
        &mut self,
        members: &[LookupKey],
        touch: Touch,
        mode: TouchMode,
        now: Millis,
    ) -> bool {
        let table = self.plain_table(touch, mode, now);
        table.is_some_and(|table| table.refresh_all(members, touch, now))
    }

    /// The table, where this touch is recorded of whomever it meets, and is not over already.
    #[inline]
    fn plain_table(&mut self, touch: Touch, mode: TouchMode, now: Millis) -> Option<&mut Table> {
        let leaves = touch.ttl == 0 && self.retain() > 0;
        if !leaves && !touch.is_online(now) || !self.records_all(mode) {
            return None;
        }
        match &mut self.form {
            Form::Table(table) => Some(table),
            Form::Small(_) => None,
        }
    }

    /// Whether a touch is recorded whatever it meets.
    #[inline]
    fn records_all(&self, mode: TouchMode) -> bool {
        match mode {
            TouchMode::Now => self.resolution() == 0,
            TouchMode::Past => false,
            TouchMode::Replayed => true,
        }
    }

    /// A member leaves of whom nothing is retained. Not inlined, since a touch is mostly something else.
    #[inline(never)]
    fn take_away(&mut self, member: &LookupKey, at: Millis) -> Touched {
        Touched {
            applied: self.remove(Removal::Member(member, at), |_, _| {}) > 0,
            ..Touched::default()
        }
    }

    /// Touches one member.
    #[inline]
    pub(super) fn touch_one(
        &mut self,
        member: &LookupKey,
        touch: Touch,
        mode: TouchMode,
        now: Millis,
    ) -> Touched {
        if let Some(table) = self.plain_table(touch, mode, now)
            && let Some(met) = table.touch(member, touch, now)
        {
            return Touched::after(met, touch, now);
        }
        if self.has_sessions()
            && let Some(touched) = self.touch_owner(member, touch, mode, now)
        {
            return touched;
        }
        let retain = self.retain();
        if touch.ttl == 0 && retain == 0 {
            return self.take_away(member, touch.at);
        }
        if mode == TouchMode::Now && self.resolution() > 0 && self.leaves_out(member, touch) {
            return Touched::default();
        }
        let leaves_nothing = mode == TouchMode::Past && touch.due(retain) <= now;
        if leaves_nothing {
            match self.get(member) {
                Some(old) if self.remembers(old.touch, now) => {}
                _ => return Touched::default(),
            }
        }
        let timeout_reported = touch.ttl > 0 && !touch.is_online(now);
        let (mut was_online, mut timed_out, mut stays) = (false, None, false);
        self.put(
            member,
            TouchState {
                touch,
                timeout_reported,
            },
            |old| {
                was_online = old.touch.is_online(now);
                if was_online && timeout_reported || !was_online && old.is_unreported(now) {
                    timed_out = Some(old.touch);
                }
                stays = mode == TouchMode::Past && keeps(old.touch, touch, retain, now);
                stays
            },
        );
        if stays {
            return Touched::default();
        }
        Touched {
            applied: true,
            joined: touch.is_online(now) && !was_online,
            timed_out,
        }
    }
}

/// Whether a touch that is there stays where one of the past meets it: it is a later one, and remembered.
#[inline]
pub(super) fn keeps(old: Touch, touch: Touch, retain: Millis, now: Millis) -> bool {
    old.at > touch.at && (old.is_online(now) || now < old.at + retain)
}
