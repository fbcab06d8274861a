//! `PRESENCE.COUNT key [WINDOW ms]`

use super::span::{self, WINDOW};
use super::spec::Spec;
use crate::arg::Arg;
use crate::clock;
use crate::error::Result;
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::keys::ReadKey;

pub const SPEC: Spec = Spec {
    name: c"PRESENCE.COUNT",
    flags: c"readonly fast",
    arity: -2,
    last_key: 0,
    categories: c"read fast",
    key_flags: Spec::READ,
    tips: c"nondeterministic_output",
    summary: c"Returns how many members are online, or were seen within a window of time.",
    complexity: c"O(1); with WINDOW O(log N), O(N/1000) with over 64 ttls in use",
    since: c"0.1.0",
    args: &[Arg::KEY, WINDOW],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let window = span::parse(args, 2)?;
    let now = clock::now(ctx);
    let count = match ReadKey::open(keyspace, args.string(1), now)? {
        None => 0,
        Some(mut key) => {
            let set = key.set();
            set.count(span::of(window, set)?, now)
        }
    };
    ctx.reply_integer(count as i64);
    Ok(())
}
