//! The context of a callback.

use std::ffi::CStr;
use std::marker::PhantomData;

use redis_module::raw;

use super::api;

/// The context of one call from the server, valid for that call only, which is `'a`. None of its functions opens a key
/// or runs code of other modules; those that do take a [`Keyspace`](super::keyspace::Keyspace).
#[derive(Clone, Copy)]
pub struct Context<'a>(*mut raw::RedisModuleCtx, PhantomData<&'a ()>);

/// A section of the server's INFO. Those of modules are left out, since they run the modules' code.
#[derive(Clone, Copy, Debug)]
pub enum InfoSection {
    Server,
    Replication,
}

impl Context<'_> {
    /// # Safety
    /// `ctx` must be what the server passed to the callback that is running, on its main thread, and `'a` end with
    /// that; or null where nothing is asked but what state the server is in.
    #[inline]
    pub(super) unsafe fn new<'a>(ctx: *mut raw::RedisModuleCtx) -> Context<'a> {
        Context(ctx, PhantomData)
    }

    #[inline]
    pub(super) fn as_ptr(self) -> *mut raw::RedisModuleCtx {
        self.0
    }

    /// The selected database.
    pub fn db(self) -> i32 {
        // SAFETY: the context is live.
        unsafe { api!(RedisModule_GetSelectedDb)(self.0) }
    }

    /// Selects another database. Returns whether there is one of this number.
    pub fn select_db(self, db: i32) -> bool {
        // SAFETY: the context is live.
        unsafe { api!(RedisModule_SelectDb)(self.0, db) == raw::REDISMODULE_OK as i32 }
    }

    /// Whether any of these `REDISMODULE_CTX_FLAGS_…` is set.
    #[inline]
    fn has(self, flags: u32) -> bool {
        // SAFETY: the context is live.
        let set = unsafe { api!(RedisModule_GetContextFlags)(self.0) as u32 };
        set & flags != 0
    }

    /// Whether the server is a primary.
    pub fn is_primary(self) -> bool {
        self.has(raw::REDISMODULE_CTX_FLAGS_MASTER)
    }

    /// Whether the server is a node of a cluster.
    pub fn is_in_cluster(self) -> bool {
        self.has(raw::REDISMODULE_CTX_FLAGS_CLUSTER)
    }

    /// Whether the server writes an append-only file.
    pub fn has_append_only_file(self) -> bool {
        self.has(raw::REDISMODULE_CTX_FLAGS_AOF)
    }

    /// Whether the command is one of a transaction or a script.
    #[inline]
    pub fn is_inside_transaction(self) -> bool {
        self.has(raw::REDISMODULE_CTX_FLAGS_MULTI | raw::REDISMODULE_CTX_FLAGS_LUA)
    }

    /// Whether the client may be blocked: not in a transaction or a script, nor where another module calls.
    pub fn may_block(self) -> bool {
        !self.has(raw::REDISMODULE_CTX_FLAGS_DENY_BLOCKING) && !self.is_inside_transaction()
    }

    /// A number from a section of the server's INFO, `None` where it has no such field. Takes some microseconds.
    pub fn info(self, section: InfoSection, field: &CStr) -> Option<u64> {
        let section = match section {
            InfoSection::Server => c"server",
            InfoSection::Replication => c"replication",
        };
        let mut error = 0;
        // SAFETY: the context is live; the data is used before it is freed; the names are C strings.
        let number = unsafe {
            let info = api!(RedisModule_GetServerInfo)(self.0, section.as_ptr());
            let number =
                api!(RedisModule_ServerInfoGetFieldUnsigned)(info, field.as_ptr(), &raw mut error);
            api!(RedisModule_FreeServerInfo)(self.0, info);
            number
        };
        (error == raw::REDISMODULE_OK as i32).then_some(number)
    }

    /// Whether the command comes from a primary, or from a log that is being loaded, and is applied as it stands.
    pub fn is_replayed(self) -> bool {
        self.has(raw::REDISMODULE_CTX_FLAGS_REPLICATED | raw::REDISMODULE_CTX_FLAGS_LOADING)
    }

    /// Whether the server is loading data, from a file or from its primary.
    pub fn is_loading(self) -> bool {
        self.has(raw::REDISMODULE_CTX_FLAGS_LOADING | raw::REDISMODULE_CTX_FLAGS_ASYNC_LOADING)
    }

    /// Whether clients are paused, or their writes, by CLIENT PAUSE or a failover. Replicating in a pause kills the
    /// server.
    pub fn is_paused(self) -> bool {
        // SAFETY: the function takes nothing.
        unsafe { api!(RedisModule_AvoidReplicaTraffic)() != 0 }
    }
}
