//! What can happen to a set: a [`Change`], applied by one function, which answers with its effects.
//!
//! Whatever it is, and wherever it comes from, it is a function of the set, the change, its members and the time. What
//! follows from it outside of the set is read from the [`Effects`], and from what an [`Observer`] was told meanwhile.

use super::members::{Error, PresenceSet};
use super::removal::Removal;
use super::settings::{Peak, Settings};
use super::touching::Touched;
use crate::core::member::{LookupKey, MemberView};
use crate::core::time::Millis;
use crate::core::touch::{Touch, TouchMode};

/// What happens to a set. Those that are about members say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Members are seen, or, where the ttl is 0, were last seen when they left.
    Touch {
        /// When they were seen; without, it is the change's own time.
        at: Option<Millis>,
        /// How long that keeps them online; without, it is the set's ttl.
        ttl: Option<Millis>,
        /// How it meets the touches that are there.
        mode: TouchMode,
        /// Whether it may set a new peak.
        sets_peak: bool,
    },
    /// Members leave: those who are online are offline at once.
    Leave,
    /// Members are removed, and nothing is left of them but the peak that they were part of.
    Forget,
    /// Members who are not remembered at `cutoff` are removed, oldest due first, at most `limit` of them.
    Evict {
        /// The time up to which members are due.
        cutoff: Millis,
        /// The most that are removed.
        limit: usize,
    },
    /// Members whose time is up, and who are remembered, are noted as timed out, at most `limit` of them.
    ReportTimeouts {
        /// The most that are noted.
        limit: usize,
    },
    /// Settings change; what is not given stays.
    Configure {
        /// How long touches from now on keep a member online.
        ttl: Option<Millis>,
        /// How long members are remembered.
        retain: Option<Millis>,
        /// How long the set stays without members; `Some(None)`: for ever.
        linger: Option<Option<Millis>>,
        /// When the set was made, or has been without members since, where that is known.
        since: Option<Since>,
    },
    /// The peak is this from now on.
    SetPeak(Peak),
    /// The peak is this from now on, if it is a greater one.
    RaisePeak(Peak),
    /// The peak begins afresh, with those who are online.
    RestartPeak,
}

/// Since when a set without members has been as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// It was made then.
    Made(Millis),
    /// Its last member was removed then.
    Emptied(Millis),
}

/// The members that a change is about.
pub enum Members<'a, I> {
    /// One, whose memory was asked for [ahead](PresenceSet::prefetch).
    Prefetched(LookupKey<'a>),
    /// Any number of them, none for a change that is not about members.
    Each(I),
}

/// What is told of each member while a change is applied, in order.
pub trait Observer {
    /// Something was changed of the member that has this position among those the change is about.
    fn changed(&mut self, position: usize);
    /// The member came online.
    fn joined(&mut self, name: &[u8]);
    /// The member was online and is not any more, by a change that is about it.
    fn left(&mut self, name: &[u8]);
    /// The time of the member's touch is up, which was not noticed before. `retain` is what the set retains.
    fn timed_out(&mut self, name: &[u8], touch: Touch, retain: Millis);
}

/// Nobody observes.
impl Observer for () {
    fn changed(&mut self, _position: usize) {}
    fn joined(&mut self, _name: &[u8]) {}
    fn left(&mut self, _name: &[u8]) {}
    fn timed_out(&mut self, _name: &[u8], _touch: Touch, _retain: Millis) {}
}

/// What a change did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// Whether the state of the set is another one, or may be.
    pub changed: bool,
    /// How many members were changed, removed or reported.
    pub members: usize,
    /// How many came online.
    pub joined: usize,
    /// How many of the removed ones were still remembered.
    pub remembered: usize,
    /// The touch that members were given.
    pub touch: Option<Touch>,
    /// The peak, where the change has set it.
    pub peak: Option<Peak>,
    /// When something may happen by itself because of the change: somebody's time is up, or the set's.
    pub due: Option<Millis>,
}

