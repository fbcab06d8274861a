//! `DEBUG DIGEST`: equal exactly if the states are.

use std::marker::PhantomData;

use redis_module::raw;

use crate::ffi::api;

/// The digest of one key, made of sequences: the order counts within one, but not among them.
pub struct Digest<'a> {
    digest: *mut raw::RedisModuleDigest,
    lives: PhantomData<&'a ()>,
}

impl<'a> Digest<'a> {
    /// # Safety
    /// `digest` must be what the server passed to the type's `digest`, and `'a` end with that call.
    pub(super) unsafe fn new(digest: *mut raw::RedisModuleDigest) -> Digest<'a> {
        Digest {
            digest,
            lives: PhantomData,
        }
    }

    /// Adds a number to the current sequence.
    pub fn number(&mut self, number: i64) {
        // SAFETY: the digest is live.
        unsafe { api!(RedisModule_DigestAddLongLong)(self.digest, number) };
    }

    /// Adds bytes to the current sequence.
    pub fn bytes(&mut self, bytes: &[u8]) {
        // SAFETY: the digest is live, the buffer has the length said.
        unsafe {
            let add = api!(RedisModule_DigestAddStringBuffer);
            add(self.digest, bytes.as_ptr().cast(), bytes.len());
        }
    }

    /// Ends a sequence.
    pub fn end_sequence(&mut self) {
        // SAFETY: the digest is live.
        unsafe { api!(RedisModule_DigestEndSequence)(self.digest) };
    }
}
