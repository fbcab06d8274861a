//! Emitting commands: to replicas and the append-only file, or into an append-only file that is being rewritten. Both
//! are a [`CommandSink`], so one encoder serves both.
//!
//! The API takes a format string and variadic arguments. Here they are a tuple of typed arguments, from which the
//! format is built at compile time.

use std::ffi::CStr;
use std::os::raw::{c_char, c_longlong};

use redis_module::raw;

use super::api;
use super::context::Context;
use super::string::ServerStr;

/// Where commands are emitted to.
pub trait CommandSink {
    /// Emits a command: its name, a tuple of arguments, and further arguments as a list, which may be empty. Allocates
    /// nothing.
    fn send(&self, command: &CStr, args: impl Arguments, list: &[ServerStr]);
}

/// Replicas and the append-only file. Several commands of one callback are wrapped in a transaction.
impl CommandSink for Context<'_> {
    #[inline]
    fn send(&self, command: &CStr, args: impl Arguments, list: &[ServerStr]) {
        args.replicate(*self, command, list);
    }
}

impl Context<'_> {
    /// Replicates the running command as it was sent.
    #[inline]
    pub fn replicate_verbatim(self) {
        // SAFETY: the context is live.
        unsafe { api!(RedisModule_ReplicateVerbatim)(self.as_ptr()) };
    }
}

/// A variadic argument: a letter of the format, and a C value of the type that the letter stands for.
pub trait Argument: sealed::Argument {}
impl<T: sealed::Argument> Argument for T {}

/// A tuple of arguments.
pub trait Arguments: sealed::Arguments {}
impl<T: sealed::Arguments> Arguments for T {}

/// Sealed: the C type of each letter is fixed by the server.
pub(super) mod sealed {
    use super::*;

    pub trait Argument {
        const LETTER: u8;
        type Raw;

        fn raw(&self) -> Self::Raw;
    }

    pub trait Arguments {
        fn replicate(self, ctx: Context, command: &CStr, list: &[ServerStr]);

        /// # Safety
        /// `io` must be that of a rewrite of the log that is under way.
        unsafe fn emit(self, io: *mut raw::RedisModuleIO, command: &CStr, list: &[ServerStr]);
    }
}

impl sealed::Argument for ServerStr<'_> {
    const LETTER: u8 = b's';
    type Raw = *mut raw::RedisModuleString;

    #[inline]
    fn raw(&self) -> Self::Raw {
        self.as_ptr()
    }
}

impl sealed::Argument for &CStr {
    const LETTER: u8 = b'c';
    type Raw = *const c_char;

    fn raw(&self) -> Self::Raw {
        self.as_ptr()
    }
}

impl sealed::Argument for i64 {
    const LETTER: u8 = b'l';
    type Raw = c_longlong;

    fn raw(&self) -> Self::Raw {
        *self
    }
}

macro_rules! arguments {
    ($($name:ident: $type:ident),*) => {
        impl<$($type: Argument),*> sealed::Arguments for ($($type,)*) {
            #[inline]
            fn replicate(self, ctx: Context, command: &CStr, list: &[ServerStr]) {
                let ($($name,)*) = self;
                let format: &[u8] = const { &[$($type::LETTER,)* b'v', 0] };
                // SAFETY: the context is live. The format has a letter for each argument, and `v` for the list, an
                // array of as many of the server's strings as its length says; all live until the call returns.
                unsafe {
                    api!(RedisModule_Replicate)(
                        ctx.as_ptr(),
                        command.as_ptr(),
                        format.as_ptr().cast::<c_char>(),
                        $($name.raw(),)*
                        list.as_ptr(),
                        list.len(),
                    );
                }
            }

            unsafe fn emit(
                self,
                io: *mut raw::RedisModuleIO,
                command: &CStr,
                list: &[ServerStr],
            ) {
                let ($($name,)*) = self;
                let format: &[u8] = const { &[$($type::LETTER,)* b'v', 0] };
                // SAFETY: the caller vouches for the io. The format is made as in `replicate`.
                unsafe {
                    api!(RedisModule_EmitAOF)(
                        io,
                        command.as_ptr(),
                        format.as_ptr().cast::<c_char>(),
                        $($name.raw(),)*
                        list.as_ptr(),
                        list.len(),
                    );
                }
            }
        }
    };
}

arguments!(a: A);
arguments!(a: A, b: B);
arguments!(a: A, b: B, c: C);
arguments!(a: A, b: B, c: C, d: D);
arguments!(a: A, b: B, c: C, d: D, e: E);
arguments!(a: A, b: B, c: C, d: D, e: E, f: F);
arguments!(a: A, b: B, c: C, d: D, e: E, f: F, g: G);
arguments!(a: A, b: B, c: C, d: D, e: E, f: F, g: G, h: H);
arguments!(a: A, b: B, c: C, d: D, e: E, f: F, g: G, h: H, i: I);
