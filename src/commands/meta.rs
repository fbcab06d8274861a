//! `PRESENCE.META key member [member ...]`

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
    name: c"PRESENCE.META",
    flags: c"readonly fast",
    arity: -3,
    last_key: 0,
    categories: c"read fast",
    key_flags: Spec::READ,
    tips: c"nondeterministic_output",
    summary: c"Returns the metadata of each member.",
    complexity: c"O(1) for each member",
    since: c"0.1.0",
    args: &[Arg::KEY, Arg::string(c"member").many()],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let members = parse::members(args, 2)?;
    let now = clock::now(ctx);
    let key = ReadKey::open(keyspace, args.string(1), now)?;
    ctx.reply_array(members.len());
    match key {
        None => members.iter().for_each(|_| ctx.reply_null()),
        Some(mut key) => key.set().look_up(members.iter(), now, |_, member| {
            match member.and_then(|member| member.meta) {
                Some(meta) => ctx.reply_bytes(meta),
                None => ctx.reply_null(),
            }
        }),
    }
    Ok(())
}
