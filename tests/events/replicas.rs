//! Which server publishes: subscribers hear each event once, whichever server they are connected to; a primary
//! publishes, a replica does not, and the replica that takes its place goes on where it stopped.

use std::process::Command;

use crate::common::{Client, LIMIT, Server, Subscriber, wait_caught_up, wait_until};

use super::{ALL, pass, wait_for_clock, wait_timeouts};

/// All that is published of events, and all notifications of presence keys.
const BOTH: &[&str] = &["__presence@*", "__key*__:presence.*", "__keyspace@*"];

/// A primary that publishes and notifies, and a replica of the same settings.
fn pair() -> (Server, Server) {
    let builder = Server::builder()
        .arg("notify-keyspace-events Ed")
        .module_args("events A");
    let primary = builder.clone().start();
    let replica = builder.start_replica_of(&primary);
    (primary, replica)
}

/// Makes a key that retains, in which ann's time is up and was reported.
fn reported_ann(primary: &Server, client: &mut Client) {
    client.answer("PRESENCE.CONFIG room RETAIN 600000");
    client.answer("PRESENCE.TOUCHEX room PX 1 MEMBERS 1 ann");
    wait_timeouts(primary, 1);
}

/// Makes a replica a primary.
fn promote(replica: &Server) -> Client {
    let mut client = replica.client();
    client.dialog(&[("REPLICAOF NO ONE", "OK")]);
    client
}

#[test]
fn subscribers_of_replicas_hear_what_those_of_the_primary_hear() {
    let primary = Server::builder()
        .arg("appendonly yes")
        .module_args("events A")
        .start();
    // What a replica itself is told to publish does not matter.
    let replica = Server::builder()
        .arg("appendonly yes")
        .module_args("events A")
        .start_replica_of(&primary);
    let quiet = Server::start_replica_of(&replica);
    let servers = [&primary, &replica, &quiet];
    let mut subscribers: Vec<_> = servers
        .iter()
        .flat_map(|server| [server.client(), server.client3()])
        .map(|client| Subscriber::new(client, ALL))
        .collect();
    let mut client = primary.client();
    client.answer("PRESENCE.CONFIG kept RETAIN 600000");
    for line in [
        "PRESENCE.TOUCH room ann bob",
        "PRESENCE.TOUCH room ann",
        "PRESENCE.TOUCHEX kept PX 30 MEMBERS 2 cid dan",
        "PRESENCE.LEAVE room ann",
        "PRESENCE.TOUCHEX room PX 30 MEMBERS 1 eve",
    ] {
        client.answer(line);
    }
    client.together(&["PRESENCE.TOUCH room fay", "PRESENCE.LEAVE room fay"]);
    let script = "return redis.call('PRESENCE.TOUCH', KEYS[1], 'gil')";
    client.cmd(&["EVAL", script, "1", "room"]);
    wait_timeouts(&primary, 3);
    let mut heard: Vec<_> = subscribers
        .iter_mut()
        .map(|subscriber| subscriber.heard_to_the_end(&mut client))
        .collect();
    // Each asked for an end of its own, of which all others heard as well.
    for heard in &mut heard {
        heard.retain(|line| !line.starts_with("the end "));
    }
    let first = &heard[0];
    let timeouts = first.iter().filter(|line| line.starts_with("timeout:"));
    assert_eq!((first.len(), timeouts.count()), (15, 3), "{first:?}");
    for other in &heard {
        assert_eq!(other, first);
    }
    for replica in [&replica, &quiet] {
        assert_eq!(replica.presence("timeouts"), 0);
        assert_eq!(replica.presence("joins"), 0);
    }
    for server in [&primary, &replica] {
        wait_caught_up(&primary, &replica);
        let log = server.aof();
        assert!(log.iter().any(|line| line.starts_with("PRESENCE.T ")));
        assert!(!log.iter().any(|line| line.contains("PUBLISH")), "{log:?}");
    }
}

#[test]
fn notifications_stay_on_the_primary() {
    let (primary, replica) = pair();
    let mut there = Subscriber::new(primary.client(), BOTH);
    let mut here = Subscriber::new(replica.client(), BOTH);
    let mut client = primary.client();
    client.answer("PRESENCE.TOUCHEX room PX 20 MEMBERS 1 ann");
    wait_timeouts(&primary, 1);
    let published = ["join:room ann", "max:room 1", "timeout:room ann"];
    assert_eq!(here.heard_to_the_end(&mut client), published);
    let mut heard = there.heard();
    heard.retain(|line| line.starts_with("__key"));
    assert_eq!(
        heard,
        ["join", "max", "timeout"].map(|event| format!("__keyevent@0__:presence.{event} room"))
    );
}

