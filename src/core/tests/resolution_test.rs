//! Which touches a resolution leaves out: to the millisecond, in a small set and in a table.

use super::witness::apply;
use crate::core::set::Settings;
use crate::core::time::Millis;
use crate::core::touch::Touch;
use crate::core::{Change, PresenceSet, TouchMode};

const NOW: Millis = 1_700_000_000_000;
const TTL: Millis = 10_000;
const RESOLUTION: Millis = 4000;

/// Sets of both forms with one member, `ann`, who was seen now.
fn sets(retain: Millis) -> [PresenceSet; 2] {
    [false, true].map(|table| {
        let settings = Settings {
            ttl: TTL,
            retain,
            linger: None,
            resolution: RESOLUTION,
            cap: 3,
        };
        let mut set = PresenceSet::new(settings, NOW);
        assert_eq!(touch(&mut set, &["ann"], None, NOW), (vec![0], 1));
        if table {
            set.make_table();
        }
        assert_eq!(set.settings(), settings);
        set
    })
}

fn names(names: &[&str]) -> Vec<Vec<u8>> {
    names.iter().map(|name| name.as_bytes().to_vec()).collect()
}

/// Touches members. Returns the positions of those whose touch was recorded, and how many came online.
fn touch(
    set: &mut PresenceSet,
    members: &[&str],
    ttl: Option<Millis>,
    now: Millis,
) -> (Vec<usize>, usize) {
    let change = Change::Touch {
        at: None,
        ttl,
        mode: TouchMode::Now,
        sets_peak: true,
    };
    let (effects, witness) = apply(set, change, &names(members), now);
    assert_eq!(effects.changed, !witness.changed.is_empty());
    (witness.changed, effects.joined)
}

/// A member's touch, whether or not its time is up.
fn touch_of(set: &mut PresenceSet, name: &str) -> Option<Touch> {
    let mut found = None;
    let name = [name.as_bytes()].into_iter();
    set.look_up(name, 0, |_, member| {
        found = member.map(|member| member.touch);
    });
    found
}

#[test]
fn a_touch_within_the_resolution_changes_nothing() {
    for mut set in sets(0) {
        for later in [0, 1, RESOLUTION - 1] {
            assert_eq!(touch(&mut set, &["ann"], None, NOW + later), (vec![], 0));
            let touch = touch_of(&mut set, "ann");
            assert_eq!(touch, Some(Touch { at: NOW, ttl: TTL }), "{later}");
        }
        let later = NOW + RESOLUTION;
        assert_eq!(touch(&mut set, &["ann"], None, later), (vec![0], 0));
        let touch = touch_of(&mut set, "ann");
        assert_eq!(touch.map(|touch| touch.at), Some(later));
    }
}

#[test]
fn of_many_members_only_those_are_recorded_who_were_not_just_seen() {
    for mut set in sets(0) {
        let members = ["ann", "bob", "ann", "bob", "cid"];
        assert_eq!(touch(&mut set, &members, None, NOW + 1), (vec![1, 4], 2));
        assert_eq!(set.peak().count, 3);
    }
}

#[test]
fn a_touch_of_another_ttl_is_recorded() {
    for mut set in sets(0) {
        for ttl in [TTL - 1, TTL + 1, 1] {
            let recorded = touch(&mut set, &["ann"], Some(ttl), NOW);
            assert_eq!(recorded, (vec![0], 0), "{ttl}");
        }
        assert_eq!(touch(&mut set, &["ann"], Some(1), NOW), (vec![0], 0));
        let settings = Settings {
            ttl: TTL * 2,
            ..set.settings()
        };
        set.configure(settings);
        assert_eq!(touch(&mut set, &["ann"], None, NOW), (vec![0], 0));
        assert_eq!(touch(&mut set, &["ann"], None, NOW), (vec![], 0));
    }
}

#[test]
fn a_short_time_ends_by_half_too_early_at_most() {
    for mut set in sets(0) {
        let short = Some(5000);
        assert_eq!(touch(&mut set, &["ann"], short, NOW), (vec![0], 0));
        assert_eq!(touch(&mut set, &["ann"], short, NOW + 2499), (vec![], 0));
        assert_eq!(touch(&mut set, &["ann"], short, NOW + 2500), (vec![0], 0));
    }
}

#[test]
fn only_who_is_online_was_just_seen() {
    for retain in [0, 100_000] {
        for mut set in sets(retain) {
            let joins = (vec![0], 1);
            apply(&mut set, Change::Leave, &names(&["ann"]), NOW);
            assert_eq!(touch(&mut set, &["ann"], None, NOW), joins, "left");
            apply(&mut set, Change::Forget, &names(&["ann"]), NOW);
            assert_eq!(touch(&mut set, &["ann"], None, NOW), joins, "forgotten");
            let up = NOW + TTL;
            assert_eq!(touch(&mut set, &["ann"], None, up), joins, "timed out");
        }
    }
}

#[test]
fn a_touch_after_the_clock_stepped_back_is_recorded() {
    for mut set in sets(0) {
        let back = NOW - 1;
        assert_eq!(touch(&mut set, &["ann"], None, back), (vec![0], 0));
        let touch = touch_of(&mut set, "ann");
        assert_eq!(touch.map(|touch| touch.at), Some(back));
    }
}

#[test]
fn imports_and_what_is_replayed_are_always_judged_by_their_own_rules() {
    for mode in [TouchMode::Past, TouchMode::Replayed] {
        for mut set in sets(0) {
            let change = Change::Touch {
                at: Some(NOW + 1),
                ttl: None,
                mode,
                sets_peak: true,
            };
            let (effects, _) = apply(&mut set, change, &names(&["ann"]), NOW + 1);
            assert_eq!(effects.members, 1, "{mode:?}");
        }
    }
}

#[test]
fn a_set_keeps_its_resolution_whatever_becomes_of_its_members() {
    for mut set in sets(0) {
        let settings = set.settings();
        apply(&mut set, Change::Leave, &names(&["ann"]), NOW);
        assert!(set.is_empty() && !set.is_untouched());
        assert_eq!(set.settings(), settings);
        assert_eq!(set.emptied(NOW).settings(), settings);
        touch(&mut set, &["ann"], None, NOW);
        set.make_table();
        assert_eq!(set.clone().settings(), settings);
        set.evict(NOW + TTL, 1, |_, _| {});
        assert_eq!((set.len(), set.settings()), (0, settings));
    }
}

#[test]
fn settings_go_together_where_the_resolution_is_half_of_the_ttl_at_most() {
    for (ttl, resolution, go_together) in [
        (1, 0, true),
        (1, 1, false),
        (2, 1, true),
        (5, 2, true),
        (5, 3, false),
        (TTL, TTL / 2 + 1, false),
    ] {
        let settings = Settings {
            ttl,
            resolution,
            retain: 0,
            linger: None,
            cap: 0,
        };
        assert_eq!(settings.check().is_ok(), go_together, "{ttl} {resolution}");
        // What comes from no client all the same is kept as it can be saved.
        let kept = PresenceSet::new(settings, NOW).settings();
        assert_eq!(kept.check(), Ok(()));
        assert_eq!(kept == settings, go_together);
    }
}
