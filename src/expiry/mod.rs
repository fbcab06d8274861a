//! What happens when a member's time is up: its time-out is reported, it is removed once it is no longer remembered,
//! and a key whose linger is over is deleted.

pub mod eviction;
pub mod orphans;
pub mod rounds;
pub mod schedule;
pub mod slot_imports;
pub mod sweeper;
pub mod turn;
pub mod turns;
pub mod unfinished;
pub mod watch_list;

/// Members removed or reported between two looks at the clock.
const BATCH: usize = 64;
