//! `PRESENCE.SETMAX key peak at-ms [GT]`

use super::spec::Spec;
use crate::arg::{Arg, Numbers};
use crate::core::{Change, Peak};
use crate::error::{Error, Result};
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::parse;
use crate::transaction::{self, Origin};

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
    summary: c"Sets the peak of members online at once, or starts it afresh.",
    complexity: c"O(1)",
    since: c"0.1.0",
    args: &[Arg::KEY, PEAK, AT, GT],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let origin = Origin::of(ctx);
    let count = parse::number(args.get(2).unwrap_or_default(), &PEAK)? as u64;
    let at = match args.get(3).unwrap_or_default() {
        // A log of an earlier version may have any time, and a peak that starts afresh does not use it.
        at if origin.is_replayed() || count == 0 => parse::millis(at, &AT)?,
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
    let peak = Peak { count, at };
    let change = match only_greater {
        Some(()) => Change::RaisePeak(peak),
        None if count == 0 && !origin.is_replayed() => Change::RestartPeak,
        None => Change::SetPeak(peak),
    };
    let effects = transaction::run(keyspace, args.string(1), origin, change, Args::NONE)?;
    match only_greater {
        Some(()) => ctx.reply_integer(effects.changed.into()),
        None => ctx.reply_ok(),
    }
    Ok(())
}
