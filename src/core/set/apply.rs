//! Applying a change: the one function by which a set is changed.

use super::change::{Change, Effects, Members, Observer, Since, touch_of};
use super::members::{Error, PresenceSet};
use super::removal::Removal;
use super::settings::Peak;
use super::touching::Touched;
use crate::core::member::MemberView;
use crate::core::time::Millis;
use crate::core::touch::{Touch, TouchMode, TouchState};

impl PresenceSet {
    /// Applies a change at `now`. Where it is refused, nothing is changed.
    #[inline]
    pub fn apply<'a>(
        &mut self,
        change: Change,
        members: Members<'a, impl ExactSizeIterator<Item = &'a [u8]> + Clone>,
        now: Millis,
        observer: &mut impl Observer,
    ) -> Result<Effects, Error> {
        Ok(match change {
            Change::Touch {
                at,
                ttl,
                mode,
                sets_peak,
            } => {
                let touch = touch_of(at, ttl, self.settings.ttl.get(), now);
                return self.apply_touch(touch, mode, sets_peak, members, now, observer);
            }
            Change::Leave => self.apply_leave(members, now, observer),
            Change::Forget => self.apply_forget(members, now, observer),
            Change::Evict { cutoff, limit } => self.apply_evict(cutoff, limit, observer),
            Change::ReportTimeouts { limit } => self.apply_report_timeouts(limit, now, observer),
            Change::Configure { since, .. } => {
                let old = self.settings();
                self.configure(change.settings(old));
                if let Some(Since::Emptied(at)) = since
                    && self.is_empty()
                {
                    self.set_emptied(at);
                }
                Effects {
                    changed: self.settings() != old || matches!(since, Some(Since::Emptied(_))),
                    ..Effects::default()
                }
            }
            Change::Attach { .. }
            | Change::Beat { .. }
            | Change::Detach { .. }
            | Change::Lease { .. }
            | Change::Drop { .. }
            | Change::EndLeases { .. }
            | Change::EndDropped { .. }
            | Change::RestoreSessions { .. }
            | Change::RestoreGroups { .. } => {
                return self.apply_to_sessions(change, members, now, observer);
            }
            Change::SetMeta {
                session: Some(session),
                blob,
                judged,
            } => match members.names().next() {
                Some(member) => {
                    self.apply_set_session_meta((session, blob), judged, member, now, observer)
                }
                None => Effects::default(),
            },
            Change::SetMeta {
                session: None,
                blob,
                judged,
            } => self.apply_set_meta((blob, judged), members, now, observer),
            Change::SetPeak(peak) => self.replace_peak(peak),
            Change::RaisePeak(peak) if peak.count <= self.peak().count => Effects::default(),
            Change::RaisePeak(peak) => self.replace_peak(peak),
            Change::RestartPeak => {
                let count = self.online(now) as u64;
                let at = if count > 0 { now } else { 0 };
                self.replace_peak(Peak { count, at })
            }
        })
    }

    #[inline]
    fn apply_touch<'a>(
        &mut self,
        touch: Touch,
        mode: TouchMode,
        sets_peak: bool,
        members: Members<'a, impl ExactSizeIterator<Item = &'a [u8]> + Clone>,
        now: Millis,
        observer: &mut impl Observer,
    ) -> Result<Effects, Error> {
        if self.has_rare_settings() {
            self.check_cap(touch, mode, &members, now)?;
        }
        let retain = self.retain();
        let mut tally = Tally {
            touch,
            retain,
            position: 0,
            effects: Effects {
                touch: Some(touch),
                ..Effects::default()
            },
            observer,
        };
        match members {
            Members::Prefetched(member) => {
                let touched = self.touch_prefetched(&member, touch, mode, now)?;
                tally.count(member.name(), touched);
            }
            Members::Each(members) => self.touch(members, touch, mode, now, |name, touched| {
                tally.count(name, touched);
            })?,
        }
        let mut effects = tally.effects;
        effects.changed = effects.members > 0;
        if effects.changed {
            // Who left sets no peak, and a touch that was ignored altogether is none.
            if sets_peak && touch.ttl > 0 && self.judge_peak(now) {
                effects.peak = Some(self.peak());
            }
            effects.due = match self.is_empty() {
                true => None,
                false if touch.is_online(now) => Some(touch.due(0)),
                false => Some(touch.due(retain)),
            };
        }
        Ok(effects)
    }

    fn apply_leave<'a>(
        &mut self,
        members: Members<'a, impl ExactSizeIterator<Item = &'a [u8]>>,
        now: Millis,
        observer: &mut impl Observer,
    ) -> Effects {
        let touch = Touch { at: now, ttl: 0 }.bounded();
        let (mut left, mut position) = (0, 0);
        self.in_batches(members.names(), false, |set, member| {
            if set.is_online(member, now) {
                set.touch_one(member, touch, TouchMode::Now, now);
                observer.changed(position);
                observer.left(MemberView::new(member.name(), touch));
                left += 1;
            }
            position += 1;
        });
        Effects {
            changed: left > 0,
            members: left,
            touch: Some(touch),
            due: self.due_after(touch),
            ..Effects::default()
        }
    }

    fn apply_forget<'a>(
        &mut self,
        members: Members<'a, impl ExactSizeIterator<Item = &'a [u8]>>,
        now: Millis,
        observer: &mut impl Observer,
    ) -> Effects {
        let retain = self.retain();
        let (mut effects, mut position) = (Effects::default(), 0);
        self.in_batches(members.names(), true, |set, member| {
            set.remove(Removal::Member(member, now), |member, state| {
                observer.changed(position);
                if member.touch.is_online(now) {
                    observer.left(member);
                } else {
                    observe_timeout(observer, (member, state), retain, now);
                }
                effects.members += 1;
                effects.remembered += usize::from(now < member.touch.due(retain));
            });
            position += 1;
        });
        effects.changed = effects.members > 0;
        effects
    }

    fn apply_evict(
        &mut self,
        cutoff: Millis,
        limit: usize,
        observer: &mut impl Observer,
    ) -> Effects {
        let retain = self.retain();
        let sessions = self.evict_sessions(cutoff, limit);
        let evicted = self.evict(cutoff, limit - sessions, |member, state| {
            observe_timeout(observer, (member, state), retain, cutoff);
        });
        Effects {
            changed: sessions + evicted > 0,
            members: sessions + evicted,
            sessions,
            ..Effects::default()
        }
    }

    fn apply_report_timeouts(
        &mut self,
        limit: usize,
        now: Millis,
        observer: &mut impl Observer,
    ) -> Effects {
        if self.next_timeout().is_none_or(|time| time > now) {
            return Effects::default();
        }
        let retain = self.retain();
        let reported = self.report_timeouts(now, limit, |member| {
            observer.timed_out(member, retain);
        });
        Effects {
            changed: reported > 0,
            members: reported,
            ..Effects::default()
        }
    }

    /// When something may happen by itself because members, or sessions, leave with this touch.
    pub(super) fn due_after(&self, touch: Touch) -> Option<Millis> {
        match (touch.ttl, self.retain()) {
            _ if self.is_empty() => None,
            (0, 0) => Some(Millis::MAX),
            (0, retain) => Some(touch.due(retain)),
            _ => Some(touch.end()),
        }
    }

    fn replace_peak(&mut self, peak: Peak) -> Effects {
        self.set_peak(peak);
        Effects {
            changed: true,
            peak: Some(peak),
            ..Effects::default()
        }
    }

    /// When the set has to be looked at next: when something is to be removed, or somebody's time is up. `None`: never.
    pub fn next_look(&mut self) -> Option<Millis> {
        let of_members = self.next_due().into_iter().chain(self.next_timeout());
        of_members.chain(self.next_end()).min()
    }
}

/// What a touch does to one member after the other.
struct Tally<'o, O> {
    touch: Touch,
    retain: Millis,
    /// That of the member that is counted next.
    position: usize,
    effects: Effects,
    observer: &'o mut O,
}

impl<O: Observer> Tally<'_, O> {
    /// Inlined on the path of one member as on that of many.
    #[inline(always)]
    fn count(&mut self, name: &[u8], touched: Touched) {
        if touched.applied {
            self.effects.members += 1;
            self.observer.changed(self.position);
        }
        self.position += 1;
        if let Some(old) = touched.timed_out {
            self.observer
                .timed_out(MemberView::new(name, old), self.retain);
        }
        if touched.joined {
            self.effects.joined += 1;
            self.observer.joined(MemberView::new(name, self.touch));
        }
    }
}

fn observe_timeout(
    observer: &mut impl Observer,
    (member, state): (MemberView, TouchState),
    retain: Millis,
    now: Millis,
) {
    if state.is_unreported(now) {
        observer.timed_out(member, retain);
    }
}
