//! Members survive a failover under load: who was acknowledged is there after one that was asked for, who was replicated
//! as well is there after a crash, and the promoted replica evicts.

use std::time::Duration;

use super::load::{Load, Members};
use crate::common::{AGREEMENT, Cluster, ClusterClient, Server, holds_within, touchex, wait_until};

/// Longer than a test takes, in ms.
const LONG: i64 = 600_000;

/// The replica of the first primary.
const REPLICA: usize = 3;

/// Three primaries, and a replica of the first; they evict slowly, for the failover to come in between, and take a node that
/// was silent for two seconds for dead.
fn start() -> Cluster {
    let settings = Server::builder()
        .arg("cluster-node-timeout 2000")
        .module_args("sweep-budget 100 sweep-interval 10");
    Cluster::start(&settings, 3, 1)
}

/// Keys of the first primary whose members stay, and whose members time out all the while.
fn keys(cluster: &Cluster) -> Vec<(String, i64)> {
    let keys = cluster.keys_of(0, 6, "key").into_iter();
    keys.zip([LONG, 20].into_iter().cycle()).collect()
}

fn members_of(client: &mut ClusterClient, key: &str) -> Vec<String> {
    let mut members = client.strings(&["PRESENCE.LIST", key]);
    members.sort();
    assert_eq!(client.int(&["PRESENCE.COUNT", key]), members.len() as i64);
    members
}

/// Those of `members` who stay.
fn staying(keys: &[(String, i64)], members: &Members) -> Members {
    let stays = |key: &str| keys.contains(&(key.to_owned(), LONG));
    let members = members.iter().filter(|(key, _)| stays(key));
    members
        .map(|(key, members)| (key.clone(), members.clone()))
        .collect()
}

#[track_caller]
fn wait_role(cluster: &Cluster, node: usize, role: &str) {
    wait_until(AGREEMENT, format!("node {node} is a {role}"), || {
        cluster.node(node).info_field("replication", "role") == role
    });
}

/// Has a replica take its primary's place. A server gives up on that after five seconds in which the others did not agree,
/// and is asked again.
#[track_caller]
fn fail_over(cluster: &Cluster, replica: usize) {
    let is_primary = || cluster.node(replica).info_field("replication", "role") == "master";
    let gives_up = Duration::from_secs(6);
    wait_until(AGREEMENT, format!("node {replica} is a primary"), || {
        let asked = cluster.node(replica).client().raw(&["CLUSTER", "FAILOVER"]);
        assert!(asked.is_ok() || is_primary(), "{asked:?}");
        holds_within(gives_up, is_primary)
    });
}

#[test]
fn nobody_is_lost_in_a_failover_that_was_asked_for() {
    let cluster = start();
    let keys = keys(&cluster);
    // A crowd is evicted meanwhile.
    let crowd = cluster.keys_of(0, 1, "crowd")[0].clone();
    let names = (0..100_000).map(|number| format!("user:{number:010}"));
    cluster
        .node(0)
        .client()
        .touch_crowd(&crowd, 1000, None, names);
    let load = Load::start(&cluster, &keys, false);
    load.wait_for(200);
    wait_until(AGREEMENT, "the crowd is evicted", || {
        cluster.node(0).presence("evicted") > 10_000
    });
    for (from, to) in [(0, REPLICA), (REPLICA, 0)] {
        fail_over(&cluster, to);
        wait_role(&cluster, from, "slave");
        load.wait_for(200);
        cluster.wait_agreed(3);
    }
    let members = load.stop();
    let mut client = cluster.client();
    let staying = staying(&keys, &members);
    assert_eq!(staying.len(), 3);
    for (key, members) in &staying {
        assert!(members_of(&mut client, key).iter().eq(members), "{key}");
    }
    // All others were evicted, each once.
    let stay: usize = staying.values().map(|members| members.len()).sum();
    let all: usize = members.values().map(|members| members.len()).sum();
    wait_until(AGREEMENT, "the others are evicted", || {
        cluster.presence("members") == stay as u64
    });
    let evicted: u64 = cluster
        .running()
        .map(|(_, node)| node.presence("evicted"))
        .sum();
    assert_eq!(evicted, 100_000 + (all - stay) as u64);
    assert!(cluster.node(REPLICA).presence("evicted") > 0);
    assert_same(&cluster);
}

#[test]
fn nobody_who_was_replicated_is_lost_in_a_crash() {
    let mut cluster = start();
    let keys = keys(&cluster);
    // They time out when nobody is there to evict them.
    let quiet = cluster.keys_of(0, 1, "quiet")[0].clone();
    let load = Load::start(&cluster, &keys, true);
    load.wait_for(200);
    let mut client = cluster.client();
    let touch = touchex(&quiet, 1500, None, ["ann", "bob"]);
    assert!(client.run_replicated(&touch, 10_000).1);
    cluster.kill9(0);
    wait_role(&cluster, REPLICA, "master");
    // It has no replica of its own, so none of these is counted on.
    load.wait_for(20);
    cluster.wait_agreed(3);
    let members = load.stop();
    let mut stay = 0;
    for (key, members) in staying(&keys, &members) {
        let found = members_of(&mut client, &key);
        stay += found.len() as u64;
        let lost = members.iter().find(|member| !found.contains(member));
        assert_eq!(lost, None, "{key}: lost, of {}", members.len());
    }
    wait_until(AGREEMENT, "the others are evicted", || {
        cluster.presence("members") == stay
    });
    assert_eq!(client.int(&["PRESENCE.COUNT", &quiet]), 0);
    assert!(cluster.node(REPLICA).presence("evicted") >= 2);
    // Who was dead comes back as a replica, and holds the same.
    cluster.start_again(0);
    wait_role(&cluster, 0, "slave");
    cluster.wait_agreed(3);
    assert_same(&cluster);
}

/// The first primary and its replica hold the same, whoever of them is which.
#[track_caller]
fn assert_same(cluster: &Cluster) {
    let digest = |node: usize| cluster.node(node).client().digest();
    wait_until(AGREEMENT, "they hold the same", || {
        digest(0) == digest(REPLICA)
    });
    assert_ne!(digest(0), "0".repeat(40));
    for (_, node) in cluster.running() {
        node.assert_clean_log();
    }
}
