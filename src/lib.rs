//! `presence`: a Redis and Valkey module that answers "who is online?".
//!
//! [`core`] is the data structure and knows nothing of the server; the rest is the shell around it. `docs/design.md`
//! shows how it fits together.

#![deny(unsafe_code)]
// The limit is in clippy.toml. The tables of the integration tests may be longer.
#![warn(clippy::too_many_lines)]

mod announcements;
mod answer;
mod arg;
mod clients;
mod clock;
mod commands;
pub mod core;
mod datatype;
mod defaults;
mod error;
mod events;
mod expiry;
#[allow(unsafe_code)] // the border to a C interface
mod ffi;
mod glob;
mod intersection;
mod keys;
mod listeners;
mod metrics;
mod parse;
mod server_events;
mod settings;
mod transaction;
mod wire;

use expiry::{eviction, slot_imports};
use ffi::args::Args;
use ffi::keyspace::Keyspace;
use ffi::{module, slot_migration};

#[global_allocator]
static ALLOCATOR: ffi::alloc::ServerAlloc = ffi::alloc::ServerAlloc;

/// The module's settings, in the order in which `CONFIG REWRITE` writes them.
static SETTINGS: [&dyn settings::Setting; 9] = [
    &defaults::TTL,
    &defaults::RETAIN,
    &defaults::LINGER,
    &eviction::SWEEP_INTERVAL,
    &eviction::SWEEP_BUDGET,
    &events::EVENTS,
    &announcements::FREQUENCY,
    &announcements::CHANNEL,
    &commands::MAX_META,
];

/// Loads the module: called through `ffi/module.rs`, with its load arguments.
fn load(keyspace: &mut Keyspace, args: Args) -> Result<(), String> {
    let ctx = keyspace.context();
    let handles_slot_imports = slot_migration::follow::<slot_imports::Imported>(ctx);
    module::set_options(ctx, handles_slot_imports);
    settings::register(ctx, args, &SETTINGS)?;
    datatype::register(ctx)?;
    commands::register(ctx)?;
    server_events::register(ctx)?;
    metrics::register(ctx);
    eviction::start(ctx);
    announcements::start(keyspace);
    Ok(())
}
