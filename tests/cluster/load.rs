//! Clients that touch members all the while, each a new one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use crate::common::{AGREEMENT, Cluster, ClusterClient, touchex, wait_until};

/// How many clients there are.
const CLIENTS: usize = 2;

/// How long a touch may take to get to a replica, in ms; one that takes longer is not counted on.
const REPLICATION: u32 = 200;

/// Members who are counted on, by their key.
pub type Members = BTreeMap<String, BTreeSet<String>>;

/// Clients at work.
pub struct Load {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    clients: Vec<JoinHandle<Members>>,
}

impl Load {
    /// Touches members of these keys in turn, each with the ttl of its key in ms. They are counted on once the touch was
    /// acknowledged, and where it is to be `replicated`, once a replica had it too.
    pub fn start(cluster: &Cluster, keys: &[(String, i64)], replicated: bool) -> Self {
        let (stop, done) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let clients = (0..CLIENTS).map(|number| {
            let (stop, done, keys) = (stop.clone(), done.clone(), keys.to_vec());
            let mut client = cluster.client();
            thread::spawn(move || {
                let mut members = Members::new();
                for (touch, (key, ttl)) in keys.iter().cycle().enumerate() {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let member = format!("{number}:{touch}");
                    if touch_one(&mut client, key, *ttl, &member, replicated) {
                        members.entry(key.clone()).or_default().insert(member);
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                }
                members
            })
        });
        Self {
            clients: clients.collect(),
            stop,
            done,
        }
    }

    /// Waits for so many more touches.
    #[track_caller]
    pub fn wait_for(&self, touches: u64) {
        let goal = self.done.load(Ordering::Relaxed) + touches;
        wait_until(AGREEMENT, format!("{goal} touches"), || {
            self.done.load(Ordering::Relaxed) >= goal
                || self.clients.iter().any(|c| c.is_finished())
        });
    }

    /// Stops, and gives all who are counted on.
    #[track_caller]
    pub fn stop(mut self) -> Members {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Members::new();
        for client in self.clients.drain(..) {
            let members = client.join().expect("a client that could go on");
            for (key, members) in members {
                all.entry(key).or_default().extend(members);
            }
        }
        all
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Whether the member is counted on.
fn touch_one(
    client: &mut ClusterClient,
    key: &str,
    ttl: i64,
    member: &str,
    replicated: bool,
) -> bool {
    let command = touchex(key, ttl, None, [member]);
    if replicated {
        client.run_replicated(&command, REPLICATION).1
    } else {
        client.run(&command);
        true
    }
}
