//! `PRESENCE.S key change sessions`

use super::spec::Spec;
use crate::arg::Arg;
use crate::core::{Attachment, Change, Touch, TouchMode};
use crate::error::{Error, Result};
use crate::ffi::args::Args;
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::transaction::{self, Origin};
use crate::wire::{self, PackedTouch};

pub const SPEC: Spec = Spec {
    name: wire::PACKED_SESSIONS,
    flags: c"write deny-oom fast",
    arity: 4,
    last_key: 0,
    categories: c"write fast",
    key_flags: Spec::UPSERT,
    tips: c"",
    summary: c"A change of sessions as replicas and logs get it. Internal: an error from a client.",
    complexity: c"O(log S) for each session of a member with S of them",
    since: c"0.1.0",
    args: &[Arg::KEY, Arg::string(c"change"), Arg::string(c"sessions")],
};

pub fn run(ctx: Context, keyspace: &mut Keyspace, args: Args) -> Result {
    if !Origin::of(ctx).is_replayed() {
        return Err(Error::OnlyReplayedSessions);
    }
    let (kind, bytes) = (args.string(2).bytes(), args.string(3).bytes());
    let name = args.string(1);
    let restore = match kind {
        kind if kind == wire::STORED.to_bytes() => Some(Change::RestoreSessions { block: bytes }),
        kind if kind == wire::GROUPS.to_bytes() => Some(Change::RestoreGroups { block: bytes }),
        _ => None,
    };
    if let Some(change) = restore {
        let restored = transaction::replay(keyspace, name, change, std::iter::empty())?;
        if !restored.changed {
            return Err(Error::CorruptTouch);
        }
        ctx.reply_integer(0);
        return Ok(());
    }
    let PackedTouch { touch, names, .. } = PackedTouch::read(bytes).ok_or(Error::CorruptTouch)?;
    match change(kind, touch).ok_or(Error::CorruptTouch)? {
        Change::Attach { at, ttl, mode, .. } => {
            let mut names = names;
            let (Some(member), Some(session), Some(group)) =
                (names.next(), names.next(), names.next())
            else {
                return Err(Error::CorruptTouch);
            };
            let group = (!group.is_empty()).then_some(group);
            let attachment = Attachment::new(session, group, names.next());
            let change = Change::Attach {
                attachment,
                at,
                ttl,
                mode,
            };
            transaction::replay(keyspace, name, change, std::iter::once(member))?;
        }
        change => {
            transaction::replay(keyspace, name, change, names)?;
        }
    }
    ctx.reply_integer(0);
    Ok(())
}

/// What happened to sessions, of which the names say more.
fn change(kind: &[u8], touch: Touch) -> Option<Change<'static>> {
    let (at, ttl, mode) = (Some(touch.at), touch.ttl, TouchMode::Replayed);
    let kinds = [
        (
            wire::ATTACH,
            Change::Attach {
                attachment: Attachment::new(&[], None, None),
                at,
                ttl: Some(ttl),
                mode,
            },
        ),
        (
            wire::BEAT,
            Change::Beat {
                at,
                ttl: Some(ttl),
                mode,
            },
        ),
        (wire::DETACH, Change::Detach { at, grace: ttl }),
        (wire::LEASE, Change::Lease { at, ttl }),
        (
            wire::DROP,
            Change::Drop {
                at,
                limit: ttl as usize,
            },
        ),
        (
            wire::LEASES_OVER,
            Change::EndLeases {
                at,
                limit: ttl as usize,
            },
        ),
        (
            wire::DROPPED,
            Change::EndDropped {
                at,
                limit: ttl as usize,
            },
        ),
    ];
    let found = kinds.into_iter().find(|(word, _)| word.to_bytes() == kind);
    found.map(|(_, change)| change)
}
