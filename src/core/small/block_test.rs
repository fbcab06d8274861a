//! A block and a naive model of one, driven through random touches whose times lie anywhere from milliseconds to all of
//! time apart. What a set makes of its block is the property test's.

use proptest::prelude::*;

use super::*;
use crate::core::memory::Uint;
use crate::core::time::MAX_DURATION;

const DAY: Millis = 24 * 60 * 60 * 1000;

/// Times near each other, and about where one more bit is needed.
fn time() -> impl Strategy<Value = Millis> {
    let near = 1_700_000_000_000..1_700_000_100_000_u64;
    let apart = (0..47_u32, -2..3_i64, any::<bool>()).prop_map(|(bits, more, ahead)| {
        let by = (1_i64 << bits) + more;
        let at = 1_700_000_000_000_u64.saturating_add_signed(if ahead { by } else { -by });
        at.min(MAX_TIME)
    });
    prop_oneof![6 => near, 3 => apart, 1 => Just(0), 1 => Just(MAX_TIME)]
}

fn state() -> impl Strategy<Value = TouchState> {
    let ttl = prop_oneof![
        4 => Just(30_000),
        1 => Just(0),
        1 => Just(DAY),
        2 => 0..=MAX_DURATION,
    ];
    (time(), ttl, any::<bool>()).prop_map(|(at, ttl, timeout_reported)| TouchState {
        touch: Touch { at, ttl },
        timeout_reported,
    })
}

#[derive(Clone, Debug)]
enum Op {
    Touch(u8, TouchState),
    Take(u8),
    Report(Millis, usize),
    Rare(RareSettings),
}

fn rare(resolution: Millis, cap: u32) -> RareSettings {
    RareSettings {
        resolution: Uint::new(resolution),
        cap: Uint::new(cap.into()),
    }
}

fn name(number: u8) -> Vec<u8> {
    vec![b'a' + number; usize::from(number) * 9]
}

fn put(small: &mut Small, name: &[u8], state: TouchState) {
    match small.find(name) {
        Some((offset, _)) => small.set(offset, state),
        None => small.push(name, state),
    }
}

fn all(small: &Small) -> Vec<(Vec<u8>, TouchState)> {
    small
        .iter_states()
        .map(|(name, state)| (name.to_vec(), state))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_block_agrees_with_the_model(ops in prop::collection::vec(prop_oneof![
        6 => (0..12_u8, state()).prop_map(|(number, state)| Op::Touch(number, state)),
        2 => (0..12_u8).prop_map(Op::Take),
        1 => (time(), 0..4_usize).prop_map(|(now, limit)| Op::Report(now, limit)),
        1 => (prop_oneof![Just(0), 0..=MAX_DURATION], prop_oneof![Just(0), any::<u32>()])
            .prop_map(|(resolution, cap)| Op::Rare(rare(resolution, cap))),
    ], 0..60)) {
        let mut small = Small::empty(5, true);
        let mut model: Vec<(Vec<u8>, TouchState)> = Vec::new();
        let mut kept = RareSettings::default();
        for op in ops {
            match op {
                Op::Touch(number, state) => {
                    let name = name(number);
                    put(&mut small, &name, state);
                    model.retain(|(member, _)| *member != name);
                    model.push((name, state));
                }
                Op::Take(number) => {
                    let name = name(number);
                    let offset = model.iter().position(|(member, _)| *member == name);
                    let expected = offset.map(|offset| model.remove(offset).1);
                    let mut taken = None;
                    small.take(&name, |_, state| taken = Some(state));
                    prop_assert_eq!(taken, expected);
                }
                Op::Report(now, limit) => {
                    let (mut reported, mut expected) = (Vec::new(), Vec::new());
                    let count = small.report_timeouts(now, limit, |member| reported.push((member.name.to_vec(), member.touch)));
                    let unreported = model.iter_mut().filter(|(_, state)| state.is_unreported(now));
                    for (name, state) in unreported.take(limit) {
                        state.timeout_reported = true;
                        expected.push((name.clone(), state.touch));
                    }
                    prop_assert_eq!(count, reported.len());
                    prop_assert_eq!(reported, expected);
                }
                Op::Rare(new) => {
                    small.set_rare(new);
                    kept = new;
                }
            }
            prop_assert_eq!(small.rare(), kept);
            prop_assert_eq!(all(&small), model.clone());
            prop_assert_eq!(small.len(), model.len());
            for number in 0..12 {
                let name = name(number);
                let known = model.iter().find(|(member, _)| *member == name);
                let found = small.find(&name).map(|(_, state)| state);
                prop_assert_eq!(found, known.map(|(_, state)| *state));
            }
        }
    }
}

