//! Asking the server by one of its own commands.

use std::ffi::CStr;
use std::io;
use std::ptr::NonNull;

use redis_module::raw;

use super::api;
use super::context::Context;
use super::text::SharedString;

/// What a command answered.
pub struct Reply(NonNull<raw::RedisModuleCallReply>);

/// Why a command gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The user may not run it.
    Forbidden,
    /// The server has no such command, or not for a module.
    Unavailable,
}

impl Context {
    /// Runs a command as the module.
    pub fn call(self, command: &CStr, args: &[SharedString]) -> Result<Reply, Refusal> {
        self.call_with(command, c"v", args)
    }

    /// Runs a command as the user of the client whose command is running, where the user may run it. A client without a
    /// user, such as a primary or a log that is replayed, may run any.
    pub fn call_as_user(self, command: &CStr, args: &[SharedString]) -> Result<Reply, Refusal> {
        match self.call_with(command, c"vC", args) {
            Err(Refusal::Unavailable) => self.call(command, args),
            answer => answer,
        }
    }

    fn call_with(
        self,
        command: &CStr,
        format: &CStr,
        args: &[SharedString],
    ) -> Result<Reply, Refusal> {
        let args: Vec<_> = args.iter().map(SharedString::as_ptr).collect();
        // SAFETY: the context is live; the format takes an array of live strings and its length.
        let reply = unsafe {
            api!(RedisModule_Call)(
                self.as_ptr(),
                command.as_ptr(),
                format.as_ptr(),
                args.as_ptr(),
                args.len(),
            )
        };
        NonNull::new(reply).map(Reply).ok_or_else(|| {
            match io::Error::last_os_error().raw_os_error() {
                Some(libc::EACCES) => Refusal::Forbidden,
                _ => Refusal::Unavailable,
            }
        })
    }
}

impl Reply {
    /// The text of a string; `None` where it is something else.
    pub fn text(&self) -> Option<&[u8]> {
        let (reply, mut len) = (self.0.as_ptr(), 0);
        // SAFETY: the reply is live; of a string the server gives a pointer to `len` bytes of the reply.
        unsafe {
            if api!(RedisModule_CallReplyType)(reply) as isize != raw::REDISMODULE_REPLY_STRING {
                return None;
            }
            let text = api!(RedisModule_CallReplyStringPtr)(reply, &raw mut len);
            Some(std::slice::from_raw_parts(text.cast(), len))
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        // SAFETY: made by the server, given back once.
        unsafe { api!(RedisModule_FreeCallReply)(self.0.as_ptr()) };
    }
}
