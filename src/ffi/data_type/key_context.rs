//! The key of the value that a callback is about.

use std::marker::PhantomData;

use redis_module::raw;

use crate::ffi::api;
use crate::ffi::string::{KeyName, ServerStr};

/// The key of a value; for a copy, both keys.
pub struct KeyContext<'a> {
    ctx: *mut raw::RedisModuleKeyOptCtx,
    lives: PhantomData<&'a ()>,
}

impl<'a> KeyContext<'a> {
    /// # Safety
    /// `ctx` must be what the server passed to the callback that is running, and `'a` end with that.
    pub(super) unsafe fn new(ctx: *mut raw::RedisModuleKeyOptCtx) -> KeyContext<'a> {
        KeyContext {
            ctx,
            lives: PhantomData,
        }
    }

    /// The key's name, if the server has it.
    pub fn name(&self) -> Option<KeyName<'a>> {
        // SAFETY: the context is live, and the name as long as that.
        unsafe { ServerStr::new(api!(RedisModule_GetKeyNameFromOptCtx)(self.ctx)) }
    }

    /// The key's database.
    pub fn db(&self) -> i32 {
        // SAFETY: the context is live.
        unsafe { api!(RedisModule_GetDbIdFromOptCtx)(self.ctx) }
    }

    /// The name of the copy's key, if the server has it.
    pub fn to_name(&self) -> Option<KeyName<'a>> {
        // SAFETY: the context is live, and the name as long as that.
        unsafe { ServerStr::new(api!(RedisModule_GetToKeyNameFromOptCtx)(self.ctx)) }
    }

    /// The database of the copy's key.
    pub fn to_db(&self) -> i32 {
        // SAFETY: the context is live.
        unsafe { api!(RedisModule_GetToDbIdFromOptCtx)(self.ctx) }
    }
}
