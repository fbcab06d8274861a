//! Atomic slot migration, which Valkey has from 9.0 on and Redis from 8.4 on.

use std::ffi::CStr;
use std::os::raw::{c_char, c_int, c_void};
use std::ptr::null_mut;

use redis_module::raw;

use super::api;
use super::context::Context;
use super::guard::guard;
use super::server_events::subscribe_raw;

/// Called when slots are imported into this node.
pub trait SlotImports {
    /// An import of these slots has started, under the name of a job.
    fn begin(job: &[u8], slots: impl Iterator<Item = SlotRange>);

    /// An import has completed, or failed.
    fn end(job: &[u8]);
}

/// The first version of Valkey that has it, as its API encodes versions.
const SINCE: c_int = 0x0009_0000;
const MIGRATION: raw::RedisModuleEvent = raw::RedisModuleEvent { id: 19, dataver: 1 };
/// Parts of the event.
const IMPORT_STARTED: u64 = 0;
const IMPORT_ABORTED: u64 = 2;
const IMPORT_COMPLETED: u64 = 4;

/// The same in Redis, whose older versions have no event of this number and refuse it.
const REDIS_MIGRATION: raw::RedisModuleEvent = raw::RedisModuleEvent { id: 18, dataver: 1 };
const REDIS_IMPORT_STARTED: u64 = 0;
const REDIS_IMPORT_FAILED: u64 = 1;
const REDIS_IMPORT_COMPLETED: u64 = 2;

/// Valkey's data of the event (`ValkeyModuleAtomicSlotMigrationInfoV1`, which the bindings lack).
#[repr(C)]
struct Migration {
    version: u64,
    job: [u8; 41],
    ranges: *const SlotRange,
    count: u32,
}

/// A range of slots, the last one included.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct SlotRange {
    pub first: c_int,
    pub last: c_int,
}

/// Redis's data of the event (`RedisModuleClusterSlotMigrationInfoV1`).
#[repr(C)]
struct RedisMigration {
    version: u64,
    source: [u8; 41],
    destination: [u8; 41],
    job: *const c_char,
    ranges: *const RedisRanges,
}

/// So many ranges follow.
#[repr(C)]
struct RedisRanges {
    count: i32,
    first: [RedisRange; 0],
}

#[repr(C)]
struct RedisRange {
    first: u16,
    last: u16,
}

/// Subscribes to imports, if the server has them. Returns whether the module's options must say that it handles them:
/// Valkey refuses atomic migration while a module is loaded that does not.
pub fn follow<I: SlotImports>(ctx: Context) -> bool {
    match valkey_version() {
        Some(version) if version < SINCE => false,
        // SAFETY: the callback takes the event's data for what it is.
        Some(_) => unsafe { subscribe_raw(ctx, MIGRATION, on_migration::<I>) },
        None => {
            // Redis has no such option.
            // SAFETY: as above.
            unsafe { subscribe_raw(ctx, REDIS_MIGRATION, on_redis_migration::<I>) };
            false
        }
    }
}

/// The version of Valkey. `RedisModule_GetServerVersion` would answer the Redis version that it is compatible with.
fn valkey_version() -> Option<c_int> {
    let name = c"ValkeyModule_GetServerVersion".as_ptr();
    let mut found: *mut c_void = null_mut();
    // SAFETY: a C string, and room for a pointer. What the server does not know leaves null there.
    unsafe { api!(RedisModule_GetApi)(name, (&raw mut found).cast()) };
    // SAFETY: either null, or the function of that name, which takes nothing.
    let version = unsafe {
        std::mem::transmute::<*mut c_void, Option<unsafe extern "C" fn() -> c_int>>(found)
    };
    // SAFETY: the server's function.
    version.map(|version| unsafe { version() })
}

/// # Safety
/// Called by the server only.
unsafe extern "C" fn on_migration<I: SlotImports>(
    _ctx: *mut raw::RedisModuleCtx,
    _event: raw::RedisModuleEvent,
    part: u64,
    migration: *mut c_void,
) {
    // SAFETY: the server passes the structure of this event, whose ranges are as many as it says.
    let (job, ranges) = unsafe {
        let migration = &*migration.cast::<Migration>();
        let ranges = std::slice::from_raw_parts(migration.ranges, migration.count as usize);
        (migration.job, ranges)
    };
    guard("a slot's migration", || match part {
        IMPORT_STARTED => I::begin(&job, ranges.iter().copied()),
        IMPORT_ABORTED | IMPORT_COMPLETED => I::end(&job),
        _ => {}
    });
}

/// # Safety
/// Called by the server only.
unsafe extern "C" fn on_redis_migration<I: SlotImports>(
    _ctx: *mut raw::RedisModuleCtx,
    _event: raw::RedisModuleEvent,
    part: u64,
    migration: *mut c_void,
) {
    // SAFETY: the server passes the structure of this event, with a C string and as many ranges as it says.
    let (job, ranges) = unsafe {
        let migration = &*migration.cast::<RedisMigration>();
        let count = (*migration.ranges).count as usize;
        let first = (&raw const (*migration.ranges).first).cast::<RedisRange>();
        let ranges = std::slice::from_raw_parts(first, count);
        (CStr::from_ptr(migration.job).to_bytes(), ranges)
    };
    guard("a slot's migration", || match part {
        REDIS_IMPORT_STARTED => {
            let slots = |range: &RedisRange| SlotRange {
                first: range.first.into(),
                last: range.last.into(),
            };
            I::begin(job, ranges.iter().map(slots));
        }
        REDIS_IMPORT_FAILED | REDIS_IMPORT_COMPLETED => I::end(job),
        _ => {}
    });
}
