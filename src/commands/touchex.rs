//! `PRESENCE.TOUCHEX key [EX seconds | PX ms] [AT unix-ms] MEMBERS n member [member ...]`

use super::spec::{Arg, Spec};
use super::touch::{Given, touch};
use crate::error::{Error, Result};
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::{parse, replication};

pub const SPEC: Spec = Spec {
    name: c"PRESENCE.TOUCHEX",
    flags: c"write deny-oom fast",
    arity: -5,
    last_key: 0,
    categories: c"write fast",
    key_flags: Spec::UPSERT,
    tips: c"nondeterministic_output",
    summary: c"Marks members as online, for a ttl of this touch's own, or as of a moment in the past.",
    complexity: c"O(1) for each member; O(log N) for one seen at another moment than the newest; events cost as in PRESENCE.TOUCH",
    args: &[
        Arg::KEY,
        Arg::one_of(
            c"expiration",
            &[
                Arg::integer(c"seconds").token(c"EX"),
                Arg::integer(c"milliseconds").token(c"PX"),
            ],
        )
        .optional(),
        Arg::unix_time(c"unix-time-milliseconds")
            .token(c"AT")
            .optional(),
        Arg::block(
            c"members",
            &[
                Arg::integer(c"n").token(c"MEMBERS"),
                Arg::string(c"member").many(),
            ],
        ),
    ],
};

pub fn run(ctx: Context, args: Args) -> Result {
    let mut given = Given {
        replayed: ctx.is_replayed(),
        ..Given::default()
    };
    let mut options = parse::Options::new(args, 2);
    let count = loop {
        let option = options.value()?;
        if option.eq_ignore_ascii_case(b"EX") {
            parse::once(&mut given.ttl, parse::seconds(options.value()?)?)?;
        } else if option.eq_ignore_ascii_case(b"PX") {
            let ttl = match options.value()? {
                // How one who left is replicated, see `replication`.
                b"0" if given.replayed => 0,
                ttl => parse::duration(ttl)?,
            };
            parse::once(&mut given.ttl, ttl)?;
        } else if option.eq_ignore_ascii_case(b"AT") {
            // One that is replayed may be of a server whose clock started in 1970.
            let at = match options.value()? {
                at if given.replayed => parse::time(at)?,
                at => parse::recent_time(at, "AT")?,
            };
            parse::once(&mut given.at, at)?;
        } else if given.replayed && option == replication::NO_MAX.to_bytes() {
            given.sets_no_max = true;
        } else if option.eq_ignore_ascii_case(b"MEMBERS") {
            break parse::count(options.value()?, 1)?;
        } else {
            return Err(Error::Syntax);
        }
    };
    let members = parse::members(args, options.position())?;
    if members.len() != count {
        return Err(Error::Syntax);
    }
    touch(ctx, args.string(1), members, &given)
}
