//! The module's settings in CONFIG. The server stores no value: it calls a getter and a setter, whose private data is
//! the setting.

use std::ffi::CString;
use std::os::raw::{c_char, c_int, c_longlong, c_uint, c_void};
use std::ptr::null_mut;

use redis_module::raw;

use super::api;
use super::context::Context;
use super::guard::guard;
use super::main_thread::MainThread;
use super::string::{ServerStr, SharedString};

const OK: c_int = raw::REDISMODULE_OK as c_int;
const ERR: c_int = raw::REDISMODULE_ERR as c_int;

/// The server refused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// A setting that is a whole number.
pub trait NumericConfig: Sync {
    /// The current value.
    fn get(&self) -> i64;

    /// A new value, which is within the bounds.
    fn set(&self, value: i64);

    /// Called once a CONFIG SET has changed it, after all the settings of that command have their new values.
    fn apply(&self, ctx: Context);
}

/// A setting that is text.
pub trait StringConfig: Sync {
    /// The current value.
    fn get(&self) -> Vec<u8>;

    /// Takes a new value, or says what is wrong with it.
    fn set(&self, value: &[u8]) -> Result<(), String>;
}

/// A number and its bounds.
#[derive(Clone, Copy, Debug)]
pub struct Bounded {
    pub default: i64,
    pub min: i64,
    pub max: i64,
}

/// Registers a numeric setting under this name, which the server prefixes with the module's.
pub fn register_numeric<C: NumericConfig>(
    ctx: Context,
    name: &str,
    bounded: Bounded,
    config: &'static C,
) -> Result<(), Refused> {
    let name = CString::new(name).map_err(|_| Refused)?;
    // SAFETY: the context is live; the name is copied; the private data is the static that the callbacks ask for.
    answered(unsafe {
        api!(RedisModule_RegisterNumericConfig)(
            ctx.as_ptr(),
            name.as_ptr(),
            bounded.default,
            raw::REDISMODULE_CONFIG_DEFAULT as c_uint,
            bounded.min,
            bounded.max,
            Some(get_number::<C>),
            Some(set_number::<C>),
            Some(apply::<C>),
            std::ptr::from_ref(config).cast_mut().cast(),
        )
    })
}

/// Registers a text setting under this name, which the server prefixes with the module's. Defaults have no zero bytes.
pub fn register_string<C: StringConfig>(
    ctx: Context,
    name: &str,
    default: &[u8],
    config: &'static C,
) -> Result<(), Refused> {
    let name = CString::new(name).map_err(|_| Refused)?;
    let default = CString::new(default).map_err(|_| Refused)?;
    // SAFETY: the context is live; name and default are copied; the private data is the static that the callbacks ask
    // for.
    answered(unsafe {
        api!(RedisModule_RegisterStringConfig)(
            ctx.as_ptr(),
            name.as_ptr(),
            default.as_ptr(),
            raw::REDISMODULE_CONFIG_DEFAULT as c_uint,
            Some(get_string::<C>),
            Some(set_string::<C>),
            None,
            std::ptr::from_ref(config).cast_mut().cast(),
        )
    })
}

/// Gives the registered settings the values that the server's configuration has for them.
pub fn load(ctx: Context) -> Result<(), Refused> {
    // SAFETY: the context is live.
    answered(unsafe { api!(RedisModule_LoadConfigs)(ctx.as_ptr()) })
}

/// The result of a registration.
fn answered(answer: c_int) -> Result<(), Refused> {
    match answer {
        OK => Ok(()),
        _ => Err(Refused),
    }
}

/// # Safety
/// Called by the server only, with the private data of a registered `C`.
unsafe extern "C" fn get_number<C: NumericConfig>(
    _name: *const c_char,
    config: *mut c_void,
) -> c_longlong {
    // SAFETY: the private data is a static `C`.
    let config = unsafe { &*config.cast::<C>() };
    guard("a setting", || config.get()).unwrap_or(0)
}

/// # Safety
/// Called by the server only, with the private data of a registered `C`.
unsafe extern "C" fn set_number<C: NumericConfig>(
    _name: *const c_char,
    value: c_longlong,
    config: *mut c_void,
    _error: *mut *mut raw::RedisModuleString,
) -> c_int {
    // SAFETY: the private data is a static `C`.
    let config = unsafe { &*config.cast::<C>() };
    match guard("a setting", || config.set(value)) {
        Some(()) => OK,
        None => ERR,
    }
}

/// # Safety
/// Called by the server only, with a live context and the private data of a registered `C`.
unsafe extern "C" fn apply<C: NumericConfig>(
    ctx: *mut raw::RedisModuleCtx,
    config: *mut c_void,
    _error: *mut *mut raw::RedisModuleString,
) -> c_int {
    // SAFETY: the server passes a live context; the private data is a static `C`.
    let (ctx, config) = unsafe { (Context::new(ctx), &*config.cast::<C>()) };
    guard("a change of settings", || config.apply(ctx));
    OK
}

/// The server copies the string right away; it is kept here until the next call.
///
/// # Safety
/// Called by the server only, with the private data of a registered `C`.
unsafe extern "C" fn get_string<C: StringConfig>(
    _name: *const c_char,
    config: *mut c_void,
) -> *mut raw::RedisModuleString {
    static SHOWN: MainThread<Option<SharedString>> = MainThread::new(None);
    // SAFETY: the private data is a static `C`.
    let config = unsafe { &*config.cast::<C>() };
    let shown = guard("a setting", || {
        let value = SharedString::new(&config.get());
        SHOWN.borrow().insert(value).borrow().as_ptr()
    });
    shown.unwrap_or(null_mut())
}

/// # Safety
/// Called by the server only, with a valid string and the private data of a registered `C`.
unsafe extern "C" fn set_string<C: StringConfig>(
    _name: *const c_char,
    value: *mut raw::RedisModuleString,
    config: *mut c_void,
    error: *mut *mut raw::RedisModuleString,
) -> c_int {
    // SAFETY: the server passes a string that lives during this call; the private data is a static `C`.
    let (value, config) = unsafe { (ServerStr::new(value), &*config.cast::<C>()) };
    let value = value.map_or(&b""[..], ServerStr::bytes);
    let why = match guard("a change of settings", || config.set(value)) {
        Some(Ok(())) => return OK,
        Some(Err(why)) => why,
        None => "internal error".into(),
    };
    // SAFETY: the server passes where it looks for a string, and gives that back; the buffer is copied.
    unsafe {
        *error = api!(RedisModule_CreateString)(null_mut(), why.as_ptr().cast(), why.len());
    }
    ERR
}
