//! `PRESENCE.MAX key`

use super::spec::Spec;
use crate::arg::Arg;
use crate::clock;
use crate::core::Peak;
use crate::error::Result;
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::keys::ReadKey;

pub const SPEC: Spec = Spec {
    name: c"PRESENCE.MAX",
    flags: c"readonly fast",
    arity: 2,
    last_key: 0,
    categories: c"read fast",
    key_flags: Spec::READ,
    tips: c"",
    summary: c"Returns the largest number of members ever online at once, and when it was first reached.",
    complexity: c"O(1)",
    since: c"0.1.0",
    args: &[Arg::KEY],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let key = ReadKey::open(keyspace, args.string(1), clock::now(ctx))?;
    let peak = key.map_or(Peak::default(), |mut key| key.set().peak());
    ctx.reply_array(2);
    ctx.reply_integer(peak.count as i64);
    if peak.count > 0 {
        ctx.reply_integer(peak.at as i64);
    } else {
        ctx.reply_null();
    }
    Ok(())
}
