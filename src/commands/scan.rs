//! `PRESENCE.SCAN key cursor [MATCH pattern] [COUNT n]`

use super::spec::Spec;
use crate::arg::{Arg, Numbers};
use crate::clock;
use crate::error::{Error, Result};
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::glob;
use crate::keys::ReadKey;
use crate::parse;

/// Members visited by default, as in Redis's own scans.
const DEFAULT_COUNT: usize = 10;
/// Members visited by one call at most: more would save nothing, and with these other clients wait for only a few
/// milliseconds.
const MAX_COUNT: usize = 10_000;

const MATCH: Arg = Arg::pattern(c"pattern").token(c"MATCH").optional();
const COUNT: Arg = Arg::integer(c"count")
    .numbers(Numbers::Count)
    .token(c"COUNT")
    .optional();

pub const SPEC: Spec = Spec {
    name: c"PRESENCE.SCAN",
    flags: c"readonly",
    arity: -3,
    last_key: 0,
    categories: c"read slow",
    key_flags: Spec::READ,
    tips: c"nondeterministic_output",
    summary: c"Iterates over the members who are online.",
    complexity: c"O(1) for each member visited, at most 10,000 in one call; O(N) for a whole iteration",
    since: c"0.1.0",
    args: &[
        Arg::KEY,
        Arg::integer(c"cursor"),
        MATCH,
        COUNT,
    ],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let cursor = args
        .get(2)
        .and_then(|text| str::from_utf8(text).ok())
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|text| text.parse().ok())
        .ok_or(Error::InvalidCursor)?;
    let (mut pattern, mut count) = (None, None);
    let mut options = parse::Options::new(args, 3);
    while let Some(option) = options.next() {
        if MATCH.is(option) {
            parse::once(&mut pattern, options.value(&MATCH)?, &MATCH)?;
        } else if COUNT.is(option) {
            let value = options.value(&COUNT)?;
            let value = match parse::integer(value) {
                // Redis's own scans call a count of less than one a syntax error.
                Some(..=0) => return Err(Error::CountBelowOne(&COUNT)),
                _ => parse::number(value, &COUNT)?,
            };
            parse::once(&mut count, value as usize, &COUNT)?;
        } else {
            return Err(Error::Expected(SPEC.args));
        }
    }
    let now = clock::now(ctx);
    let mut found: Vec<Vec<u8>> = Vec::new();
    let next = match ReadKey::open(keyspace, args.string(1), now)? {
        None => 0,
        Some(mut key) => {
            let count = count.unwrap_or(DEFAULT_COUNT).min(MAX_COUNT);
            key.set().scan(cursor, count, now, |member| {
                if pattern.is_none_or(|pattern| glob::matches(pattern, member.name)) {
                    found.push(member.name.to_vec());
                }
            })
        }
    };
    ctx.reply_array(2);
    ctx.reply_bytes(next.to_string().as_bytes());
    ctx.reply_array(found.len());
    for member in found {
        ctx.reply_bytes(&member);
    }
    Ok(())
}
