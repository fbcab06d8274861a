//! Whom a cap lets in: in a small set and in a table.

use super::witness::{Witness, apply};
use crate::core::set::Settings;
use crate::core::time::Millis;
use crate::core::{Change, Effects, Error, Members, PresenceSet, TouchMode};

const NOW: Millis = 1_700_000_000_000;
const TTL: Millis = 10_000;
const CAP: u64 = 3;

/// Sets of both forms whose only free seat is one of three: `ann` and `bob` are online.
fn sets(retain: Millis) -> [PresenceSet; 2] {
    [false, true].map(|table| {
        let settings = Settings {
            ttl: TTL,
            retain,
            linger: None,
            resolution: 0,
            cap: CAP,
        };
        let mut set = PresenceSet::new(settings, NOW);
        assert_eq!(touch(&mut set, &["ann", "bob"], NOW), Ok(2));
        if table {
            set.make_table();
        }
        set
    })
}

fn change(at: Option<Millis>, ttl: Option<Millis>, mode: TouchMode) -> Change<'static> {
    Change::Touch {
        at,
        ttl,
        mode,
        sets_peak: true,
    }
}

/// Tries a change, which is refused without a trace or is not. Returns how many came online.
fn attempt(
    set: &mut PresenceSet,
    change: Change,
    members: &[&str],
    now: Millis,
) -> Result<usize, Error> {
    let mut witness = Witness::default();
    let before = (set.len(), set.online(now), set.peak());
    let names = Members::Each(members.iter().map(|name| name.as_bytes()));
    let effects = set.apply(change, names, now, &mut witness);
    if effects.is_err() {
        assert_eq!(witness, Witness::default());
        assert_eq!((set.len(), set.online(now), set.peak()), before);
    }
    effects.map(|Effects { joined, .. }| joined)
}

fn touch(set: &mut PresenceSet, members: &[&str], now: Millis) -> Result<usize, Error> {
    attempt(set, change(None, None, TouchMode::Now), members, now)
}

fn capped(online: u64) -> Result<usize, Error> {
    Err(Error::Capped { online })
}

fn alone(set: &mut PresenceSet, name: &str, now: Millis) -> Result<usize, Error> {
    let touch = change(None, None, TouchMode::Now);
    let member = set.prefetch(&touch, name.as_bytes());
    let member = Members::<std::iter::Empty<_>>::Prefetched(member);
    let effects = set.apply(touch, member, now, &mut Witness::default());
    effects.map(|effects| effects.joined)
}

#[test]
fn a_touch_passes_while_there_are_seats_for_all_that_it_is_about() {
    for mut set in sets(0) {
        assert_eq!(touch(&mut set, &["cid", "dan"], NOW), capped(2));
        assert_eq!(touch(&mut set, &["ann", "cid", "eve"], NOW), capped(2));
        assert_eq!(touch(&mut set, &["cid", "ann", "cid", "bob"], NOW), Ok(1));
        assert_eq!(touch(&mut set, &["dan"], NOW), capped(3));
        assert_eq!(alone(&mut set, "dan", NOW), capped(3));
        assert_eq!(set.peak().count, 3);
    }
}

#[test]
fn who_is_online_is_refreshed_whatever_the_cap() {
    for mut set in sets(0) {
        let settings = Settings {
            cap: 1,
            ..set.settings()
        };
        set.configure(settings);
        assert_eq!(touch(&mut set, &["bob", "ann"], NOW + 1), Ok(0));
        assert_eq!(alone(&mut set, "ann", NOW + 2), Ok(0));
        assert_eq!(touch(&mut set, &["ann", "dan"], NOW), capped(2));
    }
}

#[test]
fn whoever_is_not_online_holds_no_seat() {
    for retain in [0, 100_000] {
        for mut set in sets(retain) {
            touch(&mut set, &["cid"], NOW + 5).expect("there is a seat");
            apply(&mut set, Change::Leave, &[b"ann".to_vec()], NOW + 5);
            assert_eq!(touch(&mut set, &["dan"], NOW + 5), Ok(1), "after a leave");
            // The time of `bob` is up, whether or not he was evicted, and he needs a seat as anybody does.
            let later = NOW + TTL;
            assert_eq!(touch(&mut set, &["bob", "eve"], later), capped(2));
            assert_eq!(touch(&mut set, &["eve"], later), Ok(1));
            assert_eq!(alone(&mut set, "bob", later), capped(3));
        }
    }
}

#[test]
fn what_brings_nobody_online_passes() {
    for mut set in sets(100_000) {
        touch(&mut set, &["cid"], NOW).expect("there is a seat");
        let past = |at, ttl| change(Some(at), Some(ttl), TouchMode::Past);
        let over = past(NOW - 20_000, TTL);
        assert_eq!(attempt(&mut set, over, &["dan", "eve"], NOW), Ok(0));
        let counts = past(NOW - 5, TTL);
        assert_eq!(attempt(&mut set, counts, &["fay"], NOW), capped(3));
        // Dropped, since the member left later.
        apply(&mut set, Change::Leave, &[b"cid".to_vec()], NOW);
        touch(&mut set, &["gus"], NOW).expect("there is a seat");
        assert_eq!(attempt(&mut set, counts, &["cid"], NOW), Ok(0));
        let left = change(None, Some(0), TouchMode::Now);
        assert_eq!(attempt(&mut set, left, &["hal"], NOW), Ok(0));
    }
}

#[test]
fn what_is_replayed_is_not_judged_again() {
    for mut set in sets(0) {
        let replayed = change(Some(NOW), Some(TTL), TouchMode::Replayed);
        let many = ["cid", "dan", "eve", "fay"];
        assert_eq!(attempt(&mut set, replayed, &many, NOW), Ok(4));
        assert_eq!(touch(&mut set, &["gus"], NOW), capped(6));
    }
}

#[test]
fn a_set_keeps_its_cap_whatever_becomes_of_its_members() {
    for mut set in sets(0) {
        let settings = set.settings();
        for name in ["ann", "bob"] {
            apply(&mut set, Change::Leave, &[name.into()], NOW);
        }
        assert!(set.is_empty());
        assert_eq!(set.settings(), settings);
        assert_eq!(set.emptied(NOW).settings(), settings);
        touch(&mut set, &["ann"], NOW).expect("there is a seat");
        set.make_table();
        assert_eq!(set.clone().settings(), settings);
    }
}
