//! What time a command sees.

mod transaction;

use crate::core::time::{MAX_TIME, Millis};
use crate::ffi::clock;
use crate::ffi::context::{Context, InfoSection};

/// The server's cached command time in Unix ms: all commands of a transaction or a script see the same instant.
///
/// Servers from 7.2 on hand the cached time out. Before that (Redis 7.0) a plain command reads the clock, and the first
/// one of a transaction or a script asks the server for its cached time (`transaction.rs`). It is asked for where it is needed
/// only: never for a command that is replayed.
#[inline]
pub fn now(ctx: Context) -> Millis {
    match clock::cached_micros() {
        Some(micros) => bounded(micros / 1000),
        None => transaction::instant(ctx, || cached_by_info(ctx)).unwrap_or_else(wall),
    }
}

/// The server's cached time, whoever asks: what the server itself reckons with in a command's reply.
pub fn cached(ctx: Context) -> Millis {
    match clock::cached_micros() {
        Some(micros) => bounded(micros / 1000),
        None => cached_by_info(ctx),
    }
}

/// A clock that is far off is taken for the next moment that can be stored.
fn bounded(millis: i64) -> Millis {
    millis.clamp(0, MAX_TIME.cast_signed()).cast_unsigned()
}

/// The wall clock in Unix ms, for what no command asks.
pub fn wall() -> Millis {
    bounded(clock::wall_millis())
}

/// A clock that only moves forward, in microseconds from no particular moment.
pub fn monotonic_micros() -> u64 {
    clock::monotonic_micros()
}

#[cold]
fn cached_by_info(ctx: Context) -> Millis {
    match ctx.info(InfoSection::Server, c"server_time_usec") {
        Some(micros) => bounded((micros / 1000).cast_signed()),
        None => wall(),
    }
}
