//! Slots on their way to this server, while they still belong to another.
//!
//! Valkey from 9.0 on and Redis from 8.4 on can migrate slots at once: the new owner is sent the keys, then whatever happens to them, as a
//! replica is, and takes over when it has caught up. Until then the old owner evicts, and its evictions are among what is
//! sent. Were this server to evict as well, members would go twice, and a key could go here that is still there. So the
//! eviction hands over the entries of such keys, and gets them back, one by one, when it has come to an end, either way.

use std::ffi::CStr;
use std::os::raw::{c_char, c_int, c_void};
use std::ptr::null_mut;

use redis_module::raw;

use super::schedule::Entry;
use crate::ffi::context::Context;
use crate::ffi::guard::guard;
use crate::ffi::main_thread::MainThread;
use crate::ffi::{api, api_if_any};

/// The first version of Valkey that migrates so, as its API tells it.
const SINCE: c_int = 0x0009_0000;
/// Says to the server that the module can do with it. Without, it refuses to migrate so while the module is loaded.
const OPTION: c_int = 1 << 5;
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

/// What Valkey tells of a migration (`ValkeyModuleAtomicSlotMigrationInfoV1`, which the bindings lack).
#[repr(C)]
struct Migration {
    version: u64,
    job: [u8; 41],
    ranges: *const Range,
    count: u32,
}

/// Slots, the last one included.
#[repr(C)]
#[derive(Clone, Copy)]
struct Range {
    first: c_int,
    last: c_int,
}

/// What Redis tells of one (`RedisModuleClusterSlotMigrationInfoV1`).
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

struct Imports {
    /// The ranges of each job.
    ranges: Vec<(Vec<u8>, Range)>,
    held: Vec<Entry>,
    /// What was held until a migration came to its end, and has yet to have its turn.
    released: Vec<Vec<Entry>>,
}

static IMPORTS: MainThread<Imports> = MainThread::new(Imports {
    ranges: Vec::new(),
    held: Vec::new(),
    released: Vec::new(),
});

/// Follows migrations, where the server has them. Returns the module's option that says so.
pub fn follow(ctx: Context) -> c_int {
    match valkey_version() {
        Some(version) if version < SINCE => 0,
        Some(_) if subscribe(ctx, MIGRATION, on_migration) => OPTION,
        Some(_) => 0,
        None => {
            // Redis asks no module whether it can do with it.
            subscribe(ctx, REDIS_MIGRATION, on_redis_migration);
            0
        }
    }
}

type Callback =
    unsafe extern "C" fn(*mut raw::RedisModuleCtx, raw::RedisModuleEvent, u64, *mut c_void);

/// Returns whether the server has such an event.
fn subscribe(ctx: Context, event: raw::RedisModuleEvent, callback: Callback) -> bool {
    // SAFETY: the context is live, and the callback is of the type asked for.
    let subscribed =
        unsafe { api!(RedisModule_SubscribeToServerEvent)(ctx.as_ptr(), event, Some(callback)) };
    subscribed == raw::REDISMODULE_OK as c_int
}

/// The version of Valkey; under the name that Redis has for this function, Valkey says which Redis it is like.
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
unsafe extern "C" fn on_migration(
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
        IMPORT_STARTED => begin(&job, ranges.iter().copied()),
        IMPORT_ABORTED | IMPORT_COMPLETED => end(&job),
        _ => {}
    });
}

/// # Safety
/// Called by the server only.
unsafe extern "C" fn on_redis_migration(
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
            let range = |range: &RedisRange| Range {
                first: range.first.into(),
                last: range.last.into(),
            };
            begin(job, ranges.iter().map(range));
        }
        REDIS_IMPORT_FAILED | REDIS_IMPORT_COMPLETED => end(job),
        _ => {}
    });
}

/// Slots are on their way to this server.
fn begin(job: &[u8], ranges: impl Iterator<Item = Range>) {
    let ranges = ranges.map(|range| (job.to_vec(), range));
    IMPORTS.borrow().ranges.extend(ranges);
}

/// They are here, or will not come.
fn end(job: &[u8]) {
    let mut imports = IMPORTS.borrow();
    imports.ranges.retain(|(of, _)| of != job);
    let held = std::mem::take(&mut imports.held);
    imports.released.push(held);
}

/// Keeps the entry of a key that is on its way, until that has come to an end. `None`: it does.
pub fn hold(entry: Entry) -> Option<Entry> {
    let mut imports = IMPORTS.borrow();
    if imports.ranges.is_empty() {
        return Some(entry);
    }
    let Some(slot_of) = api_if_any!(RedisModule_ClusterKeySlotC) else {
        return Some(entry);
    };
    let name: *const c_char = entry.name.as_ptr().cast();
    // SAFETY: the name has that many bytes.
    let slot = unsafe { slot_of(name, entry.name.len()) } as c_int;
    let holds = |(_, range): &(Vec<u8>, Range)| (range.first..=range.last).contains(&slot);
    if imports.ranges.iter().any(holds) {
        imports.held.push(entry);
        return None;
    }
    Some(entry)
}

/// Whether there are entries to be had back.
pub fn has_released() -> bool {
    !IMPORTS.borrow().released.is_empty()
}

/// Gives back an entry that was held.
pub fn take_released() -> Option<Entry> {
    let mut imports = IMPORTS.borrow();
    while let Some(entries) = imports.released.last_mut() {
        match entries.pop() {
            None => imports.released.pop(),
            entry => return entry,
        };
    }
    None
}
