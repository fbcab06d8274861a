//! `PRESENCE.MCOUNT key [key ...]`

use super::spec::Spec;
use crate::arg::Arg;
use crate::clock;
use crate::error::Result;
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::keys::ReadKey;

pub const SPEC: Spec = Spec {
    name: c"PRESENCE.MCOUNT",
    flags: c"readonly fast",
    arity: -2,
    last_key: -1,
    categories: c"read fast",
    key_flags: Spec::READ,
    tips: c"request_policy:multi_shard nondeterministic_output",
    summary: c"Returns how many members are online in each of several keys.",
    complexity: c"O(1) for each key",
    since: c"0.1.0",
    args: &[Arg::KEY.many()],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let now = clock::now(ctx);
    // All are counted before the reply begins: one key of another type is an error, not half an array.
    let mut counts = Vec::with_capacity(args.len() - 1);
    for index in 1..args.len() {
        let key = ReadKey::open(keyspace, args.string(index), now)?;
        counts.push(key.map_or(0, |mut key| key.set().online(now)));
    }
    ctx.reply_array(counts.len());
    for count in counts {
        ctx.reply_integer(count as i64);
    }
    Ok(())
}
