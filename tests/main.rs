//! The contract, tested over real connections to a real server.
//!
//! One binary, one module per promise: the name of the file says what is promised. Every test starts servers of
//! its own (`common::Server`), so tests run side by side and in any order. `harness.rs` tests the harness itself.

#[macro_use]
mod common;

mod acl;
mod all_or_nothing;
mod allocations;
mod announcements;
mod arity_and_numbers;
mod cap;
mod clients;
mod clocks;
mod cluster;
mod convergence;
mod count_window;
mod defrag;
mod docs;
mod durability;
mod edges;
mod errors;
mod events;
mod evict;
mod eviction;
mod eviction_finds_keys;
mod fairness;
mod forget;
mod harness;
mod imports;
mod info_section;
mod inter;
mod keyspace_verbs;
mod leave;
mod list;
mod listeners;
mod lookup;
mod many_ttls;
mod mcount;
mod memory;
mod metadata;
mod missing_keys;
mod module_settings;
mod never_a_crash;
mod odd_names;
mod one_instant;
mod one_state;
mod other_databases;
mod panics;
mod peak;
mod rdb;
mod reads_never_write;
mod replay;
mod replicated_commands;
mod resolution;
mod scan;
mod schedule;
mod server_clients;
mod server_table;
mod sessions;
mod settings_of_keys;
mod touch;
mod touchex;
mod watch_and_tracking;
mod wrong_type;
