//! The server's strings: borrowed ones with the lifetime of what they are borrowed from, and ones that are owned here.

use std::marker::PhantomData;
use std::ptr::{NonNull, null_mut};

use redis_module::raw;

use super::api;

/// A string of the server's, borrowed for `'a`: an argument of a command, a key's name.
#[derive(Clone, Copy)]
// A slice of these is passed to the server as an array of its own pointers.
#[repr(transparent)]
pub struct ServerStr<'a>(NonNull<raw::RedisModuleString>, PhantomData<&'a [u8]>);

/// The name of a key.
pub type KeyName<'a> = ServerStr<'a>;

impl<'a> ServerStr<'a> {
    /// `None` where the pointer is null.
    ///
    /// # Safety
    /// If it is not null, it must point to a string that lives, unchanged, for `'a`.
    #[inline]
    pub(super) unsafe fn new(string: *const raw::RedisModuleString) -> Option<ServerStr<'a>> {
        NonNull::new(string.cast_mut()).map(|string| ServerStr(string, PhantomData))
    }

    #[inline]
    pub fn bytes(self) -> &'a [u8] {
        let mut len = 0;
        // SAFETY: the string lives, unchanged, for `'a`, see `new`; the server returns a pointer to `len` bytes of it,
        // which is never null.
        unsafe {
            let data = api!(RedisModule_StringPtrLen)(self.0.as_ptr(), &raw mut len);
            std::slice::from_raw_parts(data.cast(), len)
        }
    }

    /// For the server. Those who are given it may retain the string, but not change it.
    #[inline]
    pub(super) fn as_ptr(self) -> *mut raw::RedisModuleString {
        self.0.as_ptr()
    }
}

/// A string of the server's that is owned here, and given back when dropped. It belongs to no context: the server may
/// come to share it, and it may live for as long as the module does. It stays on the thread it was made on, since the
/// server counts who shares it without a lock.
pub struct SharedString(NonNull<raw::RedisModuleString>);

impl SharedString {
    /// A string of these bytes.
    pub fn new(bytes: &[u8]) -> SharedString {
        // SAFETY: a string may be made without a context; the buffer has the length said, and is copied.
        let string = unsafe {
            api!(RedisModule_CreateString)(null_mut(), bytes.as_ptr().cast(), bytes.len())
        };
        SharedString(NonNull::new(string).expect("the server aborts where memory is short"))
    }

    #[inline]
    pub fn borrow(&self) -> ServerStr<'_> {
        ServerStr(self.0, PhantomData)
    }
}

impl Drop for SharedString {
    fn drop(&mut self) {
        // SAFETY: made by `new` without a context, and given back once.
        unsafe { api!(RedisModule_FreeString)(null_mut(), self.0.as_ptr()) };
    }
}
