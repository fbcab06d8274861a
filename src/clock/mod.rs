//! What time a command sees.

mod transaction;

use crate::core::time::{MAX_TIME, Millis};
use crate::ffi::clock;
use crate::ffi::context::{Context, InfoSection};

/// The server's cached command time, in Unix ms: the same for all commands of a transaction or a script.
///
/// Redis 7.0 has no API for it: there a plain command reads the clock, and one in a transaction or a script gets the
/// time at which that began (`transaction.rs`). Replayed commands carry the time that they need and should not ask,
/// since it may cost microseconds.
#[inline]
pub fn now(ctx: Context) -> Millis {
    match clock::cached_micros() {
        Some(micros) => bounded(micros / 1000),
        None => transaction::instant(ctx, || cached_by_info(ctx)).unwrap_or_else(wall),
    }
}

/// The server's cached time inside or outside of a command: what the server itself computes ages from.
pub fn cached(ctx: Context) -> Millis {
    match clock::cached_micros() {
        Some(micros) => bounded(micros / 1000),
        None => cached_by_info(ctx),
    }
}

/// Clamps a clock that is far off to the times that can be stored.
fn bounded(millis: i64) -> Millis {
    millis.clamp(0, MAX_TIME.cast_signed()).cast_unsigned()
}

/// The wall clock in Unix ms, for what is not part of a command.
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
