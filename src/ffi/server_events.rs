//! Server events.

use std::os::raw::{c_int, c_void};

use redis_module::raw;

use super::api;
use super::context::Context;
use super::guard::guard;

/// Something that has happened in the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerEvent {
    /// Two databases have exchanged their numbers.
    SwappedDbs(i32, i32),
    /// A database was emptied, or all of them (-1).
    FlushedDb(i32),
    /// A client has connected; by its id.
    ClientConnected(u64),
    /// A client has gone; by its id.
    ClientDisconnected(u64),
    /// The server's cron, several times a second by the monotonic clock.
    Cron,
    /// Data is going to be loaded, from a file or the primary, or could not be.
    Loading,
    /// Data was loaded.
    Loaded,
    /// The server has become a primary.
    Promoted,
    /// The server has become a replica.
    Demoted,
    /// A replica's link to its primary is up.
    PrimaryLinkUp,
    /// A replica's link to its primary is down.
    PrimaryLinkDown,
    /// A child process was born, or has died.
    Forked,
}

impl ServerEvent {
    /// Its name in the log.
    fn name(self) -> &'static str {
        match self {
            ServerEvent::SwappedDbs(..) => "SWAPDB",
            ServerEvent::FlushedDb(_) => "a flush",
            ServerEvent::ClientConnected(_) | ServerEvent::ClientDisconnected(_) => {
                "a client's coming or going"
            }
            ServerEvent::Cron => "the cron",
            ServerEvent::Loading => "the begin of loading",
            ServerEvent::Loaded => "the end of loading",
            ServerEvent::Promoted | ServerEvent::Demoted => "a change of roles",
            ServerEvent::PrimaryLinkUp | ServerEvent::PrimaryLinkDown => "a change of the link",
            ServerEvent::Forked => "a fork",
        }
    }
}

/// Called when something happens in the server.
pub trait ServerEvents {
    fn on(ctx: Context, event: ServerEvent);
}

/// The events that are subscribed to. All are of the first version of their data.
const EVENTS: [u64; 8] = [
    raw::REDISMODULE_EVENT_SWAPDB,
    raw::REDISMODULE_EVENT_FLUSHDB,
    raw::REDISMODULE_EVENT_CLIENT_CHANGE,
    raw::REDISMODULE_EVENT_CRON_LOOP,
    raw::REDISMODULE_EVENT_LOADING,
    raw::REDISMODULE_EVENT_REPLICATION_ROLE_CHANGED,
    raw::REDISMODULE_EVENT_MASTER_LINK_CHANGE,
    raw::REDISMODULE_EVENT_FORK_CHILD,
];

/// Subscribes `E` to all of them.
pub fn subscribe<E: ServerEvents>(ctx: Context) -> Result<(), String> {
    for id in EVENTS {
        let event = raw::RedisModuleEvent { id, dataver: 1 };
        // SAFETY: the callback takes the data of each of these events for what it is.
        if !unsafe { subscribe_raw(ctx, event, on_event::<E>) } {
            return Err("a subscription to the server's events was refused".into());
        }
    }
    Ok(())
}

pub(super) type Callback =
    unsafe extern "C" fn(*mut raw::RedisModuleCtx, raw::RedisModuleEvent, u64, *mut c_void);

/// Returns whether the server has such an event.
///
/// # Safety
/// The callback must take the event's data for what it is.
pub(super) unsafe fn subscribe_raw(
    ctx: Context,
    event: raw::RedisModuleEvent,
    callback: Callback,
) -> bool {
    // SAFETY: the context is live; the caller vouches for the callback.
    let subscribed =
        unsafe { api!(RedisModule_SubscribeToServerEvent)(ctx.as_ptr(), event, Some(callback)) };
    subscribed == raw::REDISMODULE_OK as c_int
}

/// # Safety
/// Called by the server only, with one of `EVENTS`.
unsafe extern "C" fn on_event<E: ServerEvents>(
    ctx: *mut raw::RedisModuleCtx,
    event: raw::RedisModuleEvent,
    part: u64,
    data: *mut c_void,
) {
    // SAFETY: the server passes a live context, and the data of the event.
    let (ctx, event) = unsafe { (Context::new(ctx), read(event.id, part, data)) };
    if let Some(event) = event {
        guard(event.name(), || E::on(ctx, event));
    }
}

/// Decodes an event. `None`: a subevent that is not passed on.
///
/// # Safety
/// `data` must be that of an event of this number.
unsafe fn read(id: u64, part: u64, data: *mut c_void) -> Option<ServerEvent> {
    Some(match (id, part) {
        (raw::REDISMODULE_EVENT_SWAPDB, _) => {
            // SAFETY: the structure of this event.
            let info = unsafe { &*data.cast::<raw::RedisModuleSwapDbInfo>() };
            ServerEvent::SwappedDbs(info.dbnum_first, info.dbnum_second)
        }
        (raw::REDISMODULE_EVENT_FLUSHDB, raw::REDISMODULE_SUBEVENT_FLUSHDB_END) => {
            // SAFETY: the structure of this event.
            let info = unsafe { &*data.cast::<raw::RedisModuleFlushInfo>() };
            ServerEvent::FlushedDb(info.dbnum)
        }
        (raw::REDISMODULE_EVENT_CLIENT_CHANGE, part) => {
            // SAFETY: the structure of this event.
            let info = unsafe { &*data.cast::<raw::RedisModuleClientInfo>() };
            match part {
                raw::REDISMODULE_SUBEVENT_CLIENT_CHANGE_CONNECTED => {
                    ServerEvent::ClientConnected(info.id)
                }
                raw::REDISMODULE_SUBEVENT_CLIENT_CHANGE_DISCONNECTED => {
                    ServerEvent::ClientDisconnected(info.id)
                }
                _ => return None,
            }
        }
        (raw::REDISMODULE_EVENT_CRON_LOOP, _) => ServerEvent::Cron,
        (raw::REDISMODULE_EVENT_LOADING, raw::REDISMODULE_SUBEVENT_LOADING_ENDED) => {
            ServerEvent::Loaded
        }
        (raw::REDISMODULE_EVENT_LOADING, _) => ServerEvent::Loading,
        (raw::REDISMODULE_EVENT_REPLICATION_ROLE_CHANGED, part) => match part {
            raw::REDISMODULE_EVENT_REPLROLECHANGED_NOW_MASTER => ServerEvent::Promoted,
            _ => ServerEvent::Demoted,
        },
        (raw::REDISMODULE_EVENT_MASTER_LINK_CHANGE, part) => match part {
            raw::REDISMODULE_SUBEVENT_MASTER_LINK_UP => ServerEvent::PrimaryLinkUp,
            _ => ServerEvent::PrimaryLinkDown,
        },
        (raw::REDISMODULE_EVENT_FORK_CHILD, _) => ServerEvent::Forked,
        _ => return None,
    })
}
