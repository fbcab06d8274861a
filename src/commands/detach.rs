//! `PRESENCE.DETACH key [GRACE ms] SESSIONS count session [session ...]`

use super::beat::SESSIONS;
use super::spec::Spec;
use crate::arg::{Arg, Numbers};
use crate::core::Change;
use crate::error::{Error, Result};
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::parse;
use crate::transaction::{self, Origin};

const GRACE: Arg = Arg::integer(c"milliseconds")
    .numbers(Numbers::DurationOrZero)
    .token(c"GRACE")
    .optional();

pub const SPEC: Spec = Spec {
    name: c"PRESENCE.DETACH",
    flags: c"write fast",
    arity: -5,
    last_key: 0,
    categories: c"write fast",
    key_flags: Spec::REMOVE,
    tips: c"nondeterministic_output",
    summary: c"Ends sessions, at once or after a while; whose last session ends goes offline.",
    complexity: c"O(log S) for each session of a member with S of them; events cost as in PRESENCE.TOUCH",
    since: c"0.1.0",
    args: &[Arg::KEY, GRACE, SESSIONS],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let origin = Origin::of(ctx);
    let mut grace = None;
    let mut options = parse::Options::new(args, 2);
    let announced = loop {
        let Some(option) = options.next() else {
            return Err(Error::missing(&SESSIONS));
        };
        if GRACE.is(option) {
            parse::once(&mut grace, options.millis(&GRACE)?, &GRACE)?;
        } else if SESSIONS.is(option) {
            break options.number(&SESSIONS)?;
        } else {
            return Err(Error::Expected(&SPEC.args[1..]));
        }
    };
    let sessions = parse::sessions(args, options.position(), announced)?;
    let change = Change::Detach {
        at: None,
        grace: grace.unwrap_or(0),
    };
    let detached = transaction::run(keyspace, args.string(1), origin, change, sessions)?;
    ctx.reply_integer(detached.members as i64);
    Ok(())
}
