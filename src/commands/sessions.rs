//! `PRESENCE.SESSIONS key member`

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
    name: c"PRESENCE.SESSIONS",
    flags: c"readonly fast",
    arity: 3,
    last_key: 0,
    categories: c"read fast",
    key_flags: Spec::READ,
    tips: c"nondeterministic_output",
    summary: c"Returns the sessions of a member, the one seen last first.",
    complexity: c"O(S log S) for S sessions",
    since: c"0.1.0",
    args: &[Arg::KEY, Arg::string(c"member")],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let members = parse::members(args, 2)?;
    let now = clock::now(ctx);
    let key = ReadKey::open(keyspace, args.string(1), now)?;
    let (Some(mut key), Some(member)) = (key, members.iter().next()) else {
        ctx.reply_array(0);
        return Ok(());
    };
    let set = key.set();
    let sessions = set.sessions(member, now);
    ctx.reply_array(sessions.len());
    for session in sessions {
        ctx.reply_map(5);
        ctx.reply_bytes(b"session");
        ctx.reply_bytes(&session.id);
        ctx.reply_bytes(b"last-seen");
        ctx.reply_integer(session.touch.at as i64);
        ctx.reply_bytes(b"ttl-left");
        ctx.reply_integer(session.touch.ttl_left(now) as i64);
        ctx.reply_bytes(b"group");
        reply_or_null(ctx, session.group.as_deref());
        ctx.reply_bytes(b"meta");
        reply_or_null(ctx, set.session_meta(&session.id));
    }
    Ok(())
}

fn reply_or_null(ctx: Context, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => ctx.reply_bytes(bytes),
        None => ctx.reply_null(),
    }
}
