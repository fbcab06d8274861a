//! The wire form of a change: the commands that replicas and the append-only file get, and those by which a rewritten
//! log makes a key. Each change is resolved, with the times at which it was made.
//!
//! Four forms that clients may not use carry what the commands' own syntax cannot: `PRESENCE.TOUCHEX` with `PX 0` is
//! the touch of a member who left, and with `NOMAX` one that sets no peak; `PRESENCE.CONFIG` with `AT` makes a key as
//! of that moment, and with `EMPTY` says since when it has had no members: after its last one was forgotten, after an
//! internal error, and in a rewritten log. Each command parses its own forms, by the words defined here.

use std::ffi::CStr;
use std::io::Write;

use crate::core::time::Millis;
use crate::core::{Peak, Settings, Touch};
use crate::ffi::main_thread::MainThread;
use crate::ffi::replicate::CommandSink;
use crate::ffi::string::{KeyName, ServerStr, SharedString};

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
/// This is on the path of every touch, so it allocates no argument: they are the client's own strings, constants, and
/// numbers whose strings are kept until they change.
#[inline]
pub fn touch(
    sink: &impl CommandSink,
    key: KeyName,
    touch: Touch,
    members: &[ServerStr],
    sets_peak: bool,
) {
    let words = &mut *WORDS.borrow();
    let (px, ttl) = (words.px.get(), words.ttl.get(touch.ttl));
    let (at, time) = (words.at.get(), words.time.get(touch.at));
    let (many, count) = (words.members.get(), words.count.get(members.len() as u64));
    let touchex = c"PRESENCE.TOUCHEX";
    match sets_peak {
        true => sink.send(touchex, (key, px, ttl, at, time, many, count), members),
        false => {
            let args = (key, NO_MAX, px, ttl, at, time, many, count);
            sink.send(touchex, args, members);
        }
    }
}

/// The words of a replicated touch.
struct Words {
    px: Word,
    at: Word,
    members: Word,
    ttl: Number,
    time: Number,
    count: Number,
}

static WORDS: MainThread<Words> = MainThread::new(Words {
    px: Word(b"PX", None),
    at: Word(b"AT", None),
    members: Word(b"MEMBERS", None),
    ttl: Number(0, None),
    time: Number(0, None),
    count: Number(0, None),
});

/// A constant as a string of the server, made on first use.
struct Word(&'static [u8], Option<SharedString>);

impl Word {
    fn get(&mut self) -> ServerStr<'_> {
        let text = self.0;
        self.1
            .get_or_insert_with(|| SharedString::new(text))
            .borrow()
    }
}

/// A number as a string of the server, made again when the number has changed.
struct Number(u64, Option<SharedString>);

impl Number {
    fn get(&mut self, number: u64) -> ServerStr<'_> {
        if self.0 != number {
            *self = Number(number, None);
        }
        let make = || {
            // A buffer on the stack: twenty digits are enough for any number.
            let mut digits = [0; 20];
            let mut rest = &mut digits[..];
            write!(rest, "{number}").expect("there is room");
            let unused = rest.len();
            SharedString::new(&digits[..20 - unused])
        };
        self.1.get_or_insert_with(make).borrow()
    }
}

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
    let args = (
        key, c"TTL", ttl, c"RETAIN", retain, c"LINGER", linger, since, at,
    );
    sink.send(c"PRESENCE.CONFIG", args, &[]);
}

/// The key's settings are these now.
pub fn configure(sink: &impl CommandSink, key: KeyName, settings: &Settings) {
    let (retain, linger) = (settings.retain as i64, settings.linger_number());
    let ttl = settings.ttl as i64;
    let args = (key, c"TTL", ttl, c"RETAIN", retain, c"LINGER", linger);
    sink.send(c"PRESENCE.CONFIG", args, &[]);
}

/// The peak is this now.
pub fn set_peak(sink: &impl CommandSink, key: KeyName, peak: Peak) {
    let args = (key, peak.count as i64, peak.at as i64);
    sink.send(c"PRESENCE.SETMAX", args, &[]);
}

/// The first `count` members due at `cutoff` were removed.
pub fn evict(sink: &impl CommandSink, key: KeyName, cutoff: Millis, count: usize) {
    let args = (key, cutoff as i64, c"LIMIT", count as i64);
    sink.send(c"PRESENCE.EVICT", args, &[]);
}

/// The key expires at this time, in Unix ms.
pub fn expire(sink: &impl CommandSink, key: KeyName, at: i64) {
    sink.send(c"PEXPIREAT", (key, at), &[]);
}

/// The key was removed.
pub fn delete(sink: &impl CommandSink, key: KeyName) {
    sink.send(c"DEL", (key,), &[]);
}
