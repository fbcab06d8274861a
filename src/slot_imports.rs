//! Slots on their way to this server, while they still belong to another.
//!
//! Valkey from 9.0 on can migrate slots at once: the new owner is sent the keys, then whatever happens to them, as a
//! replica is, and takes over when it has caught up. Until then the old owner evicts, and its evictions are among what is
//! sent. Were this server to evict as well, members would go twice, and a key could go here that is still there. So the
//! eviction hands over the entries of such keys, and gets them back when it has come to an end, either way.

use std::os::raw::{c_char, c_int, c_void};
use std::ptr::null_mut;

use redis_module::raw;

use crate::eviction;
use crate::ffi::context::Context;
use crate::ffi::guard::guard;
use crate::ffi::main_thread::MainThread;
use crate::ffi::{api, api_if_any};
use crate::schedule::Entry;

/// The first version of Valkey that migrates so, as its API tells it.
const SINCE: c_int = 0x0009_0000;
/// Says to the server that the module can do with it. Without, it refuses to migrate so while the module is loaded.
const OPTION: c_int = 1 << 5;
const MIGRATION: raw::RedisModuleEvent = raw::RedisModuleEvent { id: 19, dataver: 1 };
/// Parts of the event.
const IMPORT_STARTED: u64 = 0;
const IMPORT_ABORTED: u64 = 2;
const IMPORT_COMPLETED: u64 = 4;

/// What the server tells of a migration (`ValkeyModuleAtomicSlotMigrationInfoV1`, which the bindings lack).
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

struct Imports {
    /// The ranges of each job.
    ranges: Vec<([u8; 41], Range)>,
    held: Vec<Entry>,
}

static IMPORTS: MainThread<Imports> = MainThread::new(Imports {
    ranges: Vec::new(),
    held: Vec::new(),
});

/// Follows migrations, where the server has them. Returns the module's option that says so.
pub fn follow(ctx: Context) -> c_int {
    if valkey_version().is_none_or(|version| version < SINCE) {
        return 0;
    }
    // SAFETY: the context is live, and the callback is of the type asked for.
    let subscribed = unsafe {
        api!(RedisModule_SubscribeToServerEvent)(ctx.as_ptr(), MIGRATION, Some(on_migration))
    };
    match subscribed == raw::REDISMODULE_OK as c_int {
        true => OPTION,
        false => 0,
    }
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
        IMPORT_STARTED => {
            let ranges = ranges.iter().map(|range| (job, *range));
            IMPORTS.borrow().ranges.extend(ranges);
        }
        IMPORT_ABORTED | IMPORT_COMPLETED => {
            let mut imports = IMPORTS.borrow();
            imports.ranges.retain(|(of, _)| *of != job);
            let held = std::mem::take(&mut imports.held);
            drop(imports);
            held.iter().for_each(eviction::give_back);
        }
        _ => {}
    });
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
    let holds = |(_, range): &([u8; 41], Range)| (range.first..=range.last).contains(&slot);
    if imports.ranges.iter().any(holds) {
        imports.held.push(entry);
        return None;
    }
    Some(entry)
}
