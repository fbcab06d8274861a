//! Dumps: RDB files, full synchronisation, `DUMP` and `RESTORE`.

use std::ffi::CString;
use std::marker::PhantomData;
use std::ops::Deref;

use redis_module::raw;

use crate::ffi::api;
use crate::ffi::string::{KeyName, ServerStr};

/// A dump ends too early, or cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IoError;

/// A dump that is read.
pub struct RdbReader<'a> {
    io: *mut raw::RedisModuleIO,
    lives: PhantomData<&'a ()>,
}

impl<'a> RdbReader<'a> {
    /// # Safety
    /// `io` must be what the server passed to the type's `rdb_load`, and `'a` end with that call.
    pub(super) unsafe fn new(io: *mut raw::RedisModuleIO) -> RdbReader<'a> {
        RdbReader {
            io,
            lives: PhantomData,
        }
    }

    /// The next number.
    pub fn number(&self) -> Result<u64, IoError> {
        // SAFETY: the io is live. After an error the number is 0, and the error is seen below.
        let number = unsafe { api!(RedisModule_LoadUnsigned)(self.io) };
        self.check()?;
        Ok(number)
    }

    /// The next bytes.
    pub fn bytes(&self) -> Result<RdbBytes, IoError> {
        let mut len = 0;
        // SAFETY: the io is live.
        let data = unsafe { api!(RedisModule_LoadStringBuffer)(self.io, &raw mut len) };
        if data.is_null() {
            return Err(IoError);
        }
        let data = data.cast();
        let bytes = RdbBytes { data, len };
        self.check()?;
        Ok(bytes)
    }

    fn check(&self) -> Result<(), IoError> {
        // SAFETY: the io is live.
        match unsafe { api!(RedisModule_IsIOError)(self.io) } {
            0 => Ok(()),
            _ => Err(IoError),
        }
    }

    /// The database and the name of the key that is loaded, if the server has them.
    pub fn key(&self) -> Option<(i32, KeyName<'_>)> {
        // SAFETY: the io is live, and the name as long as that.
        let (db, name) = unsafe {
            let name = ServerStr::new(api!(RedisModule_GetKeyNameFromIO)(self.io));
            (api!(RedisModule_GetDbIdFromIO)(self.io), name)
        };
        name.filter(|_| db >= 0).map(|name| (db, name))
    }

    /// Writes a warning about the dump into the server's log.
    pub fn warn(&self, message: &str) {
        let message = CString::new(message.replace('\0', "\\0")).expect("zero bytes are replaced");
        // SAFETY: the io is live; C strings; the format takes one string.
        unsafe {
            api!(RedisModule_LogIOError)(
                self.io,
                c"warning".as_ptr(),
                c"%s".as_ptr(),
                message.as_ptr(),
            );
        }
    }
}

/// Bytes of a dump, which the server allocated for us.
pub struct RdbBytes {
    data: *mut u8,
    len: usize,
}

impl Deref for RdbBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the server's buffer of that length, not null, ours until it is dropped.
        unsafe { std::slice::from_raw_parts(self.data, self.len) }
    }
}

impl Drop for RdbBytes {
    fn drop(&mut self) {
        // SAFETY: the server's buffer, freed once.
        unsafe { api!(RedisModule_Free)(self.data.cast()) };
    }
}

/// A dump that is written. The server deals with errors.
pub struct RdbWriter<'a> {
    io: *mut raw::RedisModuleIO,
    lives: PhantomData<&'a ()>,
}

impl<'a> RdbWriter<'a> {
    /// # Safety
    /// `io` must be what the server passed to the type's `rdb_save`, and `'a` end with that call.
    pub(super) unsafe fn new(io: *mut raw::RedisModuleIO) -> RdbWriter<'a> {
        RdbWriter {
            io,
            lives: PhantomData,
        }
    }

    pub fn number(&mut self, number: u64) {
        // SAFETY: the io is live.
        unsafe { api!(RedisModule_SaveUnsigned)(self.io, number) };
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        // SAFETY: the io is live, the buffer has the length said.
        unsafe {
            let save = api!(RedisModule_SaveStringBuffer);
            save(self.io, bytes.as_ptr().cast(), bytes.len());
        }
    }
}
