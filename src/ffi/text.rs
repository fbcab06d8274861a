//! The server's strings.

use redis_module::raw;

use super::api;

/// The bytes of a server's string, borrowed for as long as the caller holds the string.
///
/// # Safety
/// `string` must be a valid string that lives, unchanged, for `'a`.
#[inline]
pub unsafe fn bytes<'a>(string: *const raw::RedisModuleString) -> &'a [u8] {
    let mut len = 0;
    // SAFETY: the caller vouches for the string; the server returns a pointer to `len` bytes, never null.
    unsafe {
        let data = api!(RedisModule_StringPtrLen)(string, &raw mut len);
        std::slice::from_raw_parts(data.cast(), len)
    }
}

/// A server's string that is owned here and given back when dropped.
pub struct OwnedString {
    ctx: *mut raw::RedisModuleCtx,
    raw: *mut raw::RedisModuleString,
}

impl OwnedString {
    /// A string of these bytes. `ctx` may be any live context, and must outlive the string.
    pub fn new(ctx: super::context::Context, bytes: &[u8]) -> OwnedString {
        let ctx = ctx.as_ptr();
        // SAFETY: a live context and a buffer of the length said.
        let raw =
            unsafe { api!(RedisModule_CreateString)(ctx, bytes.as_ptr().cast(), bytes.len()) };
        OwnedString { ctx, raw }
    }

    pub fn as_ptr(&self) -> *mut raw::RedisModuleString {
        self.raw
    }
}

impl Drop for OwnedString {
    fn drop(&mut self) {
        // SAFETY: created by `new`, and freed once.
        unsafe { api!(RedisModule_FreeString)(self.ctx, self.raw) };
    }
}
