//! A group of very many sessions ends by a drop or with its lease, while writes are paused, servers change their roles, and
//! servers are restarted or killed. In the end every session has ended, on the replica and in the logs as well, and each
//! member's `leave` was published once.
//!
//! What can be promised to whom: subscribers of a server that stays, or takes over, hear each member once. Those of one that
//! is killed may miss what was about to be sent to them, but do not hear it twice: the log is written before.
//!
//! `PRESENCE_CROWD` is how many sessions there are, 200,000 by default.

use std::env;
use std::time::{Duration, Instant};

use super::groups::dropping;
use crate::common::{
    Client, LIMIT, Server, Subscriber, encode, show, wait_caught_up_within, wait_until,
};

/// How long anything of a crowd may take, on whatever machine.
const LONG: Duration = Duration::from_secs(120);

/// Commands that are sent at once.
const TOGETHER: usize = 1000;

/// Every so many members one has another session, in no group, and stays online.
const STAYING: usize = 1000;

/// Holds a server's eviction, and with it everything here.
const PAUSE: &str = "CLIENT PAUSE 600000 WRITE";

/// What ends the sessions of the group.
#[derive(Clone, Copy, Debug)]
enum End {
    Drop,
    Lease,
}

/// A primary and its replica, which both keep a log, with a crowd of sessions in the group `gateway` of the key `room`.
/// Everybody who leaves is remembered. A server that was just started does not sweep, and one that does is paused and goes
/// on by steps, so no middle is missed on a busy machine.
struct Crowd {
    servers: [Server; 2],
    size: usize,
    /// How often each member's `leave` was heard.
    told: Vec<u8>,
}

impl Crowd {
    fn start() -> Self {
        let size = env::var("PRESENCE_CROWD");
        let size = size.map_or(200_000, |size| size.parse().expect("a number"));
        let builder = Server::builder()
            .arg("appendonly yes")
            .arg("client-output-buffer-limit pubsub 0 0 0")
            .arg("client-output-buffer-limit replica 0 0 0")
            .module_args("events l sweep-interval 60000");
        let primary = builder.clone().start();
        let replica = builder.start_replica_of(&primary);
        let mut client = primary.client();
        client.answer("PRESENCE.CONFIG room TTL 9000000 RETAIN 9000000");
        client.answer("PRESENCE.LEASE room gateway EX 9000");
        attach(&primary, size);
        for number in (0..size).step_by(STAYING) {
            let line = format!("PRESENCE.ATTACH room user:{number} other:{number}");
            assert_eq!(client.answer(&line), "0");
        }
        wait_caught_up_within(LONG, &primary, &replica);
        Self {
            servers: [primary, replica],
            size,
            told: vec![0; size],
        }
    }

    /// Has the primary begin, and pause.
    fn end(&self, how: End) {
        let primary = &self.servers[0];
        hold(primary);
        let mut client = primary.client();
        client.answer("CLIENT UNPAUSE");
        let line = match how {
            End::Drop => "PRESENCE.DROP room gateway",
            End::Lease => "PRESENCE.LEASE room gateway PX 1",
        };
        let answers = client.together(&[line, PAUSE]);
        let answer = match how {
            End::Drop => self.size.to_string(),
            End::Lease => "OK".into(),
        };
        assert_eq!(answers[0], answer);
    }

    /// Lets a primary go on by steps, until at most this part of the sessions is still to end, and some are.
    #[track_caller]
    fn go_on(&self, primary: usize, part: f64) {
        let most = (self.size as f64 * part) as usize;
        let mut client = self.servers[primary].client();
        wait_until(LONG, format!("{most} are still to end"), || {
            step(&mut client, PAUSE);
            receive_step(&mut client);
            (1..=most).contains(&dropping(&mut client, "room"))
        });
    }

    /// Counts what a subscriber has heard so far.
    #[track_caller]
    fn hear(&mut self, subscriber: &mut Subscriber) {
        for (channel, member) in subscriber.messages() {
            assert_eq!(channel, b"__presence@0__:leave:room");
            let name = String::from_utf8(member).expect("a name of ours");
            let number = name.strip_prefix("user:").map(str::parse::<usize>);
            self.told[number.expect("a name of ours").expect("a number")] += 1;
        }
    }

    /// How many are said to have left.
    fn told(&self) -> usize {
        self.told.iter().filter(|times| **times > 0).count()
    }

    /// How many leave.
    fn leaving(&self) -> usize {
        self.size - self.size.div_ceil(STAYING)
    }

    /// So many of those who left were told of, and nobody twice.
    #[track_caller]
    fn assert_told(&self, expected: usize) {
        let twice = self.told.iter().filter(|times| **times > 1).count();
        assert_eq!((self.told(), twice), (expected, 0));
        for number in (0..self.size).step_by(STAYING) {
            assert_eq!(self.told[number], 0, "user:{number} stays");
        }
    }

