//! Servers that start from one another's data, or follow one another, hold the same state, whatever was done, however
//! it came to them, and while members expire. The work is random; `PRESENCE_SEED` does it again.

mod compare;
mod logs;
mod replicas;
mod sessions;
mod storm;
mod ties;
mod touches;
mod verbs;
mod workload;
mod writable;

use std::thread;
use std::time::Duration;

use crate::common::{Builder, LIMIT, Server, wait_until};

/// A primary that evicts as often as it can, in small batches.
fn busy() -> Builder {
    Server::builder().module_args("default-ttl 300 sweep-interval 5 sweep-budget 100")
}

/// Nothing is written or evicted from now on, not even after a restart; what this does to the configuration file stays.
fn stop_evicting(server: &Server) {
    let mut client = server.client();
    client.cmd(&["CLIENT", "PAUSE", "60000", "WRITE"]);
    client.cmd(&["CONFIG", "SET", "presence.sweep-interval", "60000"]);
    client.cmd(&["CONFIG", "REWRITE"]);
}

/// Waits until no append-only file is being written anew.
fn wait_log_written(server: &Server) {
    wait_until(LIMIT, "the log is written", || {
        ["aof_rewrite_in_progress", "aof_rewrite_scheduled"]
            .iter()
            .all(|field| server.info_field("persistence", field) == "0")
    });
}

/// Lets the clock move on a little, so that something expires between two rounds. Nothing is waited for.
fn let_time_pass() {
    thread::sleep(Duration::from_millis(15));
}
