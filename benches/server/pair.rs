//! A primary and its replica: what commands cost each of them, and what goes from one to the other.

use super::common::Builder;
use super::load::Load;
use super::measure::{Bench, median};
use super::scale::Scale;

/// A primary, and a replica that has caught up with it between two loads.
pub struct Pair {
    /// The server that commands are sent to.
    pub primary: Bench,
    replica: Bench,
}

/// What each command of a load took.
#[derive(Clone, Copy)]
pub struct Spent {
    /// CPU time of the primary's main thread, in ns.
    pub primary: f64,
    /// The same of the replica.
    pub replica: f64,
    /// Bytes that were replicated.
    pub bytes: f64,
}

impl Pair {
    /// Starts a primary that has these settings, and a replica of it that has those.
    pub fn start(scale: Scale, primary: Builder, replica: Builder) -> Self {
        let primary = Bench::of(scale, primary);
        let port = primary.server.port();
        let replica = Bench::of(scale, replica.arg(&format!("replicaof 127.0.0.1 {port}")));
        replica.server.wait_link_up();
        Self { primary, replica }
    }

    /// Sends a load, and waits until the replica has applied it.
    pub fn spend(&mut self, load: &Load) -> Spent {
        let offset = |primary: &mut Bench| {
            primary
                .control
                .info_number("replication", "master_repl_offset")
        };
        let (start, before) = (
            offset(&mut self.primary),
            self.replica.control.main_thread_cpu(),
        );
        let primary = self.primary.cost(load);
        // Before the WAIT, which the replica is asked to answer by a command of the same stream.
        let bytes = offset(&mut self.primary) - start;
        // By the connection of the load, whose last write it is that the replica has to have.
        self.primary.pump(&Load::repeat(&["WAIT", "1", "0"], 1));
        let replica = self.replica.control.main_thread_cpu() - before;
        let commands = load.commands as f64;
        Spent {
            primary,
            replica: replica / commands * 1e9,
            bytes: bytes / commands,
        }
    }
}

impl Spent {
    /// The middle of each figure.
    pub fn median(rounds: &[Self]) -> Self {
        let middle = |figure: fn(&Self) -> f64| median(rounds.iter().map(figure).collect());
        Self {
            primary: middle(|spent| spent.primary),
            replica: middle(|spent| spent.replica),
            bytes: middle(|spent| spent.bytes),
        }
    }
}
