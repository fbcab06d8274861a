//! In a cluster a subscriber hears each event once, whichever node it is connected to, a replica's included.

use crate::common::{Client, LIMIT, Server, Subscriber, wait_until};

use super::ALL;

/// The slots of each primary, and a key in them.
const PARTS: [(u16, u16, &str); 3] = [
    (0, 5460, "room:3"),
    (5461, 10922, "room:2"),
    (10923, 16383, "room:0"),
];

/// Three primaries, and a replica of the first.
fn cluster() -> Vec<Server> {
    let node = || {
        Server::builder()
            .arg("cluster-enabled yes")
            .arg("cluster-node-timeout 5000")
            .arg("client-output-buffer-limit pubsub 0 0 0")
            .module_args("events A")
            .start()
    };
    let nodes: Vec<Server> = (0..4).map(|_| node()).collect();
    for (node, (first, last, _)) in nodes.iter().zip(PARTS) {
        let line = format!("CLUSTER ADDSLOTSRANGE {first} {last}");
        node.client().dialog(&[(&line, "OK")]);
    }
    for (epoch, node) in nodes.iter().enumerate() {
        let mut client = node.client();
        client.answer(&format!("CLUSTER SET-CONFIG-EPOCH {}", epoch + 1));
        client.answer(&format!("CLUSTER MEET 127.0.0.1 {}", nodes[0].port()));
    }
    let field = |node: &Server, name: &str| {
        let info = node.client().text(&["CLUSTER", "INFO"]);
        let mut lines = info.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.expect("a field").to_owned()
    };
    let wait_all = |what: &str, is_so: &dyn Fn(&Server) -> bool| {
        wait_until(3 * LIMIT, what, || nodes.iter().all(is_so));
    };
    wait_all("all nodes know each other", &|node| {
        field(node, "cluster_known_nodes") == "4" && field(node, "cluster_state") == "ok"
    });
    let first = nodes[0].client().text(&["CLUSTER", "MYID"]);
    let mut client = nodes[3].client();
    wait_until(LIMIT, "the replica knows its primary", || {
        client.answer(&format!("CLUSTER REPLICATE {first}")) == "OK"
    });
    nodes[3].wait_link_up();
    wait_all("all are connected", &|node| {
        let text = node.client().text(&["CLUSTER", "NODES"]);
        let links = text
            .lines()
            .filter(|line| line.contains(" connected") && !line.contains("handshake"));
        links.count() == 4 && text.contains("slave")
    });
    nodes.iter().for_each(|node| wait_heard(node, &nodes));
    nodes
}

/// Waits until what a node publishes comes to all others: a node may know another for a while before it takes its
/// messages.
fn wait_heard(from: &Server, nodes: &[Server]) {
    let received = |node: &Server| -> u64 {
        let info = node.client().text(&["CLUSTER", "INFO"]);
        let mut lines = info.lines();
        let name = "cluster_stats_messages_publish_received:";
        let count = lines.find_map(|line| line.strip_prefix(name));
        count.map_or(0, |count| count.parse().expect("a number"))
    };
    let others: Vec<_> = nodes
        .iter()
        .filter(|node| node.port() != from.port())
        .collect();
    let before: Vec<u64> = others.iter().map(|node| received(node)).collect();
    wait_until(3 * LIMIT, "all hear of each other", || {
        from.client().cmd(&["PUBLISH", "nobody's channel", "hello"]);
        let heard = |(node, before): (&&Server, &u64)| received(node) > *before;
        others.iter().zip(&before).all(heard)
    });
}

/// What each subscriber has heard from a node, its own messages and the bus's.
fn heard(subscribers: &mut [Subscriber], from: &mut Client) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for subscriber in subscribers {
        let mut heard = subscriber.heard_to_the_end(from);
        heard.retain(|line| !line.starts_with("the end "));
        all.push(heard);
    }
    all
}

#[test]
fn every_node_publishes_to_its_subscribers_once() {
    let nodes = cluster();
    let mut subscribers: Vec<_> = nodes
        .iter()
        .map(|node| Subscriber::new(node.client3(), ALL))
        .collect();
    for (node, (_, _, key)) in nodes.iter().zip(PARTS) {
        let mut client = node.client();
        client.dialog(&[
            (&format!("PRESENCE.CONFIG {key} RETAIN 600000"), "OK"),
            (&format!("PRESENCE.TOUCH {key} ann"), "1"),
            (&format!("PRESENCE.TOUCH {key} ann"), "0"),
            (&format!("PRESENCE.TOUCHEX {key} PX 20 MEMBERS 1 bob"), "1"),
            (&format!("PRESENCE.LEAVE {key} ann"), "1"),
        ]);
        wait_until(LIMIT, "bob's time-out is published", || {
            node.presence("timeouts") == 1
        });
        let mut expected = [
            "join K ann",
            "max K 1",
            "join K bob",
            "max K 2",
            "leave K ann",
            "timeout K bob",
        ]
        .map(|line| line.replace(" K", &format!(":{key}")));
        expected.sort();
        for mut heard in heard(&mut subscribers, &mut client) {
            heard.sort();
            assert_eq!(heard, expected);
        }
    }
    assert_eq!(nodes[3].presence("joins"), 0, "a replica counts nothing");
    nodes.iter().for_each(Server::assert_clean_log);
}

#[test]
fn a_round_of_many_keys_publishes_all() {
    let nodes = cluster();
    let mut subscribers: Vec<_> = nodes
        .iter()
        .map(|node| Subscriber::new(node.client(), ALL))
        .collect();
    let (node, (_, last, _)) = (&nodes[0], PARTS[0]);
    let mut client = node.client();
    let mut keys = Vec::new();
    for room in 0.. {
        let key = format!("room {room}");
        if client.int(&["CLUSTER", "KEYSLOT", &key]) <= i64::from(last) {
            keys.push(key);
        }
        if keys.len() == 200 {
            break;
        }
    }
    for key in &keys {
        client.cmd(&args!["PRESENCE.CONFIG", key, "LINGER", 0]);
        client.cmd(&args![
            "PRESENCE.TOUCHEX",
            key,
            "PX",
            500,
            "MEMBERS",
            2,
            "ann",
            "bob"
        ]);
    }
    wait_until(LIMIT, "all are published", || {
        node.presence("timeouts") == 400 && node.presence("keys") == 0
    });
    for mut heard in heard(&mut subscribers, &mut client) {
        assert_eq!(heard.len(), 200 * 5);
        heard.retain(|line| line.starts_with("timeout"));
        heard.sort();
        heard.dedup();
        assert_eq!(heard.len(), 400);
    }
    nodes.iter().for_each(Server::assert_clean_log);
}