impl Change {
    /// The time at which a change is applied that comes resolved from a primary or a log, where it says so: none is
    /// needed where the time makes no difference to it. `to_missing` says that there was no set before it.
    pub fn time(&self, to_missing: bool) -> Option<Millis> {
        match *self {
            Change::Touch { at, .. } => at,
            Change::Evict { cutoff, .. } => Some(cutoff),
            Change::SetPeak(peak) | Change::RaisePeak(peak) => Some(peak.at),
            // Since when an emptied set has been empty follows as a change of its own.
            Change::Forget => Some(0),
            Change::Configure {
                since: Some(Since::Made(at) | Since::Emptied(at)),
                ..
            } => Some(at),
            Change::Configure { .. } if !to_missing => Some(0),
            _ => None,
        }
    }

    /// Refuses what lies in the future of `now`.
    pub fn check(&self, now: Millis) -> Result<(), Error> {
        match *self {
            Change::Touch {
                at: Some(at),
                mode: TouchMode::Past,
                ..
            } if at > now => Err(Error::AtInFuture),
            Change::Evict { cutoff, .. } if cutoff > now => Err(Error::CutoffInFuture),
            _ => Ok(()),
        }
    }

    /// Whether a set is made for it where there is none; `settings` are those it would be made with.
    pub fn makes_a_set(&self, settings: Settings, now: Millis) -> bool {
        match *self {
            Change::Touch { at, ttl, mode, .. } => {
                let touch = touch_of(at, ttl, settings, now);
                mode != TouchMode::Past || touch.due(settings.retain) > now
            }
            Change::Configure { .. } => true,
            Change::SetPeak(peak) | Change::RaisePeak(peak) => peak.count > 0,
            _ => false,
        }
    }

    /// Whether it is sure to change the set, whatever that holds.
    #[inline]
    pub fn is_sure(&self) -> bool {
        matches!(
            self,
            Change::Touch {
                mode: TouchMode::Now,
                ..
            }
        )
    }

    /// Whether it is about what has come due. Who is in a set that is gone is then still to be found there.
    #[inline]
    pub fn is_expiry(&self) -> bool {
        matches!(self, Change::Evict { .. } | Change::ReportTimeouts { .. })
    }
}

/// The touch that members are given.
#[inline]
fn touch_of(at: Option<Millis>, ttl: Option<Millis>, settings: Settings, now: Millis) -> Touch {
    Touch {
        at: at.unwrap_or(now),
        ttl: ttl.unwrap_or(settings.ttl),
    }
}

