//! The server's log.

use std::ffi::CString;
use std::ptr::null_mut;

use redis_module::raw;

use super::api_if_any;
use super::context::Context;

/// Writes a warning into the server's log, where no context is at hand.
pub fn warn(message: &str) {
    write(null_mut(), message);
}

impl Context<'_> {
    /// Writes a warning into the server's log.
    pub fn warn(self, message: &str) {
        write(self.as_ptr(), message);
    }
}

/// The context may be null; if it is not, the server prefixes the line with the module's name.
fn write(ctx: *mut raw::RedisModuleCtx, message: &str) {
    let message = CString::new(message.replace('\0', "\\0")).expect("zero bytes are replaced");
    let Some(log) = api_if_any!(RedisModule_Log) else {
        // Outside of a server, in unit tests.
        return eprintln!("{}", message.to_string_lossy());
    };
    // SAFETY: the context is null, which is allowed here, or live; C strings; the format takes one string.
    unsafe { log(ctx, c"warning".as_ptr(), c"%s".as_ptr(), message.as_ptr()) };
}
