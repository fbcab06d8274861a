//! `PRESENCE.TOUCH key member [member ...]`

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
    name: c"PRESENCE.TOUCH",
    flags: c"write deny-oom fast",
    arity: -3,
    last_key: 0,
    categories: c"write fast",
    key_flags: Spec::UPSERT,
    tips: c"nondeterministic_output",
    summary: c"Marks members as online, for the key's ttl from now on. Makes the key where it is missing.",
    complexity: c"O(1) for each member; each event that it causes and that is published costs as much as a PUBLISH",
    since: c"0.1.0",
    args: &[Arg::KEY, Arg::string(c"member").many()],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let members = parse::members(args, 2)?;
    let origin = Origin::of(ctx);
    let change = Change::Touch {
        at: None,
        ttl: None,
        mode: origin.mode_of_touch(None),
        sets_peak: true,
    };
    let touched = transaction::run(keyspace, args.string(1), origin, change, members)?;
    ctx.reply_integer(touched.joined as i64);
    Ok(())
}
