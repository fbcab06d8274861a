//! Emitting commands: to replicas and the append-only file, or into an append-only file that is being rewritten. Both
//! are a [`CommandSink`], so one encoder serves both.
//!
//! The API takes a format string and variadic arguments. Here they are a tuple of typed arguments, from which the
//! format is built at compile time.

use std::ffi::CStr;
use std::os::raw::{c_char, c_longlong};
use std::ptr::null;

use redis_module::raw;

use super::api;
use super::context::Context;
use super::string::ServerStr;

/// Where commands are emitted to.
pub trait CommandSink {
    /// Emits a command: its name, and a tuple of arguments. Allocates nothing.
    fn send(&self, command: &CStr, args: impl Arguments);
}

/// Replicas and the append-only file. Several commands of one callback are wrapped in a transaction.
impl CommandSink for Context<'_> {
    #[inline]
    fn send(&self, command: &CStr, args: impl Arguments) {
        args.replicate(*self, command);
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
        fn replicate(self, ctx: Context, command: &CStr);

        /// # Safety
        /// `io` must be that of a rewrite of the log that is under way.
        unsafe fn emit(self, io: *mut raw::RedisModuleIO, command: &CStr);
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
            fn replicate(self, ctx: Context, command: &CStr) {
                let ($($name,)*) = self;
                let format: &[u8] = const { &[$($type::LETTER,)* 0] };
                // SAFETY: the context is live. The format has a letter for each argument; all live until the call
                // returns.
                unsafe {
                    api!(RedisModule_Replicate)(
                        ctx.as_ptr(),
                        command.as_ptr(),
                        format.as_ptr().cast::<c_char>(),
                        $($name.raw(),)*
                    );
                }
            }

            unsafe fn emit(self, io: *mut raw::RedisModuleIO, command: &CStr) {
                let ($($name,)*) = self;
                let format: &[u8] = const { &[$($type::LETTER,)* 0] };
                // SAFETY: the caller vouches for the io. The format is made as in `replicate`.
                unsafe {
                    api!(RedisModule_EmitAOF)(
                        io,
                        command.as_ptr(),
                        format.as_ptr().cast::<c_char>(),
                        $($name.raw(),)*
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

/// A key and bytes, which the server takes as a pointer and a length.
impl sealed::Arguments for (ServerStr<'_>, &[u8]) {
    #[inline]
    fn replicate(self, ctx: Context, command: &CStr) {
        let (key, bytes) = self;
        // SAFETY: the context is live; the format says what follows, which lives until the call returns.
        unsafe {
            api!(RedisModule_Replicate)(
                ctx.as_ptr(),
                command.as_ptr(),
                KEY_AND_BYTES.as_ptr(),
                key.as_ptr(),
                bytes.as_ptr(),
                bytes.len(),
            );
        }
    }

    unsafe fn emit(self, io: *mut raw::RedisModuleIO, command: &CStr) {
        let (key, bytes) = self;
        // SAFETY: the caller vouches for the io; for the rest see `replicate`.
        unsafe {
            api!(RedisModule_EmitAOF)(
                io,
                command.as_ptr(),
                KEY_AND_BYTES.as_ptr(),
                key.as_ptr(),
                bytes.as_ptr(),
                bytes.len(),
            );
        }
    }
}

const KEY_AND_BYTES: &CStr = c"sb";

/// A key, and twice bytes.
impl sealed::Arguments for (ServerStr<'_>, &[u8], &[u8]) {
    fn replicate(self, ctx: Context, command: &CStr) {
        let (key, first, second) = self;
        // SAFETY: the context is live; the format says what follows, which lives until the call returns.
        unsafe {
            api!(RedisModule_Replicate)(
                ctx.as_ptr(),
                command.as_ptr(),
                c"sbb".as_ptr(),
                key.as_ptr(),
                first.as_ptr(),
                first.len(),
                second.as_ptr(),
                second.len(),
            );
        }
    }

    unsafe fn emit(self, io: *mut raw::RedisModuleIO, command: &CStr) {
        let (key, first, second) = self;
        // SAFETY: the caller vouches for the io; for the rest see `replicate`.
        unsafe {
            api!(RedisModule_EmitAOF)(
                io,
                command.as_ptr(),
                c"sbb".as_ptr(),
                key.as_ptr(),
                first.as_ptr(),
                first.len(),
                second.as_ptr(),
                second.len(),
            );
        }
    }
}

/// A keyword and the number after it.
pub type KeyedNumber = (&'static CStr, i64);

/// Up to six keywords, each with its number.
#[derive(Default)]
pub struct KeyedNumbers {
    pairs: [Option<KeyedNumber>; 6],
    len: usize,
}

impl KeyedNumbers {
    /// Adds one at the end. Panics where there are six.
    pub fn push(&mut self, pair: KeyedNumber) {
        self.pairs[self.len] = Some(pair);
        self.len += 1;
    }

    /// As two variadic arguments, which are not read where there is none.
    fn raw(&self, index: usize) -> (*const c_char, c_longlong) {
        self.pairs[index].map_or((null(), 0), |(keyword, number)| (keyword.as_ptr(), number))
    }

    /// The format of a key and these.
    fn format(&self) -> [u8; 14] {
        let mut format = *b"sclclclclclcl\0";
        format[1 + 2 * self.len] = 0;
        format
    }
}

/// A key, and keywords with numbers: as many of the arguments are read as the format says.
impl sealed::Arguments for (ServerStr<'_>, KeyedNumbers) {
    fn replicate(self, ctx: Context, command: &CStr) {
        let (key, numbers) = self;
        let format = numbers.format();
        let [a, b, c, d, e, f] = std::array::from_fn(|index| numbers.raw(index));
        // SAFETY: the context is live. The format ends after the pairs that there are, whose keywords are static.
        unsafe {
            api!(RedisModule_Replicate)(
                ctx.as_ptr(),
                command.as_ptr(),
                format.as_ptr().cast::<c_char>(),
                key.as_ptr(),
                a.0,
                a.1,
                b.0,
                b.1,
                c.0,
                c.1,
                d.0,
                d.1,
                e.0,
                e.1,
                f.0,
                f.1,
            );
        }
    }

    unsafe fn emit(self, io: *mut raw::RedisModuleIO, command: &CStr) {
        let (key, numbers) = self;
        let format = numbers.format();
        let [a, b, c, d, e, f] = std::array::from_fn(|index| numbers.raw(index));
        // SAFETY: the caller vouches for the io; for the rest see `replicate`.
        unsafe {
            api!(RedisModule_EmitAOF)(
                io,
                command.as_ptr(),
                format.as_ptr().cast::<c_char>(),
                key.as_ptr(),
                a.0,
                a.1,
                b.0,
                b.1,
                c.0,
                c.1,
                d.0,
                d.1,
                e.0,
                e.1,
                f.0,
                f.1,
            );
        }
    }
}
