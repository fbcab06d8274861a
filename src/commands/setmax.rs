//! `PRESENCE.SETMAX key peak at-ms [GT]`

use super::spec::Spec;
use crate::arg::{Arg, Numbers};
use crate::core::Peak;
use crate::error::{Error, Result};
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::keys::WriteKey;
use crate::{clock, parse, replication, defaults};

const PEAK: Arg = Arg::integer(c"peak").numbers(Numbers::Peak);
const AT: Arg = Arg::unix_time(c"at-ms");
const GT: Arg = Arg::flag(c"gt", c"GT");

pub const SPEC: Spec = Spec {
    name: c"PRESENCE.SETMAX",
    flags: c"write deny-oom fast",
    arity: -4,
    last_key: 0,
    categories: c"write fast",
    key_flags: Spec::UPSERT,
    tips: c"",
    summary: c"Sets the record of members online at once, or starts it afresh.",
    complexity: c"O(1)",
    args: &[Arg::KEY, PEAK, AT, GT],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let name = args.string(1);
    let count = parse::number(args.get(2).unwrap_or_default(), &PEAK)? as u64;
    let replayed = ctx.is_replayed();
    let at = match args.get(3).unwrap_or_default() {
        // A log of an earlier version may say anything, and a record begun afresh has no use for it.
        at if replayed || count == 0 => parse::millis(at, &AT)?,
        at => parse::recent_time(at, &AT)?,
    };
    let mut only_greater = None;
    let mut options = parse::Options::new(args, 4);
    while let Some(option) = options.next() {
        if !GT.is(option) {
            return Err(Error::missing(&GT));
        }
        parse::once(&mut only_greater, (), &GT)?;
    }
    let now = if replayed { at } else { clock::now(ctx) };
    let mut key = WriteKey::open(keyspace, name, (!replayed).then_some(now))?;
    let mut peak = Peak { count, at };
    let old = key.set().map_or(Peak::default(), |set| set.peak());
    if only_greater.is_some() && count <= old.count {
        ctx.reply_integer(0);
        return Ok(());
    }
    if count == 0 && !replayed {
        // Afresh, from those who are online now: a number that only the primary knows, and replicates.
        let online = key.set().map_or(0, |set| set.online(now)) as u64;
        let at = if online > 0 { now } else { 0 };
        peak = Peak { count: online, at };
    }
    if key.value().is_none() {
        if peak.count == 0 {
            ctx.reply_ok();
            return Ok(());
        }
        let settings = defaults::of_new_keys();
        key.create(settings, now);
        if !replayed {
            replication::create(ctx, name, &settings, now);
        }
    }
    key.change(|set| set.set_peak(peak));
    if replayed {
        replication::verbatim(ctx);
    } else {
        replication::set_peak(ctx, name, peak);
    }
    key.changed();
    key.watch();
    match only_greater {
        Some(()) => ctx.reply_integer(1),
        None => ctx.reply_ok(),
    }
    Ok(())
}
