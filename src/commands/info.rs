//! `PRESENCE.INFO key`

use super::spec::Spec;
use crate::arg::Arg;
use crate::error::{Error, Result};
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::keys::ReadKey;
use crate::clock;

pub const SPEC: Spec = Spec {
    name: c"PRESENCE.INFO",
    flags: c"readonly fast",
    arity: 2,
    last_key: 0,
    categories: c"read fast",
    key_flags: Spec::READ,
    tips: c"nondeterministic_output",
    summary: c"Returns the state and the settings of a key.",
    complexity: c"O(log N); O(N/1000) with over 64 ttls in use",
    since: c"0.1.0",
    args: &[Arg::KEY],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let now = clock::now(ctx);
    let mut key = ReadKey::open(keyspace, args.string(1), now)?.ok_or(Error::NoSuchKey)?;
    let bytes = key.bytes();
    let set = key.set();
    let (settings, peak) = (set.settings(), set.peak());
    let number = |number: u64| Some(number as i64);
    let fields = [
        ("online", number(set.online(now) as u64)),
        ("remembered", number(set.remembered(now) as u64)),
        ("peak", number(peak.count)),
        ("peak-at", (peak.count > 0).then_some(peak.at as i64)),
        ("ttl", number(settings.ttl)),
        ("retain", number(settings.retain)),
        ("linger", Some(settings.linger_number())),
        ("next-due", set.next_due().map(|due| due as i64)),
        ("bytes", number(bytes as u64)),
    ];
    let dropping = set.has_sessions().then(|| ("dropping", set.dropping() as u64));
    // Few keys have them, and the others' replies are as they always were.
    let rare = [("resolution", settings.resolution), ("cap", settings.cap)];
    let rare = rare.into_iter().filter(|(_, value)| *value > 0);
    let rare = rare.chain(dropping);
    let rare = rare.map(|(name, value)| (name, number(value)));
    ctx.reply_map(fields.len() + rare.clone().count());
    for (name, value) in fields.into_iter().chain(rare) {
        ctx.reply_bytes(name.as_bytes());
        match value {
            Some(number) => ctx.reply_integer(number),
            None => ctx.reply_null(),
        }
    }
    Ok(())
}
