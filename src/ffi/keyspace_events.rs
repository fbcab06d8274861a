//! Keyspace notifications: those that the module subscribes to, and those that it sends.

use std::ffi::CStr;
use std::os::raw::{c_char, c_int};

use redis_module::raw;

use super::context::Context;
use super::guard::guard;
use super::keyspace::Keyspace;
use super::string::{KeyName, ServerStr};
use super::{api, client_db};

/// Called when a key is renamed or moved.
pub trait KeyspaceEvents {
    /// A key was renamed to this name, or moved into the selected database.
    fn renamed(keyspace: &mut Keyspace, to: KeyName);
}

/// Subscribes `E`.
pub fn subscribe<E: KeyspaceEvents>(ctx: Context) -> Result<(), String> {
    // SAFETY: the context is live; the callback is of the type asked for.
    let subscribed = unsafe {
        api!(RedisModule_SubscribeToKeyspaceEvents)(
            ctx.as_ptr(),
            raw::REDISMODULE_NOTIFY_GENERIC,
            Some(on_event::<E>),
        )
    };
    match subscribed == raw::REDISMODULE_OK as c_int {
        true => Ok(()),
        false => Err("a subscription to keyspace events was refused".into()),
    }
}

/// Whether notifications of the module class are switched on (`notify-keyspace-events`).
#[inline]
pub fn notifies() -> bool {
    // SAFETY: the function takes nothing and reads a variable of the server.
    let classes = unsafe { api!(RedisModule_GetNotifyKeyspaceEvents)() };
    classes & raw::REDISMODULE_NOTIFY_MODULE != 0
}

/// Sends a keyspace notification of the module class in the selected database. This runs the code of other modules.
pub fn notify(keyspace: &mut Keyspace, event: &CStr, key: KeyName) {
    // SAFETY: the context and the name are live; the event is a C string.
    unsafe {
        api!(RedisModule_NotifyKeyspaceEvent)(
            keyspace.context().as_ptr(),
            raw::REDISMODULE_NOTIFY_MODULE,
            event.as_ptr(),
            key.as_ptr(),
        );
    }
}

/// # Safety
/// Called by the server only.
unsafe extern "C" fn on_event<E: KeyspaceEvents>(
    ctx: *mut raw::RedisModuleCtx,
    _class: c_int,
    event: *const c_char,
    name: *mut raw::RedisModuleString,
) -> c_int {
    // SAFETY: the server passes a live context, a C string, and the key's name.
    let (ctx, event, name) = unsafe {
        (
            Context::new(ctx),
            CStr::from_ptr(event),
            ServerStr::new(name),
        )
    };
    if event == c"move_from" {
        client_db::leaves(ctx.db());
    }
    if (event == c"rename_to" || event == c"move_to")
        && let Some(name) = name
    {
        // SAFETY: this is the callback's context, and the only one made for it.
        let mut keyspace = unsafe { Keyspace::new(ctx) };
        guard("a keyspace event", || E::renamed(&mut keyspace, name));
    }
    if event == c"move_to" || event == c"copy_to" {
        client_db::returns(ctx);
    }
    raw::REDISMODULE_OK as c_int
}
