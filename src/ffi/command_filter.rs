//! Command filters: called for each command before it runs.

use std::marker::PhantomData;
use std::os::raw::c_int;
use std::ptr::null_mut;

use redis_module::raw;

use super::api;
use super::context::Context;
use super::guard::guard;
use super::string::ServerStr;

/// Called for each command of a client or another module; not for what this module calls itself.
pub trait CommandFilter {
    /// A command is about to run.
    fn filter(command: &FilteredCommand);
}

/// A command that is about to run.
pub struct FilteredCommand<'a> {
    command: *mut raw::RedisModuleCommandFilterCtx,
    lives: PhantomData<&'a ()>,
}

impl FilteredCommand<'_> {
    /// Its name, as it was sent.
    pub fn name(&self) -> &[u8] {
        // SAFETY: the command is live, and nothing here changes its name while that is borrowed.
        let name =
            unsafe { ServerStr::new(api!(RedisModule_CommandFilterArgGet)(self.command, 0)) };
        name.map_or(b"", ServerStr::bytes)
    }

    /// Whether it runs inside a transaction or a script.
    pub fn is_inside_transaction(&self) -> bool {
        // SAFETY: filters are given no context, and these flags are the server's, not a context's; null is allowed
        // there.
        let server: Context = unsafe { Context::new(null_mut()) };
        server.is_inside_transaction()
    }
}

/// Registers a filter. Returns whether the server accepted it.
pub fn register<F: CommandFilter>(ctx: Context) -> bool {
    const FLAGS: c_int = raw::REDISMODULE_CMDFILTER_NOSELF as c_int;
    // SAFETY: the context is live; the callback is a filter.
    let filter = unsafe {
        api!(RedisModule_RegisterCommandFilter)(ctx.as_ptr(), Some(on_command::<F>), FLAGS)
    };
    !filter.is_null()
}

/// # Safety
/// Called by the server only, with a command.
unsafe extern "C" fn on_command<F: CommandFilter>(command: *mut raw::RedisModuleCommandFilterCtx) {
    let command = FilteredCommand {
        command,
        lives: PhantomData,
    };
    guard("a command filter", || F::filter(&command));
}
