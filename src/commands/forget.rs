//! `PRESENCE.FORGET key member [member ...]`

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
    name: c"PRESENCE.FORGET",
    flags: c"write fast",
    arity: -3,
    last_key: 0,
    categories: c"write fast",
    key_flags: Spec::REMOVE,
    tips: c"nondeterministic_output",
    summary: c"Removes members without a trace, whether they are online or remembered.",
    complexity: c"O(1) for each member; events cost as in PRESENCE.TOUCH",
    since: c"0.1.0",
    args: &[Arg::KEY, Arg::string(c"member").many()],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let members = parse::members(args, 2)?;
    let origin = Origin::of(ctx);
    let forgotten = transaction::run(keyspace, args.string(1), origin, Change::Forget, members)?;
    ctx.reply_integer(forgotten.remembered as i64);
    Ok(())
}
