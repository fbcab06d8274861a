//! What the server tells the module of. Keys that come under another name, databases that are exchanged or emptied, and
//! its cron: for the eviction, to find its keys again and to keep running. Data that was loaded, another role, and the link
//! to the primary: for the events, to know which are this server's to tell. Forks: for the replication, to know whether
//! anybody listens. Clients that come and go: for the announcements.

use std::ffi::CStr;
use std::os::raw::{c_char, c_int, c_void};

use redis_module::raw;

use crate::core::time::Millis;
use crate::expiry::{eviction, orphans, unfinished, watch_list};
use crate::ffi::api;
use crate::ffi::context::Context;
use crate::ffi::guard::guard;
use crate::ffi::home;
use crate::ffi::keyspace::Keyspace;
use crate::ffi::string::ServerStr;
use crate::keys::WriteKey;
use crate::{announcements, events, listeners};

/// Two databases are exchanged. The API's own constants are private to C.
const SWAPDB: raw::RedisModuleEvent = raw::RedisModuleEvent {
    id: raw::REDISMODULE_EVENT_SWAPDB,
    dataver: 1,
};
/// A database is emptied, or all.
const FLUSHDB: raw::RedisModuleEvent = raw::RedisModuleEvent {
    id: raw::REDISMODULE_EVENT_FLUSHDB,
    dataver: 1,
};
/// A client connects or disconnects.
const CLIENT: raw::RedisModuleEvent = raw::RedisModuleEvent {
    id: raw::REDISMODULE_EVENT_CLIENT_CHANGE,
    dataver: 1,
};
/// The server's cron, several times a second by a clock that does not step.
const CRON: raw::RedisModuleEvent = raw::RedisModuleEvent {
    id: raw::REDISMODULE_EVENT_CRON_LOOP,
    dataver: 1,
};

/// Data is loaded, or was.
const LOADING: raw::RedisModuleEvent = raw::RedisModuleEvent {
    id: raw::REDISMODULE_EVENT_LOADING,
    dataver: 1,
};
/// The server has become a primary, or a replica.
const ROLE: raw::RedisModuleEvent = raw::RedisModuleEvent {
    id: raw::REDISMODULE_EVENT_REPLICATION_ROLE_CHANGED,
    dataver: 1,
};
/// A replica's link to its primary is up, or down.
const LINK: raw::RedisModuleEvent = raw::RedisModuleEvent {
    id: raw::REDISMODULE_EVENT_MASTER_LINK_CHANGE,
    dataver: 1,
};

/// A child process was born, or has died.
const FORK: raw::RedisModuleEvent = raw::RedisModuleEvent {
    id: raw::REDISMODULE_EVENT_FORK_CHILD,
    dataver: 1,
};

/// Subscribes to all of it.
pub fn register(ctx: Context) -> Result<(), String> {
    let ok = raw::REDISMODULE_OK as c_int;
    // SAFETY: the context is live; the events are those of the API; the callbacks are of the types asked for.
    unsafe {
        let subscribed = api!(RedisModule_SubscribeToKeyspaceEvents)(
            ctx.as_ptr(),
            raw::REDISMODULE_NOTIFY_GENERIC,
            Some(on_key),
        );
        let server = api!(RedisModule_SubscribeToServerEvent);
        if subscribed != ok
            || server(ctx.as_ptr(), SWAPDB, Some(on_swap)) != ok
            || server(ctx.as_ptr(), FLUSHDB, Some(on_flush)) != ok
            || server(ctx.as_ptr(), CLIENT, Some(on_client)) != ok
            || server(ctx.as_ptr(), CRON, Some(on_cron)) != ok
            || server(ctx.as_ptr(), LOADING, Some(on_loading)) != ok
            || server(ctx.as_ptr(), ROLE, Some(on_role)) != ok
            || server(ctx.as_ptr(), LINK, Some(on_link)) != ok
            || server(ctx.as_ptr(), FORK, Some(on_fork)) != ok
        {
            return Err("a subscription to the server's events was refused".into());
        }
    }
    Ok(())
}

/// A value that has come under another name is watched under that.
///
/// # Safety
/// Called by the server only.
unsafe extern "C" fn on_key(
    ctx: *mut raw::RedisModuleCtx,
    _class: c_int,
    event: *const c_char,
    name: *mut raw::RedisModuleString,
) -> c_int {
    // SAFETY: the server passes a live context and a C string.
    let (ctx, event) = unsafe { (Context::new(ctx), CStr::from_ptr(event)) };
    // SAFETY: this is the callback's context, and the only one made for it; the name outlives this call.
    let (mut keyspace, name) = unsafe { (Keyspace::new(ctx), ServerStr::new(name)) };
    if event == c"move_from" {
        home::leaves(ctx.db());
    }
    if event == c"rename_to" || event == c"move_to" {
        guard("a keyspace event", || {
            if let Some(name) = name
                && let Ok(mut key) = WriteKey::open(&mut keyspace, name, None)
                && let Some(value) = key.value()
            {
                value.set_queued(Millis::MAX);
                key.watch();
            }
        });
    }
    if event == c"move_to" || event == c"copy_to" {
        home::returns(ctx);
    }
    raw::REDISMODULE_OK as c_int
}

