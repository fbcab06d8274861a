//! Dumps: RDB files, full synchronisation, `DUMP` and `RESTORE`.
//!
//! Version 1: ttl, retain, linger + 1, the record's count and time, twice the time since when the key is empty and 1 more
//! if it never had a member, the number of members, all as unsigned numbers; then the members in blocks of bytes (`core::dump`) until all are told.
//!
//! A dump may come from anywhere. Whatever is wrong with it, nothing is returned but null, of which the server makes its
//! "Bad data format" error.

use std::os::raw::{c_int, c_void};
use std::ptr::null_mut;

use redis_module::raw;

use super::value::Value;
use crate::clock;
use crate::core::dump::{Corrupt, Encoder, MAX_BLOCK};
use crate::core::time::{MAX_DURATION, MAX_TIME};
use crate::core::{Peak, PresenceSet, Settings};
use crate::expiry::watch_list;
use crate::ffi::api;
use crate::ffi::guard::guard;
use crate::ffi::string::ServerStr;

/// The version that is written. Older ones are read, newer ones refused.
pub const VERSION: i32 = 1;

/// # Safety
/// Called by the server only, with a value of the type.
pub unsafe extern "C" fn rdb_save(io: *mut raw::RedisModuleIO, value: *mut c_void) {
    // SAFETY: the server passes a value of the type, which is a boxed `Value`.
    let value = unsafe { &*value.cast::<Value>() };
    guard("rdb_save", || {
        if value.is_damaged() {
            super::warn_of_damage();
        }
        let set = value.saved();
        let (settings, peak) = (set.settings(), set.peak());
        for number in [
            settings.ttl,
            settings.retain,
            settings.linger.map_or(0, |linger| linger + 1),
            peak.count,
            peak.at,
            set.empty_since() << 1 | u64::from(set.is_untouched()),
            set.len() as u64,
        ] {
            // SAFETY: the io is live.
            unsafe { api!(RedisModule_SaveUnsigned)(io, number) };
        }
        // SAFETY: the io is live, the block has the length said.
        let save = |block: Vec<u8>| unsafe {
            api!(RedisModule_SaveStringBuffer)(io, block.as_ptr().cast(), block.len());
        };
        let mut encoder = Encoder::default();
        set.each_in_order(|name, seen| {
            if let Some(block) = encoder.add(name, seen) {
                save(block);
            }
        });
        let last = encoder.finish();
        if !last.is_empty() {
            save(last);
        }
    });
}

/// # Safety
/// Called by the server only.
pub unsafe extern "C" fn rdb_load(io: *mut raw::RedisModuleIO, version: c_int) -> *mut c_void {
    let loaded = guard("rdb_load", || {
        if version != VERSION {
            log(
                io,
                &format!("presence: a dump of version {version} cannot be read, only {VERSION}"),
            );
            return null_mut();
        }
        match Reader(io).set() {
            Ok(set) => {
                let mut value = Value::new(set);
                watch(io, &mut value);
                Box::into_raw(value).cast()
            }
            Err(Corrupt) => {
                log(io, "presence: a dump is corrupt, and was refused");
                null_mut()
            }
        }
    });
    loaded.unwrap_or(null_mut())
}

fn log(io: *mut raw::RedisModuleIO, message: &str) {
    let message = std::ffi::CString::new(message).expect("no zero bytes");
    // SAFETY: the io is live; C strings; the format takes one string.
    unsafe {
        api!(RedisModule_LogIOError)(io, c"warning".as_ptr(), c"%s".as_ptr(), message.as_ptr());
    }
}

/// Tells the eviction of a loaded key.
fn watch(io: *mut raw::RedisModuleIO, value: &mut Value) {
    // SAFETY: the io is live; the name outlives this call.
    let (name, db) = unsafe {
        let name = api!(RedisModule_GetKeyNameFromIO)(io);
        (ServerStr::new(name), api!(RedisModule_GetDbIdFromIO)(io))
    };
    if let Some(name) = name
        && db >= 0
        && let Some(due) = value.set().and_then(watch_list::next_look)
    {
        value.set_queued(watch_list::watch(db, name.bytes(), due));
    }
}

struct Reader(*mut raw::RedisModuleIO);

impl Reader {
    fn set(&self) -> Result<PresenceSet, Corrupt> {
        let settings = Settings {
            ttl: self.number(MAX_DURATION)?,
            retain: self.number(MAX_DURATION)?,
            linger: self.number(MAX_DURATION + 1)?.checked_sub(1),
        };
        if settings.ttl == 0 {
            return Err(Corrupt);
        }
        let peak = Peak {
            count: self.number(Peak::MAX_COUNT)?,
            at: self.number(MAX_TIME)?,
        };
        let empty_since = self.number(MAX_TIME << 1 | 1)?;
        let untouched = empty_since & 1 == 1;
        let empty_since = empty_since >> 1;
        let mut left = self.number(u32::MAX.into())?;

        let now = clock::wall();
        let mut set = PresenceSet::new(settings, empty_since);
        set.set_peak(peak);
        if untouched && left > 0 {
            return Err(Corrupt);
        }
        if !untouched {
            set.set_emptied(empty_since);
        }
        while left > 0 {
            let block = self.block()?;
            let restored = set.restore(block.bytes(), now)? as u64;
            if restored == 0 {
                return Err(Corrupt);
            }
            left = left.checked_sub(restored).ok_or(Corrupt)?;
        }
        Ok(set)
    }

    fn check(&self) -> Result<(), Corrupt> {
        // SAFETY: the io is live.
        if unsafe { api!(RedisModule_IsIOError)(self.0) } != 0 {
            return Err(Corrupt);
        }
        Ok(())
    }

    fn number(&self, max: u64) -> Result<u64, Corrupt> {
        // SAFETY: the io is live. After an error the number is 0, and the error is seen below.
        let number = unsafe { api!(RedisModule_LoadUnsigned)(self.0) };
        self.check()?;
        if number > max {
            return Err(Corrupt);
        }
        Ok(number)
    }

    fn block(&self) -> Result<Block, Corrupt> {
        let mut len = 0;
        // SAFETY: the io is live.
        let data = unsafe { api!(RedisModule_LoadStringBuffer)(self.0, &raw mut len) };
        if data.is_null() {
            return Err(Corrupt);
        }
        let block = Block {
            data: data.cast(),
            len,
        };
        self.check()?;
        if len > MAX_BLOCK {
            return Err(Corrupt);
        }
        Ok(block)
    }
}

/// Bytes that the server allocated for us.
struct Block {
    data: *mut u8,
    len: usize,
}

impl Block {
    fn bytes(&self) -> &[u8] {
        // SAFETY: the server's buffer of that length, not null, ours until it is dropped.
        unsafe { std::slice::from_raw_parts(self.data, self.len) }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: the server's buffer, freed once.
        unsafe { api!(RedisModule_Free)(self.data.cast()) };
    }
}
