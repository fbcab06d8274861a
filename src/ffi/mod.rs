//! Safe wrappers of the module API, and the only place that talks to the server.
//!
//! Whatever is borrowed from the server has a lifetime, and keys are opened through the one
//! [`Keyspace`](keyspace::Keyspace) of a callback. The `extern "C"` functions that the server calls are here: they
//! decode their arguments, and call a trait that the rest of the module implements, under the panic guard. No raw
//! pointer and no `unsafe` function leaves this folder. It depends on nothing above it but `crate::load`, which the
//! fixed `RedisModule_OnLoad` calls.

pub mod alloc;
pub mod args;
pub mod blocked_client;
pub mod call;
pub mod client_db;
pub mod clock;
mod clock_steps;
pub mod cluster;
pub mod command;
pub mod command_filter;
pub mod config;
pub mod context;
pub mod data_type;
pub mod elements;
pub mod guard;
pub mod info;
pub mod key;
pub mod keyspace;
pub mod keyspace_events;
pub mod log;
pub mod main_thread;
pub mod module;
pub mod publish;
pub mod replicate;
pub mod reply;
pub mod server_events;
pub mod slot_migration;
pub mod string;
pub mod timer;

/// A function of the module API that every supported server has; newer ones are looked up with `api_if_any!`.
macro_rules! api {
    ($name:ident) => {
        redis_module::raw::$name.expect(concat!(stringify!($name), " is in every supported server"))
    };
}

/// A function of the module API that older servers lack, as an `Option`.
macro_rules! api_if_any {
    ($name:ident) => {
        // SAFETY: the pointer is written once, when the module is loaded, before any of its code runs.
        unsafe { redis_module::raw::$name }
    };
}

use {api, api_if_any};
