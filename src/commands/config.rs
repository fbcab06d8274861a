//! `PRESENCE.CONFIG key [TTL ms] [RETAIN ms] [LINGER ms] [RESOLUTION ms] [CAP n]`

use std::ffi::CStr;

use super::spec::Spec;
use crate::arg::{Arg, Numbers};
use crate::core::time::Millis;
use crate::core::{Change, Since};
use crate::error::{Error, Result};
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::parse;
use crate::transaction::{self, Origin};
use crate::wire;

const TTL: Arg = option(c"TTL", Numbers::Duration);
const RETAIN: Arg = option(c"RETAIN", Numbers::DurationOrZero);
const LINGER: Arg = option(c"LINGER", Numbers::Linger);
/// With the ttl as it is then, it is at most half of that.
const RESOLUTION: Arg = option(c"RESOLUTION", Numbers::DurationOrZero);
/// What it limits is judged by touches (`core/set/cap.rs`).
const CAP: Arg = Arg::integer(c"members")
    .numbers(Numbers::Cap)
    .token(c"CAP")
    .optional();
/// In a replayed command only: when the key was made.
const AT: Arg = Arg::unix_time(c"at-ms").token(wire::MADE_AT);
/// In a replayed command only: since when the key has had no members.
const EMPTY: Arg = Arg::unix_time(c"at-ms").token(wire::EMPTY_SINCE);

const fn option(token: &'static CStr, numbers: Numbers) -> Arg {
    Arg::integer(c"milliseconds")
        .numbers(numbers)
        .token(token)
        .optional()
}

pub const SPEC: Spec = Spec {
    name: c"PRESENCE.CONFIG",
    flags: c"write deny-oom fast",
    arity: -4,
    last_key: 0,
    categories: c"write fast",
    key_flags: Spec::UPSERT,
    tips: c"",
    summary: c"Changes a key's settings. Makes the key where it is missing.",
    complexity: c"O(1); RETAIN O(N/1000) with over 64 ttls in use",
    since: c"0.1.0",
    args: &[Arg::KEY, TTL, RETAIN, LINGER, RESOLUTION, CAP],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let origin = Origin::of(ctx);
    let (mut ttl, mut retain, mut linger) = (None, None, None);
    let (mut resolution, mut cap, mut since) = (None, None, None);
    let mut options = parse::Options::new(args, 2);
    while let Some(option) = options.next() {
        if TTL.is(option) {
            parse::once(&mut ttl, options.millis(&TTL)?, &TTL)?;
        } else if RETAIN.is(option) {
            parse::once(&mut retain, options.millis(&RETAIN)?, &RETAIN)?;
        } else if LINGER.is(option) {
            // -1: for ever.
            let value = Millis::try_from(options.number(&LINGER)?).ok();
            parse::once(&mut linger, value, &LINGER)?;
        } else if RESOLUTION.is(option) {
            parse::once(&mut resolution, options.millis(&RESOLUTION)?, &RESOLUTION)?;
        } else if CAP.is(option) {
            parse::once(&mut cap, options.number(&CAP)? as u64, &CAP)?;
        } else if origin.is_replayed() && AT.is(option) {
            parse::once(&mut since, Since::Made(options.millis(&AT)?), &AT)?;
        } else if origin.is_replayed() && EMPTY.is(option) {
            parse::once(&mut since, Since::Emptied(options.millis(&EMPTY)?), &EMPTY)?;
        } else {
            return Err(Error::Expected(SPEC.args));
        }
    }
    let change = Change::Configure {
        ttl,
        retain,
        linger,
        resolution,
        cap,
        since,
    };
    transaction::run(keyspace, args.string(1), origin, change, Args::NONE)?;
    ctx.reply_ok();
    Ok(())
}
