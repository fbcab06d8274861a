//! The module's settings: `CONFIG SET presence.<name>`, lines in `redis.conf`, and load arguments.

use std::ffi::CString;
use std::os::raw::{c_char, c_int, c_longlong, c_uint, c_void};
use std::sync::atomic::{AtomicI64, Ordering};

use redis_module::raw;

use crate::core::Settings;
use crate::core::time::{MAX_DURATION, Millis};
use crate::eviction;
use crate::ffi::api;
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::guard::guard;
use crate::parse;

/// A setting that is a number.
struct Number {
    name: &'static str,
    default: i64,
    min: i64,
    max: i64,
    value: AtomicI64,
}

impl Number {
    const fn new(name: &'static str, default: i64, min: i64, max: i64) -> Number {
        Number {
            name,
            default,
            min,
            max,
            value: AtomicI64::new(default),
        }
    }

    fn get(&self) -> i64 {
        self.value.load(Ordering::Relaxed)
    }
}

const LONGEST: i64 = MAX_DURATION as i64;

static DEFAULT_TTL: Number = Number::new("default-ttl", 300_000, 1, LONGEST);
static DEFAULT_RETAIN: Number = Number::new("default-retain", 0, 0, LONGEST);
static DEFAULT_LINGER: Number = Number::new("default-linger", -1, -1, LONGEST);
static SWEEP_INTERVAL: Number = Number::new("sweep-interval", 100, 1, 60_000);
static SWEEP_BUDGET: Number = Number::new("sweep-budget", 1000, 100, 100_000);

static NUMBERS: [&Number; 5] = [
    &DEFAULT_TTL,
    &DEFAULT_RETAIN,
    &DEFAULT_LINGER,
    &SWEEP_INTERVAL,
    &SWEEP_BUDGET,
];

/// The settings of a key that is made now.
pub fn of_new_keys() -> Settings {
    Settings {
        ttl: DEFAULT_TTL.get() as Millis,
        retain: DEFAULT_RETAIN.get() as Millis,
        linger: Millis::try_from(DEFAULT_LINGER.get()).ok(),
    }
}

/// ms between two runs of the eviction.
pub fn sweep_interval() -> i64 {
    SWEEP_INTERVAL.get()
}

/// µs that one run of the eviction may take.
pub fn sweep_budget() -> u64 {
    SWEEP_BUDGET.get() as u64
}

/// Registers the settings. Load arguments, pairs of a name and a value, stand in for the defaults; what the server's
/// configuration says goes before them.
pub fn register(ctx: Context, args: Args) -> Result<(), String> {
    let defaults = read_arguments(args)?;
    for (number, default) in NUMBERS.iter().zip(defaults) {
        let name = CString::new(number.name).expect("names have no zero bytes");
        // SAFETY: the context is live; the name is copied; the private data is a static.
        let registered = unsafe {
            api!(RedisModule_RegisterNumericConfig)(
                ctx.as_ptr(),
                name.as_ptr(),
                default,
                raw::REDISMODULE_CONFIG_DEFAULT as c_uint,
                number.min,
                number.max,
                Some(get),
                Some(set),
                Some(apply),
                std::ptr::from_ref::<Number>(number).cast_mut().cast(),
            )
        };
        if registered != raw::REDISMODULE_OK as c_int {
            return Err(format!("the setting {} was refused", number.name));
        }
    }
    // SAFETY: the context is live, and all settings are registered.
    if unsafe { api!(RedisModule_LoadConfigs)(ctx.as_ptr()) } != raw::REDISMODULE_OK as c_int {
        return Err("the server's configuration has a bad presence setting".into());
    }
    Ok(())
}

/// The values that the load arguments give, the defaults for the rest.
fn read_arguments(args: Args) -> Result<[i64; NUMBERS.len()], String> {
    let mut values = NUMBERS.map(|number| number.default);
    let mut given = [false; NUMBERS.len()];
    let mut args = args.iter();
    while let Some(name) = args.next() {
        let name = String::from_utf8_lossy(name).to_lowercase();
        let Some(index) = NUMBERS.iter().position(|number| number.name == name) else {
            let known: Vec<_> = NUMBERS.iter().map(|number| number.name).collect();
            return Err(format!(
                "unknown argument '{name}', known are: {}",
                known.join(", ")
            ));
        };
        let number = NUMBERS[index];
        let Some(value) = args.next() else {
            return Err(format!("the argument '{name}' lacks its value"));
        };
        if std::mem::replace(&mut given[index], true) {
            return Err(format!("the argument '{name}' is given twice"));
        }
        values[index] = parse::integer(value)
            .ok()
            .filter(|value| (number.min..=number.max).contains(value))
            .ok_or_else(|| {
                format!(
                    "the argument '{name}' must be a number between {} and {}, not '{}'",
                    number.min,
                    number.max,
                    String::from_utf8_lossy(value)
                )
            })?;
    }
    Ok(values)
}

/// # Safety
/// Called by the server only, with the private data of a registered setting.
unsafe extern "C" fn get(_name: *const c_char, number: *mut c_void) -> c_longlong {
    // SAFETY: the private data is one of the statics above.
    unsafe { &*number.cast::<Number>() }.get()
}

/// The server has checked the bounds.
///
/// # Safety
/// Called by the server only, with the private data of a registered setting.
unsafe extern "C" fn set(
    _name: *const c_char,
    value: c_longlong,
    number: *mut c_void,
    _error: *mut *mut raw::RedisModuleString,
) -> c_int {
    // SAFETY: the private data is one of the statics above.
    let number = unsafe { &*number.cast::<Number>() };
    number.value.store(value, Ordering::Relaxed);
    raw::REDISMODULE_OK as c_int
}

/// Called after settings have changed, and when they are first loaded.
///
/// # Safety
/// Called by the server only, with a live context.
unsafe extern "C" fn apply(
    ctx: *mut raw::RedisModuleCtx,
    _number: *mut c_void,
    _error: *mut *mut raw::RedisModuleString,
) -> c_int {
    // SAFETY: the server passes a live context.
    let ctx = unsafe { Context::new(ctx) };
    guard("a change of settings", || eviction::restart(ctx));
    raw::REDISMODULE_OK as c_int
}
