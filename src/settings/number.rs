//! A setting that is a whole number between two bounds.

use std::ffi::CString;
use std::os::raw::{c_char, c_int, c_longlong, c_uint, c_void};
use std::sync::atomic::{AtomicI64, Ordering};

use redis_module::raw;

use super::{Refused, Setting, registered};
use crate::ffi::api;
use crate::ffi::context::Context;
use crate::ffi::guard::guard;
use crate::parse;

/// A number, its default, and what it may be.
pub struct Number {
    name: &'static str,
    default: i64,
    min: i64,
    max: i64,
    apply: Option<fn(Context)>,
    value: AtomicI64,
}

impl Number {
    pub const fn new(name: &'static str, default: i64, min: i64, max: i64) -> Number {
        Number {
            name,
            default,
            min,
            max,
            apply: None,
            value: AtomicI64::new(default),
        }
    }

    /// Has `apply` called once a CONFIG SET has changed it, with all the settings of that command in place.
    pub const fn applied_by(mut self, apply: fn(Context)) -> Number {
        self.apply = Some(apply);
        self
    }

    pub fn get(&self) -> i64 {
        self.value.load(Ordering::Relaxed)
    }

    /// The value of a load argument.
    fn read(&self, given: &[u8]) -> Result<i64, Refused> {
        let (min, max) = (self.min, self.max);
        let number = parse::integer(given);
        number
            .filter(|number| (min..=max).contains(number))
            .ok_or_else(|| Refused::MustBe(format!("a number between {min} and {max}")))
    }
}

impl Setting for Number {
    fn name(&self) -> &'static str {
        self.name
    }

    fn register(&'static self, ctx: Context, given: Option<&[u8]>) -> Result<(), Refused> {
        let default = given.map_or(Ok(self.default), |given| self.read(given))?;
        let name = CString::new(self.name).expect("names have no zero bytes");
        // SAFETY: the context is live; the name is copied; the private data is this static.
        registered(unsafe {
            api!(RedisModule_RegisterNumericConfig)(
                ctx.as_ptr(),
                name.as_ptr(),
                default,
                raw::REDISMODULE_CONFIG_DEFAULT as c_uint,
                self.min,
                self.max,
                Some(get),
                Some(set),
                self.apply
                    .map(|_| apply as unsafe extern "C" fn(_, _, _) -> _),
                std::ptr::from_ref(self).cast_mut().cast(),
            )
        })
    }
}

/// # Safety
/// Called by the server only, with the private data of a registered number.
unsafe extern "C" fn get(_name: *const c_char, number: *mut c_void) -> c_longlong {
    // SAFETY: the private data is a static `Number`.
    unsafe { &*number.cast::<Number>() }.get()
}

/// The server has checked the bounds.
///
/// # Safety
/// Called by the server only, with the private data of a registered number.
unsafe extern "C" fn set(
    _name: *const c_char,
    value: c_longlong,
    number: *mut c_void,
    _error: *mut *mut raw::RedisModuleString,
) -> c_int {
    // SAFETY: the private data is a static `Number`.
    let number = unsafe { &*number.cast::<Number>() };
    number.value.store(value, Ordering::Relaxed);
    raw::REDISMODULE_OK as c_int
}

/// # Safety
/// Called by the server only, with a live context and the private data of a registered number.
unsafe extern "C" fn apply(
    ctx: *mut raw::RedisModuleCtx,
    number: *mut c_void,
    _error: *mut *mut raw::RedisModuleString,
) -> c_int {
    // SAFETY: the server passes a live context; the private data is a static `Number`.
    let (ctx, number) = unsafe { (Context::new(ctx), &*number.cast::<Number>()) };
    if let Some(apply) = number.apply {
        guard("a change of settings", || apply(ctx));
    }
    raw::REDISMODULE_OK as c_int
}
