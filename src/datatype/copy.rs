//! `COPY`.

use std::os::raw::c_void;
use std::ptr::null_mut;

use redis_module::raw;

use super::value::Value;
use crate::expiry::watch_list;
use crate::ffi::guard::guard;
use crate::ffi::string::ServerStr;
use crate::ffi::{api, client_db};

/// A copy of a value, for another key, which the eviction is told of.
///
/// # Safety
/// Called by the server only, with a value of the type.
pub unsafe extern "C" fn copy(
    ctx: *mut raw::RedisModuleKeyOptCtx,
    value: *const c_void,
) -> *mut c_void {
    // SAFETY: the server passes a value of the type, which is a boxed `Value`.
    let value = unsafe { &*value.cast::<Value>() };
    guard("copy", || {
        let Some(mut copy) = value.duplicate() else {
            return null_mut();
        };
        // SAFETY: the context is live; the name outlives this call.
        let (name, db) = unsafe {
            let name = api!(RedisModule_GetToKeyNameFromOptCtx)(ctx);
            (
                ServerStr::new(name),
                api!(RedisModule_GetToDbIdFromOptCtx)(ctx),
            )
        };
        if let Some(name) = name
            && let Some(due) = copy.set().and_then(watch_list::next_look)
        {
            copy.set_queued(watch_list::watch(db, name.bytes(), due));
        }
        // SAFETY: the context is live.
        client_db::leaves(unsafe { api!(RedisModule_GetDbIdFromOptCtx)(ctx) });
        Box::into_raw(copy).cast()
    })
    .unwrap_or(null_mut())
}