    /// All sessions have ended, and the replica and the logs of both have the same.
    #[track_caller]
    fn assert_ended(&self) {
        let [primary, replica] = &self.servers;
        let mut client = primary.client();
        assert_eq!(
            client.int(&["PRESENCE.COUNT", "room"]),
            (self.size - self.leaving()) as i64
        );
        assert_eq!(client.int(&["PRESENCE.DROP", "room", "gateway"]), 0);
        let last = self.size - 1;
        let beaten = client.answer(&format!(
            "PRESENCE.BEAT room SESSIONS 3 session:0 session:{last} other:0"
        ));
        assert_eq!(beaten, format!(r#"["session:0", "session:{last}"]"#));
        let digest = debug(&mut client, "DIGEST");
        wait_caught_up_within(LONG, primary, replica);
        for server in [replica, primary] {
            let mut client = server.client();
            assert_eq!(debug(&mut client, "DIGEST"), digest);
            assert_eq!(debug(&mut client, "LOADAOF"), "OK");
            assert_eq!(debug(&mut client, "DIGEST"), digest, "the log");
            server.assert_clean_log();
        }
    }
}

/// Attaches one session each of so many members to the group.
fn attach(server: &Server, size: usize) {
    let start = Instant::now();
    let mut connection = server.raw_connection();
    for first in (0..size).step_by(TOGETHER) {
        let numbers = first..size.min(first + TOGETHER);
        let mut commands = Vec::new();
        for number in numbers.clone() {
            let (member, session) = (format!("user:{number}"), format!("session:{number}"));
            commands.extend(encode(&[
                "PRESENCE.ATTACH",
                "room",
                &member,
                &session,
                "GROUP",
                "gateway",
            ]));
        }
        connection.send(&commands);
        numbers.for_each(|_| assert_eq!(connection.reply(), b":1\r\n"));
    }
    println!("{size} were attached in {:?}", start.elapsed());
}

/// Has a primary sweep that did not, but not before it goes on.
fn hold(server: &Server) {
    let mut client = server.client();
    client.answer(PAUSE);
    client.answer("CONFIG SET presence.sweep-interval 10");
}

/// Has the server itself go on for a moment, and then run a command, however late this process is.
fn step(client: &mut Client, command: &str) {
    client.send(&["CLIENT", "UNPAUSE"]);
    client.send(&["BLPOP", "nothing", "0.02"]);
    client.send(&command.split(' ').collect::<Vec<_>>());
}

/// Takes the answers to a step, of which the last is no error.
#[track_caller]
fn receive_step(client: &mut Client) {
    let answers = [(); 3].map(|()| client.receive(LIMIT));
    assert_eq!(show(&answers[2]), "OK");
}

/// The answer to a `DEBUG`, which takes its time with a crowd.
#[track_caller]
fn debug(client: &mut Client, what: &str) -> String {
    client.send(&["DEBUG", what]);
    show(&client.receive(LONG))
}

/// Waits until a replica follows again, which may have to load all of it.
#[track_caller]
fn wait_following(replica: &Server) {
    wait_until(LONG, "the replica's link is up", || {
        replica.info_field("replication", "master_link_status") == "up"
    });
}

fn listen(server: &Server) -> Subscriber {
    Subscriber::new(server.client3(), &["__presence@*"])
}

/// Lets a primary go on until no session of the group is to end any more.
#[track_caller]
fn wait_ended(server: &Server) {
    let start = Instant::now();
    let mut client = server.client();
    client.answer("CLIENT UNPAUSE");
    wait_until(LONG, "all have ended", || {
        dropping(&mut client, "room") == 0
    });
    println!("the others ended in {:?}", start.elapsed());
}

/// What a server holds in the middle of it.
#[derive(Debug, PartialEq, Eq)]
struct Middle {
    left: usize,
    online: usize,
    digest: String,
}

#[track_caller]
fn middle(client: &mut Client) -> Middle {
    Middle {
        left: dropping(client, "room"),
        online: client.int(&["PRESENCE.COUNT", "room"]) as usize,
        digest: debug(client, "DIGEST"),
    }
}

/// What a paused primary holds. The replica has the same.
#[track_caller]
fn paused(crowd: &Crowd) -> Middle {
    let [primary, replica] = &crowd.servers;
    let paused = middle(&mut primary.client());
    wait_caught_up_within(LONG, primary, replica);
    assert_eq!(middle(&mut replica.client()), paused);
    assert_eq!(dropping(&mut primary.client(), "room"), paused.left);
    paused
}

fn through_a_pause(end: End) {
    let mut crowd = Crowd::start();
    let [mut ours, mut theirs] = [0, 1].map(|server| listen(&crowd.servers[server]));
    crowd.end(end);
    crowd.go_on(0, 0.7);
    let paused = paused(&crowd);
    crowd.hear(&mut theirs);
    crowd.assert_told(crowd.size - paused.online);
    println!("{end:?}: a pause with {} to end", paused.left);
    wait_ended(&crowd.servers[0]);
    wait_caught_up_within(LONG, &crowd.servers[0], &crowd.servers[1]);
    crowd.hear(&mut theirs);
    crowd.assert_told(crowd.leaving());
    crowd.told.fill(0);
    crowd.hear(&mut ours);
    crowd.assert_told(crowd.leaving());
    crowd.assert_ended();
}

/// By a failover as it is planned, and then back by one that the other server is not asked about, and has gone on after.
fn through_failovers(end: End) {
    let mut crowd = Crowd::start();
    let mut subscriber = listen(&crowd.servers[0]);
    let [mut first, mut second] = [0, 1].map(|server| crowd.servers[server].client());
    crowd.end(end);
    crowd.go_on(0, 0.7);
    step(&mut first, "FAILOVER");
    receive_step(&mut first);
    let role = |server: usize| crowd.servers[server].info_field("replication", "role");
    wait_until(LONG, "they have changed their roles", || {
        [role(0), role(1)] == ["slave", "master"]
    });
    let left = dropping(&mut second, "room");
    println!("{end:?}: a failover with {left} to end");
    hold(&crowd.servers[1]);
    crowd.go_on(1, 0.3);
    first.answer("CONFIG SET presence.sweep-interval 60000");
    first.answer("REPLICAOF NO ONE");
    let left = dropping(&mut first, "room");
    println!("{end:?}: a promotion with {left} to end");
    hold(&crowd.servers[0]);
    let follow = format!("REPLICAOF 127.0.0.1 {}", crowd.servers[0].port());
    step(&mut second, &follow);
    receive_step(&mut second);
    wait_ended(&crowd.servers[0]);
    wait_following(&crowd.servers[1]);
    crowd.hear(&mut subscriber);
    crowd.assert_told(crowd.leaving());
    crowd.assert_ended();
}

/// By one in a pause, when all is heard that was to be, and by one in the middle of a bite.
fn through_restarts(end: End) {
    let mut crowd = Crowd::start();
    let mut subscriber = listen(&crowd.servers[0]);
    crowd.end(end);
    crowd.go_on(0, 0.7);
    let paused = paused(&crowd);
    crowd.hear(&mut subscriber);
    println!("{end:?}: a restart with {} to end", paused.left);
    crowd.servers[0].restart();
    assert_eq!(middle(&mut crowd.servers[0].client()), paused);

    hold(&crowd.servers[0]);
    subscriber = listen(&crowd.servers[0]);
    crowd.go_on(0, 0.3);
    let [mut client, mut other] = [(); 2].map(|()| crowd.servers[0].client());
    let left = dropping(&mut other, "room");
    crowd.hear(&mut subscriber);
    step(&mut client, PAUSE);
    wait_until(LONG, "it goes on", || dropping(&mut other, "room") < left);
    crowd.hear(&mut subscriber);
    let told = crowd.told();
    crowd.servers[0].kill9();
    crowd.servers[0].start_again();

    let mut client = crowd.servers[0].client();
    println!(
        "{end:?}: killed with {} to end",
        dropping(&mut client, "room")
    );
    // Whoever is online now is told of once, and of the others nobody again.
    let online = client.int(&["PRESENCE.COUNT", "room"]) as usize;
    let to_leave = online - (crowd.size - crowd.leaving());
    assert!(to_leave > 0, "nothing is left to go on with");
    subscriber = listen(&crowd.servers[0]);
    hold(&crowd.servers[0]);
    wait_ended(&crowd.servers[0]);
    crowd.hear(&mut subscriber);
    crowd.assert_told(told + to_leave);
    wait_following(&crowd.servers[1]);
    crowd.assert_ended();
}

#[test]
fn a_crowd_that_is_dropped_ends_through_a_pause() {
    through_a_pause(End::Drop);
}

#[test]
fn a_crowd_whose_lease_is_over_ends_through_a_pause() {
    through_a_pause(End::Lease);
}

#[test]
fn a_crowd_that_is_dropped_ends_through_failovers() {
    through_failovers(End::Drop);
}

#[test]
fn a_crowd_whose_lease_is_over_ends_through_failovers() {
    through_failovers(End::Lease);
}

#[test]
fn a_crowd_that_is_dropped_ends_through_restarts() {
    through_restarts(End::Drop);
}

#[test]
fn a_crowd_whose_lease_is_over_ends_through_restarts() {
    through_restarts(End::Lease);
}
