//! The database that a client came from.
//!
//! From 8.1 on, Valkey sends keyspace notifications to modules in the context of the client that made the change, and
//! selects the change's database there. Early versions (8.1.1, not 9.1.2) do not select the client's own database
//! again: after a `MOVE`, or a `COPY` to another database, the client would go on in that one, and the command itself
//! would be replicated as if it had been sent there. So the client's own database is selected here. Servers that notify
//! in a context of their own are not affected.

use std::sync::atomic::{AtomicI32, Ordering};

use super::context::Context;

/// No database.
const NONE: i32 = -1;

/// The database that a key is moved or copied from, until the server notifies of the new key. Main thread only.
static FROM: AtomicI32 = AtomicI32::new(NONE);

/// A client in this database moves or copies a key; the notification of the new key comes next.
pub fn leaves(db: i32) {
    FROM.store(db, Ordering::Relaxed);
}

/// The server has notified of the new key, in this context: its client's own database is selected again.
pub fn returns(ctx: Context) {
    let db = FROM.swap(NONE, Ordering::Relaxed);
    if db != NONE {
        ctx.select_db(db);
    }
}
