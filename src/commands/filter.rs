//! `PRESENCE.FILTER key member [member ...]`

use super::spec::Spec;
use crate::arg::Arg;
use crate::clock;
use crate::error::Result;
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::keys::ReadKey;
use crate::parse;

pub const SPEC: Spec = Spec {
    name: c"PRESENCE.FILTER",
    flags: c"readonly fast",
    arity: -3,
    last_key: 0,
    categories: c"read fast",
    key_flags: Spec::READ,
    tips: c"nondeterministic_output",
    summary: c"Returns those of the given members who are online.",
    complexity: c"O(1) for each member",
    since: c"0.1.0",
    args: &[Arg::KEY, Arg::string(c"member").many()],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let members = parse::members(args, 2)?;
    let now = clock::now(ctx);
    let Some(mut key) = ReadKey::open(keyspace, args.string(1), now)? else {
        ctx.reply_array(0);
        return Ok(());
    };
    ctx.reply_array_of_unknown_len();
    let online = key
        .set()
        .filter(members.iter(), now, |member| ctx.reply_bytes(member));
    ctx.reply_array_len(online);
    Ok(())
}
