//! The server's clocks.

use super::{api, api_if_any};

/// The time of the command that is running, in Unix µs. `None`: the server does not hand it out (Redis 7.0).
#[inline]
pub fn cached_micros() -> Option<i64> {
    // SAFETY: the function takes nothing and reads a variable of the server.
    api_if_any!(RedisModule_CachedMicroseconds).map(|cached| unsafe { cached() })
}

/// The wall clock, in Unix ms.
pub fn wall_millis() -> i64 {
    // SAFETY: the function takes nothing and reads the clock.
    unsafe { api!(RedisModule_Milliseconds)() }
}

/// A clock that only moves forward, in µs from no particular moment.
pub fn monotonic_micros() -> u64 {
    // SAFETY: the function takes nothing and reads a clock.
    unsafe { api!(RedisModule_MonotonicMicroseconds)() }
}
