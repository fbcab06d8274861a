//! An append-only file that is being rewritten, without an RDB preamble.

use std::ffi::CStr;
use std::marker::PhantomData;

use redis_module::raw;

use crate::ffi::replicate::{Arguments, CommandSink};

/// The file, for the callback that writes one key.
pub struct AofWriter<'a> {
    io: *mut raw::RedisModuleIO,
    lives: PhantomData<&'a ()>,
}

impl<'a> AofWriter<'a> {
    /// # Safety
    /// `io` must be what the server passed to the type's `aof_rewrite`, and `'a` end with that call.
    pub(super) unsafe fn new(io: *mut raw::RedisModuleIO) -> AofWriter<'a> {
        AofWriter {
            io,
            lives: PhantomData,
        }
    }
}

impl CommandSink for AofWriter<'_> {
    fn send(&self, command: &CStr, args: impl Arguments) {
        // SAFETY: the io is that of a rewrite under way, see `new`.
        unsafe { args.emit(self.io, command) };
    }
}
