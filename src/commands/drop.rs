//! `PRESENCE.DROP key group [group ...]`

use super::spec::Spec;
use crate::arg::Arg;
use crate::core::Change;
use crate::error::Result;
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::parse;
use crate::transaction::{self, Origin};

/// So many sessions end at once.
const FIRST_BITE: usize = 1000;

pub const SPEC: Spec = Spec {
    name: c"PRESENCE.DROP",
    flags: c"write",
    arity: -3,
    last_key: 0,
    categories: c"write slow",
    key_flags: Spec::REMOVE,
    tips: c"",
    summary: c"Ends the sessions of groups, the first thousand at once and the others in the background.",
    complexity: c"O(log G) for each group, of G groups, and O(log S) for each of the first thousand sessions; events cost as in PRESENCE.TOUCH",
    since: c"0.1.0",
    args: &[Arg::KEY, Arg::string(c"group").many()],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let groups = parse::groups(args, 2)?;
    let origin = Origin::of(ctx);
    let change = Change::Drop {
        at: None,
        limit: FIRST_BITE,
    };
    let dropped = transaction::run(keyspace, args.string(1), origin, change, groups)?;
    ctx.reply_integer(dropped.sessions as i64);
    Ok(())
}
