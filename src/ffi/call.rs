//! Calling the server's own commands.

use std::ffi::CStr;
use std::io;
use std::marker::PhantomData;
use std::ptr::NonNull;

use redis_module::raw;

use super::api;
use super::context::Context;
use super::keyspace::Keyspace;
use super::string::{ServerStr, SharedString};

/// What a command answered, in the context that it was asked for.
pub struct CallReply<'a> {
    reply: NonNull<raw::RedisModuleCallReply>,
    ctx: PhantomData<Context<'a>>,
}

/// Why a command gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The user may not run it.
    Forbidden,
    /// The server has no such command, or not for a module.
    Unavailable,
}

/// The command may open keys, and may run the code of other modules.
impl<'a> Keyspace<'a> {
    /// Runs a command as the module.
    pub fn call(
        &mut self,
        command: &CStr,
        args: &[SharedString],
    ) -> Result<CallReply<'a>, Refusal> {
        self.call_with(command, c"v", args)
    }

    /// Runs a command as the user of the client whose command is running, where the user may run it. A client without a
    /// user, such as a primary or a log that is replayed, may run any.
    pub fn call_as_user(
        &mut self,
        command: &CStr,
        args: &[SharedString],
    ) -> Result<CallReply<'a>, Refusal> {
        match self.call_with(command, c"vC", args) {
            Err(Refusal::Unavailable) => self.call(command, args),
            answer => answer,
        }
    }

    fn call_with(
        &mut self,
        command: &CStr,
        format: &CStr,
        args: &[SharedString],
    ) -> Result<CallReply<'a>, Refusal> {
        let args: Vec<ServerStr> = args.iter().map(SharedString::borrow).collect();
        // SAFETY: the context is live; the format takes an array of live strings and its length.
        let reply = unsafe {
            api!(RedisModule_Call)(
                self.context().as_ptr(),
                command.as_ptr(),
                format.as_ptr(),
                args.as_ptr(),
                args.len(),
            )
        };
        match NonNull::new(reply) {
            Some(reply) => Ok(CallReply {
                reply,
                ctx: PhantomData,
            }),
            None => Err(match io::Error::last_os_error().raw_os_error() {
                Some(libc::EACCES) => Refusal::Forbidden,
                _ => Refusal::Unavailable,
            }),
        }
    }
}

impl CallReply<'_> {
    /// The text of a string; `None` where it is something else.
    pub fn text(&self) -> Option<&[u8]> {
        let (reply, mut len) = (self.reply.as_ptr(), 0);
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

impl Drop for CallReply<'_> {
    fn drop(&mut self) {
        // SAFETY: made by the server, given back once.
        unsafe { api!(RedisModule_FreeCallReply)(self.reply.as_ptr()) };
    }
}
