//! `PRESENCE.TOUCH key member [member ...]`

use super::spec::Spec;
use crate::arg::Arg;
use crate::core::time::Millis;
use crate::core::{Touch, TouchMode, Touched};
use crate::error::{Error, Result};
use crate::events::Batch;
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::ffi::string::KeyName;
use crate::keys::WriteKey;
use crate::expiry::{orphans, watch_list};
use crate::{clock, metrics, parse, replication, defaults};

pub const SPEC: Spec = Spec {
    name: c"PRESENCE.TOUCH",
    flags: c"write deny-oom fast",
    arity: -3,
    last_key: 0,
    categories: c"write fast",
    key_flags: Spec::UPSERT,
    tips: c"nondeterministic_output",
    summary: c"Marks members as online, for the key's ttl from now on. Makes the key where it is missing.",
    complexity: c"O(1) for each member; each event that it causes and that is published costs as much as a PUBLISH",
    args: &[Arg::KEY, Arg::string(c"member").many()],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    let members = parse::members(args, 2)?;
    touch(ctx, keyspace, args.string(1), members, &Given::default())
}

/// What is said of a touch beside its members.
#[derive(Default)]
pub struct Given {
    /// Its ttl, instead of the key's. 0 in a replayed touch only: the members left.
    pub ttl: Option<Millis>,
    /// When it happened, instead of now.
    pub at: Option<Millis>,
    /// Whether it comes from a primary or a log.
    pub replayed: bool,
    /// Whether it sets no record: in a replayed touch only.
    pub sets_no_max: bool,
}

/// Touches members of a key, replicates what was done and answers how many came online.
#[inline]
pub fn touch(
    ctx: Context,
    keyspace: &mut Keyspace,
    name: KeyName,
    members: Args,
    given: &Given,
) -> Result {
    let mut key = WriteKey::open_as_it_is(keyspace, name)?;
    // The memory that a touch needs is asked for ahead of other work (`core::set::prefetch`).
    let ahead = match (members.strings(), key.set()) {
        ([_], Some(set)) => members.get(0).map(|member| set.prefetch(member)),
        _ => None,
    };
    // A replayed touch is judged at its own time, as the primary did; the server's is not even asked for.
    let now = match given.at {
        Some(at) if given.replayed => at,
        _ => clock::now(ctx),
    };
    let how = match given.at {
        _ if given.replayed => TouchMode::Replayed,
        None => TouchMode::Now,
        Some(at) if at > now => return Err(Error::AtInFuture),
        Some(_) => TouchMode::Past,
    };
    if !given.replayed {
        key.begin(now);
    }
    let known = key.set().map(|set| set.settings());
    let settings = known.unwrap_or_else(defaults::of_new_keys);
    let seen = Touch {
        at: given.at.unwrap_or(now),
        ttl: given.ttl.unwrap_or(settings.ttl),
    };
    if known.is_none() {
        if how == TouchMode::Past && seen.due(settings.retain) <= now {
            ctx.reply_integer(0);
            return Ok(());
        }
        key.create(settings, now);
        if !given.replayed {
            replication::create(ctx, name, &settings, now);
        }
    }
    if let Some(set) = key.set() {
        set.check_room_for(members.len())?;
    }
    if how == TouchMode::Now {
        replication::touch(ctx, name, seen, members.strings());
        // Whatever is there, this touch is applied.
        key.changed();
    }

    let (mut joined, mut applied, mut index) = (0, 0, 0);
    let mut changed = Vec::new();
    let mut batch = Batch::new();
    let has_orphans = !given.replayed && !orphans::is_empty();
    let mut note = |member: &[u8], touched: Touched| {
        joined += usize::from(touched.joined);
        applied += usize::from(touched.applied);
        if how == TouchMode::Past && touched.applied {
            changed.push(members.string(index));
        }
        index += 1;
        if given.replayed {
            return;
        }
        if let Some(old) = touched.timed_out {
            batch.timeout(member, old, settings.retain);
        }
        if touched.joined {
            if has_orphans {
                orphans::report_member(ctx.db(), name, member, &mut batch);
            }
            batch.join(member);
        }
    };
    key.change(|set| match &ahead {
        Some(ahead) => {
            note(ahead.name(), set.touch_prefetched(ahead, seen, how, now)?);
            Ok(())
        }
        None => set.touch(members.iter(), seen, how, now, note),
    })?;
    // Who left sets no record, and an import that was ignored altogether is no touch.
    let is_judged = seen.ttl > 0 && applied > 0 && !given.sets_no_max;
    let is_record = is_judged && key.change(|set| set.judge_peak(now));
    if is_record && !given.replayed {
        batch.max(key.set().map_or(0, |set| set.peak().count));
    }

    match how {
        TouchMode::Replayed => replication::verbatim(ctx),
        TouchMode::Now => {}
        TouchMode::Past if applied == 0 => {}
        TouchMode::Past => {
            replication::import(ctx, name, seen, &changed);
            if is_record && let Some(set) = key.set() {
                replication::set_peak(ctx, name, set.peak());
            }
        }
    }
    if applied > 0 {
        if how != TouchMode::Now {
            key.changed();
        }
        if key.set().is_some_and(|set| set.is_empty()) {
            key.watch();
        } else {
            key.watch_at(Some(watch_list::look_after(seen, settings.retain, now)));
        }
    }
    if !given.replayed {
        metrics::TOUCHES.add(members.len());
    }
    drop(key);
    batch.send(keyspace, name);
    ctx.reply_integer(joined as i64);
    Ok(())
}
