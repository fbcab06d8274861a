//! `PRESENCE.CONFIG key [TTL ms] [RETAIN ms] [LINGER ms]`

use super::spec::{Arg, Spec};
use crate::core::Settings;
use crate::error::{Error, Result};
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::keys::WriteKey;
use crate::{clock, parse, replication, settings};

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
    args: &[
        Arg::KEY,
        Arg::integer(c"ttl").token(c"TTL").optional(),
        Arg::integer(c"retain").token(c"RETAIN").optional(),
        Arg::integer(c"linger").token(c"LINGER").optional(),
    ],
};

pub fn run(ctx: Context, args: Args) -> Result {
    let name = args.string(1);
    let replayed = ctx.is_replayed();
    let (mut ttl, mut retain, mut linger, mut since) = (None, None, None, None);
    let mut options = parse::Options::new(args, 2);
    while let Some(option) = options.next() {
        if option.eq_ignore_ascii_case(b"TTL") {
            parse::once(&mut ttl, parse::duration(options.value()?)?)?;
        } else if option.eq_ignore_ascii_case(b"RETAIN") {
            parse::once(&mut retain, parse::duration_or_zero(options.value()?)?)?;
        } else if option.eq_ignore_ascii_case(b"LINGER") {
            parse::once(&mut linger, parse::linger(options.value()?)?)?;
        } else if replayed && option.eq_ignore_ascii_case(b"AT") {
            parse::once(&mut since, (parse::time(options.value()?)?, false))?;
        } else if replayed && option.eq_ignore_ascii_case(b"EMPTY") {
            parse::once(&mut since, (parse::time(options.value()?)?, true))?;
        } else {
            return Err(Error::Syntax);
        }
    }
    let mut key = WriteKey::open_as_it_is(ctx, name)?;
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
    let base = old.unwrap_or_else(settings::of_new_keys);
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
