//! `PRESENCE.FORGET key member [member ...]`

use super::spec::Spec;
use crate::arg::Arg;
use crate::error::Result;
use crate::events::Batch;
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::keys::WriteKey;
use crate::expiry::orphans;
use crate::{clock, parse, replication};

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
    args: &[Arg::KEY, Arg::string(c"member").many()],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let name = args.string(1);
    let members = parse::members(args, 2)?;
    let mut key = WriteKey::open_as_it_is(keyspace, name)?;
    if ctx.is_replayed() {
        replay(ctx, &mut key, members);
        return Ok(());
    }
    let now = clock::now(ctx);
    key.begin(now);
    let mut batch = Batch::new();
    if !orphans::is_empty() {
        for member in members.iter() {
            orphans::report_member(ctx.db(), name, member, &mut batch);
        }
    }
    let (mut stored, mut remembered) = (0, 0);
    if let Some(settings) = key.set().map(|set| set.settings()) {
        key.change(|set| {
            set.forget(members.iter(), now, |index, kept| {
                let member = members.get(index).unwrap_or_default();
                if kept.touch.is_online(now) {
                    batch.leave(member);
                } else if kept.is_unreported(now) {
                    batch.timeout(member, kept.touch, settings.retain);
                }
                stored += 1;
                remembered += i64::from(now < kept.touch.due(settings.retain));
            });
        });
        if stored > 0 {
            replication::verbatim(ctx);
            if key.set().is_some_and(|set| set.is_empty()) {
                // Its linger counts from now, a moment that only this server knows.
                replication::empty(ctx, name, &settings, now);
            }
            key.changed();
            key.watch();
        }
    }
    drop(key);
    batch.send(keyspace, name);
    if stored > 0 {
        WriteKey::open(keyspace, name, None)?.remove_if_gone(now);
    }
    ctx.reply_integer(remembered);
    Ok(())
}

/// Who is forgotten does not depend on the time. Since when an emptied key has been empty does: that follows as a command of
/// its own.
fn replay(ctx: Context, key: &mut WriteKey, members: Args) {
    let mut stored = 0;
    if key.value().is_some() {
        key.change(|set| set.forget(members.iter(), 0, |_, _| stored += 1));
        key.changed();
    }
    replication::verbatim(ctx);
    ctx.reply_integer(stored);
}
