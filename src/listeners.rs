//! Whether anything consumes the replication stream: an append-only file, a replica, or the backlog for one that may
//! reconnect.
//!
//! The server builds the arguments of a replicated command before it looks for consumers, which costs more than a touch
//! itself. Without any, a touch therefore only marks the data as changed (`transaction/mod.rs`).
//!
//! No consumer can appear unnoticed: an append-only file that is switched on and a new replica both begin with a fork,
//! and what was changed before it is in the child's copy. So the server is asked after each fork, each load and each
//! change of roles, and its answer holds until the next of these. A cluster, where slots move by other means, always
//! counts as a consumer.
//!
//! If a future server begins a stream in yet another way, that gets the client's own command: members are touched at
//! the time of the key's newest touch instead of the primary's, until the consumer is noticed.

use crate::answer::Answer;
use crate::ffi::context::{Context, InfoSection};

static ANSWER: Answer = Answer::new();

/// Something has happened that may have begun an append-only file or replication.
pub fn ask_again() {
    ANSWER.forget();
}

/// Whether anything consumes what is replicated now.
#[inline]
pub fn are_there(ctx: Context) -> bool {
    ANSWER.get(|| {
        let none = |field| ctx.info(InfoSection::Replication, field) == Some(0);
        let nobody = !ctx.has_append_only_file()
            && !ctx.is_in_cluster()
            && none(c"repl_backlog_active")
            && none(c"connected_slaves");
        !nobody
    })
}
