//! `PRESENCE.LIST key [WINDOW ms] [REV] [LIMIT offset count] [WITHSEEN] [WITHTTL] [WITHMETA]`

use super::span::{self, WINDOW};
use super::spec::Spec;
use crate::arg::{Arg, Numbers};
use crate::clock;
use crate::core::List;
use crate::error::{Error, Result};
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::keys::ReadKey;
use crate::parse;

const REV: Arg = Arg::flag(c"rev", c"REV");
const LIMIT: Arg = Arg::block(c"limit", &[Arg::integer(c"offset"), Arg::integer(c"count")])
    .numbers(Numbers::OffsetAndCount)
    .token(c"LIMIT")
    .optional();
const WITHSEEN: Arg = Arg::flag(c"withseen", c"WITHSEEN");
const WITHTTL: Arg = Arg::flag(c"withttl", c"WITHTTL");
const WITHMETA: Arg = Arg::flag(c"withmeta", c"WITHMETA");

pub const SPEC: Spec = Spec {
    name: c"PRESENCE.LIST",
    flags: c"readonly",
    arity: -2,
    last_key: 0,
    categories: c"read slow",
    key_flags: Spec::READ,
    tips: c"nondeterministic_output",
    summary: c"Returns the members who are online, or were seen within a window of time, newest seen first.",
    complexity: c"O(log N + M) for M members returned, whatever the offset; O(N/1000 + M) with over 64 ttls in use",
    since: c"0.1.0",
    args: &[Arg::KEY, WINDOW, REV, LIMIT, WITHSEEN, WITHTTL, WITHMETA],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let (mut window, mut rev, mut limit) = (None, None, None);
    let (mut with_seen, mut with_ttl, mut with_meta) = (None, None, None);
    let mut options = parse::Options::new(args, 2);
    while let Some(option) = options.next() {
        if WINDOW.is(option) {
            parse::once(&mut window, options.millis(&WINDOW)?, &WINDOW)?;
        } else if REV.is(option) {
            parse::once(&mut rev, (), &REV)?;
        } else if LIMIT.is(option) {
            let offset = usize::try_from(options.number(&LIMIT)?);
            let offset = offset.map_err(|_| Error::NotAnInteger(&LIMIT))?;
            // A negative count: to the end.
            let count = usize::try_from(options.number(&LIMIT)?).unwrap_or(usize::MAX);
            parse::once(&mut limit, (offset, count), &LIMIT)?;
        } else if WITHSEEN.is(option) {
            parse::once(&mut with_seen, (), &WITHSEEN)?;
        } else if WITHTTL.is(option) {
            parse::once(&mut with_ttl, (), &WITHTTL)?;
        } else if WITHMETA.is(option) {
            parse::once(&mut with_meta, (), &WITHMETA)?;
        } else {
            return Err(Error::Expected(SPEC.args));
        }
    }
    let now = clock::now(ctx);
    let Some(mut key) = ReadKey::open(keyspace, args.string(1), now)? else {
        ctx.reply_array(0);
        return Ok(());
    };
    let set = key.set();
    let (offset, limit) = limit.unwrap_or((0, usize::MAX));
    let list = List {
        span: span::of(window, set)?,
        reverse: rev.is_some(),
        offset,
        limit,
    };
    let page = set.list(&list, now);
    ctx.reply_array(page.len());
    let with = [with_seen, with_ttl, with_meta];
    let columns = 1 + with.iter().flatten().count();
    page.each(|member| {
        let seen = member.touch;
        if columns > 1 {
            ctx.reply_array(columns);
        }
        ctx.reply_bytes(member.name);
        if with_seen.is_some() {
            ctx.reply_integer(seen.at as i64);
        }
        if with_ttl.is_some() {
            ctx.reply_integer(seen.ttl_left(now) as i64);
        }
        if with_meta.is_some() {
            match member.meta {
                Some(meta) => ctx.reply_bytes(meta),
                None => ctx.reply_null(),
            }
        }
    });
    Ok(())
}
