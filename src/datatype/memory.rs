//! What a value weighs, and freeing it.

use std::os::raw::c_void;

use redis_module::raw;

use super::value::Value;
use crate::core::time::Millis;
use crate::expiry::watch_list;
use crate::ffi::api;
use crate::ffi::guard::guard;
use crate::ffi::string::ServerStr;

/// What the server itself keeps for each value of a module, and does not count: two structures of 16 bytes.
const SERVER_OVERHEAD: usize = 32;

/// Bytes that a key takes, for `MEMORY USAGE`. Nothing is sampled. Of a small set, where it matters, the allocator is
/// asked how large the blocks really are; a large one is made of blocks that it serves without waste.
///
/// # Safety
/// Called by the server only, with a value of the type.
pub unsafe extern "C" fn mem_usage(
    ctx: *mut raw::RedisModuleKeyOptCtx,
    value: *const c_void,
    _sample_size: usize,
) -> usize {
    // SAFETY: the server passes a value of the type, which is a boxed `Value`.
    let value = unsafe { &*value.cast::<Value>() };
    guard("mem_usage", || {
        let blocks = match value.buffer() {
            None => value.bytes(),
            Some(buffer) => block_size(std::ptr::from_ref(value).cast()) + buffer_size(buffer),
        };
        // SAFETY: the context is live.
        let entry = unsafe { watched_name(ctx, value) }.map(watch_list::entry_bytes);
        SERVER_OVERHEAD + blocks + entry.unwrap_or(0)
    })
    .unwrap_or(0)
}

/// A key is on its way out, by whatever verb but a flush: the eviction's entry of it is stale from now on.
///
/// # Safety
/// Called by the server only, with a value of the type.
pub unsafe extern "C" fn unlink(ctx: *mut raw::RedisModuleKeyOptCtx, value: *const c_void) {
    // SAFETY: the server passes a value of the type, which is a boxed `Value`.
    let value = unsafe { &*value.cast::<Value>() };
    guard("unlink", || {
        // SAFETY: the context is live.
        if let Some(name) = unsafe { watched_name(ctx, value) } {
            watch_list::outlive(name);
        }
    });
}

/// The key's name, where the eviction has an entry of it.
///
/// # Safety
/// The context must be live, and is while the name is used.
unsafe fn watched_name<'a>(ctx: *mut raw::RedisModuleKeyOptCtx, value: &Value) -> Option<&'a [u8]> {
    if value.queued() == Millis::MAX {
        return None;
    }
    // SAFETY: the caller's context; the name is as long there.
    let name = unsafe { ServerStr::new(api!(RedisModule_GetKeyNameFromOptCtx)(ctx)) };
    name.map(ServerStr::bytes)
}

fn buffer_size(buffer: &[u8]) -> usize {
    if buffer.is_empty() {
        0
    } else {
        block_size(buffer.as_ptr())
    }
}

/// The size of a block as the allocator has it.
fn block_size(block: *const u8) -> usize {
    // SAFETY: the block came from the server's allocator, as all memory of the module.
    unsafe { api!(RedisModule_MallocSize)(block.cast_mut().cast()) }
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
    guard("free_effort", || value.allocations()).unwrap_or(1)
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
