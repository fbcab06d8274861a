//! `PRESENCE.INTER key other [LIMIT n] [WITHSEEN]`

use super::other::{self, LIMIT, OTHER};
use super::spec::Spec;
use crate::arg::Arg;
use crate::error::{Error, Result};
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::intersection::{self, Answer};
use crate::parse;

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
            other::read_limit(&mut options, &mut limit)?;
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
    let (key, other) = (args.string(1), args.string(2));
    let limit = limit.unwrap_or(usize::MAX);
    intersection::answer(keyspace, key, other, answer, limit)
}
