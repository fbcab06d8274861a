//! `PRESENCE.TOUCHEX key [EX seconds | PX ms] [AT unix-ms] MEMBERS count member [member ...]`

use super::spec::Spec;
use crate::arg::{Arg, Numbers};
use super::touch::{Given, touch};
use crate::error::{Error, Result};
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::{parse, replication};

const EX: Arg = Arg::integer(c"seconds")
    .numbers(Numbers::Seconds)
    .token(c"EX");
const PX: Arg = Arg::integer(c"milliseconds")
    .numbers(Numbers::Duration)
    .token(c"PX");
const EXPIRATION: Arg = Arg::one_of(c"expiration", &[EX, PX]).optional();
const AT: Arg = Arg::unix_time(c"unix-time-milliseconds")
    .token(c"AT")
    .optional();
const MEMBERS: Arg = Arg::block(
    c"members",
    &[Arg::integer(c"count"), Arg::string(c"member").many()],
)
.numbers(Numbers::Members)
.token(c"MEMBERS");

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
    args: &[Arg::KEY, EXPIRATION, AT, MEMBERS],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let mut given = Given {
        replayed: ctx.is_replayed(),
        ..Given::default()
    };
    let mut options = parse::Options::new(args, 2);
    let announced = loop {
        let Some(option) = options.next() else {
            return Err(Error::missing(&MEMBERS));
        };
        if EX.is(option) {
            let ttl = options.millis(&EX)? * 1000;
            parse::once(&mut given.ttl, ttl, &EXPIRATION)?;
        } else if PX.is(option) {
            let ttl = match options.value(&PX)? {
                // How one who left is replicated, see `replication`.
                b"0" if given.replayed => 0,
                ttl => parse::millis(ttl, &PX)?,
            };
            parse::once(&mut given.ttl, ttl, &EXPIRATION)?;
        } else if AT.is(option) {
            // One that is replayed may be of a server whose clock started in 1970.
            let at = match options.value(&AT)? {
                at if given.replayed => parse::millis(at, &AT)?,
                at => parse::recent_time(at, &AT)?,
            };
            parse::once(&mut given.at, at, &AT)?;
        } else if given.replayed && option == replication::NO_MAX.to_bytes() {
            given.sets_no_max = true;
        } else if MEMBERS.is(option) {
            break options.number(&MEMBERS)? as usize;
        } else if args.from(2).iter().any(|arg| MEMBERS.is(arg)) {
            return Err(Error::Expected(SPEC.args));
        } else {
            // Most likely a member: what is missing is the word before it.
            return Err(Error::missing(&MEMBERS));
        }
    };
    let members = parse::members(args, options.position())?;
    if members.len() != announced {
        return Err(Error::MemberCount {
            announced,
            given: members.len(),
        });
    }
    touch(ctx, keyspace, args.string(1), members, &given)
}
