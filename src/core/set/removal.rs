//! The way out of a set. Whatever removes members (a leave where nothing is retained, a touch that was replayed as one,
//! `FORGET`, the eviction) goes through [`PresenceSet::remove`], so that what hangs on a member can follow it there.

use super::members::{Form, PresenceSet};
use crate::core::member::{LookupKey, MemberView};
use crate::core::time::Millis;
use crate::core::touch::TouchState;

/// Who is removed.
#[derive(Clone, Copy)]
pub(super) enum Removal<'a> {
    /// This member, if it is there, at this moment.
    Member(&'a LookupKey<'a>, Millis),
    /// The member with this owner of sessions, and those. It leaves with this touch.
    Owner(u32, TouchState),
    /// Who is due at `cutoff`, oldest due first, at most `limit` of them.
    Due { cutoff: Millis, limit: usize },
}

impl PresenceSet {
    /// Removes members that are not remembered at `cutoff`, oldest due first, at most `limit` of them. `f` is given
    /// each before it goes, with its touch as it is stored. Returns how many.
    pub(in crate::core) fn evict(
        &mut self,
        cutoff: Millis,
        limit: usize,
        f: impl FnMut(MemberView, TouchState),
    ) -> usize {
        self.remove(Removal::Due { cutoff, limit }, f)
    }

    /// Removes sessions that are due at `cutoff`, at most `limit`. Returns how many. Their members stay as they are.
    pub(in crate::core) fn evict_sessions(&mut self, cutoff: Millis, limit: usize) -> usize {
        match &mut self.form {
            Form::Small(_) => 0,
            Form::Table(table) => {
                let evicted = table.evict_sessions(cutoff, limit);
                self.drop_sessions();
                evicted
            }
        }
    }

    /// Removes members. No member goes without passing here; `f` is given each before it goes. Returns how many. After
    /// the last one there have been no members since it was removed, or was due for that.
    pub(super) fn remove(
        &mut self,
        removal: Removal,
        mut f: impl FnMut(MemberView, TouchState),
    ) -> usize {
        let retain = self.retain();
        let mut last_at = 0;
        let on_removal = |member: MemberView, state: TouchState| {
            #[cfg(test)]
            tests::note(member);
            last_at = match removal {
                Removal::Member(_, at) => at,
                Removal::Owner(_, left) => left.touch.at,
                Removal::Due { .. } => member.touch.due(retain),
            };
            f(member, state);
        };
        let removed = match (&mut self.form, removal) {
            (Form::Small(small), Removal::Member(key, _)) => {
                usize::from(small.take(key.name(), on_removal))
            }
            (Form::Small(_), Removal::Owner(..)) => 0,
            (Form::Small(small), Removal::Due { cutoff, limit }) => {
                small.evict(cutoff, retain, limit, on_removal)
            }
            (Form::Table(table), Removal::Member(key, _)) => {
                usize::from(table.remove(key, on_removal))
            }
            (Form::Table(table), Removal::Owner(owner, left)) => {
                table.remove_member_of(owner, left, on_removal);
                1
            }
            (Form::Table(table), Removal::Due { cutoff, limit }) => {
                table.evict(cutoff, retain, limit, on_removal)
            }
        };
        if removed > 0 && self.is_empty() {
            self.set_emptied(last_at);
        }
        removed
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::core::{Change, Members, Settings, Touch, TouchMode};

    thread_local! {
        /// The names of the members that were removed.
        static REMOVED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    pub fn note(member: MemberView) {
        let name = String::from_utf8_lossy(member.name).into_owned();
        REMOVED.with_borrow_mut(|removed| removed.push(name));
    }

    /// A set that retains nothing, of these members, all seen at 1000, with so many ttls.
    fn set(members: std::ops::Range<u64>, ttls: u64) -> PresenceSet {
        let settings = Settings {
            ttl: 1000,
            retain: 0,
            linger: None,
            resolution: 0,
            cap: 0,
        };
        let mut set = PresenceSet::new(settings, 0);
        for member in members {
            let name = member.to_string();
            let touch = Touch {
                at: 1000,
                ttl: 1000 + member % ttls,
            };
            set.touch(
                [name.as_bytes()].into_iter(),
                touch,
                TouchMode::Now,
                1000,
                |_, _| {},
            )
            .expect("there is room");
        }
        set
    }

    #[test]
    fn every_kind_of_removal_passes_the_way_out() {
        type Remove = fn(&mut PresenceSet);
        let removals: [(&str, Remove); 4] = [
            ("a leave", |set| {
                let members = Members::Each([&b"7"[..]].into_iter());
                set.apply(Change::Leave, members, 1500, &mut ())
                    .expect("there is room");
            }),
            ("a leave that is replayed", |set| {
                let left = Touch { at: 1500, ttl: 0 };
                let member = [&b"7"[..]].into_iter();
                set.touch(member, left, TouchMode::Replayed, 1500, |_, _| {})
                    .expect("there is room");
            }),
            ("forgetting", |set| {
                let members = Members::Each([&b"7"[..]].into_iter());
                set.apply(Change::Forget, members, 1500, &mut ())
                    .expect("there is room");
            }),
            ("the eviction", |set| {
                set.evict(1_000_000, 1, |_, _| {});
            }),
        ];
        // Small; a table with one lane; a table with mixed lanes.
        for (members, ttls) in [(7..15, 1), (7..1000, 1), (7..1000, 100)] {
            for (what, remove) in removals {
                let mut set = set(members.clone(), ttls);
                assert_eq!(set.mixes_ttls(), ttls == 100);
                let before = set.len();
                REMOVED.take();
                remove(&mut set);
                let removed = REMOVED.take();
                assert_eq!(removed.len(), 1, "{what}");
                assert_eq!(set.len(), before - 1, "{what}");
                let name = removed[0].as_bytes();
                set.look_up([name].into_iter(), 1500, |_, member| {
                    assert_eq!(member, None, "{what}");
                });
                set.check();
                let mut set = self::set(members.clone(), ttls);
                set.evict(1_000_000, usize::MAX, |_, _| {});
                assert_eq!(REMOVED.take().len(), before, "all of them");
            }
        }
    }
}