#[test]
fn a_promoted_replica_reports_what_comes_and_nothing_twice() {
    let (primary, replica) = pair();
    let mut subscriber = Subscriber::new(replica.client(), ALL);
    let mut client = primary.client();
    reported_ann(&primary, &mut client);
    client.answer("PRESENCE.TOUCHEX room PX 1500 MEMBERS 1 bob");
    client.answer("PRESENCE.TOUCHEX plain PX 1500 MEMBERS 1 cid");
    client.answer("PRESENCE.TOUCH room dan");
    assert_eq!(subscriber.heard_to_the_end(&mut client).len(), 8);
    let mut client = promote(&replica);
    wait_timeouts(&replica, 2);
    let mut heard = subscriber.heard();
    heard.sort();
    assert_eq!(heard, ["timeout:plain cid", "timeout:room bob"]);
    client.dialog(&[
        ("PRESENCE.TOUCH room ann bob", "2"),
        ("PRESENCE.LEAVE room dan", "1"),
    ]);
    assert_eq!(
        subscriber.heard(),
        [
            "join:room ann",
            "join:room bob",
            "max:room 3",
            "leave:room dan"
        ]
    );
    // The one that was the primary and now is a replica says nothing of its own.
    let mut old = primary.client();
    old.answer(&format!("REPLICAOF 127.0.0.1 {}", replica.port()));
    primary.wait_link_up();
    wait_caught_up(&replica, &primary);
    let mut other = Subscriber::new(primary.client(), ALL);
    client.answer("PRESENCE.TOUCHEX room PX 20 MEMBERS 1 eve");
    for subscriber in [&mut other, &mut subscriber] {
        let mut heard = vec![];
        while heard.last().map(String::as_str) != Some("timeout:room eve") {
            let (channel, member) = subscriber.next();
            let text = |bytes| String::from_utf8(bytes).expect("plain");
            let line = text(channel) + " " + &text(member);
            heard.push(line.replace("__presence@0__:", ""));
        }
        assert_eq!(heard, ["join:room eve", "timeout:room eve"]);
    }
    assert_eq!(other.heard_to_the_end(&mut client), [""; 0]);
}

#[test]
fn after_a_crash_the_new_primary_reports_those_since_then() {
    let (mut primary, replica) = pair();
    let mut subscriber = Subscriber::new(replica.client(), ALL);
    let mut client = primary.client();
    reported_ann(&primary, &mut client);
    client.answer("PRESENCE.TOUCHEX room PX 1000 MEMBERS 1 bob");
    client.answer("PRESENCE.TOUCHEX plain PX 1000 MEMBERS 1 cid");
    let end = client.now_ms() + 1000;
    wait_caught_up(&primary, &replica);
    primary.kill9();
    // They time out while no server is there to report it.
    wait_for_clock(end + 200);
    let mut heard = subscriber.heard();
    assert!(
        !heard
            .iter()
            .any(|line| line.ends_with(" bob") && line.starts_with("timeout")),
        "{heard:?}"
    );
    let mut client = promote(&replica);
    wait_timeouts(&replica, 2);
    client.answer("PRESENCE.TOUCHEX later PX 300 MEMBERS 1 zoe");
    wait_until(LIMIT, "a while is over", || {
        replica.presence("members") == 2
    });
    heard.extend(subscriber.heard());
    let mut timeouts: Vec<_> = heard
        .into_iter()
        .filter(|line| line.starts_with("timeout"))
        .collect();
    timeouts.sort();
    assert_eq!(
        timeouts,
        [
            "timeout:later zoe",
            "timeout:plain cid",
            "timeout:room ann",
            "timeout:room bob"
        ]
    );
}

