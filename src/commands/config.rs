//! `PRESENCE.CONFIG key [TTL ms] [RETAIN ms] [LINGER ms]`

use std::ffi::CStr;

use super::spec::Spec;
use crate::arg::{Arg, Numbers};
use crate::core::Settings;
use crate::core::time::Millis;
use crate::error::{Error, Result};
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::keys::WriteKey;
use crate::{clock, parse, replication, defaults};

const TTL: Arg = option(c"TTL", Numbers::Duration);
const RETAIN: Arg = option(c"RETAIN", Numbers::DurationOrZero);
const LINGER: Arg = option(c"LINGER", Numbers::Linger);
/// In a replayed command only: when the key was made.
const AT: Arg = Arg::unix_time(c"at-ms").token(c"AT");
/// In a replayed command only: since when the key has had no members.
const EMPTY: Arg = Arg::unix_time(c"at-ms").token(c"EMPTY");

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
    args: &[Arg::KEY, TTL, RETAIN, LINGER],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let name = args.string(1);
    let replayed = ctx.is_replayed();
    let (mut ttl, mut retain, mut linger, mut since) = (None, None, None, None);
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
        } else if replayed && AT.is(option) {
            parse::once(&mut since, (options.millis(&AT)?, false), &AT)?;
        } else if replayed && EMPTY.is(option) {
            parse::once(&mut since, (options.millis(&EMPTY)?, true), &EMPTY)?;
        } else {
            return Err(Error::Expected(SPEC.args));
        }
    }
    let mut key = WriteKey::open_as_it_is(keyspace, name)?;
    let (now, emptied) = match since {
        Some(since) => since,
        // A new setting of a key that is there has no time, and none is asked for.
        None if replayed && key.value().is_some() => (0, false),
        None => (clock::now(ctx), false),
    };
    if !replayed {
        key.begin(now);
    }
    let old = key.set().map(|set| set.settings());
    let base = old.unwrap_or_else(defaults::of_new_keys);
    let new = Settings {
        ttl: ttl.unwrap_or(base.ttl),
        retain: retain.unwrap_or(base.retain),
        linger: linger.unwrap_or(base.linger),
    };
    if old == Some(new) && !emptied {
        if replayed {
            replication::verbatim(ctx);
        }
        ctx.reply_ok();
        return Ok(());
    }
    if old.is_none() {
        key.create(new, now);
    }
    key.change(|set| {
        set.configure(new);
        if emptied && set.is_empty() {
            set.set_emptied(now);
        }
    });
    match old {
        _ if replayed => replication::verbatim(ctx),
        None => replication::create(ctx, name, &new, now),
        Some(_) => replication::configure(ctx, name, &new),
    }
    key.changed();
    key.watch();
    if !replayed {
        key.remove_if_gone(now);
    }
    ctx.reply_ok();
    Ok(())
}
