//! How much work is done at once while members who are refreshed at random thin all chunks out alike.

use super::super::chunk::Entry;
use super::*;
use crate::core::refs::{Address, Home, Place};
use crate::core::time::Millis;

const MEMBERS: u32 = 200_000;
const TTL: Millis = 1_000_000;

/// Where everybody's entry is; a home is a number.
#[derive(Default)]
struct Told {
    places: Vec<Place>,
    moves: usize,
}

impl Places for Told {
    fn moved(&mut self, from: Address, to: Place) {
        let place = &mut self.places[from.home.bits() as usize];
        assert_eq!(*place, from.place);
        *place = to;
        self.moves += 1;
    }

    fn prefetch(&self, _: Home) {}
}

/// Another member each time, none twice before all were.
fn shuffled(step: u32) -> u32 {
    (u64::from(step) * 2_654_435_761 % u64::from(MEMBERS)) as u32
}

fn entry(member: u32, time: Millis) -> Entry {
    Entry {
        time,
        home: Home::from_bits(member),
        extra: 0,
        told: false,
    }
}

/// The time of a touch: some hundred fall into each ms.
fn time_of(touch: u32) -> Millis {
    u64::from(touch) / 400
}

/// The member's touch number `touch`.
fn refresh(timeline: &mut Timeline, told: &mut Told, member: u32, touch: u32) {
    timeline.kill(told.places[member as usize], told);
    let place = timeline.insert(TTL, entry(member, time_of(touch)), told);
    told.places[member as usize] = place;
}

/// A timeline in which everybody was touched once.
fn full() -> (Timeline, Told) {
    let (mut timeline, mut told) = (Timeline::default(), Told::default());
    for member in 0..MEMBERS {
        let place = timeline.insert(TTL, entry(member, time_of(member)), &mut told);
        told.places.push(place);
    }
    (timeline, told)
}

#[test]
fn chunks_that_thin_out_alike_are_not_all_squeezed_at_once() {
    /// How many touches are looked at together.
    const TURN: u32 = 1000;
    let (mut timeline, mut told) = full();
    for lap in 0..4 {
        let (mut most, mut idle) = (0, 0);
        for turn in (lap * MEMBERS..(lap + 1) * MEMBERS).step_by(TURN as usize) {
            told.moves = 0;
            for step in turn..turn + TURN {
                refresh(&mut timeline, &mut told, shuffled(step), MEMBERS + step);
            }
            most = most.max(told.moves);
            idle += usize::from(timeline.thin.ids().next().is_none());
        }
        assert!(most <= 1000, "{most} members are told in a turn");
        assert!(idle > 120, "the queue is empty after {idle} turns of 200");
    }
    assert_eq!(timeline.len(), MEMBERS as usize);
}

#[test]
fn those_who_stay_do_not_keep_the_room_of_a_queue_of_all() {
    const STAY: u32 = 2_000;
    let (mut timeline, mut told) = full();
    for step in 0..MEMBERS {
        refresh(&mut timeline, &mut told, shuffled(step), MEMBERS + step);
    }
    let all = timeline.thin.bytes();
    for member in STAY..MEMBERS {
        timeline.kill(told.places[member as usize], &mut told);
    }
    for step in 0..3 * STAY {
        refresh(&mut timeline, &mut told, step % STAY, 2 * MEMBERS + step);
    }
    let left = timeline.thin.bytes();
    assert!(left * 4 <= all, "{left} bytes of {all}");
}
