//! The server's strings.

use std::ptr::null_mut;

use redis_module::raw;

use super::api;

/// A string of the server's that is borrowed: a key's name, or a member.
pub type Name = *mut raw::RedisModuleString;

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

/// A string of the server's that is owned here, and given back when dropped. It belongs to no context: the server may
/// come to share it, and it may live for as long as the module does.
pub struct SharedString(*mut raw::RedisModuleString);

// SAFETY: made, shared and given back on the server's main thread only, see `MainThread`.
unsafe impl Send for SharedString {}

impl SharedString {
    /// A string of these bytes.
    pub fn new(bytes: &[u8]) -> SharedString {
        // SAFETY: a string may be made without a context; the buffer has the length said, and is copied.
        SharedString(unsafe {
            api!(RedisModule_CreateString)(null_mut(), bytes.as_ptr().cast(), bytes.len())
        })
    }

    #[inline]
    pub fn as_ptr(&self) -> *mut raw::RedisModuleString {
        self.0
    }
}

impl Drop for SharedString {
    fn drop(&mut self) {
        // SAFETY: made by `new` without a context, and given back once.
        unsafe { api!(RedisModule_FreeString)(null_mut(), self.0) };
    }
}
