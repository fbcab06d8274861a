//! The wire form of a change: the commands that replicas and the append-only file get, and those by which a rewritten
//! log makes a key. Each change is resolved, with the times at which it was made.
//!
//! Touches and leaves are one short command, `PRESENCE.T` (`packed.rs`). Two forms that clients may not use carry what a
//! command's own syntax cannot: `PRESENCE.CONFIG` with `AT` makes a key as of that moment, and with `EMPTY` says since
//! when it has had no members: after its last one was forgotten, after an internal error, and in a rewritten log. Two
//! more are in logs and streams of version 0.1: `PRESENCE.TOUCHEX` with `PX 0` is the touch of a member who left, and
//! with `NOMAX` one that sets no peak. Each command parses its own forms, by the words defined here.

mod packed;

use std::ffi::CStr;

use crate::core::time::Millis;
use crate::core::{Peak, Settings, Touch};
use crate::ffi::main_thread::MainThread;
use crate::ffi::replicate::CommandSink;
use crate::ffi::string::KeyName;

pub use packed::{PackedTouch, Packing};

/// The command that is a packed touch.
pub const PACKED_TOUCH: &CStr = c"PRESENCE.T";
/// The option of a touch that sets no peak.
pub const NO_MAX: &CStr = c"NOMAX";
/// The ttl of the touch of a member who left.
pub const LEFT: &[u8] = b"0";
/// Before the time at which a key was made.
pub const MADE_AT: &CStr = c"AT";
/// Before the time since when a key has been without members.
pub const EMPTY_SINCE: &CStr = c"EMPTY";

/// Members were touched at `touch.at` and stay for `touch.ttl`; a ttl of 0: they left. Whether it sets a new peak is
/// judged at that time, unless `sets_peak` says that it sets none.
///
/// This is on the path of every touch, so it allocates nothing: the bytes are packed where the last ones were.
#[inline]
pub fn touch<'a>(
    sink: &impl CommandSink,
    key: KeyName,
    touch: Touch,
    names: impl Iterator<Item = &'a [u8]>,
    sets_peak: bool,
) {
    let packing = &mut *PACKING.borrow();
    let mut names = names.peekable();
    while names.peek().is_some() {
        packing.begin(touch, sets_peak);
        while packing.bytes().len() < LARGE
            && let Some(name) = names.next()
        {
            packing.add(name);
        }
        packed_touch(sink, key, packing);
    }
    packing.release();
}

/// As [`touch`], of members that are packed.
#[inline]
pub fn packed_touch(sink: &impl CommandSink, key: KeyName, packing: &Packing) {
    sink.send(PACKED_TOUCH, (key, packing.bytes()));
}

/// A touch of more bytes than this is replicated as several, within the limits that a server may have for an argument.
const LARGE: usize = 1 << 20;

static PACKING: MainThread<Packing> = MainThread::new(Packing::new());

/// The key was made at `at` with these settings.
pub fn create(sink: &impl CommandSink, key: KeyName, settings: &Settings, at: Millis) {
    configure_since(sink, key, settings, MADE_AT, at);
}

/// The key, which has these settings, has been without members since `at`.
pub fn empty(sink: &impl CommandSink, key: KeyName, settings: &Settings, at: Millis) {
    configure_since(sink, key, settings, EMPTY_SINCE, at);
}

fn configure_since(
    sink: &impl CommandSink,
    key: KeyName,
    settings: &Settings,
    since: &CStr,
    at: Millis,
) {
    let (retain, linger) = (settings.retain as i64, settings.linger_number());
    let (ttl, at) = (settings.ttl as i64, at as i64);
    match settings.resolution as i64 {
        0 => {
            let args = (
                key, c"TTL", ttl, c"RETAIN", retain, c"LINGER", linger, since, at,
            );
            sink.send(CONFIG, args);
        }
        resolution => {
            let args = (
                key, c"TTL", ttl, c"RETAIN", retain, c"LINGER", linger, RESOLUTION, resolution,
                since, at,
            );
            sink.send(CONFIG, args);
        }
    }
}

/// The key's settings are these now; `had_resolution` says whether they had a resolution before. Where there is none and
/// was none it is not mentioned: what versions without it are sent of keys without it is what they know.
pub fn configure(sink: &impl CommandSink, key: KeyName, settings: &Settings, had_resolution: bool) {
    let (retain, linger) = (settings.retain as i64, settings.linger_number());
    let ttl = settings.ttl as i64;
    match settings.resolution as i64 {
        0 if !had_resolution => {
            let args = (key, c"TTL", ttl, c"RETAIN", retain, c"LINGER", linger);
            sink.send(CONFIG, args);
        }
        resolution => {
            let args = (
                key, c"TTL", ttl, c"RETAIN", retain, c"LINGER", linger, RESOLUTION, resolution,
            );
            sink.send(CONFIG, args);
        }
    }
}

const CONFIG: &CStr = c"PRESENCE.CONFIG";
const RESOLUTION: &CStr = c"RESOLUTION";

/// The peak is this now.
pub fn set_peak(sink: &impl CommandSink, key: KeyName, peak: Peak) {
    let args = (key, peak.count as i64, peak.at as i64);
    sink.send(c"PRESENCE.SETMAX", args);
}

/// The first `count` members due at `cutoff` were removed.
pub fn evict(sink: &impl CommandSink, key: KeyName, cutoff: Millis, count: usize) {
    let args = (key, cutoff as i64, c"LIMIT", count as i64);
    sink.send(c"PRESENCE.EVICT", args);
}

/// The key expires at this time, in Unix ms.
pub fn expire(sink: &impl CommandSink, key: KeyName, at: i64) {
    sink.send(c"PEXPIREAT", (key, at));
}

/// The key was removed.
pub fn delete(sink: &impl CommandSink, key: KeyName) {
    sink.send(c"DEL", (key,));
}
