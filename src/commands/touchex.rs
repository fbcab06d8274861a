//! `PRESENCE.TOUCHEX key [EX seconds | PX ms] [AT unix-ms] MEMBERS count member [member ...]`

use super::expiration::{EX, EXPIRATION, PX};
use super::spec::Spec;
use crate::arg::{Arg, Numbers};
use crate::core::Change;
use crate::error::{Error, Result};
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::transaction::{self, Origin};
use crate::{parse, wire};

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
    since: c"0.1.0",
    args: &[Arg::KEY, EXPIRATION, AT, MEMBERS],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let origin = Origin::of(ctx);
    let (mut at, mut ttl, mut sets_peak) = (None, None, true);
    let mut options = parse::Options::new(args, 2);
    let announced = loop {
        let Some(option) = options.next() else {
            return Err(Error::missing(&MEMBERS));
        };
        if EX.is(option) {
            parse::once(&mut ttl, options.millis(&EX)? * 1000, &EXPIRATION)?;
        } else if PX.is(option) {
            let value = match options.value(&PX)? {
                wire::LEFT if origin.is_replayed() => 0,
                value => parse::millis(value, &PX)?,
            };
            parse::once(&mut ttl, value, &EXPIRATION)?;
        } else if AT.is(option) {
            // A replayed one may come from a server whose clock started in 1970.
            let value = match options.value(&AT)? {
                value if origin.is_replayed() => parse::millis(value, &AT)?,
                value => parse::recent_time(value, &AT)?,
            };
            parse::once(&mut at, value, &AT)?;
        } else if origin.is_replayed() && option == wire::NO_MAX.to_bytes() {
            sets_peak = false;
        } else if MEMBERS.is(option) {
            break options.number(&MEMBERS)? as usize;
        } else if args.from(2).iter().any(|arg| MEMBERS.is(arg)) {
            return Err(Error::Expected(SPEC.args));
        } else {
            // Most likely a member, and `MEMBERS` is missing.
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
    let change = Change::Touch {
        at,
        ttl,
        mode: origin.mode_of_touch(at),
        sets_peak,
    };
    let touched = transaction::run(keyspace, args.string(1), origin, change, members)?;
    ctx.reply_integer(touched.joined as i64);
    Ok(())
}
