//! Two builds of the module side by side, to see what a change costs or gains: `PRESENCE_BEFORE` is the older one's
//! file, each has a server of its own, and they take turns. `make bench-before BEFORE=path/to/old.so`

use std::env;
use std::path::PathBuf;

use super::common::Server;
use super::load::Load;
use super::measure::{BATCH, Bench, median};
use super::members::Members;
use super::scale::Scale;

/// How many turns each takes: differences of a few percent are to be seen.
const ROUNDS: u64 = 15;
/// How many members are asked after at once.
const ASKED: usize = 500;

/// Measures, and prints a line for each command.
///
/// # Panics
/// When `PRESENCE_BEFORE` is no module.
pub fn run(scale: Scale) {
    let before = env::var_os("PRESENCE_BEFORE").map(PathBuf::from);
    let before = before.expect("PRESENCE_BEFORE is the file of the module to compare with");
    let before = before.canonicalize().expect("PRESENCE_BEFORE is a file");
    let mut servers = [
        Bench::of(scale, Server::builder().module(before)),
        Bench::start(scale),
    ];
    for server in &mut servers {
        server.populate("presence", "zset");
        server.control.call(&["DEL", "zset"]);
    }

    let (size, commands) = (scale.members, scale.commands);
    let picks = |round: u64| Members::SHORT.random(size, commands, 70 + round);
    let batches = |command: &'static str, in_each: usize| {
        move |round: u64| Load::batches(&[command, "presence"], &picks(round), in_each)
    };
    let new = |round: u64| {
        let names: Vec<String> = picks(round)
            .iter()
            .map(|name| format!("{name}:{round}"))
            .collect();
        Load::batches(&["PRESENCE.TOUCH", "new"], &names, 1)
    };
    let count = |_: u64| Load::repeat(&["PRESENCE.COUNT", "presence"], commands);
    let list = |_: u64| Load::repeat(&["PRESENCE.LIST", "presence"], 1);

    println!("| command | before | now | now is |\n| --- | --: | --: | --: |");
    compare(&mut servers, "TOUCH", batches("PRESENCE.TOUCH", 1));
    compare(
        &mut servers,
        "TOUCH of 100",
        batches("PRESENCE.TOUCH", BATCH),
    );
    compare(&mut servers, "TOUCH of others", new);
    compare(&mut servers, "COUNT", count);
    compare(&mut servers, "ISONLINE", batches("PRESENCE.ISONLINE", 1));
    compare(
        &mut servers,
        "ISONLINE of 500",
        batches("PRESENCE.ISONLINE", ASKED),
    );
    compare(&mut servers, "LIST of all", list);
}

/// Measures one command on both.
fn compare(servers: &mut [Bench; 2], what: &str, load: impl Fn(u64) -> Load) {
    let mut figures = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        let load = load(round);
        // Who goes first changes, as the load is in the processor's cache for the second.
        for turn in [round % 2, (round + 1) % 2] {
            let at = turn as usize;
            figures[at].push(servers[at].cost(&load));
        }
    }
    let [before, now] = figures.map(median);
    let change = (now / before - 1.0) * 100.0;
    println!("| {what} | {before:.0} ns | {now:.0} ns | {change:+.1} % |");
}
