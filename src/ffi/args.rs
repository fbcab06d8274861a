//! The arguments of a command, borrowed from the client.

use redis_module::raw;

use super::string::ServerStr;

/// The arguments of a command, its name first. Nothing is copied or retained.
#[derive(Clone, Copy)]
pub struct Args<'a>(&'a [ServerStr<'a>]);

impl<'a> Args<'a> {
    /// No arguments at all.
    pub const NONE: Args<'static> = Args(&[]);

    /// # Safety
    /// `argv` must be `argc` valid strings that live, unchanged, for `'a`; of none it may be null.
    #[inline]
    pub(super) unsafe fn new(argv: *mut *mut raw::RedisModuleString, argc: i32) -> Args<'a> {
        if argc == 0 {
            return Args(&[]);
        }
        // SAFETY: the caller vouches for the array; `ServerStr` is a pointer to such a string.
        Args(unsafe { std::slice::from_raw_parts(argv.cast(), argc as usize) })
    }

    pub fn len(self) -> usize {
        self.0.len()
    }

    /// The bytes of an argument.
    #[inline]
    pub fn get(self, index: usize) -> Option<&'a [u8]> {
        self.0.get(index).map(|arg| arg.bytes())
    }

    /// An argument as the server's string. Panics where there are fewer.
    #[inline]
    pub fn string(self, index: usize) -> ServerStr<'a> {
        self.0[index]
    }

    /// The arguments from `index` on.
    pub fn from(self, index: usize) -> Args<'a> {
        Args(&self.0[index.min(self.0.len())..])
    }

    /// The arguments before `index`.
    pub fn to(self, index: usize) -> Args<'a> {
        Args(&self.0[..index.min(self.0.len())])
    }

    /// The bytes of each argument.
    #[inline]
    pub fn iter(self) -> impl ExactSizeIterator<Item = &'a [u8]> + Clone {
        self.0.iter().map(|arg| arg.bytes())
    }
}
