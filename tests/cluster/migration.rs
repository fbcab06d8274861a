//! Members survive the migration of their slot under load: who was acknowledged is there, nobody is counted or evicted
//! twice, and the eviction finds the keys where they are now.

use redis::Value;

use super::load::Load;
use crate::common::{AGREEMENT, Client, Cluster, Server, not_applicable, show, wait_until};

/// Longer than a test takes, in ms.
const LONG: i64 = 600_000;

/// How slots are migrated.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// `CLUSTER SETSLOT` and `MIGRATE`, a key at a time.
    KeyByKey,
    /// `CLUSTER MIGRATESLOTS` of Valkey, in the background and then at once.
    Atomic,
    /// `CLUSTER MIGRATION` of Redis, the same.
    Import,
}

/// The ways that the server has.
fn ways(client: &mut Client) -> Vec<Way> {
    for (command, way) in [
        ("CLUSTER|MIGRATESLOTS", Way::Atomic),
        ("CLUSTER|MIGRATION", Way::Import),
    ] {
        let info = client.cmd(&["COMMAND", "INFO", command]);
        if matches!(&info, Value::Array(info) if matches!(info[..], [Value::Array(_)])) {
            return vec![Way::KeyByKey, way];
        }
    }
    not_applicable("slots migrate key by key only: the server has no way to migrate them at once");
    vec![Way::KeyByKey]
}

/// Migrates the slot of a key. `between` is called while it is on its way: after each key that was moved, or once when all
/// was sent and the slot has not changed hands yet.
fn migrate(cluster: &Cluster, key: &str, to: usize, way: Way, between: impl FnMut()) {
    let from = cluster.owner(key, to);
    assert_ne!(from, to, "the slot is there already");
    match way {
        Way::KeyByKey => move_keys(cluster, cluster.slot(key), from, to, between),
        Way::Atomic => hand_over(cluster, cluster.slot(key), from, to, between),
        Way::Import => take_over(cluster, cluster.slot(key), to, between),
    }
    for (number, _) in cluster.running() {
        wait_until(AGREEMENT, format!("node {number} knows the owner"), || {
            cluster.owner(key, number) == to
        });
    }
}

fn move_keys(cluster: &Cluster, slot: i64, from: usize, to: usize, mut between: impl FnMut()) {
    let set_slot = |node: usize, what: &str, id: String| {
        let mut client = cluster.node(node).client();
        client.cmd(&args!["CLUSTER", "SETSLOT", slot, what, id]);
    };
    set_slot(to, "IMPORTING", cluster.id(from));
    set_slot(from, "MIGRATING", cluster.id(to));
    let (mut source, port) = (cluster.node(from).client(), cluster.node(to).port());
    loop {
        let keys = source.bytes_list(&args!["CLUSTER", "GETKEYSINSLOT", slot, 1]);
        let Some(key) = keys.first() else { break };
        // Where it was evicted meanwhile: NOKEY.
        source.cmd(&args!["MIGRATE", "127.0.0.1", port, key, 0, 5000]);
        between();
    }
    set_slot(to, "NODE", cluster.id(to));
    for (number, _) in cluster.running() {
        set_slot(number, "NODE", cluster.id(to));
    }
}

fn hand_over(cluster: &Cluster, slot: i64, from: usize, to: usize, mut between: impl FnMut()) {
    let mut source = cluster.node(from).client();
    let jobs = |source: &mut Client| {
        let jobs = show(&source.cmd(&["CLUSTER", "GETSLOTMIGRATIONS"]));
        assert!(!jobs.contains("failed"), "{jobs}");
        jobs
    };
    source.cmd(&["DEBUG", "SLOTMIGRATION", "PREVENT-PAUSE", "1"]);
    let target = cluster.id(to);
    let command = format!("CLUSTER MIGRATESLOTS SLOTSRANGE {slot} {slot} NODE {target}");
    assert_eq!(source.answer(&command), "OK");
    wait_until(AGREEMENT, "all was sent", || {
        jobs(&mut source).contains("waiting-to-pause")
    });
    between();
    source.cmd(&["DEBUG", "SLOTMIGRATION", "PREVENT-PAUSE", "0"]);
    wait_until(AGREEMENT, "the slot has changed hands", || {
        let jobs = jobs(&mut source);
        jobs.matches("\"success\"").count() == jobs.matches("\"operation\"").count()
    });
}

fn take_over(cluster: &Cluster, slot: i64, to: usize, mut between: impl FnMut()) {
    let mut target = cluster.node(to).client();
    let job = target.text(&args!["CLUSTER", "MIGRATION", "IMPORT", slot, slot]);
    between();
    wait_until(AGREEMENT, "the slot has changed hands", || {
        let status = show(&target.cmd(&["CLUSTER", "MIGRATION", "STATUS", "ID", &job]));
        assert!(!status.contains("failed"), "{status}");
        status.contains("completed")
    });
}

