//! The contract, tested over real connections to a real server.
//!
//! One binary, one module per promise: the name of the file says what is promised. Every test starts servers of
//! its own (`common::Server`), so tests run side by side and in any order. `harness.rs` tests the harness itself.

#[macro_use]
mod common;

mod harness;
