//! What a value weighs, and freeing it.

use std::os::raw::c_void;

use redis_module::raw;

use super::value::Value;
use crate::ffi::guard::guard;

/// Bytes allocated for a value, for `MEMORY USAGE`. Exact but for the allocator's rounding, so nothing is sampled.
///
/// # Safety
/// Called by the server only, with a value of the type.
pub unsafe extern "C" fn mem_usage(
    _ctx: *mut raw::RedisModuleKeyOptCtx,
    value: *const c_void,
    _sample_size: usize,
) -> usize {
    // SAFETY: the server passes a value of the type, which is a boxed `Value`.
    guard("mem_usage", || unsafe { &*value.cast::<Value>() }.bytes()).unwrap_or(0)
}

/// How many allocations a value has: beyond a few dozen the server frees it on another thread.
///
/// # Safety
/// Called by the server only, with a value of the type.
pub unsafe extern "C" fn free_effort(
    _ctx: *mut raw::RedisModuleKeyOptCtx,
    value: *const c_void,
) -> usize {
    // SAFETY: the server passes a value of the type, which is a boxed `Value`.
    let value = unsafe { &*value.cast::<Value>() };
    guard("free_effort", || value.set_as_it_is().allocations()).unwrap_or(1)
}

/// Frees a value, perhaps on another thread: nothing is touched but the value and atomic totals.
///
/// # Safety
/// Called by the server only, once, with a value of the type that nobody uses any more.
pub unsafe extern "C" fn free(value: *mut c_void) {
    // SAFETY: the server gives up a value of the type, which is a boxed `Value`.
    let value = unsafe { Box::from_raw(value.cast::<Value>()) };
    guard("free", || drop(value));
}
