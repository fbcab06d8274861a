//! `PRESENCE.SETMETA key member blob [SESSION session]`

use super::spec::Spec;
use crate::arg::Arg;
use crate::core::Change;
use crate::core::member::MAX_META;
use crate::error::{Error, Result};
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::parse;
use crate::settings::Number;
use crate::transaction::{self, Origin};

/// The most bytes of one member's metadata that a client may set.
pub static MAX: Number = Number::new("max-meta", 4096, 0, MAX_META as i64);

const SESSION: Arg = Arg::string(c"session").token(c"SESSION").optional();

pub const SPEC: Spec = Spec {
    name: c"PRESENCE.SETMETA",
    flags: c"write deny-oom fast",
    arity: -4,
    last_key: 0,
    categories: c"write fast",
    key_flags: Spec::UPSERT,
    tips: c"",
    summary: c"Sets the metadata of a member who is remembered, or of one of its sessions; empty metadata is none.",
    complexity: c"O(1)",
    since: c"0.1.0",
    args: &[
        Arg::KEY,
        Arg::string(c"member"),
        Arg::string(c"blob"),
        SESSION,
    ],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let origin = Origin::of(ctx);
    let member = parse::members(args.to(3), 2)?;
    let limit = match origin.is_replayed() {
        true => MAX_META as i64,
        false => MAX.get(),
    };
    let blob = parse::meta(args.get(3).unwrap_or_default(), limit)?;
    let mut session = None;
    let mut options = parse::Options::new(args, 4);
    while let Some(option) = options.next() {
        if !SESSION.is(option) {
            return Err(Error::missing(&SESSION));
        }
        let id = parse::session(options.value(&SESSION)?)?;
        parse::once(&mut session, id, &SESSION)?;
    }
    let change = Change::SetMeta {
        session,
        blob,
        judged: !origin.is_replayed(),
    };
    let set = transaction::run(keyspace, args.string(1), origin, change, member)?;
    ctx.reply_integer(set.members as i64);
    Ok(())
}
