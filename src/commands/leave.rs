//! `PRESENCE.LEAVE key member [member ...]`

use super::spec::Spec;
use crate::arg::Arg;
use crate::core::Change;
use crate::error::Result;
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::parse;
use crate::transaction::{self, Origin};

pub const SPEC: Spec = Spec {
    name: c"PRESENCE.LEAVE",
    flags: c"write fast",
    arity: -3,
    last_key: 0,
    categories: c"write fast",
    key_flags: Spec::REMOVE,
    tips: c"nondeterministic_output",
    summary: c"Marks members as offline at once.",
    complexity: c"O(1) for each member; events cost as in PRESENCE.TOUCH",
    since: c"0.1.0",
    args: &[Arg::KEY, Arg::string(c"member").many()],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let members = parse::members(args, 2)?;
    // It is replicated as a touch, so never replayed.
    let left = transaction::run(keyspace, args.string(1), Origin::Here, Change::Leave, members)?;
    ctx.reply_integer(left.members as i64);
    Ok(())
}