#[test]
fn under_load_nobody_is_lost_or_counted_twice() {
    let cluster = Cluster::start(&Server::builder(), 3, 0);
    for way in ways(&mut cluster.node(0).client()) {
        migrate_under_load(&cluster, way);
    }
}

fn migrate_under_load(cluster: &Cluster, way: Way) {
    let evicted = cluster.presence("evicted");
    let tags = cluster.keys_of(0, 6, &format!("{way:?}"));
    let mut client = cluster.client();
    let mut keys = Vec::new();
    for tag in &tags {
        // Who stays, who is remembered, and who is evicted while the slot is on its way.
        for (name, ttl) in [("online", LONG), ("remembered", 1), ("brief", 20)] {
            let key = format!("{{{tag}}}{name}");
            if name == "remembered" {
                client.run(&args!["PRESENCE.CONFIG", key, "RETAIN", LONG]);
            }
            keys.push((key, ttl));
        }
    }
    let load = Load::start(cluster, &keys, false);
    load.wait_for(500);
    for to in [1, 2, 0, 1] {
        for tag in &tags {
            migrate(cluster, tag, to, way, || load.wait_for(20));
            load.wait_for(20);
        }
    }
    let members = load.stop();

    let named = |name: &'static str| members.iter().filter(move |(key, _)| key.ends_with(name));
    let many = |name| -> u64 { named(name).map(|(_, members)| members.len() as u64).sum() };
    for (key, members) in named("online") {
        assert_eq!(client.int(&["PRESENCE.COUNT", key]), members.len() as i64);
        let mut listed = client.strings(&["PRESENCE.LIST", key]);
        listed.sort();
        assert!(listed.iter().eq(members), "{way:?}: others are in {key}");
    }
    for (key, members) in named("remembered") {
        let window = args!["PRESENCE.COUNT", key, "WINDOW", LONG];
        assert_eq!(client.int(&window), members.len() as i64, "{way:?} {key}");
        assert_eq!(client.int(&["PRESENCE.COUNT", key]), 0);
    }
    // Each of the brief was evicted once, and nobody else.
    let kept = many("online") + many("remembered");
    wait_until(AGREEMENT, "the brief are evicted", || {
        cluster.presence("members") == kept
    });
    assert_eq!(cluster.presence("evicted") - evicted, many("brief"));
    for (key, _) in named("remembered") {
        client.run(&args!["PRESENCE.CONFIG", key, "RETAIN", 0]);
    }
    wait_until(AGREEMENT, "the forgotten are evicted", || {
        cluster.presence("members") == many("online")
    });
    let gone = many("brief") + many("remembered");
    assert_eq!(cluster.presence("evicted") - evicted, gone);
    for (key, _) in named("online") {
        client.run(&["UNLINK", key]);
    }
    for (_, node) in cluster.running() {
        node.assert_clean_log();
    }
}

#[test]
fn the_eviction_finds_the_keys_where_they_are_now() {
    let cluster = Cluster::start(&Server::builder().module_args("default-linger 0"), 3, 0);
    for way in ways(&mut cluster.node(0).client()) {
        let tag = &cluster.keys_of(0, 1, &format!("{way:?}"))[0];
        let mut client = cluster.node(0).client();
        let evicted = cluster.node(1).presence("evicted");
        for key in 0..20 {
            // Time enough for the slot to move.
            let key = format!("{{{tag}}}{key}");
            assert_eq!(client.touchex(&key, 3000, None, ["ann", "bob", "cid"]), 3);
        }
        migrate(&cluster, tag, 1, way, || {});
        let target = cluster.node(1);
        assert_eq!(target.presence("members"), 60, "the test was too slow");
        // Where it is empty now, nobody asks for a key any more.
        wait_until(AGREEMENT, "members and keys have gone", || {
            cluster.presence("members") == 0 && cluster.presence("keys") == 0
        });
        assert_eq!(target.presence("evicted"), evicted + 60, "{way:?}");
        assert_eq!(target.client().int(&["DBSIZE"]), 0);
    }
    assert_eq!(cluster.node(0).presence("evicted"), 0);
}

