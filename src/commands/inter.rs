//! `PRESENCE.INTER key other [LIMIT n] [WITHSEEN]`

use super::spec::Spec;
use crate::arg::{Arg, Numbers};
use crate::error::{Error, Result};
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::intersection::{self, Answer};
use crate::parse;

/// The set or sorted set.
pub const OTHER: Arg = Arg::key(c"other");
/// 0 is no limit, as it is for `SINTERCARD`.
pub const LIMIT: Arg = Arg::integer(c"limit")
    .numbers(Numbers::Limit)
    .token(c"LIMIT")
    .optional();
const WITHSEEN: Arg = Arg::flag(c"withseen", c"WITHSEEN");

pub const SPEC: Spec = Spec {
    name: c"PRESENCE.INTER",
    flags: c"readonly",
    arity: -3,
    last_key: 1,
    categories: c"read slow",
    key_flags: Spec::READ,
    tips: c"nondeterministic_output nondeterministic_output_order",
    summary: c"Returns those members of a set or a sorted set who are online.",
    complexity: c"O(N) for N members of the set; with LIMIT less, where so many are found before",
    since: c"0.1.0",
    args: &[Arg::KEY, OTHER, LIMIT, WITHSEEN],
};

pub fn run(_ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let (mut limit, mut with_seen) = (None, None);
    let mut options = parse::Options::new(args, 3);
    while let Some(option) = options.next() {
        if LIMIT.is(option) {
            parse::once(&mut limit, options.number(&LIMIT)?, &LIMIT)?;
        } else if WITHSEEN.is(option) {
            parse::once(&mut with_seen, (), &WITHSEEN)?;
        } else {
            return Err(Error::Expected(SPEC.args));
        }
    }
    let answer = match with_seen {
        Some(()) => Answer::MembersWithSeen,
        None => Answer::Members,
    };
    intersection::answer(
        keyspace,
        args.string(1),
        args.string(2),
        answer,
        at_most(limit),
    )
}

/// How many are found by a `LIMIT`.
pub fn at_most(limit: Option<i64>) -> usize {
    match limit {
        None | Some(0) => usize::MAX,
        Some(limit) => usize::try_from(limit).unwrap_or(usize::MAX),
    }
}
