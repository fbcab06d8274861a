//! The commands, one file each: what the server is told of it, and a `run` that parses, asks the core, replicates and
//! answers.

use std::os::raw::c_int;

use redis_module::raw;

use crate::error::Error;
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::guard::guard;
use crate::ffi::keyspace::Keyspace;

mod span;
mod spec;

/// Declares the commands' modules, and lists each one's description with the function that the server calls.
macro_rules! commands {
    ($($command:ident),* $(,)?) => {
        $(mod $command;)*

        static COMMANDS: &[(&spec::Spec, raw::RedisModuleCmdFunc)] = &[$({
            unsafe extern "C" fn entry(
                ctx: *mut raw::RedisModuleCtx,
                argv: *mut *mut raw::RedisModuleString,
                argc: c_int,
            ) -> c_int {
                // SAFETY: called by the server, with what `call` asks for.
                unsafe { call(stringify!($command), $command::run, ctx, argv, argc) }
            }
            (&$command::SPEC, Some(entry))
        }),*];
    };
}

commands! {
    clients, config, count, evict, filter, forget, info, isonline, leave, list, max, mcount, scan, seen, setmax, touch, touchex,
}

/// Runs a command's body and answers its error, if any.
///
/// # Safety
/// Called by the server only, with a live context and `argc` valid strings.
#[inline]
unsafe fn call(
    name: &str,
    run: spec::Run,
    ctx: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
) -> c_int {
    // SAFETY: the caller passes on what the server passed, which is valid during this call.
    let (ctx, args) = unsafe { (Context::new(ctx), Args::new(argv, argc)) };
    // SAFETY: this is the callback's context, and the only one made for it.
    let mut keyspace = unsafe { Keyspace::new(ctx) };
    match guard(name, || run(ctx, &mut keyspace, args)) {
        Some(Ok(())) => {}
        Some(Err(error)) => ctx.reply_error(&error.to_string()),
        None => ctx.reply_error(&Error::Internal.to_string()),
    }
    raw::REDISMODULE_OK as c_int
}

/// Registers all commands.
pub fn register(ctx: Context) -> std::result::Result<(), String> {
    let with_category = spec::add_category(ctx);
    COMMANDS
        .iter()
        .try_for_each(|(spec, entry)| spec::register(ctx, spec, *entry, with_category))
}
