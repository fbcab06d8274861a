//! What replicas and the AOF are told: each change resolved, with the times it was made with.
//!
//! Four forms that clients may not use carry what the commands' own syntax cannot: `PRESENCE.TOUCHEX` with `PX 0` is the
//! touch of one who left, and with `NOMAX` one that sets no record; `PRESENCE.CONFIG` with `AT` makes a key as of that
//! moment, and with `EMPTY`, after its last member was forgotten and in a rewritten log, one that has been without members
//! since then.

use std::ffi::CStr;
use std::io::Write;

use crate::core::time::Millis;
use crate::core::{Peak, Settings, Touch};
use crate::ffi::context::Context;
use crate::ffi::main_thread::MainThread;
use crate::ffi::replicate::CommandSink;
use crate::ffi::string::{KeyName, ServerStr, SharedString};
use crate::listeners;

/// Members were touched at `seen.at` and stay for `seen.ttl`; a ttl of 0: they left. The record is judged at that time.
#[inline]
pub fn touch(ctx: Context, key: KeyName, seen: Touch, members: &[ServerStr]) {
    touches(ctx, key, seen, members, true);
}

/// Members were touched in the past. The record was judged at another time, which only the primary knows: where it is a
/// new one, [`set_peak`] follows.
pub fn import(ctx: Context, key: KeyName, seen: Touch, members: &[ServerStr]) {
    touches(ctx, key, seen, members, false);
}

/// This is on the path of every touch. Where nobody listens, the server is only told that there was a change, for the
/// points at which it saves; else all arguments are strings that exist: the client's own, constants, and numbers that are
/// kept until they change.
#[inline]
fn touches(ctx: Context, key: KeyName, seen: Touch, members: &[ServerStr], is_judged: bool) {
    if members.is_empty() {
        return;
    }
    if !listeners::are_there(ctx) {
        return verbatim(ctx);
    }
    let words = &mut *WORDS.borrow();
    let (px, ttl) = (words.px.get(), words.ttl.get(seen.ttl));
    let (at, time) = (words.at.get(), words.time.get(seen.at));
    let (many, count) = (words.members.get(), words.count.get(members.len() as u64));
    let touchex = c"PRESENCE.TOUCHEX";
    match is_judged {
        true => ctx.send(touchex, (key, px, ttl, at, time, many, count), members),
        false => {
            let args = (key, NO_MAX, px, ttl, at, time, many, count);
            ctx.send(touchex, args, members);
        }
    }
}

/// The option of a touch that sets no record.
pub const NO_MAX: &CStr = c"NOMAX";

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

/// A constant as a string of the server, made when it is first asked for.
struct Word(&'static [u8], Option<SharedString>);

impl Word {
    fn get(&mut self) -> ServerStr<'_> {
        let text = self.0;
        self.1
            .get_or_insert_with(|| SharedString::new(text))
            .borrow()
    }
}

/// A number as a string of the server, made anew when it has changed.
struct Number(u64, Option<SharedString>);

impl Number {
    fn get(&mut self, number: u64) -> ServerStr<'_> {
        if self.0 != number {
            *self = Number(number, None);
        }
        let make = || {
            // Digits are written where nothing is allocated: twenty are enough for any number.
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
pub fn create(ctx: Context, key: KeyName, settings: &Settings, at: Millis) {
    configure_since(ctx, key, settings, c"AT", at);
}

/// The key, which has these settings, has been without members since `at`.
pub fn empty(ctx: Context, key: KeyName, settings: &Settings, at: Millis) {
    configure_since(ctx, key, settings, c"EMPTY", at);
}

fn configure_since(ctx: Context, key: KeyName, settings: &Settings, since: &CStr, at: Millis) {
    ctx.send(
        c"PRESENCE.CONFIG",
        (
            key,
            c"TTL",
            settings.ttl as i64,
            c"RETAIN",
            settings.retain as i64,
            c"LINGER",
            settings.linger_number(),
            since,
            at as i64,
        ),
        &[],
    );
}

/// The key's settings are these now.
pub fn configure(ctx: Context, key: KeyName, settings: &Settings) {
    ctx.send(
        c"PRESENCE.CONFIG",
        (
            key,
            c"TTL",
            settings.ttl as i64,
            c"RETAIN",
            settings.retain as i64,
            c"LINGER",
            settings.linger_number(),
        ),
        &[],
    );
}

/// The record is this now.
pub fn set_peak(ctx: Context, key: KeyName, peak: Peak) {
    ctx.send(
        c"PRESENCE.SETMAX",
        (key, peak.count as i64, peak.at as i64),
        &[],
    );
}

/// The first `count` members due at `cutoff` were removed.
pub fn evict(ctx: Context, key: KeyName, cutoff: Millis, count: usize) {
    ctx.send(
        c"PRESENCE.EVICT",
        (key, cutoff as i64, c"LIMIT", count as i64),
        &[],
    );
}

/// The key was removed.
pub fn delete(ctx: Context, key: KeyName) {
    ctx.send(c"DEL", (key,), &[]);
}

/// The command that is running, as it came: it was resolved by the primary it comes from, or nobody listens.
#[inline]
pub fn verbatim(ctx: Context) {
    ctx.replicate_verbatim();
}
