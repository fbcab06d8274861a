//! Rewriting the append-only file without an RDB preamble: the commands that make a key.

use std::ffi::CStr;

use super::value::Value;
use crate::core::{Settings, Touch};
use crate::ffi::data_type::AofWriter;
use crate::ffi::replicate::CommandSink;
use crate::ffi::string::{KeyName, ServerStr, SharedString};
use crate::replication;

/// Members named in one command.
const BATCH: usize = 64;

/// Emits the key's making, a touch for neighbours of the same moment and ttl, whatever the order, and the record, which
/// the touches leave alone: their times step back and forth, and it was never that of those who are left.
pub fn rewrite(value: &Value, key: KeyName, log: &AofWriter) {
    if value.is_damaged() {
        super::warn_of_damage();
    }
    let set = value.saved();
    let mut log = Log {
        writer: log,
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
}

struct Log<'a> {
    writer: &'a AofWriter<'a>,
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
