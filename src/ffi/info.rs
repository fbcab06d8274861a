//! The module's section of INFO.

use std::ffi::CStr;
use std::marker::PhantomData;

use redis_module::raw;

use super::api;
use super::context::Context;
use super::guard::guard;

/// Called when INFO shows the module's section.
pub trait Info {
    /// Writes the fields of the section.
    fn write(section: &mut Section);
}

/// The section that is written; the server puts the module's name and `_` before each field's.
pub struct Section<'a> {
    ctx: *mut raw::RedisModuleInfoCtx,
    lives: PhantomData<&'a ()>,
}

impl Section<'_> {
    /// A field that is a number.
    pub fn number(&mut self, name: &CStr, number: u64) {
        // SAFETY: the context is live during the callback; the name is a C string.
        unsafe { api!(RedisModule_InfoAddFieldULongLong)(self.ctx, name.as_ptr(), number) };
    }
}

/// Adds the section to INFO.
pub fn register<I: Info>(ctx: Context) {
    // SAFETY: the context is live.
    unsafe { api!(RedisModule_RegisterInfoFunc)(ctx.as_ptr(), Some(info::<I>)) };
}

extern "C" fn info<I: Info>(ctx: *mut raw::RedisModuleInfoCtx, _for_crash_report: i32) {
    guard("INFO", || {
        // SAFETY: the context is live during this call; the name is a C string.
        let added = unsafe { api!(RedisModule_InfoAddSection)(ctx, c"".as_ptr()) };
        if added == raw::REDISMODULE_OK as i32 {
            I::write(&mut Section {
                ctx,
                lives: PhantomData,
            });
        }
    });
}
