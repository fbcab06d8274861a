//! The callbacks of a data type. Each calls the function of its name in [`DataType`], under the panic guard.

use std::os::raw::{c_int, c_ulong, c_void};
use std::ptr::null_mut;

use redis_module::raw;

use super::{AofWriter, DataType, Defrag, Digest, KeyContext, RdbReader, RdbWriter};
use crate::ffi::guard::guard;
use crate::ffi::string::ServerStr;
use crate::ffi::{alloc, api, client_db};

/// All of them.
pub(super) fn of<T: DataType>() -> raw::RedisModuleTypeMethods {
    // SAFETY: a plain structure of the server, for which all zeros means no callback.
    let mut methods: raw::RedisModuleTypeMethods = unsafe { std::mem::zeroed() };
    // The newest version that the oldest supported server, Redis 7.0, knows.
    methods.version = 4;
    methods.rdb_load = Some(rdb_load::<T>);
    methods.rdb_save = Some(rdb_save::<T>);
    methods.aof_rewrite = Some(aof_rewrite::<T>);
    methods.digest = Some(digest::<T>);
    methods.free = Some(free::<T>);
    methods.free_effort2 = Some(free_effort::<T>);
    methods.unlink2 = Some(unlink::<T>);
    methods.mem_usage2 = Some(mem_usage::<T>);
    methods.copy2 = Some(copy::<T>);
    methods.defrag = Some(defrag::<T>);
    methods
}

/// # Safety
/// Called by the server only.
unsafe extern "C" fn rdb_load<T: DataType>(
    io: *mut raw::RedisModuleIO,
    version: c_int,
) -> *mut c_void {
    // SAFETY: the io is the server's, and live during this call.
    let reader = unsafe { RdbReader::new(io) };
    match guard("rdb_load", || T::rdb_load(&reader, version)) {
        Some(Some(value)) => Box::into_raw(value).cast(),
        _ => null_mut(),
    }
}

/// # Safety
/// Called by the server only, with a value of the type.
unsafe extern "C" fn rdb_save<T: DataType>(io: *mut raw::RedisModuleIO, value: *mut c_void) {
    // SAFETY: a value of the type is a boxed `T`; the io is live during this call.
    let (value, mut writer) = unsafe { (&*value.cast::<T>(), RdbWriter::new(io)) };
    guard("rdb_save", || value.rdb_save(&mut writer));
}

/// # Safety
/// Called by the server only, with a value of the type.
unsafe extern "C" fn aof_rewrite<T: DataType>(
    io: *mut raw::RedisModuleIO,
    key: *mut raw::RedisModuleString,
    value: *mut c_void,
) {
    // SAFETY: a value of the type is a boxed `T`; the io and the name are live during this call.
    let (value, log, key) =
        unsafe { (&*value.cast::<T>(), AofWriter::new(io), ServerStr::new(key)) };
    if let Some(key) = key {
        guard("aof_rewrite", || value.aof_rewrite(key, &log));
    }
}

/// # Safety
/// Called by the server only, with a value of the type.
unsafe extern "C" fn digest<T: DataType>(digest: *mut raw::RedisModuleDigest, value: *mut c_void) {
    // SAFETY: a value of the type is a boxed `T`; the digest is live during this call.
    let (value, mut digest) = unsafe { (&*value.cast::<T>(), Digest::new(digest)) };
    guard("digest", || value.digest(&mut digest));
}

/// # Safety
/// Called by the server only, once, with a value of the type that nobody uses any more.
unsafe extern "C" fn free<T: DataType>(value: *mut c_void) {
    // SAFETY: the server gives up a value of the type, which is a boxed `T`; perhaps on another thread, where a `T` may
    // be.
    let value = unsafe { Box::from_raw(value.cast::<T>()) };
    guard("free", || drop(value));
}

/// # Safety
/// Called by the server only, with a value of the type.
unsafe extern "C" fn free_effort<T: DataType>(
    _ctx: *mut raw::RedisModuleKeyOptCtx,
    value: *const c_void,
) -> usize {
    // SAFETY: a value of the type is a boxed `T`.
    let value = unsafe { &*value.cast::<T>() };
    guard("free_effort", || value.free_effort()).unwrap_or(1)
}

/// # Safety
/// Called by the server only, with a value of the type.
unsafe extern "C" fn unlink<T: DataType>(
    ctx: *mut raw::RedisModuleKeyOptCtx,
    value: *const c_void,
) {
    // SAFETY: a value of the type is a boxed `T`; the context is live during this call.
    let (value, key) = unsafe { (&*value.cast::<T>(), KeyContext::new(ctx)) };
    guard("unlink", || value.unlink(&key));
}

/// # Safety
/// Called by the server only, with a value of the type.
unsafe extern "C" fn mem_usage<T: DataType>(
    ctx: *mut raw::RedisModuleKeyOptCtx,
    value: *const c_void,
    _sample_size: usize,
) -> usize {
    // SAFETY: a value of the type is a boxed `T`, which is a block of the allocator's; the context is live during this
    // call.
    let (block, value, key) = unsafe {
        let block = alloc::block_size(value);
        (block, &*value.cast::<T>(), KeyContext::new(ctx))
    };
    guard("mem_usage", || value.mem_usage(block, &key)).unwrap_or(0)
}

/// # Safety
/// Called by the server only, with a value of the type.
unsafe extern "C" fn copy<T: DataType>(
    ctx: *mut raw::RedisModuleKeyOptCtx,
    value: *const c_void,
) -> *mut c_void {
    // SAFETY: a value of the type is a boxed `T`; the context is live during this call.
    let (value, keys) = unsafe { (&*value.cast::<T>(), KeyContext::new(ctx)) };
    let Some(Some(copy)) = guard("copy", || value.copy(&keys)) else {
        return null_mut();
    };
    client_db::leaves(keys.db());
    Box::into_raw(copy).cast()
}

/// The key's name is not used: some servers pass something else (Redis up to 7.4.1, Valkey 8.0.1).
///
/// # Safety
/// Called by the server only, with a value of the type.
unsafe extern "C" fn defrag<T: DataType>(
    ctx: *mut raw::RedisModuleDefragCtx,
    _key: *mut raw::RedisModuleString,
    value: *mut *mut c_void,
) -> c_int {
    let unfinished = guard("defrag", || {
        let mut cursor: c_ulong = 0;
        // SAFETY: the context is live. A value that is moved in one go has no cursor, and the call leaves it at 0.
        unsafe { api!(RedisModule_DefragCursorGet)(ctx, &raw mut cursor) };
        // SAFETY: the server passes a value of the type, a boxed `T`, and takes the pointer back as it is left. If
        // another address is returned, the content has been copied there.
        let (value, mut defrag) = unsafe {
            if cursor == 0 {
                let moved = api!(RedisModule_DefragAlloc)(ctx, *value);
                if !moved.is_null() {
                    *value = moved;
                }
            }
            (&mut *(*value).cast::<T>(), Defrag::new(ctx))
        };
        let next = value.defrag(cursor as usize, &mut defrag);
        // SAFETY: the context is live.
        unsafe { api!(RedisModule_DefragCursorSet)(ctx, next.unwrap_or(0) as c_ulong) };
        next.is_some()
    });
    unfinished.unwrap_or(false).into()
}
