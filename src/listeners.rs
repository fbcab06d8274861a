//! Whether anybody takes in what is replicated: an append-only file, a replica, the backlog for one that may come back.
//!
//! A server builds the arguments of a replicated command before it looks for listeners, which costs more than a touch
//! itself. Where nobody listens, a touch therefore only tells the server that data has changed (`replication.rs`).
//!
//! Neither can begin unseen: a log that is switched on and a replica need a copy of the data first, which the server's
//! fork makes, and what was changed before that is in the copy. So the server is asked after each fork, after data was
//! loaded and after a change of roles, and its answer holds until the next of these. In a cluster, where slots move by
//! other means, there is always somebody.
//!
//! Should a server to come begin by yet another way, what it takes in is the client's own command: members are touched
//! at its time instead of the primary's, but nothing is lost.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::ffi::context::{Context, InfoSection};

const UNKNOWN: u8 = 0;
const NOBODY: u8 = 1;
const SOMEBODY: u8 = 2;

/// What the server answered last.
static ANSWER: AtomicU8 = AtomicU8::new(UNKNOWN);

/// Something has happened that may have begun a log or replication.
pub fn ask_again() {
    ANSWER.store(UNKNOWN, Ordering::Relaxed);
}

/// Whether what is replicated now is taken in by anybody.
#[inline]
pub fn are_there(ctx: Context) -> bool {
    match ANSWER.load(Ordering::Relaxed) {
        UNKNOWN => ask(ctx) == SOMEBODY,
        known => known == SOMEBODY,
    }
}

#[cold]
fn ask(ctx: Context) -> u8 {
    let none = |field| ctx.info(InfoSection::Replication, field) == Some(0);
    let nobody = !ctx.has_append_only_file()
        && !ctx.is_in_cluster()
        && none(c"repl_backlog_active")
        && none(c"connected_slaves");
    let answer = if nobody { NOBODY } else { SOMEBODY };
    ANSWER.store(answer, Ordering::Relaxed);
    answer
}
