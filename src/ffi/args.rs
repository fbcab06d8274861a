//! The arguments of a command, borrowed from the client.

use redis_module::raw;

use super::text;

/// The arguments of a command, its name first. Nothing is copied or retained.
#[derive(Clone, Copy)]
pub struct Args<'a>(&'a [*mut raw::RedisModuleString]);

impl<'a> Args<'a> {
    /// # Safety
    /// `argv` must be `argc` valid strings that live, unchanged, for `'a`.
    pub unsafe fn new(argv: *mut *mut raw::RedisModuleString, argc: i32) -> Args<'a> {
        // SAFETY: the caller vouches for the array.
        Args(unsafe { std::slice::from_raw_parts(argv, argc as usize) })
    }

    pub fn len(self) -> usize {
        self.0.len()
    }

    /// The bytes of an argument.
    #[inline]
    pub fn get(self, index: usize) -> Option<&'a [u8]> {
        // SAFETY: the strings are valid for `'a`, see `new`.
        self.0.get(index).map(|arg| unsafe { text::bytes(*arg) })
    }

    /// An argument as the server's string.
    #[inline]
    pub fn string(self, index: usize) -> *mut raw::RedisModuleString {
        self.0[index]
    }

    /// The arguments from `index` on.
    pub fn from(self, index: usize) -> Args<'a> {
        Args(&self.0[index.min(self.0.len())..])
    }

    /// The arguments as the server's strings.
    pub fn strings(self) -> &'a [*mut raw::RedisModuleString] {
        self.0
    }

    /// The bytes of each argument.
    #[inline]
    pub fn iter(self) -> impl ExactSizeIterator<Item = &'a [u8]> + Clone {
        // SAFETY: the strings are valid for `'a`, see `new`.
        self.0.iter().map(|arg| unsafe { text::bytes(*arg) })
    }
}