#[test]
fn members_go_once_while_their_slot_is_on_its_way() {
    let cluster = Cluster::start(&Server::builder().module_args("default-linger 0"), 3, 0);
    for way in ways(&mut cluster.node(0).client()) {
        let tag = &cluster.keys_of(0, 1, &format!("{way:?}"))[0];
        let own = &cluster.keys_of(1, 1, &format!("{way:?}"))[0];
        let (source, target) = (cluster.node(0), cluster.node(1));
        let (all, at_target) = (cluster.presence("evicted"), target.presence("evicted"));
        let (mut client, mut there) = (source.client(), target.client());
        // The one who evicts them is late.
        let interval = ["CONFIG", "SET", "presence.sweep-interval"];
        client.cmd(&[&interval[..], &["60000"]].concat());
        let keys: Vec<_> = (0..20).map(|key| format!("{{{tag}}}{key}")).collect();
        for key in &keys {
            assert_eq!(client.touchex(key, 3000, None, ["ann", "bob", "cid"]), 3);
        }
        client.touchex(&keys[0], LONG, None, ["eve"]);
        there.touchex(own, 3500, None, ["dan"]);
        if way == Way::Import {
            // It takes five seconds to send the keys, and until they are there nothing changes hands.
            client.cmd(&["CONFIG", "SET", "rdb-key-save-delay", "250000"]);
        }
        let mut moved = 0;
        migrate(&cluster, tag, 1, way, || {
            moved += 1;
            if moved > 1 {
                return;
            }
            assert!(there.int(&["EXISTS", own]) == 1, "the test was too slow");
            // He is due after them. Once he has gone, they would have gone as well.
            wait_until(AGREEMENT, "what the target has is evicted", || {
                there.int(&["EXISTS", own]) == 0
            });
            let left = match way {
                Way::KeyByKey => client.int(&["DBSIZE"]) as u64,
                Way::Atomic | Way::Import => 20,
            };
            let evicted = target.presence("evicted") - at_target;
            assert_eq!(evicted, 1 + 3 * (20 - left), "{way:?}");
            client.cmd(&[&interval[..], &["100"]].concat());
            wait_until(AGREEMENT, "those whose time is up have gone", || {
                cluster.presence("evicted") - all == 61
            });
        });
        wait_until(AGREEMENT, "nobody else is there", || {
            cluster.presence("members") == 1 && cluster.presence("keys") == 1
        });
        assert_eq!(cluster.presence("evicted") - all, 61, "{way:?}");
        // What was held back while the slot was on its way is not held back for ever.
        there.touchex(&keys[0], 1, None, ["ann", "eve"]);
        wait_until(AGREEMENT, "the last have gone", || {
            cluster.presence("keys") == 0
        });
        assert_eq!(cluster.presence("evicted") - all, 63, "{way:?}");
    }
}

#[test]
fn a_key_is_the_same_on_the_other_side() {
    let cluster = Cluster::start(&Server::builder(), 3, 0);
    for way in ways(&mut cluster.node(0).client()) {
        let key = &cluster.keys_of(0, 1, &format!("{way:?}"))[0];
        let mut client = cluster.node(0).client();
        let now = client.now_ms();
        client.cmd(&args!["PRESENCE.CONFIG", key, "RETAIN", LONG, "LINGER", 77]);
        let names = (0..2000).map(|number| format!("user:{number}"));
        client.touch_crowd(key, LONG, None, names);
        client.touchex(key, 5 * LONG, now - 1000, ["earlier", "12345"]);
        client.cmd(&["PRESENCE.LEAVE", key, "user:1", "user:1000"]);
        client.cmd(&["PRESENCE.SETMAX", key, "123456", "1500000000000"]);
        let digest = |node: usize| {
            let mut client = cluster.node(node).client();
            client.strings(&["DEBUG", "DIGEST-VALUE", key])[0].clone()
        };
        let before = digest(0);
        migrate(&cluster, key, 1, way, || {});
        assert_eq!(digest(1), before, "{way:?}");
        assert_eq!(cluster.presence("members"), 2002);
        cluster.node(1).client().cmd(&["UNLINK", key]);
    }
}

#[test]
fn half_of_a_slot_is_here_and_half_there() {
    let cluster = Cluster::start(&Server::builder(), 3, 0);
    let tag = &cluster.keys_of(0, 1, "half")[0];
    let [one, two] = ["one", "two"].map(|name| format!("{{{tag}}}{name}"));
    let (mut here, mut there) = (cluster.node(0).client(), cluster.node(1).client());
    for key in [&one, &two] {
        assert_eq!(here.touchex(key, LONG, None, ["ann", "bob"]), 2);
    }
    let both = format!("PRESENCE.MCOUNT {one} {two}");
    let moved_to = |node: usize| {
        let port = cluster.node(node).port();
        format!("MOVED {} 127.0.0.1:{port}", cluster.slot(tag))
    };
    let redirected = moved_to(0);
    let mut left = Vec::new();
    migrate(&cluster, tag, 1, Way::KeyByKey, || {
        let is_there = |key: &String| {
            let count = here.answer(&format!("PRESENCE.COUNT {key}"));
            count.starts_with("ASK ")
        };
        let mut moved: Vec<_> = [&one, &two].into_iter().cloned().collect();
        moved.retain(is_there);
        if let [moved] = &moved[..] {
            // Whoever answered for both would answer for one.
            let again = "TRYAGAIN Multiple keys request during rehashing of slot";
            assert_eq!(here.answer(&both), again);
            there.dialog(&[
                ("ASKING", "OK"),
                (&both, again),
                (&format!("PRESENCE.COUNT {moved}"), &redirected),
                ("ASKING", "OK"),
                (&format!("PRESENCE.LEAVE {moved} ann"), "1"),
            ]);
            left.push(moved.clone());
        }
    });
    let counts = if left == [one] { "[1, 2]" } else { "[2, 1]" };
    assert_eq!((left.len(), there.answer(&both)), (1, counts.into()));
    assert_eq!(here.answer(&both), moved_to(1));
}
