//! Rewriting the append-only file without an RDB preamble: the commands that make a key.

use std::ffi::CStr;
use std::os::raw::c_void;

use redis_module::raw;

use super::value::Value;
use crate::core::{Settings, Touch};
use crate::ffi::data_type::AofWriter;
use crate::ffi::guard::guard;
use crate::ffi::replicate::CommandSink;
use crate::ffi::string::{KeyName, ServerStr, SharedString};
use crate::replication;

/// Members named in one command.
const BATCH: usize = 64;

/// Emits the key's making, a touch for neighbours of the same moment and ttl, whatever the order, and the record, which
/// the touches leave alone: their times step back and forth, and it was never that of those who are left.
///
/// # Safety
/// Called by the server only, with a value of the type.
pub unsafe extern "C" fn aof_rewrite(
    io: *mut raw::RedisModuleIO,
    key: *mut raw::RedisModuleString,
    value: *mut c_void,
) {
    // SAFETY: the server passes a value of the type, which is a boxed `Value`.
    let value = unsafe { &*value.cast::<Value>() };
    // SAFETY: the server passes its io and the key's name, which live during this call.
    let (writer, key) = unsafe { (AofWriter::new(io), ServerStr::new(key)) };
    let Some(key) = key else {
        return;
    };
    guard("aof_rewrite", || {
        if value.is_damaged() {
            super::warn_of_damage();
        }
        let set = value.saved();
        let mut log = Log {
            writer,
            key,
            moment: None,
            members: Vec::with_capacity(BATCH),
        };
        let settings = set.settings();
        // Without retention a touch of one who left removes the member, which may still be to be evicted.
        let first = Settings {
            retain: settings.retain.max(1),
            ..settings
        };
        let mut left = false;
        set.each_in_order(|_, seen| left |= seen.ttl == 0);
        let since = match set.is_untouched() {
            true => c"AT",
            false => c"EMPTY",
        };
        log.configure(
            if left { &first } else { &settings },
            since,
            set.empty_since(),
        );
        set.each_in_order(|name, seen| log.add(name, seen));
        log.flush();
        if left && first != settings {
            log.configure(&settings, since, set.empty_since());
        }
        log.set_peak(set.peak().count, set.peak().at);
    });
}

struct Log<'a> {
    writer: AofWriter<'a>,
    key: KeyName<'a>,
    moment: Option<Touch>,
    members: Vec<SharedString>,
}

impl Log<'_> {
    /// `since` says what `at` is the time of: `AT` of the key's making, `EMPTY` of its last member's end.
    fn configure(&self, settings: &Settings, since: &CStr, at: u64) {
        let args = (
            self.key,
            c"TTL",
            settings.ttl as i64,
            c"RETAIN",
            settings.retain as i64,
            c"LINGER",
            settings.linger_number(),
            since,
            at as i64,
        );
        self.writer.send(c"PRESENCE.CONFIG", args, &[]);
    }

    fn set_peak(&self, count: u64, at: u64) {
        let args = (self.key, count as i64, at as i64);
        self.writer.send(c"PRESENCE.SETMAX", args, &[]);
    }

    fn add(&mut self, name: &[u8], seen: Touch) {
        if self.moment != Some(seen) || self.members.len() == BATCH {
            self.flush();
            self.moment = Some(seen);
        }
        self.members.push(SharedString::new(name));
    }

    fn flush(&mut self) {
        let Some(seen) = self.moment.take() else {
            return;
        };
        let members: Vec<ServerStr> = self.members.iter().map(SharedString::borrow).collect();
        let args = (
            self.key,
            replication::NO_MAX,
            c"PX",
            seen.ttl as i64,
            c"AT",
            seen.at as i64,
            c"MEMBERS",
            members.len() as i64,
        );
        self.writer.send(c"PRESENCE.TOUCHEX", args, &members);
        drop(members);
        self.members.clear();
    }
}
