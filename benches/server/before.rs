//! Two builds of the module side by side, to see what a change costs or gains: `PRESENCE_BEFORE` is the older one's
//! file. `make bench-before BEFORE=path/to/old.so`
//!
//! Each has a server of its own, and they take turns of some ten ms, so that what the machine does meanwhile meets both.
//! That is not enough: two servers of the very same build differ by some percent for as long as they live, by where their
//! memory happens to lie and by the key of their hash. So there are many pairs of servers, and it is their middle that
//! counts.

use std::env;
use std::ops::Range;
use std::path::PathBuf;

use super::common::Server;
use super::load::Load;
use super::measure::{BATCH, Bench, REFRESHES, median};
use super::members::Members;
use super::scale::Scale;

/// How many pairs of servers are compared.
const PAIRS: u64 = 15;
/// Between which of the pairs' ratios, in order, the middle one of endlessly many pairs lies with 96 % certainty: that as
/// few as three of fifteen tosses of a coin, or fewer, are heads has a chance of 1.8 %.
const CERTAIN: [usize; 2] = [3, 11];
/// How many turns each server of a pair takes with each command, and with the list of all.
const ROUNDS: u64 = 50;
const LISTS: u64 = 8;
/// How many members are asked after at once.
const ASKED: usize = 500;

/// A command, how many turns are taken with it, and the load of each.
type Subject = (&'static str, u64, Box<dyn Fn(u64) -> Load>);

/// What was measured of a command.
#[derive(Default)]
struct Figures {
    /// ns on the older build and on the newer one, of each round of all pairs.
    nanos: [Vec<f64>; 2],
    /// How many times the older build's time the newer one took, the middle of each pair's rounds.
    ratios: Vec<f64>,
}

/// Measures, and prints a line for each command.
///
/// # Panics
/// When `PRESENCE_BEFORE` is no module.
pub fn run(scale: Scale) {
    let before = env::var_os("PRESENCE_BEFORE").map(PathBuf::from);
    let before = before.expect("PRESENCE_BEFORE is the file of the module to compare with");
    let before = before.canonicalize().expect("PRESENCE_BEFORE is a file");
    let life = [(1, 3), (REFRESHES, 4)].map(|(times, seed)| {
        let members = Members::SHORT.shuffled(scale.members, times, seed);
        Load::batches(&["PRESENCE.TOUCH", "presence"], &members, BATCH)
    });
    let subjects = subjects(scale);
    let mut figures: Vec<Figures> = subjects.iter().map(|_| Figures::default()).collect();
    for pair in 0..PAIRS {
        eprintln!("pair {} of {PAIRS}", pair + 1);
        let mut servers = [
            Bench::of(scale, Server::builder().module(before.clone())),
            Bench::start(scale),
        ];
        for at in turns(pair) {
            life.iter().for_each(|load| servers[at].pump(load));
        }
        for ((_, rounds, load), figures) in subjects.iter().zip(&mut figures) {
            let rounds = pair * rounds..(pair + 1) * rounds;
            compare(&mut servers, rounds, load, figures);
        }
    }
    println!("| command | before | now | now is | surely |\n| --- | --: | --: | --: | --: |");
    for ((what, ..), figures) in subjects.iter().zip(figures) {
        println!("| {what} | {}", figures.cells());
    }
}

fn subjects(scale: Scale) -> Vec<Subject> {
    let (size, commands) = (scale.members, scale.commands / 12);
    let picks = move |round, count| Members::SHORT.random(size, count, 70 + round);
    let batches = |command: &'static str, in_each: usize| {
        // Of commands with many members a few take long: more of them make turns of the same length.
        let count = if in_each > 1 { 3 * commands } else { commands };
        Box::new(move |round| Load::batches(&[command, "presence"], &picks(round, count), in_each))
    };
    let new = move |round: u64| {
        let names = picks(round, commands).into_iter();
        let names: Vec<String> = names.map(|name| format!("{name}:{round}")).collect();
        Load::batches(&["PRESENCE.TOUCH", "new"], &names, 1)
    };
    let count = move |_| Load::repeat(&["PRESENCE.COUNT", "presence"], commands);
    let list = |_| Load::repeat(&["PRESENCE.LIST", "presence"], 1);
    vec![
        ("TOUCH", ROUNDS, batches("PRESENCE.TOUCH", 1)),
        ("TOUCH of 100", ROUNDS, batches("PRESENCE.TOUCH", BATCH)),
        ("TOUCH of others", ROUNDS, Box::new(new)),
        ("COUNT", ROUNDS, Box::new(count)),
        ("ISONLINE", ROUNDS, batches("PRESENCE.ISONLINE", 1)),
        (
            "ISONLINE of 500",
            ROUNDS,
            batches("PRESENCE.ISONLINE", ASKED),
        ),
        ("LIST of all", LISTS, Box::new(list)),
    ]
}

/// Who goes first changes: for the second the load is in the processor's cache, and the machine is as the first left it.
fn turns(round: u64) -> [usize; 2] {
    if round.is_multiple_of(2) {
        [0, 1]
    } else {
        [1, 0]
    }
}

/// Measures one command on both servers of a pair.
fn compare(
    servers: &mut [Bench; 2],
    rounds: Range<u64>,
    load: &dyn Fn(u64) -> Load,
    figures: &mut Figures,
) {
    let mut ratios = Vec::new();
    for round in rounds {
        let load = load(round);
        let mut nanos = [0.0; 2];
        for at in turns(round) {
            nanos[at] = servers[at].cost(&load);
            figures.nanos[at].push(nanos[at]);
        }
        ratios.push(nanos[1] / nanos[0]);
    }
    figures.ratios.push(median(ratios));
}

impl Figures {
    /// The cells of a line.
    fn cells(mut self) -> String {
        let [before, now] = self.nanos.map(median);
        self.ratios.sort_by(f64::total_cmp);
        let [least, most] = CERTAIN.map(|at| self.ratios[at]);
        let ratio = median(self.ratios);
        format!("{before:.0} ns | {now:.0} ns | {ratio:.3}× | {least:.3}× to {most:.3}× |")
    }
}
