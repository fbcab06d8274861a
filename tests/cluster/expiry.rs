//! Many keys in many slots whose members time out at one moment: all are swept soon, replicas and the append-only file
//! follow, and no transaction that they are told spans slots.

use std::collections::BTreeMap;

use redis::Value;

use crate::common::{Cluster, LIMIT, Server, touchex, wait_caught_up, wait_until};

const ROOMS: usize = 6000;

/// Members of each room.
const MEMBERS: u64 = 3;

#[test]
fn many_rooms_at_once() {
    let settings = Server::builder().arg("appendonly yes");
    let mut cluster = Cluster::start(&settings, 3, 3);
    let now = cluster.node(0).client().now_ms();
    let due = now + 8000;
    let mut slots = BTreeMap::new();
    for primary in 0..3 {
        let mut client = cluster.node(primary).client();
        let rooms: Vec<_> = rooms_of(&cluster, primary);
        for (number, (room, _)) in rooms.iter().enumerate() {
            // Some keys go with their members.
            let linger = if number % 2 == 0 { 0 } else { -1 };
            client.send(&args!["PRESENCE.CONFIG", room, "LINGER", linger]);
            client.send(&touchex(room, due - now, now, ["ann", "bob", "cid"]));
        }
        for _ in &rooms {
            assert_eq!(client.receive(LIMIT), Value::Okay);
            assert_eq!(client.receive(LIMIT), Value::Int(MEMBERS as i64));
        }
        slots.extend(rooms);
    }
    assert_eq!(slots.len(), ROOMS);
    assert_eq!(
        cluster.presence("members"),
        MEMBERS * ROOMS as u64,
        "the test was too slow"
    );
    let mut client = cluster.node(0).client();
    wait_until(LIMIT, "their time is up", || client.now_ms() >= due);
    wait_until(LIMIT, "all are evicted", || {
        cluster.presence("members") == 0
    });
    wait_until(LIMIT, "half of the keys have gone", || {
        cluster.presence("keys") == ROOMS as u64 / 2
    });
    assert_eq!(cluster.presence("evicted"), MEMBERS * ROOMS as u64);
    for primary in 0..3 {
        let (node, replica) = (cluster.node(primary), cluster.node(primary + 3));
        wait_caught_up(node, replica);
        assert_eq!(replica.client().digest(), node.client().digest());
        assert_eq!(replica.presence("evicted"), 0);
        assert_whole_slots(&node.aof(), &slots);
        // The replica writes what it was sent.
        assert_whole_slots(&replica.aof(), &slots);
    }
    // The log of it all makes the same again.
    let digest = client.digest();
    cluster.kill9(0);
    cluster.start_again(0);
    cluster.wait_agreed(3);
    assert_eq!(cluster.node(0).client().digest(), digest);
}

/// A run sweeps hundreds of keys, not one for each timer of a fixed few.
#[test]
fn a_run_takes_as_many_rooms_as_its_budget_allows() {
    const ROOMS: u64 = 30_000;
    let settings = Server::builder().module_args("sweep-budget 10000");
    let cluster = Cluster::start(&settings, 1, 0);
    let node = cluster.node(0);
    let mut client = node.client();
    let at = client.now_ms();
    for room in 0..ROOMS {
        client.send(&touchex(&format!("room:{room}"), 5000, at, ["ann"]));
    }
    (0..ROOMS).for_each(|_| drop(client.receive(LIMIT)));
    assert_eq!(node.presence("evicted"), 0, "the test was too slow");
    wait_until(LIMIT, "all are evicted", || {
        cluster.presence("members") == 0
    });
    assert_eq!(node.presence("evicted"), ROOMS);
    let sweeps = node.presence("sweeps");
    assert!(sweeps < 300, "{sweeps} runs");
}

/// A crowd of one key goes, too, with rooms beside it.
#[test]
fn a_crowd_and_rooms_at_once() {
    const CROWD: u64 = 50_000;
    let cluster = Cluster::start(&Server::builder(), 1, 0);
    let node = cluster.node(0);
    let mut client = node.client();
    let at = client.now_ms();
    let members = (0..CROWD).map(|number| number.to_string());
    client.touch_crowd("crowd", 3000, at, members);
    for room in 0..1000 {
        client.send(&touchex(&format!("room:{room}"), 3000, at, ["ann"]));
    }
    (0..1000).for_each(|_| drop(client.receive(LIMIT)));
    wait_until(LIMIT, "all are evicted", || {
        cluster.presence("members") == 0
    });
    assert_eq!(node.presence("evicted"), CROWD + 1000);
    assert_eq!(node.presence("timeouts"), CROWD + 1000);
}

#[test]
fn a_clock_that_steps_back_in_a_sweep_stops_nothing() {
    let mut node = Server::builder()
        .arg("cluster-enabled yes")
        .module_args("sweep-budget 100")
        .clock("+1h")
        .start();
    let mut client = node.client();
    client.cmd(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    wait_until(LIMIT, "the cluster works", || {
        let info = client.text(&["CLUSTER", "INFO"]);
        info.contains("cluster_state:ok")
    });
    let at = client.now_ms();
    let members = (0..200_000).map(|number| number.to_string());
    client.touch_crowd("crowd", 3000, at, members);
    wait_until(LIMIT, "the sweep has begun", || {
        node.presence("evicted") > 0
    });
    node.set_clock("+0");
    wait_until(LIMIT, "the clock has stepped back", || {
        client.now_ms() < at - 1_000_000
    });
    assert!(node.presence("members") > 0, "it was in the sweep");
    // Those who are left are online for another hour, by the clock. Others time out as ever.
    assert!(client.int(&["PRESENCE.COUNT", "crowd"]) > 0);
    let before = node.presence("evicted");
    client.touchex("room", 50, None, ["ann"]);
    wait_until(LIMIT, "ann is evicted", || {
        node.presence("evicted") == before + 1
    });
    assert_eq!(client.int(&["PRESENCE.COUNT", "room"]), 0);
}

/// A third of the rooms, with their slots.
fn rooms_of(cluster: &Cluster, primary: usize) -> Vec<(String, i64)> {
    let mut client = cluster.node(primary).client();
    let mut rooms = Vec::new();
    for number in 0.. {
        let room = format!("room:{number}");
        if rooms.len() == ROOMS / 3 {
            break;
        }
        if client.raw(&["EXISTS", &room]).is_ok() {
            let slot = client.int(&["CLUSTER", "KEYSLOT", &room]);
            rooms.push((room, slot));
        }
    }
    rooms
}

/// Between `MULTI` and `EXEC` all keys share a slot, and each room was evicted in one go.
#[track_caller]
fn assert_whole_slots(log: &[String], slots: &BTreeMap<String, i64>) {
    let mut evicted = 0;
    let mut open: Option<Option<i64>> = None;
    for line in log {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["MULTI"] => open = Some(None),
            ["EXEC"] => open = None,
            [command, key, ..] if slots.contains_key(key) => {
                evicted += u64::from(command == "PRESENCE.EVICT");
                if let Some(slot) = &mut open {
                    let slot = slot.get_or_insert(slots[key]);
                    assert_eq!(*slot, slots[key], "a transaction spans slots: {line}");
                }
            }
            _ => {}
        }
    }
    assert_eq!(evicted, ROOMS as u64 / 3);
}
