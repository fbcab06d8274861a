//! Whose turn it is when several keys have something due: a round robin over three queues, so that a crowd in one key
//! keeps no other waiting.
//!
//! The queues are keys that have come due, keys that were not through at the end of a turn, and orphans. Each has its
//! slice of time in turn, and leaves what it does not use to the next. A key that is not through when the slice ends
//! goes to the back of the second queue. So a small room waits for one slice of each crowd that came due before it, not
//! until the crowds are through; and crowds make progress however many rooms there are. A key that is alone has the
//! whole budget.

use super::turn::Turn;
use super::{orphans, slot_imports, sweeper, unfinished, watch_list};
use crate::core::time::Millis;
use crate::events::Outbox;
use crate::ffi::keyspace::Keyspace;
use crate::ffi::main_thread::MainThread;
use crate::ffi::string::SharedString;

/// How long a slice is, in µs.
const SLICE: u64 = 100;

#[derive(Clone, Copy)]
enum Queue {
    Due,
    Unfinished,
    Orphans,
}

impl Queue {
    const ALL: usize = 3;

    fn next(self) -> Queue {
        match self {
            Queue::Due => Queue::Unfinished,
            Queue::Unfinished => Queue::Orphans,
            Queue::Orphans => Queue::Due,
        }
    }
}

struct Turns {
    /// Whose slice it is.
    queue: Queue,
    /// When it ends, by the monotonic clock.
    until: u64,
}

static TURNS: MainThread<Turns> = MainThread::new(Turns {
    queue: Queue::Due,
    until: 0,
});

/// Gives the next one a turn; `clock` is the monotonic clock's time. Returns whether there was one.
pub fn take(keyspace: &mut Keyspace, now: Millis, clock: u64, deadline: u64) -> bool {
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
        if serve(keyspace, queue, turn) {
            return true;
        }
    }
    false
}

/// Gives the first of a queue its turn.
fn serve(keyspace: &mut Keyspace, queue: Queue, turn: Turn) -> bool {
    let entry = match queue {
        Queue::Due => match watch_list::next_due(turn.now) {
            None => slot_imports::take_released(),
            due => due,
        },
        Queue::Unfinished => unfinished::pop(),
        Queue::Orphans => return report_orphans(keyspace, turn),
    };
    match entry {
        Some(entry) => {
            if let Some(entry) = slot_imports::hold(entry) {
                sweeper::sweep(keyspace, entry, turn);
            }
            true
        }
        // Only stale entries may have been looked at, with others behind them.
        None => matches!(queue, Queue::Due) && watch_list::is_due(turn.now),
    }
}

/// A turn of the next key's orphans. Returns whether there were any.
fn report_orphans(keyspace: &mut Keyspace, turn: Turn) -> bool {
    let Some((key, mut orphans)) = orphans::take() else {
        return false;
    };
    let selected = keyspace.context().select_db(orphans.db);
    let name = SharedString::new(&key);
    let has_more = loop {
        let mut outbox = Outbox::of_eviction(turn.now);
        let has_more = orphans.report(&mut outbox);
        if selected {
            outbox.send(keyspace, name.borrow());
        }
        if !has_more || turn.is_over() {
            break has_more;
        }
    };
    if has_more {
        orphans::put_back(key, orphans);
    }
    true
}
