//! Whose turn it is, where several have something due: a crowd in one key keeps nobody else waiting.
//!
//! There are three queues: keys that have come due, keys that were not through at the end of a turn, and members of keys
//! that are gone. Each has its slice of time, one after the other, and what one does not use the next one gets. A key's
//! turn ends with the slice, and it goes to the end of the second queue. So small rooms wait for as many slices as there
//! are crowds that have just come due, and not until these are through; and crowds get on however many rooms there are.
//! Whoever is alone has the whole budget.

use std::collections::VecDeque;

use super::schedule::Entry;
use super::{eviction, orphans, slot_imports, sweeper};
use crate::clock;
use crate::core::time::Millis;
use crate::ffi::context::Context;
use crate::ffi::main_thread::MainThread;

/// How long a slice is, in µs.
const SLICE: u64 = 100;
/// Keys kept as not through. More than these go back to the schedule.
const MOST: usize = 128;

#[derive(Clone, Copy)]
enum Queue {
    Due,
    Unfinished,
    Departed,
}

impl Queue {
    const ALL: usize = 3;

    fn next(self) -> Queue {
        match self {
            Queue::Due => Queue::Unfinished,
            Queue::Unfinished => Queue::Departed,
            Queue::Departed => Queue::Due,
        }
    }
}

struct Turns {
    /// Whose slice it is.
    queue: Queue,
    /// Until when, by the clock that never steps.
    until: u64,
    unfinished: VecDeque<Entry>,
}

static TURNS: MainThread<Turns> = MainThread::new(Turns {
    queue: Queue::Due,
    until: 0,
    unfinished: VecDeque::new(),
});

/// How long one may go on.
#[derive(Clone, Copy)]
pub struct Turn {
    /// What is due by then is to be done.
    pub now: Millis,
    /// When the slice is over, which counts where somebody waits.
    until: u64,
    /// When the budget is spent.
    deadline: u64,
}

impl Turn {
    /// Whether it has come to its end.
    pub fn is_over(self) -> bool {
        let clock = clock::monotonic_micros();
        clock >= self.deadline || clock >= self.until && are_wanted(self.now)
    }
}

/// Whether anybody has something due. Who has a turn is not counted.
pub fn are_wanted(now: Millis) -> bool {
    eviction::is_due(now)
        || !TURNS.borrow().unfinished.is_empty()
        || !orphans::is_empty()
        || slot_imports::has_released()
}

/// Gives the next one a turn; `clock` is the time by the clock that never steps. Returns whether there was anybody.
pub fn take(ctx: Context, now: Millis, clock: u64, deadline: u64) -> bool {
    for pass_on in 0..Queue::ALL {
        let (queue, until) = {
            let mut turns = TURNS.borrow();
            if pass_on > 0 || clock >= turns.until {
                turns.queue = turns.queue.next();
                turns.until = clock + SLICE;
            }
            (turns.queue, turns.until)
        };
        let turn = Turn {
            now,
            until,
            deadline,
        };
        if serve(ctx, queue, turn) {
            return true;
        }
    }
    false
}

/// Gives the first of a queue its turn.
fn serve(ctx: Context, queue: Queue, turn: Turn) -> bool {
    let entry = match queue {
        Queue::Due => match eviction::next_due(turn.now) {
            None => slot_imports::take_released(),
            due => due,
        },
        // Taken in a statement of its own: the queue is used in the turn.
        Queue::Unfinished => TURNS.borrow().unfinished.pop_front(),
        Queue::Departed => return orphans::tell(ctx, turn),
    };
    match entry {
        Some(entry) => {
            if let Some(entry) = slot_imports::hold(entry) {
                sweeper::sweep(ctx, entry, turn);
            }
            true
        }
        // What was looked at may have been of databases that are no more, with others behind it.
        None => matches!(queue, Queue::Due) && eviction::is_due(turn.now),
    }
}

/// Has a key that is not through have another turn. Returns what its value is to remember of it.
pub fn put_back(entry: Entry, now: Millis) -> Millis {
    let mut turns = TURNS.borrow();
    if turns.unfinished.len() >= MOST {
        return eviction::watch(entry.db, &entry.name, now);
    }
    let queued = eviction::looks_at(now);
    turns.unfinished.push_back(Entry { queued, ..entry });
    queued
}

/// Two databases have exchanged their numbers.
pub fn swap_dbs(first: i32, second: i32) {
    for entry in &mut TURNS.borrow().unfinished {
        if entry.db == first {
            entry.db = second;
        } else if entry.db == second {
            entry.db = first;
        }
    }
}
