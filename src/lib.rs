//! `presence`: a Redis and Valkey module that answers "who is online?".
//!
//! [`core`] is the data structure and knows nothing of the server; the rest is the shell around it. `docs/design.md`
//! shows how it fits together.

mod announcements;
mod arg;
mod clients;
mod clock;
mod commands;
pub mod core;
mod datatype;
mod defaults;
mod error;
mod events;
mod expiry;
mod ffi;
mod glob;
mod keys;
mod listeners;
mod metrics;
mod parse;
mod replication;
mod server_events;
mod settings;
mod timer;

use std::os::raw::c_int;

use redis_module::raw;

use expiry::{eviction, slot_imports};
use ffi::api;
use ffi::args::Args;
use ffi::context::Context;
use ffi::keyspace::Keyspace;

#[global_allocator]
static ALLOCATOR: ffi::alloc::ServerAlloc = ffi::alloc::ServerAlloc;

/// The module's version as MODULE LIST shows it: major × 10,000 + minor × 100 + patch.
const VERSION: c_int = 100;

/// The module's settings, in the order in which `CONFIG REWRITE` writes them.
static SETTINGS: [&dyn settings::Setting; 8] = [
    &defaults::TTL,
    &defaults::RETAIN,
    &defaults::LINGER,
    &eviction::SWEEP_INTERVAL,
    &eviction::SWEEP_BUDGET,
    &events::EVENTS,
    &announcements::FREQUENCY,
    &announcements::CHANNEL,
];

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
    match ffi::guard::guard("the load", || load(&mut keyspace, args)) {
        Some(Ok(())) => raw::REDISMODULE_OK as c_int,
        Some(Err(why)) => {
            ctx.warn(&format!("presence: not loaded, {why}"));
            REFUSED
        }
        None => REFUSED,
    }
}

fn load(keyspace: &mut Keyspace, args: Args) -> Result<(), String> {
    let ctx = keyspace.context();
    // Redis 7.0 and Valkey 8 have this; what is older lacks much else.
    if ffi::api_if_any!(RedisModule_RegisterNumericConfig).is_none() {
        return Err(
            "this server is too old: Redis 7.0 or later, or Valkey 8 or later, is needed".into(),
        );
    }
    let options = raw::REDISMODULE_OPTIONS_HANDLE_IO_ERRORS
        | raw::REDISMODULE_OPTION_NO_IMPLICIT_SIGNAL_MODIFIED
        | raw::REDISMODULE_OPTIONS_HANDLE_REPL_ASYNC_LOAD;
    let options = options as c_int | slot_imports::follow(ctx);
    // SAFETY: the context is live.
    unsafe { api!(RedisModule_SetModuleOptions)(ctx.as_ptr(), options) };
    settings::register(ctx, args, &SETTINGS)?;
    datatype::register(ctx)?;
    commands::register(ctx)?;
    server_events::register(ctx)?;
    metrics::register(ctx);
    eviction::start(ctx);
    announcements::start(keyspace);
    Ok(())
}
