//! A setting that is text.

use std::ffi::CString;
use std::os::raw::{c_char, c_int, c_uint, c_void};
use std::ptr::null_mut;

use redis_module::raw;

use super::{Refused, Setting, registered};
use crate::ffi::api;
use crate::ffi::context::Context;
use crate::ffi::guard::guard;
use crate::ffi::main_thread::MainThread;
use crate::ffi::string::{ServerStr, SharedString};

/// A text, its default, and what it may be. No value has a zero byte in it: the server takes defaults as C strings.
pub struct Text {
    name: &'static str,
    default: &'static str,
    /// What a value must be, to go on in "must be": `a set of letters`.
    must_be: &'static str,
    take: fn(&[u8]) -> bool,
    /// What CONFIG GET shows; the server borrows the string.
    value: MainThread<Option<SharedString>>,
}

impl Text {
    /// `take` is given each new value, and answers whether it is `must_be`. Where it is, it holds from then on, so `take`
    /// may keep what it has read in it; where not, the old value goes on to hold.
    pub const fn new(
        name: &'static str,
        default: &'static str,
        must_be: &'static str,
        take: fn(&[u8]) -> bool,
    ) -> Text {
        Text {
            name,
            default,
            must_be,
            take,
            value: MainThread::new(None),
        }
    }

    /// The text that holds.
    pub fn get(&self) -> Vec<u8> {
        match &*self.value.borrow() {
            Some(value) => value.bytes().to_vec(),
            None => self.default.into(),
        }
    }

    fn take(&self, value: &[u8]) -> bool {
        let taken = !value.contains(&0) && (self.take)(value);
        if taken {
            *self.value.borrow() = Some(SharedString::new(value));
        }
        taken
    }
}

impl Setting for Text {
    fn name(&self) -> &'static str {
        self.name
    }

    fn may_be_empty(&self) -> bool {
        self.default.is_empty()
    }

    fn register(&'static self, ctx: Context, given: Option<&[u8]>) -> Result<(), Refused> {
        let default = given.unwrap_or(self.default.as_bytes());
        if !self.take(default) {
            return Err(Refused::MustBe(self.must_be.into()));
        }
        let default = CString::new(default).expect("what is taken has no zero bytes");
        let name = CString::new(self.name).expect("names have no zero bytes");
        // SAFETY: the context is live; name and default are copied; the private data is this static.
        registered(unsafe {
            api!(RedisModule_RegisterStringConfig)(
                ctx.as_ptr(),
                name.as_ptr(),
                default.as_ptr(),
                raw::REDISMODULE_CONFIG_DEFAULT as c_uint,
                Some(get),
                Some(set),
                None,
                std::ptr::from_ref(self).cast_mut().cast(),
            )
        })
    }
}

/// The server copies what the string holds.
///
/// # Safety
/// Called by the server only, with the private data of a registered text.
unsafe extern "C" fn get(_name: *const c_char, text: *mut c_void) -> *mut raw::RedisModuleString {
    // SAFETY: the private data is a static `Text`.
    let text = unsafe { &*text.cast::<Text>() };
    let value = text.value.borrow();
    // It was registered with a value, so there is one.
    value
        .as_ref()
        .map_or(null_mut(), |value| value.borrow().as_ptr())
}

/// # Safety
/// Called by the server only, with a valid string and the private data of a registered text.
unsafe extern "C" fn set(
    _name: *const c_char,
    value: *mut raw::RedisModuleString,
    text: *mut c_void,
    error: *mut *mut raw::RedisModuleString,
) -> c_int {
    // SAFETY: the server passes a string that lives during this call; the private data is a static `Text`.
    let (value, text) = unsafe { (ServerStr::new(value), &*text.cast::<Text>()) };
    let value = value.map_or(&b""[..], ServerStr::bytes);
    if guard("a change of settings", || text.take(value)) == Some(true) {
        return raw::REDISMODULE_OK as c_int;
    }
    let why = format!("argument must be {}", text.must_be);
    // SAFETY: the server passes where it looks for a string, and gives that back; the buffer is copied.
    unsafe {
        *error = api!(RedisModule_CreateString)(null_mut(), why.as_ptr().cast(), why.len());
    }
    raw::REDISMODULE_ERR as c_int
}
