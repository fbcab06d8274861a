//! What can happen to a set: a [`Change`], applied by one function, which answers with its effects.
//!
//! Whatever it is, and wherever it comes from, it is a function of the set, the change, its members and the time. What
//! follows from it outside of the set is read from the [`Effects`], and from what an [`Observer`] has seen meanwhile.

use super::attach::Attachment;
use super::members::{Error, PresenceSet};
use super::settings::{Peak, Settings};
use crate::core::member::{LookupKey, MemberView};
use crate::core::time::Millis;
use crate::core::touch::{Touch, TouchMode};

/// What happens to a set. Those that are about members say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'c> {
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
        /// How soon after a member's last touch another one is not recorded.
        resolution: Option<Millis>,
        /// How many members may be online at once.
        cap: Option<u64>,
        /// When the set was made, or has been without members since, where that is known.
        since: Option<Since>,
    },
    /// A member's session comes, or is seen again.
    Attach {
        /// The session.
        attachment: Attachment<'c>,
        /// When it was seen; without, it is the change's own time.
        at: Option<Millis>,
        /// How long that keeps its member online; without, it is the set's ttl.
        ttl: Option<Millis>,
        /// How it meets the touch that is there.
        mode: TouchMode,
    },
    /// Sessions, which are what stands in the place of members, are seen again, those of them that there are.
    Beat {
        /// When they were seen; without, it is the change's own time.
        at: Option<Millis>,
        /// How long that keeps their members online; without, it is the set's ttl.
        ttl: Option<Millis>,
        /// How it meets the touches that are there.
        mode: TouchMode,
    },
    /// Sessions, which are what stands in the place of members, end.
    Detach {
        /// When; without, it is the change's own time.
        at: Option<Millis>,
        /// How long after that; no later than they would without.
        grace: Millis,
    },
    /// Groups, which are what stands in the place of members, have a lease until then, and are made where they are missing.
    Lease {
        /// From when; without, it is the change's own time.
        at: Option<Millis>,
        /// For how long.
        ttl: Millis,
    },
    /// The sessions of groups, which are what stands in the place of members, end, the first of them at once.
    Drop {
        /// When; without, it is the change's own time.
        at: Option<Millis>,
        /// The most that end at once.
        limit: usize,
    },
    /// The sessions of groups whose leases are over are to end, those of at most `limit` groups.
    EndLeases {
        /// When; without, it is the change's own time.
        at: Option<Millis>,
        /// The most groups.
        limit: usize,
    },
    /// Sessions of groups that were dropped, or whose lease was over, end, at most `limit` of them.
    EndDropped {
        /// When; without, it is the change's own time.
        at: Option<Millis>,
        /// The most sessions.
        limit: usize,
    },
    /// Groups are there as a rewritten log has them.
    RestoreGroups {
        /// The groups.
        block: &'c [u8],
    },
    /// Sessions are there as a rewritten log has them, one after the other.
    RestoreSessions {
        /// The sessions.
        block: &'c [u8],
    },
    /// The metadata of members, or of a session of one, is this from now on.
    SetMeta {
        /// The session.
        session: Option<&'c [u8]>,
        /// The metadata; empty: none.
        blob: &'c [u8],
        /// Whether it is only that of members who are remembered at the change's time. What is replayed was judged
        /// before.
        judged: bool,
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
    /// One, whose memory was asked for [ahead](crate::core::PresenceSet::prefetch).
    Prefetched(LookupKey<'a>),
    /// Any number of them, none for a change that is not about members.
    Each(I),
}

impl<'a, I: ExactSizeIterator<Item = &'a [u8]>> Members<'a, I> {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Members::Prefetched(_) => 1,
            Members::Each(members) => members.len(),
        }
    }

    /// They, with their hashes at hand.
    pub(super) fn keys(self) -> impl Iterator<Item = LookupKey<'a>> {
        let (ahead, each) = match self {
            Members::Prefetched(member) => (Some(member.hashed()), None),
            Members::Each(each) => (None, Some(each)),
        };
        let each = each.into_iter().flatten();
        ahead.into_iter().chain(each.map(LookupKey::with_hash))
    }

    /// Their names.
    pub(super) fn names(self) -> impl Iterator<Item = &'a [u8]> {
        let (ahead, each) = match self {
            Members::Prefetched(member) => (Some(member.name()), None),
            Members::Each(each) => (None, Some(each)),
        };
        ahead.into_iter().chain(each.into_iter().flatten())
    }
}

/// What is said of each member while a change is applied, in order.
pub trait Observer {
    /// Something was changed of the member that has this position among those the change is about.
    fn changed(&mut self, position: usize);
    /// There is no session of the id that has this position among those the change is about.
    fn missing(&mut self, _position: usize) {}
    /// The member came online.
    fn joined(&mut self, member: MemberView);
    /// The member was online and is not any more, by a change that is about it.
    fn left(&mut self, member: MemberView);
    /// The time of the member's touch is up, which was not reported before. `retain` is what the set retains.
    fn timed_out(&mut self, member: MemberView, retain: Millis);
    /// The member has other metadata.
    fn updated(&mut self, member: MemberView);
}

