//! `PRESENCE.LEAVE key member [member ...]`

use super::spec::{Arg, Spec};
use crate::core::Seen;
use crate::error::Result;
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::keys::WriteKey;
use crate::{clock, metrics, parse, replication};

pub const SPEC: Spec = Spec {
    name: c"PRESENCE.LEAVE",
    flags: c"write fast",
    arity: -3,
    last_key: 0,
    categories: c"write fast",
    key_flags: Spec::REMOVE,
    summary: c"Marks members as offline at once.",
    complexity: c"O(1) for each member",
    args: &[Arg::KEY, Arg::string(c"member").many()],
};

pub fn run(ctx: Context, args: Args) -> Result {
    let name = args.string(1);
    let members = parse::members(args, 2)?;
    let now = clock::now(ctx);
    let mut key = WriteKey::open(ctx, name, Some(now))?;
    if key.value().is_none() {
        ctx.reply_integer(0);
        return Ok(());
    }
    let mut left = Vec::new();
    key.change(|set| {
        set.leave(members.iter(), now, |index| left.push(members.string(index)));
    });
    if !left.is_empty() {
        // Resolved to what it was: a touch that keeps nobody online.
        replication::touch(ctx, name, Seen { at: now, ttl: 0 }, &left);
        let due = key.set().and_then(|set| set.next_due());
        key.changed(due);
        key.remove_if_gone(now);
        metrics::LEAVES.add(left.len());
    }
    ctx.reply_integer(left.len() as i64);
    Ok(())
}