impl PresenceSet {
    /// Applies a change at `now`. Where it is refused, nothing is changed.
    #[inline]
    pub fn apply<'a>(
        &mut self,
        change: Change,
        members: Members<'a, impl ExactSizeIterator<Item = &'a [u8]>>,
        now: Millis,
        observer: &mut impl Observer,
    ) -> Result<Effects, Error> {
        if let Change::Touch {
            at,
            ttl,
            mode,
            sets_peak,
        } = change
        {
            let touch = touch_of(at, ttl, self.settings(), now);
            return self.apply_touch(touch, mode, sets_peak, members, now, observer);
        }
        let mut effects = match change {
            Change::Touch { .. } => unreachable!("it was applied above"),
            Change::Leave => self.apply_leave(members, now, observer),
            Change::Forget => self.apply_forget(members, now, observer),
            Change::Evict { cutoff, limit } => self.apply_evict(cutoff, limit, observer),
            Change::ReportTimeouts { limit } => self.apply_report_timeouts(limit, now, observer),
            Change::Configure {
                ttl,
                retain,
                linger,
                since,
            } => {
                let old = self.settings();
                let settings = Settings {
                    ttl: ttl.unwrap_or(old.ttl),
                    retain: retain.unwrap_or(old.retain),
                    linger: linger.unwrap_or(old.linger),
                };
                self.configure(settings);
                let emptied = matches!(since, Some(Since::Emptied(_)));
                if emptied && self.is_empty() {
                    self.set_emptied(now);
                }
                Effects {
                    changed: settings != old || emptied,
                    ..Effects::default()
                }
            }
            Change::SetPeak(peak) => self.replace_peak(peak),
            Change::RaisePeak(peak) if peak.count <= self.peak().count => Effects::default(),
            Change::RaisePeak(peak) => self.replace_peak(peak),
            Change::RestartPeak => {
                let count = self.online(now) as u64;
                let at = if count > 0 { now } else { 0 };
                self.replace_peak(Peak { count, at })
            }
        };
        if effects.changed {
            effects.due = self.next_look();
        }
        Ok(effects)
    }

    #[inline]
    fn apply_touch<'a>(
        &mut self,
        touch: Touch,
        mode: TouchMode,
        sets_peak: bool,
        members: Members<'a, impl ExactSizeIterator<Item = &'a [u8]>>,
        now: Millis,
        observer: &mut impl Observer,
    ) -> Result<Effects, Error> {
        let retain = self.retain();
        let mut effects = Effects {
            touch: Some(touch),
            ..Effects::default()
        };
        let mut position = 0;
        let mut note = |name: &[u8], touched: Touched| {
            if touched.applied {
                effects.members += 1;
                observer.changed(position);
            }
            position += 1;
            if let Some(old) = touched.timed_out {
                observer.timed_out(name, old, retain);
            }
            if touched.joined {
                effects.joined += 1;
                observer.joined(name);
            }
        };
        match members {
            Members::Prefetched(member) => {
                note(
                    member.name(),
                    self.touch_prefetched(&member, touch, mode, now)?,
                );
            }
            Members::Each(members) => self.touch(members, touch, mode, now, note)?,
        }
        effects.changed = effects.members > 0;
        if effects.changed {
            // Who left sets no peak, and a touch that was ignored altogether is none.
            if sets_peak && touch.ttl > 0 && self.judge_peak(now) {
                effects.peak = Some(self.peak());
            }
            effects.due = match self.is_empty() {
                true => self.next_look(),
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
        self.in_batches(names(members), false, |set, member| {
            if set.is_online(member, now) {
                set.touch_one(member, touch, TouchMode::Now, now);
                observer.changed(position);
                observer.left(member.name());
                left += 1;
            }
            position += 1;
        });
        Effects {
            changed: left > 0,
            members: left,
            touch: Some(touch),
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
        self.in_batches(names(members), true, |set, member| {
            set.remove(Removal::Member(member, now), |member| {
                observer.changed(position);
                if member.touch.is_online(now) {
                    observer.left(member.name);
                } else {
                    observe_timeout(observer, member, retain, now);
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
        let evicted = self.evict(cutoff, limit, |member| {
            observe_timeout(observer, member, retain, cutoff);
        });
        Effects {
            changed: evicted > 0,
            members: evicted,
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
            observer.timed_out(member.name, member.touch, retain);
        });
        Effects {
            changed: reported > 0,
            members: reported,
            ..Effects::default()
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
        self.next_due().into_iter().chain(self.next_timeout()).min()
    }
}

/// The names of members, whoever they are.
fn names<'a>(
    members: Members<'a, impl ExactSizeIterator<Item = &'a [u8]>>,
) -> impl Iterator<Item = &'a [u8]> {
    let (ahead, each) = match members {
        Members::Prefetched(member) => (Some(member.name()), None),
        Members::Each(each) => (None, Some(each)),
    };
    ahead.into_iter().chain(each.into_iter().flatten())
}

fn observe_timeout(observer: &mut impl Observer, member: MemberView, retain: Millis, now: Millis) {
    if member.is_unreported(now) {
        observer.timed_out(member.name, member.touch, retain);
    }
}
