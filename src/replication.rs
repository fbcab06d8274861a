//! What replicas and the AOF are told: each change resolved, with the times it was made with.
//!
//! Two forms that clients may not use carry what the commands' own syntax cannot: `PRESENCE.TOUCHEX` with `PX 0` is the
//! touch of one who left, and `PRESENCE.CONFIG` with `AT` makes a key as of that moment.

use redis_module::raw;

use crate::core::time::Millis;
use crate::core::{Peak, Seen, Settings};
use crate::ffi::api;
use crate::ffi::context::Context;
use crate::keys::Name;

/// A linger as a number: -1 for ever.
pub fn linger_number(settings: &Settings) -> i64 {
    settings.linger.map_or(-1, |linger| linger as i64)
}

/// Replicates a command as `RedisModule_Replicate` formats it.
macro_rules! replicate {
    ($ctx:expr, $command:literal, $format:literal, $($arg:expr),* $(,)?) => {
        // SAFETY: the context is live; the format matches the arguments: `c` a C string, `l` a long long, `s` a live
        // string of the server, `v` an array of such strings and its length.
        unsafe {
            api!(RedisModule_Replicate)($ctx.as_ptr(), $command.as_ptr(), $format.as_ptr(), $($arg),*)
        }
    };
}

/// Members were touched at `seen.at` and stay for `seen.ttl`; a ttl of 0: they left.
#[inline]
pub fn touch(ctx: Context, key: Name, seen: Seen, members: &[*mut raw::RedisModuleString]) {
    if members.is_empty() {
        return;
    }
    replicate!(
        ctx,
        c"PRESENCE.TOUCHEX",
        c"sclclclv",
        key,
        c"PX".as_ptr(),
        seen.ttl as i64,
        c"AT".as_ptr(),
        seen.at as i64,
        c"MEMBERS".as_ptr(),
        members.len() as i64,
        members.as_ptr(),
        members.len(),
    );
}

/// The key was made at `at` with these settings.
pub fn create(ctx: Context, key: Name, settings: &Settings, at: Millis) {
    replicate!(
        ctx,
        c"PRESENCE.CONFIG",
        c"sclclclcl",
        key,
        c"TTL".as_ptr(),
        settings.ttl as i64,
        c"RETAIN".as_ptr(),
        settings.retain as i64,
        c"LINGER".as_ptr(),
        linger_number(settings),
        c"AT".as_ptr(),
        at as i64,
    );
}

/// The key's settings are these now.
pub fn configure(ctx: Context, key: Name, settings: &Settings) {
    replicate!(
        ctx,
        c"PRESENCE.CONFIG",
        c"sclclcl",
        key,
        c"TTL".as_ptr(),
        settings.ttl as i64,
        c"RETAIN".as_ptr(),
        settings.retain as i64,
        c"LINGER".as_ptr(),
        linger_number(settings),
    );
}

/// The record is this now.
pub fn set_peak(ctx: Context, key: Name, peak: Peak) {
    replicate!(
        ctx,
        c"PRESENCE.SETMAX",
        c"sll",
        key,
        peak.count as i64,
        peak.at as i64,
    );
}

/// The first `count` members due at `cutoff` were removed.
pub fn evict(ctx: Context, key: Name, cutoff: Millis, count: usize) {
    replicate!(
        ctx,
        c"PRESENCE.EVICT",
        c"slcl",
        key,
        cutoff as i64,
        c"LIMIT".as_ptr(),
        count as i64,
    );
}

/// The key was removed.
pub fn delete(ctx: Context, key: Name) {
    replicate!(ctx, c"DEL", c"s", key);
}

/// The command that is running, as it came: it was resolved by the primary it comes from.
pub fn verbatim(ctx: Context) {
    // SAFETY: the context is that of a running command.
    unsafe { api!(RedisModule_ReplicateVerbatim)(ctx.as_ptr()) };
}