/// # Safety
/// Called by the server only.
unsafe extern "C" fn on_swap(
    _ctx: *mut raw::RedisModuleCtx,
    _event: raw::RedisModuleEvent,
    _part: u64,
    info: *mut c_void,
) {
    // SAFETY: the server passes the structure of this event.
    let info = unsafe { &*info.cast::<raw::RedisModuleSwapDbInfo>() };
    guard("SWAPDB", || {
        watch_list::swap_dbs(info.dbnum_first, info.dbnum_second);
        unfinished::swap_dbs(info.dbnum_first, info.dbnum_second);
    });
}

/// # Safety
/// Called by the server only.
unsafe extern "C" fn on_flush(
    _ctx: *mut raw::RedisModuleCtx,
    _event: raw::RedisModuleEvent,
    part: u64,
    info: *mut c_void,
) {
    // SAFETY: the server passes the structure of this event.
    let info = unsafe { &*info.cast::<raw::RedisModuleFlushInfo>() };
    if part == raw::REDISMODULE_SUBEVENT_FLUSHDB_END {
        guard("a flush", || watch_list::flush_db(info.dbnum));
    }
}

/// # Safety
/// Called by the server only.
unsafe extern "C" fn on_client(
    ctx: *mut raw::RedisModuleCtx,
    _event: raw::RedisModuleEvent,
    part: u64,
    info: *mut c_void,
) {
    // SAFETY: the server passes a live context, and the structure of this event.
    let (ctx, info) = unsafe {
        let info = &*info.cast::<raw::RedisModuleClientInfo>();
        (Context::new(ctx), info)
    };
    guard("a client's coming or going", || match part {
        raw::REDISMODULE_SUBEVENT_CLIENT_CHANGE_CONNECTED => announcements::joined(ctx, info.id),
        raw::REDISMODULE_SUBEVENT_CLIENT_CHANGE_DISCONNECTED => announcements::left(ctx, info.id),
        _ => {}
    });
}

/// # Safety
/// Called by the server only.
unsafe extern "C" fn on_cron(
    ctx: *mut raw::RedisModuleCtx,
    _event: raw::RedisModuleEvent,
    _part: u64,
    _info: *mut c_void,
) {
    // SAFETY: the server passes a live context.
    let ctx = unsafe { Context::new(ctx) };
    guard("the cron", || {
        eviction::check_timer(ctx);
        announcements::check_timer(ctx);
    });
}

/// # Safety
/// Called by the server only.
unsafe extern "C" fn on_loading(
    _ctx: *mut raw::RedisModuleCtx,
    _event: raw::RedisModuleEvent,
    part: u64,
    _info: *mut c_void,
) {
    if part == raw::REDISMODULE_SUBEVENT_LOADING_ENDED {
        guard("the end of loading", || {
            events::loaded();
            listeners::ask_again();
        });
    }
}

/// # Safety
/// Called by the server only.
unsafe extern "C" fn on_role(
    _ctx: *mut raw::RedisModuleCtx,
    _event: raw::RedisModuleEvent,
    part: u64,
    _info: *mut c_void,
) {
    guard("a change of roles", || {
        listeners::ask_again();
        if part == raw::REDISMODULE_EVENT_REPLROLECHANGED_NOW_MASTER {
            events::promoted();
        } else {
            events::demoted();
            orphans::clear();
        }
    });
}

/// # Safety
/// Called by the server only, with a live context.
unsafe extern "C" fn on_link(
    ctx: *mut raw::RedisModuleCtx,
    _event: raw::RedisModuleEvent,
    part: u64,
    _info: *mut c_void,
) {
    // SAFETY: the server passes a live context.
    let ctx = unsafe { Context::new(ctx) };
    guard("a change of the link", || {
        if part == raw::REDISMODULE_SUBEVENT_MASTER_LINK_UP {
            events::link_up();
        } else {
            events::link_down(ctx);
        }
    });
}

/// # Safety
/// Called by the server only.
unsafe extern "C" fn on_fork(
    _ctx: *mut raw::RedisModuleCtx,
    _event: raw::RedisModuleEvent,
    _part: u64,
    _info: *mut c_void,
) {
    guard("a fork", listeners::ask_again);
}
