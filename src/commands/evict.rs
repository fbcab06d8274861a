//! `PRESENCE.EVICT key cutoff-ms [LIMIT count]`

use super::spec::Spec;
use crate::arg::{Arg, Numbers};
use crate::error::{Error, Result};
use crate::events::Batch;
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::keys::WriteKey;
use crate::expiry::removal;
use crate::{clock, parse, replication};

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
    args: &[Arg::KEY, CUTOFF, LIMIT],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let name = args.string(1);
    let cutoff = parse::millis(args.get(2).unwrap_or_default(), &CUTOFF)?;
    let mut limit = None;
    let mut options = parse::Options::new(args, 3);
    while let Some(option) = options.next() {
        if !LIMIT.is(option) {
            return Err(Error::missing(&LIMIT));
        }
        parse::once(&mut limit, options.number(&LIMIT)? as usize, &LIMIT)?;
    }
    let replayed = ctx.is_replayed();
    let now = if replayed { cutoff } else { clock::now(ctx) };
    if cutoff > now {
        return Err(Error::CutoffInFuture);
    }
    // A key that is gone is not removed unseen: who is in it counts.
    let mut key = WriteKey::open_untouched(keyspace, name)?;
    let mut evicted = 0;
    let mut batch = Batch::new();
    if key.value().is_some() {
        let limit = limit.unwrap_or(usize::MAX);
        evicted = key.change(|set| match replayed {
            true => set.evict(cutoff, limit, |_, _| {}),
            false => removal::evict(set, cutoff, now, limit, &mut batch),
        });
    }
    if evicted > 0 {
        if replayed {
            replication::verbatim(ctx);
        } else {
            replication::evict(ctx, name, cutoff, evicted);
        }
        key.changed();
        key.watch();
    }
    drop(key);
    batch.send(keyspace, name);
    if !replayed {
        WriteKey::open_untouched(keyspace, name)?.remove_if_gone(now);
    }
    ctx.reply_integer(evicted as i64);
    Ok(())
}
