//! `PRESENCE.BEAT key [EX seconds | PX ms] SESSIONS count session [session ...]`

use super::expiration::{self, EXPIRATION};
use super::spec::Spec;
use crate::arg::{Arg, Numbers};
use crate::core::Change;
use crate::error::{Error, Result};
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::parse;
use crate::transaction::{self, Origin};

pub const SESSIONS: Arg = Arg::block(
    c"sessions",
    &[Arg::integer(c"count"), Arg::string(c"session").many()],
)
.numbers(Numbers::Sessions)
.token(c"SESSIONS");

pub const SPEC: Spec = Spec {
    name: c"PRESENCE.BEAT",
    flags: c"write deny-oom fast",
    arity: -5,
    last_key: 0,
    categories: c"write fast",
    key_flags: Spec::UPSERT,
    tips: c"nondeterministic_output",
    summary: c"Keeps sessions for another ttl. Returns those that are not attached, which it does not bring back.",
    complexity: c"O(log S) for each session of a member with S of them",
    since: c"0.1.0",
    args: &[Arg::KEY, EXPIRATION, SESSIONS],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let origin = Origin::of(ctx);
    let mut ttl = None;
    let mut options = parse::Options::new(args, 2);
    let announced = loop {
        let Some(option) = options.next() else {
            return Err(Error::missing(&SESSIONS));
        };
        if expiration::read(option, &mut options, &mut ttl)? {
            continue;
        }
        if SESSIONS.is(option) {
            break options.number(&SESSIONS)?;
        } else {
            return Err(Error::Expected(&SPEC.args[1..]));
        }
    };
    let sessions = parse::sessions(args, options.position(), announced)?;
    let change = Change::Beat {
        at: None,
        ttl,
        mode: origin.mode_of_touch(None),
    };
    let mut missing = Vec::new();
    let name = args.string(1);
    let beat = transaction::beat(keyspace, name, origin, change, sessions, &mut missing)?;
    if beat.sessions + missing.len() < sessions.len() {
        // There is no key.
        missing.extend(sessions.iter());
    }
    ctx.reply_array(missing.len());
    missing.into_iter().for_each(|session| ctx.reply_bytes(session));
    Ok(())
}
