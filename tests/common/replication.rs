//! Primaries and replicas.

use std::time::Duration;

use super::builder::Builder;
use super::server::Server;
use super::wait::{LIMIT, wait_until};

impl Builder {
    /// Starts a replica of `primary` and waits until it has loaded the primary's data and the link is up.
    #[track_caller]
    pub fn start_replica_of(self, primary: &Server) -> Server {
        let replica = self
            .arg(&format!("replicaof 127.0.0.1 {}", primary.port()))
            .start();
        replica.wait_link_up();
        replica
    }
}

impl Server {
    /// A replica of `primary`, its link up.
    #[track_caller]
    pub fn start_replica_of(primary: &Server) -> Self {
        Self::builder().start_replica_of(primary)
    }

    /// Waits until this replica's link to its primary is up.
    #[track_caller]
    pub fn wait_link_up(&self) {
        wait_until(LIMIT, "the replica's link is up", || {
            self.info_field("replication", "master_link_status") == "up"
        });
    }
}

/// Waits until `replica` has applied all that `primary` had replicated when this was called.
#[track_caller]
pub fn wait_caught_up(primary: &Server, replica: &Server) {
    wait_caught_up_within(LIMIT, primary, replica);
}

/// As [`wait_caught_up`], with another limit: for a replica that has much to apply.
#[track_caller]
pub fn wait_caught_up_within(limit: Duration, primary: &Server, replica: &Server) {
    let offset = |server: &Server, name: &str| -> u64 {
        let value = server.info_field("replication", name);
        value.parse().expect("an offset")
    };
    let goal = offset(primary, "master_repl_offset");
    wait_until(
        limit,
        format!("the replica has applied up to {goal}"),
        || offset(replica, "slave_repl_offset") >= goal,
    );
}