/// Members of names of 15 bytes, seen at these times.
fn room(times: &[Millis]) -> Small {
    let mut small = Small::empty(0, true);
    for (number, at) in times.iter().enumerate() {
        let touch = Touch {
            at: *at,
            ttl: 30_000,
        };
        let name = format!("user:{number:010}");
        small.push(
            name.as_bytes(),
            TouchState {
                touch,
                timeout_reported: false,
            },
        );
    }
    small
}

#[test]
fn a_room_of_three_is_64_bytes() {
    let now = 1_700_000_000_000;
    assert_eq!(room(&[now, now + 20_000, now - 40_000]).bytes(), 64);
}

#[test]
fn only_a_room_that_has_rare_settings_has_bytes_for_them() {
    let now = 1_700_000_000_000;
    let mut small = room(&[now; 3]);
    let (bytes, members) = (small.bytes(), all(&small));
    for (resolution, cap, more) in [
        (60_000, 0, 9),
        (MAX_DURATION, u32::MAX, 9),
        (0, 1, 9),
        (0, 0, 0),
    ] {
        small.set_rare(rare(resolution, cap));
        assert_eq!(small.bytes(), bytes + more, "{resolution}");
        assert_eq!(small.rare(), rare(resolution, cap));
        assert_eq!(all(&small), members);
    }
}

#[test]
fn times_are_no_wider_than_they_must_be() {
    let now = 1_700_000_000_000;
    for (ago, width) in [
        (0, 3),
        (60 * 60 * 1000, 3),
        (DAY, 4),
        (10 * DAY, 4),
        (30 * DAY, 5),
        (5 * 365 * DAY, 5),
        (now, 6),
    ] {
        let mut small = room(&[now - ago, now, now]);
        assert_eq!(small.bytes(), HEAD + 3 * (width + 16), "{ago} ms");
        small.take(b"user:0000000000", |_, _| {});
        assert_eq!(small.bytes(), HEAD + 2 * (3 + 16), "without the one");
    }
}

#[test]
fn a_room_of_years_stays_narrow() {
    let start = 1_700_000_000_000;
    let mut small = room(&[start; 3]);
    for minute in 0..5 * 365 * 24 * 60 {
        let name = format!("user:{:010}", minute % 3);
        let touch = Touch {
            at: start + minute * 60_000,
            ttl: 30_000,
        };
        put(
            &mut small,
            name.as_bytes(),
            TouchState {
                touch,
                timeout_reported: false,
            },
        );
        assert_eq!(small.bytes(), 64, "after {minute} minutes");
    }
}

#[test]
fn an_empty_block_says_since_when() {
    for since in [0, 1, 1_700_000_000_000, MAX_TIME] {
        for untouched in [false, true] {
            let mut small = Small::empty(since, untouched);
            assert_eq!((small.len(), all(&small).len()), (0, 0));
            for resolution in [0, 60_000, 0] {
                small.set_rare(rare(resolution, 0));
                assert_eq!((small.len(), all(&small).len()), (0, 0));
                assert_eq!(small.empty_since(), since);
                assert_eq!(small.is_untouched(), untouched);
            }
            put(
                &mut small,
                b"ann",
                TouchState {
                    touch: Touch { at: 0, ttl: 0 },
                    timeout_reported: false,
                },
            );
            assert_eq!((small.empty_since(), small.is_untouched()), (0, false));
        }
    }
}
