//! Who announces what: each server its own clients, to its own subscribers. In a cluster a message goes to all nodes, and
//! says whose it is.

use super::{CHANNEL, Subscriber, set_frequency};
use crate::common::{LIMIT, Server, wait_until};

#[test]
fn a_primary_and_its_replica_announce_their_own_to_their_own() {
    let primary = Server::start();
    let replica = Server::start_replica_of(&primary);
    let mut at_primary = Subscriber::to(&primary, "at-the-primary");
    let mut at_replica = Subscriber::to(&replica, "at-the-replica");
    set_frequency(&mut primary.client(), 1);
    for _ in 0..3 {
        let said = at_primary.next();
        assert!(said.names().contains(&"at-the-primary"), "{said:?}");
    }
    // Nothing of that came by the replication: what was published on the primary by hand did.
    primary.client().cmd(&["PUBLISH", CHANNEL, "by hand"]);
    assert_eq!(at_replica.message(), "by hand");
    set_frequency(&mut primary.client(), 0);
    set_frequency(&mut replica.client(), 1);
    for _ in 0..2 {
        let said = at_replica.next();
        assert!(said.names().contains(&"at-the-replica"), "{said:?}");
    }
    primary.client().cmd(&["PUBLISH", CHANNEL, "end"]);
    while at_primary.message() != "end" {}
}

#[test]
fn in_a_cluster_every_node_hears_all_and_is_told_whose_clients_they_are() {
    let nodes = [(); 2].map(|()| Server::builder().arg("cluster-enabled yes").start());
    let id = |node: &Server| node.client().text(&["CLUSTER", "MYID"]);
    let meet = format!("CLUSTER MEET 127.0.0.1 {}", nodes[1].port());
    assert_eq!(nodes[0].client().answer(&meet), "OK");
    wait_until(LIMIT, "they know each other", || {
        nodes.iter().all(|node| {
            let known = node.client().text(&["CLUSTER", "NODES"]);
            known.lines().count() == 2
                && known.matches(" connected").count() == 2
                && !known.contains("handshake")
        })
    });
    let mut subscribers = [
        Subscriber::to(&nodes[0], "at-node-0"),
        Subscriber::to(&nodes[1], "at-node-1"),
    ];
    set_frequency(&mut nodes[0].client(), 1);
    for subscriber in &mut subscribers {
        let said = subscriber.until(|said| said.connected == 1);
        assert_eq!(said.names(), ["at-node-0"]);
        assert_eq!(said.node, Some(id(&nodes[0])));
    }
    set_frequency(&mut nodes[1].client(), 1);
    for subscriber in &mut subscribers {
        let said = subscriber.until(|said| said.node != Some(id(&nodes[0])) && said.connected == 1);
        assert_eq!(said.names(), ["at-node-1"]);
        assert_eq!(said.node, Some(id(&nodes[1])));
    }
}
