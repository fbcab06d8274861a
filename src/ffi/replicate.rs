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

/// Implements [`sealed::Arguments`] for a tuple: its parts, the format, which ends with a zero, and a C value for each of
/// the format's letters, or more that are not read.
macro_rules! variadic {
    ([$($generic:tt)*] $tuple:ty, $parts:pat => $format:expr, $($raw:expr),+ $(,)?) => {
        impl<$($generic)*> sealed::Arguments for $tuple {
            #[inline]
            fn replicate(self, ctx: Context, command: &CStr) {
                let $parts = self;
                let format = $format;
                // SAFETY: the context is live. The format has a letter for each argument that is read; all live until the
                // call returns.
                unsafe {
                    api!(RedisModule_Replicate)(
                        ctx.as_ptr(),
                        command.as_ptr(),
                        format.as_ptr().cast::<c_char>(),
                        $($raw),+
                    );
                }
            }

            unsafe fn emit(self, io: *mut raw::RedisModuleIO, command: &CStr) {
                let $parts = self;
                let format = $format;
                // SAFETY: the caller vouches for the io. The format is as in `replicate`.
                unsafe {
                    api!(RedisModule_EmitAOF)(
                        io,
                        command.as_ptr(),
                        format.as_ptr().cast::<c_char>(),
                        $($raw),+
                    );
                }
            }
        }
    };
}

macro_rules! arguments {
    ($($name:ident: $type:ident),*) => {
        variadic!(
            [$($type: Argument),*] ($($type,)*),
            ($($name,)*) => const { [$($type::LETTER,)* 0] },
            $($name.raw()),+
        );
    };
}

arguments!(a: A);
arguments!(a: A, b: B);
arguments!(a: A, b: B, c: C);
arguments!(a: A, b: B, c: C, d: D);

// A key, and bytes once or twice, which the server takes as a pointer and a length.
variadic!(
    [] (ServerStr<'_>, &[u8]),
    (key, bytes) => c"sb",
    key.as_ptr(), bytes.as_ptr(), bytes.len(),
);
variadic!(
    [] (ServerStr<'_>, &[u8], &[u8]),
    (key, first, second) => c"sbb",
    key.as_ptr(), first.as_ptr(), first.len(), second.as_ptr(), second.len(),
);

variadic!(
    [] (ServerStr<'_>, &CStr, &[u8]),
    (key, word, bytes) => c"scb",
    key.as_ptr(), word.as_ptr(), bytes.as_ptr(), bytes.len(),
);

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

// A key, and keywords with numbers, of which as many are read as there are.
variadic!(
    [] (ServerStr<'_>, KeyedNumbers),
    (key, numbers) => numbers.format(),
    key.as_ptr(),
    numbers.raw(0).0, numbers.raw(0).1,
    numbers.raw(1).0, numbers.raw(1).1,
    numbers.raw(2).0, numbers.raw(2).1,
    numbers.raw(3).0, numbers.raw(3).1,
    numbers.raw(4).0, numbers.raw(4).1,
    numbers.raw(5).0, numbers.raw(5).1,
);
