//! The database that a client came from.
//!
//! A server may tell of a change on the connection of the client that made it. Valkey does from 8.1 on: it selects the
//! database of the change there first, and in earlier versions nothing selects the client's own again. After a `MOVE`,
//! or a `COPY` into another database, the client would go on in that one, and the command itself be replicated as if it had
//! been sent there. So the client's own database is selected again. Servers that notify on a connection of their own are
//! not affected.

use std::sync::atomic::{AtomicI32, Ordering};

use super::context::Context;

/// No database.
const NONE: i32 = -1;

/// Where a key is moved or copied from, until the server tells where to. Only the server's main thread comes by here.
static FROM: AtomicI32 = AtomicI32::new(NONE);

/// A client in this database moves or copies a key, and its new place is told of next.
pub fn leaves(db: i32) {
    FROM.store(db, Ordering::Relaxed);
}

/// The new place was told of, in this context: its client goes back to where it was.
pub fn returns(ctx: Context) {
    let db = FROM.swap(NONE, Ordering::Relaxed);
    if db != NONE {
        ctx.select_db(db);
    }
}
