//! `PRESENCE.LEAVE key member [member ...]`

use super::spec::Spec;
use crate::arg::Arg;
use crate::core::Touch;
use crate::error::Result;
use crate::events::Batch;
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::keys::WriteKey;
use crate::{clock, parse, replication};

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
    args: &[Arg::KEY, Arg::string(c"member").many()],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let name = args.string(1);
    let members = parse::members(args, 2)?;
    let now = clock::now(ctx);
    let mut key = WriteKey::open(keyspace, name, Some(now))?;
    if key.value().is_none() {
        ctx.reply_integer(0);
        return Ok(());
    }
    let mut left = Vec::new();
    let mut batch = Batch::new();
    key.change(|set| {
        set.leave(members.iter(), now, |index| {
            left.push(members.string(index));
            batch.leave(members.get(index).unwrap_or_default());
        });
    });
    if !left.is_empty() {
        // Resolved to what it was: a touch that keeps nobody online.
        replication::touch(ctx, name, Touch { at: now, ttl: 0 }, &left);
        key.changed();
        key.watch();
    }
    drop(key);
    batch.send(keyspace, name);
    if !left.is_empty() {
        WriteKey::open(keyspace, name, None)?.remove_if_gone(now);
    }
    ctx.reply_integer(left.len() as i64);
    Ok(())
}
