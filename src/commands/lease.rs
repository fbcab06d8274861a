//! `PRESENCE.LEASE key group [group ...] EX seconds | PX ms`

use super::expiration::{self, EX, PX};
use super::spec::Spec;
use crate::arg::Arg;
use crate::core::Change;
use crate::error::{Error, Result};
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::parse;
use crate::transaction::{self, Origin};

const EXPIRATION: Arg = Arg::one_of(c"expiration", &[EX, PX]);

pub const SPEC: Spec = Spec {
    name: c"PRESENCE.LEASE",
    flags: c"write deny-oom fast",
    arity: -5,
    last_key: 0,
    categories: c"write fast",
    key_flags: Spec::UPSERT,
    tips: c"",
    summary: c"Leases groups of sessions, which end where a lease is not renewed in time. Makes the key where it is missing.",
    complexity: c"O(log G) for each group, of G groups",
    since: c"0.1.0",
    args: &[Arg::KEY, Arg::string(c"group").many(), EXPIRATION],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    // What comes last is the length of the lease, whatever the groups are called.
    let option = args.len() - 2;
    let mut options = parse::Options::new(args, option);
    let mut ttl = None;
    if let Some(option) = options.next() {
        expiration::read(option, &mut options, &mut ttl)?;
    }
    let ttl = ttl.ok_or(Error::Expected(&SPEC.args[2..]))?;
    let groups = parse::groups(args.to(option), 2)?;
    let change = Change::Lease { at: None, ttl };
    let origin = Origin::of(ctx);
    transaction::run(keyspace, args.string(1), origin, change, groups)?;
    ctx.reply_ok();
    Ok(())
}
