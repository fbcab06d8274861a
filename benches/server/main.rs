//! The module in a real server, side by side with what people use instead, in one run on the same server.
//!
//! CPU is the server's own, of its main thread, for each command of a pipelined load (`INFO cpu`); memory is
//! `used_memory`; stalls are what another client waits for its PING. `QUICK=1` runs with small sizes; arguments choose
//! sections: `cargo bench --bench server -- touch stalls`. A full run of all of them writes its results into
//! `docs/benchmarks.md`. The server is `PRESENCE_SERVER`, the module `PRESENCE_MODULE`, as in the tests.
//!
//! `before` is a section that only runs when it is asked for: two builds of the module side by side (`before.rs`).

#[allow(dead_code, unused_imports, unused_macros)] // the tests need more of it
#[path = "../../tests/common/mod.rs"]
#[macro_use]
mod common;
#[path = "../common/mod.rs"]
mod names;

mod aof;
mod before;
mod charts;
mod chase;
mod clients;
mod cluster;
mod connection;
mod curve;
mod docs;
mod fields;
mod floor;
mod growth;
mod intersection;
mod keys;
mod load;
mod measure;
mod members;
mod memory;
mod pair;
mod persistence;
mod reads;
mod replication;
mod report;
mod resolution;
mod scale;
mod sessions;
mod stall;
mod stalls;
mod storms;
mod svg;
mod touch;
mod ttls;

use measure::Bench;
use report::Report;
use scale::{Scale, grouped};

/// A part of the run. It starts and ends with an empty server.
type Section = fn(&mut Bench, &mut Report);

/// All sections of a run, in the order of the table.
const SECTIONS: [(&str, Section); 16] = [
    ("touch", touch::run),
    ("reads", reads::run),
    ("keys", keys::run),
    ("fields", fields::run),
    ("memory", memory::run),
    ("growth", growth::run),
    ("stalls", stalls::run),
    ("persistence", persistence::run),
    ("replication", replication::run),
    ("aof", aof::run),
    ("resolution", resolution::run),
    ("sessions", sessions::run),
    ("clients", clients::run),
    ("ttls", ttls::run),
    ("storms", storms::run),
    ("cluster", cluster::run),
];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` runs this as well, to see that it builds.
    if !args.iter().any(|arg| arg == "--bench") {
        return;
    }
    let chosen: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    if chosen == ["before"] {
        return before::run(Scale::from_env());
    }
    let known = |name: &&&String| SECTIONS.iter().any(|(section, _)| section == **name);
    if let Some(unknown) = chosen.iter().find(|name| !known(name)) {
        let names = SECTIONS.map(|(name, _)| name).join(", ");
        panic!("no section {unknown}; there are {names}, and before alone");
    }

    let mut bench = Bench::start(Scale::from_env());
    let mut report = Report::default();
    for (name, run) in SECTIONS {
        if chosen.is_empty() || chosen.iter().any(|chosen| *chosen == name) {
            run(&mut bench, &mut report);
        }
    }
    stalls::judge_all(&mut report);
    let server = bench.server_name();
    let circumstances = docs::circumstances(&mut bench);
    println!("{server}: {circumstances}\n\n{report}");
    if chosen.is_empty() && !bench.scale.quick {
        docs::write(&server, &circumstances, &report);
    }
}

/// So many members, in words.
fn of_members(count: usize) -> String {
    format!("{} members", in_words(count))
}

/// A number, in words where it is round.
fn in_words(number: usize) -> String {
    if number > 0 && number.is_multiple_of(1_000_000) {
        format!("{} million", number / 1_000_000)
    } else {
        grouped(number as u64)
    }
}
