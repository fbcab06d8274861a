//! `PRESENCE.EVICT key cutoff-ms [LIMIT count]`

use super::spec::Spec;
use crate::arg::{Arg, Numbers};
use crate::core::Change;
use crate::error::{Error, Result};
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::parse;
use crate::transaction::{self, Origin};

const CUTOFF: Arg = Arg::unix_time(c"cutoff-ms");
const LIMIT: Arg = Arg::integer(c"count")
    .numbers(Numbers::Count)
    .token(c"LIMIT")
    .optional();

pub const SPEC: Spec = Spec {
    name: c"PRESENCE.EVICT",
    flags: c"write",
    arity: -3,
    last_key: 0,
    categories: c"write slow",
    key_flags: Spec::REMOVE,
    tips: c"",
    summary: c"Removes members that are no longer remembered. Internal: the server evicts by itself.",
    complexity: c"O(M) for M members removed, which is all that are due where LIMIT is not given",
    since: c"0.1.0",
    args: &[Arg::KEY, CUTOFF, LIMIT],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let cutoff = parse::millis(args.get(2).unwrap_or_default(), &CUTOFF)?;
    let mut limit = None;
    let mut options = parse::Options::new(args, 3);
    while let Some(option) = options.next() {
        if !LIMIT.is(option) {
            return Err(Error::missing(&LIMIT));
        }
        parse::once(&mut limit, options.number(&LIMIT)? as usize, &LIMIT)?;
    }
    let change = Change::Evict {
        cutoff,
        limit: limit.unwrap_or(usize::MAX),
    };
    let origin = Origin::of(ctx);
    let evicted = transaction::run(keyspace, args.string(1), origin, change, Args::NONE)?;
    ctx.reply_integer((evicted.members - evicted.sessions) as i64);
    Ok(())
}