/// Nobody observes.
impl Observer for () {
    fn changed(&mut self, _position: usize) {}
    fn joined(&mut self, _member: MemberView) {}
    fn left(&mut self, _member: MemberView) {}
    fn timed_out(&mut self, _member: MemberView, _retain: Millis) {}
    fn updated(&mut self, _member: MemberView) {}
}

/// What a change did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// Whether the state of the set is another one, or may be.
    pub changed: bool,
    /// How many members were changed, removed or reported.
    pub members: usize,
    /// How many sessions that there are a change was about, or how many of those counted were sessions.
    pub sessions: usize,
    /// How many came online.
    pub joined: usize,
    /// How many of the removed ones were still remembered.
    pub remembered: usize,
    /// The touch that members were given.
    pub touch: Option<Touch>,
    /// The peak, where the change has set it.
    pub peak: Option<Peak>,
    /// When something may happen by itself because of the change: somebody's time is up, `Millis::MAX` where nothing more may
    /// than without it. `None` if the set has to be asked ([`next_look`](crate::core::PresenceSet::next_look)).
    pub due: Option<Millis>,
}

impl Change<'_> {
    /// The time at which a change is applied that comes resolved from a primary or a log, where it says so: none is
    /// needed where the time makes no difference to it. A touch that has none is of the moment of the newest one.
    /// `set` is the one it is applied to, if there is one.
    #[inline]
    pub fn time(&self, set: Option<&PresenceSet>) -> Option<Millis> {
        match *self {
            Change::Touch { at: None, .. } => set?.newest(),
            Change::Touch { at, .. }
            | Change::Attach { at, .. }
            | Change::Beat { at, .. }
            | Change::Detach { at, .. }
            | Change::Lease { at, .. }
            | Change::Drop { at, .. }
            | Change::EndLeases { at, .. }
            | Change::EndDropped { at, .. } => at,
            Change::Evict { cutoff, .. } => Some(cutoff),
            Change::SetPeak(peak) | Change::RaisePeak(peak) => Some(peak.at),
            // Since when an emptied set has been empty follows as a change of its own.
            Change::Forget
            | Change::SetMeta { .. }
            | Change::RestoreSessions { .. }
            | Change::RestoreGroups { .. } => Some(0),
            Change::Configure {
                since: Some(Since::Made(at) | Since::Emptied(at)),
                ..
            } => Some(at),
            Change::Configure { .. } if set.is_some() => Some(0),
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

    /// The settings of a set that has these, after the change.
    pub fn settings(&self, old: Settings) -> Settings {
        match *self {
            Change::Configure {
                ttl,
                retain,
                linger,
                resolution,
                cap,
                ..
            } => Settings {
                ttl: ttl.unwrap_or(old.ttl),
                retain: retain.unwrap_or(old.retain),
                linger: linger.unwrap_or(old.linger),
                resolution: resolution.unwrap_or(old.resolution),
                cap: cap.unwrap_or(old.cap),
            },
            _ => old,
        }
    }

    /// Whether a set is made for it where there is none; `settings` are those it would be made with.
    pub fn makes_a_set(&self, settings: Settings, now: Millis) -> bool {
        match *self {
            Change::Touch { at, ttl, mode, .. } => {
                let touch = touch_of(at, ttl, settings.ttl, now);
                mode != TouchMode::Past || touch.due(settings.retain) > now
            }
            Change::Attach { .. } | Change::Lease { .. } | Change::Configure { .. } => true,
            Change::SetPeak(peak) | Change::RaisePeak(peak) => peak.count > 0,
            _ => false,
        }
    }

    /// Whether it is sure to change a set without rare settings, whatever that holds.
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

    /// Whether it is a touch of which nothing is particular but when it happens.
    #[inline]
    pub fn is_plain(&self) -> bool {
        matches!(
            self,
            Change::Touch {
                ttl: None,
                mode: TouchMode::Now,
                ..
            }
        )
    }

    /// Whether members come by it, or come back.
    #[inline]
    pub fn brings_members(&self) -> bool {
        matches!(self, Change::Touch { .. } | Change::Attach { .. })
    }

    /// Whether it is about what has come due. Who is in a set that is gone is then still to be found there.
    #[inline]
    pub fn is_expiry(&self) -> bool {
        matches!(
            self,
            Change::Evict { .. }
                | Change::ReportTimeouts { .. }
                | Change::EndLeases { .. }
                | Change::EndDropped { .. }
        )
    }
}

/// The touch that members are given.
#[inline]
pub(super) fn touch_of(
    at: Option<Millis>,
    ttl: Option<Millis>,
    set_ttl: Millis,
    now: Millis,
) -> Touch {
    Touch {
        at: at.unwrap_or(now),
        ttl: ttl.unwrap_or(set_ttl),
    }
}
