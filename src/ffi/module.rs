//! Loading the module.

use std::os::raw::c_int;

use redis_module::raw;

use super::args::Args;
use super::context::Context;
use super::guard::guard;
use super::keyspace::Keyspace;
use super::{api, api_if_any};

/// The module's version as MODULE LIST shows it: major × 10,000 + minor × 100 + patch.
const VERSION: c_int = 100;

/// Called by the server when the module is loaded.
///
/// # Safety
/// Called by the server only, with a live context and `argc` valid strings.
#[unsafe(no_mangle)]
#[allow(non_snake_case)] // the name is the server's
pub unsafe extern "C" fn RedisModule_OnLoad(
    ctx: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
) -> c_int {
    const REFUSED: c_int = raw::REDISMODULE_ERR as c_int;
    // SAFETY: the server passes a live context; the name is a C string. Nothing is allocated before this.
    let initialised = unsafe {
        let api = raw::REDISMODULE_APIVER_1 as c_int;
        raw::Export_RedisModule_Init(ctx, c"presence".as_ptr(), VERSION, api)
    };
    if initialised != raw::REDISMODULE_OK as c_int {
        return REFUSED;
    }
    // SAFETY: the server passes a live context and `argc` strings.
    let (ctx, args) = unsafe { (Context::new(ctx), Args::new(argv, argc)) };
    // SAFETY: this is the callback's context, and the only one made for it.
    let mut keyspace = unsafe { Keyspace::new(ctx) };
    let loaded = guard("the load", || {
        is_supported().and_then(|()| crate::load(&mut keyspace, args))
    });
    match loaded {
        Some(Ok(())) => raw::REDISMODULE_OK as c_int,
        Some(Err(why)) => {
            ctx.warn(&format!("presence: not loaded, {why}"));
            REFUSED
        }
        None => REFUSED,
    }
}

fn is_supported() -> Result<(), String> {
    // Missing before Redis 7.0, which lacks much else.
    match api_if_any!(RedisModule_RegisterNumericConfig) {
        Some(_) => Ok(()),
        None => Err(
            "this server is too old: Redis 7.0 or later, or Valkey 8 or later, is needed".into(),
        ),
    }
}

/// Sets the module's options: it handles I/O errors, asynchronous loading on replicas and, if asked to, atomic slot
/// migration, and it signals modified keys itself.
pub fn set_options(ctx: Context, handles_slot_migration: bool) {
    /// Valkey's, which the bindings lack.
    const HANDLE_ATOMIC_SLOT_MIGRATION: c_int = 1 << 5;
    let mut options = (raw::REDISMODULE_OPTIONS_HANDLE_IO_ERRORS
        | raw::REDISMODULE_OPTION_NO_IMPLICIT_SIGNAL_MODIFIED
        | raw::REDISMODULE_OPTIONS_HANDLE_REPL_ASYNC_LOAD) as c_int;
    if handles_slot_migration {
        options |= HANDLE_ATOMIC_SLOT_MIGRATION;
    }
    // SAFETY: the context is live.
    unsafe { api!(RedisModule_SetModuleOptions)(ctx.as_ptr(), options) };
}
