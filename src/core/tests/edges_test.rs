//! Times and numbers at the edges of what can be stored, and beyond: nothing wraps around. Within the edges the
//! property test goes along with the model; what is beyond them comes from no command, but from a clock gone mad.

use super::sets::{settings, stored};
use super::witness::apply;
use crate::core::Span;
use crate::core::set::Peak;
use crate::core::time::{MAX_DURATION, MAX_TIME, Millis};
use crate::core::touch::Touch;
use crate::core::{Change, PresenceSet, TouchMode};

/// Touches a member. `table` says whether of a set that becomes a table with its first one.
fn touch_one(
    set: &mut PresenceSet,
    table: bool,
    name: &[u8],
    at: Millis,
    ttl: Millis,
    mode: TouchMode,
    now: Millis,
) {
    set.touch([name].into_iter(), Touch { at, ttl }, mode, now, |_, _| {})
        .expect("there is room");
    if table {
        set.make_table();
    }
    set.check();
}

#[test]
fn a_touch_beyond_the_end_of_time_stays_at_it() {
    for table in [false, true] {
        let mut set = PresenceSet::new(settings(1000, 0, Some(1000)), 0);
        let beyond = [
            MAX_TIME,
            MAX_TIME + 1,
            1 << 56,
            i64::MAX as u64,
            u64::MAX - 999,
            u64::MAX,
        ];
        for now in beyond {
            touch_one(&mut set, table, b"ann", now, u64::MAX, TouchMode::Now, now);
            let last = Touch {
                at: MAX_TIME,
                ttl: MAX_DURATION,
            };
            assert_eq!(stored(&mut set, MAX_TIME), [("ann".into(), last)], "{now}");
            assert_eq!(set.next_due(), Some(MAX_TIME + MAX_DURATION));
            assert_eq!(set.online(MAX_TIME), 1);
            assert!(!set.is_gone(MAX_TIME));
            set.configure(settings(1000, u64::MAX, None));
            apply(&mut set, Change::Leave, &[b"ann".to_vec()], MAX_TIME);
            assert_eq!((set.online(MAX_TIME), set.remembered(MAX_TIME)), (0, 1));
            set.configure(settings(1000, 0, None));
            assert_eq!(set.evict(now, 10, |_, _| {}), 1);
            assert_eq!(set.empty_since(), MAX_TIME);
        }
    }
}

#[test]
fn the_first_ms_is_a_moment_like_any_other() {
    for table in [false, true] {
        let mut set = PresenceSet::new(settings(1, 0, Some(0)), 0);
        touch_one(&mut set, table, b"ann", 0, 1, TouchMode::Now, 0);
        touch_one(&mut set, table, b"bob", 0, MAX_DURATION, TouchMode::Past, 0);
        assert!(set.judge_peak(0));
        assert_eq!(set.peak(), Peak { count: 2, at: 0 });
        assert_eq!((set.online(0), set.online(1), set.online(0)), (2, 1, 2));
        assert_eq!(set.count(Span::Within(1), 0), 2);
        assert_eq!(set.count(Span::Within(MAX_DURATION), MAX_DURATION - 1), 1);
        assert_eq!(set.next_due(), Some(1));
        assert_eq!(set.evict(0, 10, |_, _| {}), 0);
        assert_eq!(set.evict(MAX_DURATION, 10, |_, _| {}), 2);
        assert_eq!(set.empty_since(), MAX_DURATION);
        assert!(set.is_gone(MAX_DURATION));
    }
}

/// The entries of a chunk are counted from its first, in fewer bits than a time has.
#[test]
fn members_seen_weeks_apart_keep_their_times() {
    let orders: [&[u64]; 3] = [
        &[0, 1, 2, 3, 4, 5, 6],
        &[6, 5, 4, 3, 2, 1, 0],
        &[3, 0, 6, 2, 4, 1, 5],
    ];
    for order in orders {
        for gap in [31, 32].into_iter().flat_map(|bits| {
            let gap: Millis = 1 << bits;
            [gap - 1, gap, gap + 1]
        }) {
            for table in [false, true] {
                let mut set = PresenceSet::new(settings(MAX_DURATION, 0, None), 0);
                let now = MAX_TIME;
                let at = |step: u64| now - 7 * gap + step * gap;
                for step in order {
                    for twin in 0..3 {
                        let name = format!("{step} {twin}");
                        touch_one(
                            &mut set,
                            table,
                            name.as_bytes(),
                            at(*step),
                            MAX_DURATION,
                            TouchMode::Past,
                            now,
                        );
                    }
                }
                let times: Vec<_> = stored(&mut set, now)
                    .into_iter()
                    .map(|(name, touch)| (name[..1].parse().expect("a digit"), touch.at))
                    .collect();
                let expected: Vec<_> = (0..7).flat_map(|step| [(step, at(step)); 3]).collect();
                assert_eq!(times, expected, "{gap} {order:?}");
                assert_eq!(set.count(Span::Within(now - at(5)), now), 3);
                assert_eq!(set.count(Span::Within(now - at(5) + 1), now), 6);
            }
        }
    }
}

#[test]
fn settings_and_peaks_beyond_their_bounds_stay_at_them() {
    let mut set = PresenceSet::new(settings(u64::MAX, u64::MAX, Some(u64::MAX)), u64::MAX);
    // Above all, the longest linger is not the one for ever.
    let longest = settings(MAX_DURATION, MAX_DURATION, Some(MAX_DURATION));
    assert_eq!(set.settings(), longest);
    assert_eq!(set.memory(), MAX_DURATION);
    assert_eq!(set.empty_since(), MAX_TIME);
    assert_eq!(set.next_due(), Some(MAX_TIME + MAX_DURATION));
    set.set_peak(Peak {
        count: u64::MAX,
        at: u64::MAX,
    });
    let highest = Peak {
        count: Peak::MAX_COUNT,
        at: MAX_TIME,
    };
    assert_eq!(set.peak(), highest);
    touch_one(&mut set, false, b"ann", 5, 1000, TouchMode::Now, 5);
    assert!(!set.judge_peak(5));
}

#[test]
fn names_of_every_length_come_back_from_both_forms() {
    for table in [false, true] {
        let mut set = PresenceSet::new(settings(1000, 0, None), 0);
        for length in [
            0, 1, 14, 15, 16, 35, 36, 37, 126, 127, 128, 255, 256, 65_535,
        ] {
            let name = vec![b'n'; length];
            touch_one(&mut set, table, &name, 5, 1000, TouchMode::Now, 5);
            let mut latest = None;
            set.look_up([&name[..]].into_iter(), 5, |found, member| {
                assert_eq!(found.len(), length);
                latest = member.map(|member| member.touch);
            });
            assert_eq!(latest, Some(Touch { at: 5, ttl: 1000 }), "{length}");
        }
        assert_eq!(set.len(), 14);
    }
}
