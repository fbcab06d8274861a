//! A command's reply, written straight into the client's buffer.

use std::ffi::CString;

use redis_module::raw;

use super::api;
use super::context::Context;

impl Context<'_> {
    #[inline]
    pub fn reply_integer(self, number: i64) {
        // SAFETY: the context is live. The function always returns OK.
        unsafe { api!(RedisModule_ReplyWithLongLong)(self.as_ptr(), number) };
    }

    pub fn reply_ok(self) {
        // SAFETY: the context is live, the text a C string.
        unsafe { api!(RedisModule_ReplyWithSimpleString)(self.as_ptr(), c"OK".as_ptr()) };
    }

    pub fn reply_null(self) {
        // SAFETY: the context is live.
        unsafe { api!(RedisModule_ReplyWithNull)(self.as_ptr()) };
    }

    #[inline]
    pub fn reply_bytes(self, bytes: &[u8]) {
        // SAFETY: the context is live, the buffer has the length said and is copied.
        unsafe {
            api!(RedisModule_ReplyWithStringBuffer)(
                self.as_ptr(),
                bytes.as_ptr().cast(),
                bytes.len(),
            )
        };
    }

    /// Begins an array of `len` items.
    pub fn reply_array(self, len: usize) {
        // SAFETY: the context is live.
        unsafe { api!(RedisModule_ReplyWithArray)(self.as_ptr(), len as i64) };
    }

    /// Begins an array whose length is set later, by `reply_array_len`.
    pub fn reply_array_of_unknown_len(self) {
        let unknown = raw::REDISMODULE_POSTPONED_LEN;
        // SAFETY: the context is live.
        unsafe { api!(RedisModule_ReplyWithArray)(self.as_ptr(), unknown.into()) };
    }

    /// Sets the length of the innermost array that was begun without one.
    pub fn reply_array_len(self, len: usize) {
        // SAFETY: the context is live.
        unsafe { api!(RedisModule_ReplySetArrayLength)(self.as_ptr(), len as i64) };
    }

    /// Begins a map of `len` pairs; in RESP2 the server makes it a flat array.
    pub fn reply_map(self, len: usize) {
        // SAFETY: the context is live.
        unsafe { api!(RedisModule_ReplyWithMap)(self.as_ptr(), len as i64) };
    }

    /// `text` is the error's code and message, such as `ERR syntax error`.
    pub fn reply_error(self, text: &str) {
        let text = CString::new(text.replace(['\0', '\r', '\n'], " ")).expect("no zero bytes");
        // SAFETY: the context is live, the text a C string that is copied.
        unsafe { api!(RedisModule_ReplyWithError)(self.as_ptr(), text.as_ptr()) };
    }
}