#[test]
fn a_primary_that_hangs_is_stood_in_for_from_when_it_was_last_heard() {
    let (primary, replica) = pair();
    let mut client = primary.client();
    reported_ann(&primary, &mut client);
    client.answer("PRESENCE.TOUCHEX room PX 2500 MEMBERS 1 bob");
    let end = client.now_ms() + 2500;
    wait_caught_up(&primary, &replica);
    let mut subscriber = Subscriber::new(replica.client(), ALL);
    // The connection stays, and nothing comes over it any more.
    let signal = |name: &str| {
        let pid = primary.pid().to_string();
        let status = Command::new("kill").args([name, &pid]).status();
        assert!(status.expect("kill runs").success());
    };
    signal("-STOP");
    wait_for_clock(end + 1500);
    assert_eq!(
        replica.info_field("replication", "master_link_status"),
        "up"
    );
    assert_eq!(subscriber.heard(), [""; 0]);
    let mut client = promote(&replica);
    client.answer("PRESENCE.TOUCHEX later PX 300 MEMBERS 1 zoe");
    wait_until(LIMIT, "zoe's time is up", || {
        replica.presence("members") == 2
    });
    let mut timeouts = subscriber.heard();
    timeouts.retain(|line| line.starts_with("timeout"));
    assert_eq!(timeouts, ["timeout:room bob", "timeout:later zoe"]);
    signal("-CONT");
}

#[test]
fn nothing_is_published_in_a_pause_and_all_of_it_afterwards() {
    for arg in ["appendonly no", "appendonly yes"] {
        let primary = Server::builder()
            .arg(arg)
            .arg("notify-keyspace-events Ed")
            .module_args("events A sweep-interval 10")
            .start();
        let replica = Server::start_replica_of(&primary);
        let run = primary.run_id();
        let mut client = primary.client();
        let mut here = Subscriber::new(primary.client(), ALL);
        let mut there = Subscriber::new(replica.client(), ALL);
        client.answer("PRESENCE.CONFIG kept RETAIN 600000");
        client.answer("PRESENCE.CONFIG brief LINGER 0");
        for key in ["plain", "kept", "brief"] {
            client.answer(&format!("PRESENCE.TOUCHEX {key} PX 500 MEMBERS 2 ann bob"));
        }
        client.answer("CLIENT PAUSE 600000 WRITE");
        assert_eq!(here.heard().len(), 9);
        pass(&mut client, 800);
        assert_eq!(here.heard(), [""; 0]);
        assert_eq!(client.answer("PRESENCE.COUNT kept"), "0");
        client.answer("CLIENT UNPAUSE");
        wait_timeouts(&primary, 6);
        let mut heard = here.heard();
        assert_eq!(there.heard_to_the_end(&mut client)[9..], heard);
        heard.sort();
        let mut expected = Vec::new();
        for key in ["brief", "kept", "plain"] {
            expected.extend(["ann", "bob"].map(|member| format!("timeout:{key} {member}")));
        }
        assert_eq!(heard, expected);
        primary.assert_sound(&run);
    }
}

#[test]
fn a_handover_reports_each_once() {
    let (primary, replica) = pair();
    let mut client = primary.client();
    reported_ann(&primary, &mut client);
    wait_caught_up(&primary, &replica);
    let runs = [primary.run_id(), replica.run_id()];
    let mut subscribers = [&primary, &replica].map(|server| Subscriber::new(server.client(), ALL));
    // Before, meanwhile and after: one every 10 ms of three seconds.
    for number in 0..300 {
        let ttl = 10 * (number + 1);
        client.touchex("plain", ttl, None, [format!("user:{number:03}")]);
    }
    client.touchex("room", 600_000, None, ["bob"]);
    wait_until(LIMIT, "some time-outs", || {
        primary.presence("timeouts") > 30
    });
    client.dialog(&[("FAILOVER", "OK")]);
    wait_until(LIMIT, "the roles are exchanged", || {
        replica.info_field("replication", "role") == "master"
            && primary.info_field("replication", "role") == "slave"
    });
    primary.wait_link_up();
    let mut client = replica.client();
    client.touchex("room", 20, None, ["bob"]);
    client.touchex("later", 4000, None, ["zoe"]);
    wait_until(LIMIT, "zoe's time is up", || {
        replica.presence("members") == 2
    });
    let mut expected: Vec<String> = (0..300)
        .map(|number| format!("timeout:plain user:{number:03}"))
        .collect();
    expected.extend(["timeout:room bob", "timeout:later zoe"].map(String::from));
    expected.sort();
    // The one that took over heard all of it. What is published before the other one's link is up does not reach that.
    for (number, subscriber) in subscribers.iter_mut().enumerate().rev() {
        let mut heard = subscriber.heard_to_the_end(&mut client);
        heard.retain(|line| line.starts_with("timeout:"));
        heard.sort();
        if number == 1 {
            assert_eq!(heard, expected);
        }
        expected.retain(|line| heard.contains(line));
        assert_eq!(heard, expected, "nobody twice, and nobody else");
    }
    for (server, run) in [&primary, &replica].into_iter().zip(&runs) {
        server.assert_sound(run);
    }
}
