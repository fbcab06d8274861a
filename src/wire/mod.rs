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
use crate::core::{Attachment, Peak, Settings, Touch};
use crate::ffi::main_thread::MainThread;
use crate::ffi::replicate::{CommandSink, KeyedNumber, KeyedNumbers};
use crate::ffi::string::KeyName;

pub use packed::{PackedTouch, Packing};

/// The command that is a packed touch.
pub const PACKED_TOUCH: &CStr = c"PRESENCE.T";
/// The command that is a packed change of sessions.
pub const PACKED_SESSIONS: &CStr = c"PRESENCE.S";
/// What it is about: a session is attached. Its names are the member, the session, its group, empty where none is given, and,
/// where that is set, its metadata.
pub const ATTACH: &CStr = c"A";
/// Sessions are seen again.
pub const BEAT: &CStr = c"B";
/// Sessions end; the ttl is how long after that.
pub const DETACH: &CStr = c"D";
/// Groups, which are its names, have a lease.
pub const LEASE: &CStr = c"L";
/// Groups are dropped; the ttl is how many sessions end at once.
pub const DROP: &CStr = c"X";
/// The leases of as many groups as the ttl says were over.
pub const LEASES_OVER: &CStr = c"O";
/// As many sessions of dropped groups as the ttl says have ended.
pub const DROPPED: &CStr = c"E";
/// Sessions of a rewritten log, as a dump has them.
pub const STORED: &CStr = c"R";
/// Groups of a rewritten log, likewise.
pub const GROUPS: &CStr = c"G";
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

/// A session was attached at `touch.at`, for `touch.ttl`.
pub fn attach(
    sink: &impl CommandSink,
    key: KeyName,
    touch: Touch,
    member: &[u8],
    attachment: Attachment,
) {
    let group = attachment.group.unwrap_or_default();
    let names = [member, attachment.session(), group]
        .into_iter()
        .chain(attachment.meta);
    sessions(sink, key, (ATTACH, false), touch, names);
}

/// A change of sessions or groups. One of many bytes is several; of these only the last has the touch's ttl, if `once` says
/// that this is what is done once.
pub fn sessions<'a>(
    sink: &impl CommandSink,
    key: KeyName,
    (change, once): (&CStr, bool),
    touch: Touch,
    names: impl Iterator<Item = &'a [u8]>,
) {
    let packing = &mut *PACKING.borrow();
    let mut names = names.peekable();
    let mut left = Vec::new();
    while names.peek().is_some() {
        left.clear();
        let mut bytes = 0;
        while bytes < LARGE
            && let Some(name) = names.next()
        {
            bytes += name.len();
            left.push(name);
        }
        let is_last = names.peek().is_none();
        let ttl = if once && !is_last { 0 } else { touch.ttl };
        packing.begin(Touch { ttl, ..touch }, true);
        left.iter().for_each(|name| packing.add(name));
        sink.send(PACKED_SESSIONS, (key, change, packing.bytes()));
    }
    packing.release();
}

/// So many of what is over at this time ended: `LEASES_OVER` or `DROPPED`.
pub fn ended(sink: &impl CommandSink, key: KeyName, change: &CStr, at: Millis, count: usize) {
    let touch = Touch {
        at,
        ttl: count as Millis,
    };
    sessions(sink, key, (change, false), touch, [&b""[..]].into_iter());
}

/// Sessions or groups of a rewritten log: `STORED` or `GROUPS`.
pub fn stored(sink: &impl CommandSink, key: KeyName, change: &CStr, block: &[u8]) {
    sink.send(PACKED_SESSIONS, (key, change, block));
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
    since: &'static CStr,
    at: Millis,
) {
    let since = Some((since, at as i64));
    send_settings(sink, key, settings, Lost::default(), since);
}

/// The key's settings are these now. Of those that few keys have the ones that are not 0 are named, and those in `lost`: what
/// versions without them are sent of keys without them is what they know.
pub fn configure(sink: &impl CommandSink, key: KeyName, settings: &Settings, lost: Lost) {
    send_settings(sink, key, settings, lost, None);
}

/// The settings that a key may have lost by a change, and that are named even though they are 0.
#[derive(Clone, Copy, Default)]
pub struct Lost {
    pub resolution: bool,
    pub cap: bool,
}

fn send_settings(
    sink: &impl CommandSink,
    key: KeyName,
    settings: &Settings,
    lost: Lost,
    since: Option<KeyedNumber>,
) {
    let common = [
        (c"TTL", settings.ttl as i64),
        (c"RETAIN", settings.retain as i64),
        (c"LINGER", settings.linger_number()),
    ];
    let rare = [
        (c"RESOLUTION", settings.resolution as i64, lost.resolution),
        (c"CAP", settings.cap as i64, lost.cap),
    ];
    let named = rare
        .into_iter()
        .filter(|(_, number, lost)| *number > 0 || *lost);
    let named = named.map(|(keyword, number, _)| (keyword, number));
    let mut options = KeyedNumbers::default();
    common
        .into_iter()
        .chain(named)
        .chain(since)
        .for_each(|option| options.push(option));
    sink.send(c"PRESENCE.CONFIG", (key, options));
}

/// A member's metadata is this now.
pub fn set_meta(sink: &impl CommandSink, key: KeyName, member: &[u8], meta: &[u8]) {
    sink.send(c"PRESENCE.SETMETA", (key, member, meta));
}

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
