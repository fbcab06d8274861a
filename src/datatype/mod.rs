//! The type of presence keys, `presence-`, and the callbacks by which the server handles its values: each file is named
//! for what it does, each callback for the API's name of it.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use redis_module::raw;

use crate::ffi::api;
use crate::ffi::context::Context;

mod aof;
mod copy;
mod defrag;
mod digest;
mod memory;
mod rdb;
pub mod value;

/// What TYPE answers; nine characters, of which the server makes the type's identity in dumps.
const NAME: &std::ffi::CStr = c"presence-";

static TYPE: AtomicPtr<raw::RedisModuleType> = AtomicPtr::new(null_mut());

/// The server's handle of the type.
#[inline]
pub fn raw_type() -> *mut raw::RedisModuleType {
    TYPE.load(Ordering::Relaxed)
}

/// Says in the log that what is saved is not all that there was.
fn warn_of_damage() {
    // SAFETY: a null context is allowed for logging, and nothing else is done with it.
    let log = unsafe { Context::new(null_mut()) };
    log.warn("presence: a key that an internal error damaged is saved without its members");
}

/// Registers the type.
pub fn register(ctx: Context) -> Result<(), String> {
    // SAFETY: a plain structure of the server, for which all zeros means no callback.
    let mut methods: raw::RedisModuleTypeMethods = unsafe { std::mem::zeroed() };
    // The newest version that the oldest supported server, Redis 7.0, knows.
    methods.version = 4;
    methods.rdb_load = Some(rdb::rdb_load);
    methods.rdb_save = Some(rdb::rdb_save);
    methods.aof_rewrite = Some(aof::aof_rewrite);
    methods.digest = Some(digest::digest);
    methods.free = Some(memory::free);
    methods.free_effort2 = Some(memory::free_effort);
    methods.unlink2 = Some(memory::unlink);
    methods.mem_usage2 = Some(memory::mem_usage);
    methods.copy2 = Some(copy::copy);
    methods.defrag = Some(defrag::defrag);
    // SAFETY: the context is live; the server copies the structure.
    let handle = unsafe {
        api!(RedisModule_CreateDataType)(
            ctx.as_ptr(),
            NAME.as_ptr(),
            rdb::VERSION,
            &raw mut methods,
        )
    };
    if handle.is_null() {
        return Err("the data type presence- was refused".into());
    }
    TYPE.store(handle, Ordering::Relaxed);
    Ok(())
}
