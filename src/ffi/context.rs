//! The server as a callback sees it.

use std::ffi::{CStr, CString};

use redis_module::raw;

use super::api;

/// The context of one call from the server. Valid during that call only, so it is never stored.
#[derive(Clone, Copy)]
pub struct Context(*mut raw::RedisModuleCtx);

impl Context {
    /// # Safety
    /// `ctx` must be what the server passed to the callback that is running.
    pub unsafe fn new(ctx: *mut raw::RedisModuleCtx) -> Context {
        Context(ctx)
    }

    #[inline]
    pub fn as_ptr(self) -> *mut raw::RedisModuleCtx {
        self.0
    }

    /// The database the call is about.
    pub fn db(self) -> i32 {
        // SAFETY: the context is live.
        unsafe { api!(RedisModule_GetSelectedDb)(self.0) }
    }

    /// Makes the calls that follow be about another database. Returns whether there is one of this number.
    pub fn select_db(self, db: i32) -> bool {
        // SAFETY: the context is live.
        unsafe { api!(RedisModule_SelectDb)(self.0, db) == raw::REDISMODULE_OK as i32 }
    }

    /// `REDISMODULE_CTX_FLAGS_…`: what state the server is in, and where the command comes from.
    pub fn flags(self) -> u32 {
        // SAFETY: the context is live.
        unsafe { api!(RedisModule_GetContextFlags)(self.0) as u32 }
    }

    /// A number from a section of the server's INFO, `None` where it has no such field. Takes some microseconds.
    pub fn info(self, section: &CStr, field: &CStr) -> Option<u64> {
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

    /// Whether the command comes from a primary, or from a log that is being loaded: a command that is applied as it
    /// stands.
    pub fn is_replayed(self) -> bool {
        self.flags() & (raw::REDISMODULE_CTX_FLAGS_REPLICATED | raw::REDISMODULE_CTX_FLAGS_LOADING)
            != 0
    }

    /// Whether the server is loading data, from a file or from its primary.
    pub fn is_loading(self) -> bool {
        let loading = raw::REDISMODULE_CTX_FLAGS_LOADING | raw::REDISMODULE_CTX_FLAGS_ASYNC_LOADING;
        self.flags() & loading != 0
    }

    /// Whether clients are paused, or their writes: by CLIENT PAUSE or for a failover. What is replicated then kills the
    /// server.
    pub fn is_paused(self) -> bool {
        // SAFETY: the function takes nothing.
        unsafe { api!(RedisModule_AvoidReplicaTraffic)() != 0 }
    }

    /// The name of this node, where it is one of a cluster.
    pub fn cluster_node(self) -> Option<String> {
        const LEN: usize = raw::REDISMODULE_NODE_ID_LEN as usize;
        // SAFETY: the function takes nothing, and returns null or a name of this length, which is copied at once.
        let name = unsafe {
            let name: *const [u8; LEN] = api!(RedisModule_GetMyClusterID)().cast();
            name.as_ref()?
        };
        Some(String::from_utf8_lossy(name).into_owned())
    }

    /// Writes a warning into the server's log.
    pub fn warn(self, message: &str) {
        let message = CString::new(message.replace('\0', "\\0")).expect("zero bytes are replaced");
        // SAFETY: C strings; the format takes one string. A null context is allowed here.
        unsafe {
            api!(RedisModule_Log)(
                self.0,
                c"warning".as_ptr(),
                c"%s".as_ptr(),
                message.as_ptr(),
            );
        }
    }
}
