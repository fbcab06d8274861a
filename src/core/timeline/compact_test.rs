//! How much work is done at once while random refreshes make all chunks sparse at the same rate.

use super::super::chunk::Entry;
use super::*;
use crate::core::refs::{EntryId, HashPrefix, MemberRef};
use crate::core::time::Millis;

const MEMBERS: u32 = 200_000;
const TTL: Millis = 1_000_000;

/// Where everybody's entry is; a hash prefix is a number.
#[derive(Default)]
struct Entries {
    ids: Vec<EntryId>,
    moves: usize,
}

impl MoveListener for Entries {
    fn moved(&mut self, from: MemberRef, to: EntryId) {
        let entry_id = &mut self.ids[from.prefix.bits() as usize];
        assert_eq!(*entry_id, from.entry_id);
        *entry_id = to;
        self.moves += 1;
    }

    fn prefetch(&self, _: HashPrefix) {}
}

/// Another member each time, none twice before all were.
fn shuffled(step: u32) -> u32 {
    (u64::from(step) * 2_654_435_761 % u64::from(MEMBERS)) as u32
}

fn entry(member: u32, time: Millis) -> Entry {
    Entry {
        time,
        prefix: HashPrefix::from_bits(member),
        extra: 0,
        timeout_reported: false,
    }
}

/// The time of a touch: some hundred fall into each ms.
fn time_of(touch: u32) -> Millis {
    u64::from(touch) / 400
}

/// The member's touch number `touch`.
fn refresh(timeline: &mut Timeline, entries: &mut Entries, member: u32, touch: u32) {
    timeline.kill(entries.ids[member as usize], entries);
    let entry_id = timeline.insert(TTL, entry(member, time_of(touch)), entries);
    entries.ids[member as usize] = entry_id;
}

/// A timeline in which everybody was touched once.
fn full() -> (Timeline, Entries) {
    let (mut timeline, mut entries) = (Timeline::default(), Entries::default());
    for member in 0..MEMBERS {
        let entry_id = timeline.insert(TTL, entry(member, time_of(member)), &mut entries);
        entries.ids.push(entry_id);
    }
    (timeline, entries)
}

#[test]
fn chunks_that_grow_sparse_alike_are_not_all_compacted_at_once() {
    /// How many touches are looked at together.
    const TURN: u32 = 1000;
    let (mut timeline, mut entries) = full();
    for lap in 0..4 {
        let (mut most, mut idle) = (0, 0);
        for turn in (lap * MEMBERS..(lap + 1) * MEMBERS).step_by(TURN as usize) {
            entries.moves = 0;
            for step in turn..turn + TURN {
                refresh(&mut timeline, &mut entries, shuffled(step), MEMBERS + step);
            }
            most = most.max(entries.moves);
            idle += usize::from(timeline.sparse.ids().next().is_none());
        }
        assert!(most <= 1000, "{most} members move in a turn");
        assert!(idle > 120, "the queue is empty after {idle} turns of 200");
    }
    assert_eq!(timeline.len(), MEMBERS as usize);
}

#[test]
fn those_who_stay_do_not_keep_the_room_of_a_queue_of_all() {
    const STAY: u32 = 2_000;
    let (mut timeline, mut entries) = full();
    for step in 0..MEMBERS {
        refresh(&mut timeline, &mut entries, shuffled(step), MEMBERS + step);
    }
    let all = timeline.sparse.bytes();
    for member in STAY..MEMBERS {
        timeline.kill(entries.ids[member as usize], &mut entries);
    }
    for step in 0..3 * STAY {
        refresh(&mut timeline, &mut entries, step % STAY, 2 * MEMBERS + step);
    }
    let left = timeline.sparse.bytes();
    assert!(left * 4 <= all, "{left} bytes of {all}");
}
