//! Safe wrappers of the module API, and the only place that talks to the server.
//!
//! What is borrowed from the server carries a lifetime, keys are opened through the one [`Keyspace`](keyspace::Keyspace) of
//! a callback, and the `extern "C"` functions that the server calls are here: they decode what they are given, hold the
//! panic guard, and call a trait that the rest of the module implements. No raw pointer and no `unsafe` function leaves
//! this folder. It depends on nothing above it but `crate::load`, because the name of the function that loads a module is
//! fixed.

pub mod alloc;
pub mod args;
pub mod call;
pub mod client_db;
pub mod clock;
pub mod cluster;
pub mod command;
pub mod command_filter;
pub mod config;
pub mod context;
pub mod data_type;
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

/// A function of the module API. Every server the module supports has those that are called without asking first;
/// newer ones are looked for with `api_if_any!`.
macro_rules! api {
    ($name:ident) => {
        redis_module::raw::$name.expect(concat!(stringify!($name), " is in every supported server"))
    };
}

/// A function of the module API that older servers lack.
macro_rules! api_if_any {
    ($name:ident) => {
        // SAFETY: the pointer is written once, when the module is loaded, before any of its code runs.
        unsafe { redis_module::raw::$name }
    };
}

use {api, api_if_any};
