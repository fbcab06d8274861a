//! What time a command sees.

use redis_module::raw;

use crate::core::time::Millis;
use crate::ffi::context::Context;
use crate::ffi::{api, api_if_any};

/// The server's cached command time in Unix ms: all commands of a transaction or a script see the same instant.
///
/// Servers from 7.2 on hand the cached time out. Before that (Redis 7.0) a plain command reads the clock, and only one
/// in a transaction or a script asks the server for its cached time, by way of INFO, for which it waits some
/// microseconds.
#[inline]
pub fn now(ctx: Context) -> Millis {
    if let Some(cached) = api_if_any!(RedisModule_CachedMicroseconds) {
        // SAFETY: the function takes nothing and reads a variable of the server.
        return unsafe { cached() } as Millis / 1000;
    }
    const TOGETHER: u32 = raw::REDISMODULE_CTX_FLAGS_MULTI | raw::REDISMODULE_CTX_FLAGS_LUA;
    if ctx.flags() & TOGETHER != 0
        && let Some(micros) = cached_by_info(ctx)
    {
        return micros / 1000;
    }
    wall()
}

/// The wall clock in Unix ms, for what no command asks.
pub fn wall() -> Millis {
    // SAFETY: the function takes nothing and reads the clock.
    unsafe { api!(RedisModule_Milliseconds)() as Millis }
}

/// A clock that only moves forward, in microseconds from no particular moment.
pub fn monotonic_micros() -> u64 {
    // SAFETY: the function takes nothing and reads a clock.
    unsafe { api!(RedisModule_MonotonicMicroseconds)() }
}

#[cold]
fn cached_by_info(ctx: Context) -> Option<u64> {
    let mut error = 0;
    // SAFETY: the context is live; the data is used before it is freed; the names are C strings.
    let micros = unsafe {
        let info = api!(RedisModule_GetServerInfo)(ctx.as_ptr(), c"server".as_ptr());
        let field = c"server_time_usec".as_ptr();
        let micros = api!(RedisModule_ServerInfoGetFieldUnsigned)(info, field, &raw mut error);
        api!(RedisModule_FreeServerInfo)(ctx.as_ptr(), info);
        micros
    };
    (error == raw::REDISMODULE_OK as i32).then_some(micros)
}
