//! The module in a real server, side by side with what people use instead, in one run on the same server.
//!
//! CPU is the server's own, of its main thread, for each command of a pipelined load (`INFO cpu`); memory is
//! `used_memory`; stalls are what another client waits for its PING. `QUICK=1` runs with small sizes; a full run writes
//! its table into `docs/benchmarks.md`. The server is `PRESENCE_SERVER`, the module `PRESENCE_MODULE`, as in the tests.

#[allow(dead_code, unused_imports, unused_macros)] // the tests need more of it
#[path = "../../tests/common/mod.rs"]
#[macro_use]
mod common;
#[path = "../common/mod.rs"]
mod names;

mod connection;
mod docs;
mod expiry;
mod floor;
mod huge;
mod load;
mod measure;
mod members;
mod memory;
mod reads;
mod report;
mod scale;
mod stall;
mod touch;

use measure::Bench;
use report::Report;
use scale::{Scale, grouped};

fn main() {
    // `cargo test --benches` runs this as well, to see that it builds.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let mut bench = Bench::start(Scale::from_env());
    let mut report = Report::default();
    touch::run(&mut bench, &mut report);
    reads::run(&mut bench, &mut report);
    bench.flush();
    memory::run(&mut bench, &mut report);
    expiry::run(&mut bench, &mut report);
    huge::run(&mut bench, &mut report);

    let circumstances = docs::circumstances(&mut bench);
    println!("{circumstances}\n\n{report}");
    if !bench.scale.quick {
        docs::write(&circumstances, &report);
    }
}

/// So many members, in words.
fn of_members(count: usize) -> String {
    match count {
        1_000_000 => "1 million members".into(),
        _ if count.is_multiple_of(1_000_000) => format!("{} million members", count / 1_000_000),
        _ => format!("{} members", grouped(count as u64)),
    }
}
