//! The elements of the server's own sets and sorted sets, read in parts.

use std::os::raw::c_void;
use std::ptr::NonNull;

use redis_module::raw;

use super::api;
use super::guard::guard;
use super::key::{Mode, OtherType};
use super::keyspace::Keyspace;
use super::string::{KeyName, ServerStr};

const EMPTY: isize = raw::REDISMODULE_KEYTYPE_EMPTY;
const SET: isize = raw::REDISMODULE_KEYTYPE_SET;
const SORTED_SET: isize = raw::REDISMODULE_KEYTYPE_ZSET;

/// A walk over the elements of a set or a sorted set. As with `SSCAN`, one that is there throughout is found at least
/// once, whatever becomes of the others between two parts, and while nothing changes each is found exactly once.
pub struct Elements(NonNull<raw::RedisModuleScanCursor>);

impl Elements {
    /// A walk that is at the beginning.
    pub fn new() -> Elements {
        // SAFETY: the function takes nothing.
        let cursor = unsafe { api!(RedisModule_ScanCursorCreate)() };
        Elements(NonNull::new(cursor).expect("the server aborts where memory is short"))
    }

    /// Goes on until so many more elements were found, or some more than that, or for so long as this should take: `f` is
    /// given each. A small set is found at one go. Returns whether there may be more. A missing key has none.
    pub fn read(
        &mut self,
        keyspace: &mut Keyspace,
        name: KeyName,
        mode: Mode,
        count: usize,
        mut f: impl FnMut(&[u8]),
    ) -> Result<bool, OtherType> {
        let ctx = keyspace.context();
        // SAFETY: the context and the name are live.
        let key = unsafe { api!(RedisModule_OpenKey)(ctx.as_ptr(), name.as_ptr(), mode.raw()) };
        let Some(key) = NonNull::new(key) else {
            return Ok(false);
        };
        let key = Key(key);
        // SAFETY: the key is open.
        match unsafe { api!(RedisModule_KeyType)(key.0.as_ptr()) } as isize {
            EMPTY => return Ok(false),
            SET | SORTED_SET => {}
            _ => return Err(OtherType),
        }
        Ok(self.scan(&key, count, &mut f))
    }

    fn scan<F: FnMut(&[u8])>(&mut self, key: &Key, count: usize, f: &mut F) -> bool {
        let mut part = Part { f, found: 0 };
        // A step may find nobody: the table of a set that has shrunk is mostly empty for a while. So steps are counted as
        // well, as the server's own scans do.
        for _ in 0..count.saturating_mul(10) {
            if part.found >= count {
                break;
            }
            let part = (&raw mut part).cast();
            // SAFETY: the key is open and holds a set or a sorted set, the cursor is live, and the callback takes a
            // `Part<F>`, which lives until the call returns.
            let more = unsafe {
                let scan = api!(RedisModule_ScanKey);
                scan(key.0.as_ptr(), self.0.as_ptr(), Some(note::<F>), part)
            };
            if more == 0 {
                return false;
            }
        }
        true
    }
}

impl Drop for Elements {
    fn drop(&mut self) {
        // SAFETY: made by `new`, given back once.
        unsafe { api!(RedisModule_ScanCursorDestroy)(self.0.as_ptr()) };
    }
}

/// What a part of a walk has found.
struct Part<'f, F> {
    f: &'f mut F,
    found: usize,
}

/// # Safety
/// Called by the server only, with a live element and the `Part<F>` that it was given.
unsafe extern "C" fn note<F: FnMut(&[u8])>(
    _key: *mut raw::RedisModuleKey,
    element: *mut raw::RedisModuleString,
    _score: *mut raw::RedisModuleString,
    part: *mut c_void,
) {
    // SAFETY: see above; nothing else has the part meanwhile.
    let (part, element) = unsafe { (&mut *part.cast::<Part<F>>(), ServerStr::new(element)) };
    if let Some(element) = element {
        part.found += 1;
        guard("a scan", || (part.f)(element.bytes()));
    }
}

/// An open key, closed when dropped.
struct Key(NonNull<raw::RedisModuleKey>);

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: opened by `read`, closed once.
        unsafe { api!(RedisModule_CloseKey)(self.0.as_ptr()) };
    }
}
