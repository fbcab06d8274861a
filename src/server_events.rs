//! The server events that the module handles.
//!
//! * Renamed keys, swapped and flushed databases: the eviction has to find its keys again.
//! * The cron: timers have to keep running when the clock steps back.
//! * Loading, a change of roles, the link to the primary: they decide which time-outs are this server's to report.
//! * Forks: they may have begun an append-only file or replication ([`listeners`]).
//! * Clients that come and go: they are announced.

use crate::core::time::Millis;
use crate::expiry::{eviction, orphans, watch_list};
use crate::ffi::context::Context;
use crate::ffi::keyspace::Keyspace;
use crate::ffi::keyspace_events::{self, KeyspaceEvents};
use crate::ffi::server_events::{self, ServerEvent, ServerEvents};
use crate::ffi::string::KeyName;
use crate::ffi::timer;
use crate::keys::WriteKey;
use crate::transaction::origin;
use crate::{announcements, events, intersection, listeners};

struct Handlers;

/// Subscribes to all of it.
pub fn register(ctx: Context) -> Result<(), String> {
    keyspace_events::subscribe::<Handlers>(ctx)?;
    server_events::subscribe::<Handlers>(ctx)
}

impl KeyspaceEvents for Handlers {
    /// A value that was renamed or moved is watched under its new name.
    fn renamed(keyspace: &mut Keyspace, to: KeyName) {
        if let Ok(mut key) = WriteKey::open(keyspace, to)
            && let Some(value) = key.value()
        {
            value.set_queued(Millis::MAX);
            key.watch();
        }
    }
}

impl ServerEvents for Handlers {
    fn on(ctx: Context, event: ServerEvent) {
        match event {
            ServerEvent::SwappedDbs(first, second) => eviction::swap_dbs(first, second),
            ServerEvent::FlushedDb(db) => watch_list::flush_db(db),
            ServerEvent::ClientConnected(id) => announcements::joined(ctx, id),
            ServerEvent::ClientDisconnected(id) => announcements::left(ctx, id),
            ServerEvent::Cron => {
                timer::on_cron();
                eviction::check_timer(ctx);
                announcements::check_timer(ctx);
                intersection::check_timer(ctx);
            }
            ServerEvent::Loading => origin::ask_again(),
            ServerEvent::Loaded => {
                origin::ask_again();
                events::loaded();
                listeners::ask_again();
            }
            ServerEvent::Promoted => {
                origin::ask_again();
                listeners::ask_again();
                events::promoted();
            }
            ServerEvent::Demoted => {
                origin::ask_again();
                listeners::ask_again();
                events::demoted();
                orphans::clear();
            }
            ServerEvent::PrimaryLinkUp => events::link_up(),
            ServerEvent::PrimaryLinkDown => events::link_down(ctx),
            ServerEvent::Forked => listeners::ask_again(),
        }
    }
}
