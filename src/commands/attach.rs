//! `PRESENCE.ATTACH key member session [EX seconds | PX ms] [GROUP group] [META blob]`

use super::expiration::{self, EXPIRATION};
use super::spec::Spec;
use crate::arg::Arg;
use crate::core::{Attachment, Change};
use crate::error::{Error, Result};
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::parse;
use crate::transaction::{self, Origin};

const GROUP: Arg = Arg::string(c"group").token(c"GROUP").optional();
const META: Arg = Arg::string(c"blob").token(c"META").optional();

pub const SPEC: Spec = Spec {
    name: c"PRESENCE.ATTACH",
    flags: c"write deny-oom fast",
    arity: -4,
    last_key: 0,
    categories: c"write fast",
    key_flags: Spec::UPSERT,
    tips: c"nondeterministic_output",
    summary: c"Attaches a session to a member, who is online while any of its sessions lasts. Makes the key where it is missing.",
    complexity: c"O(log S) for a member with S sessions; events cost as in PRESENCE.TOUCH",
    since: c"0.1.0",
    args: &[
        Arg::KEY,
        Arg::string(c"member"),
        Arg::string(c"session"),
        EXPIRATION,
        GROUP,
        META,
    ],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let origin = Origin::of(ctx);
    let member = parse::members(args.to(3), 2)?;
    let session = parse::session(args.get(3).unwrap_or_default())?;
    let (mut ttl, mut group, mut meta) = (None, None, None);
    let mut options = parse::Options::new(args, 4);
    while let Some(option) = options.next() {
        if expiration::read(option, &mut options, &mut ttl)? {
            continue;
        }
        if GROUP.is(option) {
            let name = parse::group(options.value(&GROUP)?)?;
            parse::once(&mut group, name, &GROUP)?;
        } else if META.is(option) {
            let blob = parse::meta(options.value(&META)?, super::MAX_META.get())?;
            parse::once(&mut meta, blob, &META)?;
        } else {
            return Err(Error::Expected(&SPEC.args[3..]));
        }
    }
    let change = Change::Attach {
        attachment: Attachment::new(session, group, meta),
        at: None,
        ttl,
        mode: origin.mode_of_touch(None),
    };
    let attached = transaction::run(keyspace, args.string(1), origin, change, member)?;
    ctx.reply_integer(attached.joined as i64);
    Ok(())
}
