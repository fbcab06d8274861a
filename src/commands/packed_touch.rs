//! `PRESENCE.T key touch`

use super::spec::Spec;
use crate::arg::Arg;
use crate::core::{Change, TouchMode};
use crate::error::{Error, Result};
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::transaction::{self, Origin};
use crate::wire::{self, PackedTouch};

pub const SPEC: Spec = Spec {
    name: wire::PACKED_TOUCH,
    flags: c"write deny-oom fast",
    arity: 3,
    last_key: 0,
    categories: c"write fast",
    key_flags: Spec::UPSERT,
    tips: c"",
    summary: c"A touch as replicas and logs get it, with its time and ttl. Internal: an error from a client.",
    complexity: c"O(1) for each member",
    since: c"0.1.0",
    args: &[Arg::KEY, Arg::string(c"touch")],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    if !Origin::of(ctx).is_replayed() {
        return Err(Error::OnlyReplayed);
    }
    let touch = PackedTouch::read(args.string(2).bytes()).ok_or(Error::CorruptTouch)?;
    let change = Change::Touch {
        at: Some(touch.touch.at),
        ttl: Some(touch.touch.ttl),
        mode: TouchMode::Replayed,
        sets_peak: touch.sets_peak,
    };
    let touched = transaction::replay(keyspace, args.string(1), change, touch.names)?;
    ctx.reply_integer(touched.joined as i64);
    Ok(())
}
