//! Touches and imports of any mixture of ttls leave the same state wherever they are replayed: on a replica, from a log as
//! it was written, and from one that was rewritten in either form. Logs and streams of earlier versions do, too.

mod primary;

use crate::common::{Client, LIMIT, Random, Server, touchex, wait_caught_up, wait_until};

/// What an earlier version has written of one key, `room`, in which all happens on 1 January 2100.
struct Earlier {
    /// What it replicated and logged, command by command.
    stream: &'static [u8],
    /// The log when it was rewritten then.
    rewritten: &'static [u8],
    /// The key's dump at the end.
    dump: &'static [u8],
    peak: i64,
}

const EARLIER: [Earlier; 2] = [
    // Before imports said that they raise no peak: each touch is judged at its own time, and `SETMAX` follows.
    Earlier {
        stream: include_bytes!("golden/v1-stream.aof"),
        rewritten: include_bytes!("golden/v1-rewritten.aof"),
        dump: include_bytes!("golden/v1-replayed.dump"),
        peak: 59,
    },
    // Before touches were packed: each is a `TOUCHEX` with its ttl and its time.
    Earlier {
        stream: include_bytes!("golden/touchex-stream.aof"),
        rewritten: include_bytes!("golden/touchex-rewritten.aof"),
        dump: include_bytes!("golden/touchex-replayed.dump"),
        peak: 45,
    },
];

/// The key holds what it held where it was written.
fn assert_replayed(client: &mut Client, earlier: &Earlier) {
    client.cmd(&args!["RESTORE", "expected", 0, earlier.dump]);
    let digests = client.strings(&["DEBUG", "DIGEST-VALUE", "room", "expected"]);
    assert_eq!(digests[0], digests[1]);
    assert_eq!(client.ints(&["PRESENCE.MAX", "room"])[0], earlier.peak);
}

#[test]
fn logs_of_earlier_versions_are_understood() {
    for earlier in &EARLIER {
        for log in [earlier.stream, earlier.rewritten] {
            let server = Server::builder().start_replaying(log);
            assert_replayed(&mut server.client(), earlier);
        }
    }
}

#[test]
fn a_replica_understands_a_primary_of_an_earlier_version() {
    for earlier in &EARLIER {
        let replica = Server::builder()
            .module_args("sweep-interval 60000")
            .start();
        let mut client = replica.client();
        let primary = primary::streaming(&mut client, earlier.stream);
        wait_until(LIMIT, "the stream has been read", || {
            replica.info_field("replication", "slave_repl_offset") == primary.end().to_string()
        });
        client.cmd(&["REPLICAOF", "NO", "ONE"]);
        assert_replayed(&mut client, earlier);
    }
}

/// A peak as a client of an earlier version could set it.
const EARLY_PEAK: &[u8] = b"*4\r\n$15\r\nPRESENCE.SETMAX\r\n$4\r\nroom\r\n$1\r\n7\r\n$2\r\n42\r\n";

#[test]
fn what_happened_before_1973_is_replayed() {
    let server = Server::builder().start_replaying(EARLY_PEAK);
    assert_eq!(server.client().ints(&["PRESENCE.MAX", "room"]), [7, 42]);

    // On a machine whose clock starts in 1970 everything does.
    let mut primary = Server::builder()
        .arg("appendonly yes")
        .clock("-20000d")
        .start();
    let replica = Server::start_replica_of(&primary);
    let mut client = primary.client();
    assert!(client.now_ms() < 100_000_000_000);
    client.dialog(&[
        ("PRESENCE.CONFIG room RETAIN 315360000000", "OK"),
        ("PRESENCE.TOUCH room ann bob cid", "3"),
        ("PRESENCE.LEAVE room ann", "1"),
        ("PRESENCE.SETMAX room 0 0", "OK"),
    ]);
    let digest = client.digest();
    assert_eq!(client.ints(&["PRESENCE.MAX", "room"])[0], 2);
    wait_caught_up(&primary, &replica);
    assert_eq!(replica.client().digest(), digest, "the replica");
    primary.kill9();
    primary.start_again();
    assert_eq!(primary.client().digest(), digest, "the log");
}

/// A primary that keeps a log, with or without a preamble where it is rewritten, and its replica. Nothing is evicted.
fn pair(preamble: &str) -> (Server, Server) {
    let patient = || Server::builder().module_args("sweep-interval 60000");
    let primary = patient()
        .arg("appendonly yes")
        .arg(&format!("aof-use-rdb-preamble {preamble}"))
        .start();
    let replica = patient().start_replica_of(&primary);
    (primary, replica)
}

const MEMBERS: u64 = 3_000;
const COMMANDS: usize = 12_000;

/// Touches, imports and a few leaves in turn, nearly each touch with a ttl of its own; nobody's time is up meanwhile.
fn write(client: &mut Client, random: &mut Random) {
    let now = client.now_ms();
    for _ in 0..COMMANDS {
        let member = [format!("user:{}", random.below(MEMBERS))];
        let ttl = 600_000 + random.below(5_000) as i64;
        let ago = random.below(500_000) as i64;
        client.send(&match random.below(100) {
            0..48 => touchex("room", ttl, None, member),
            48..96 => touchex("room", ttl, now - ago, member),
            96..99 => args!["PRESENCE.LEAVE", "room", &member[0]].to_vec(),
            _ => args!["PRESENCE.SETMAX", "room", 0, 0].to_vec(),
        });
    }
    for _ in 0..COMMANDS {
        let reply = client.receive(LIMIT);
        assert!(!matches!(reply, redis::Value::ServerError(_)), "{reply:?}");
    }
}

#[test]
fn thousands_of_ttls_replay_alike() {
    for preamble in ["yes", "no"] {
        let (mut primary, replica) = pair(preamble);
        let mut client = primary.client();
        client.cmd(&["PRESENCE.CONFIG", "room", "RETAIN", "600000"]);
        write(&mut client, &mut Random::new());
        let digest = client.digest();
        wait_caught_up(&primary, &replica);
        assert_eq!(replica.client().digest(), digest, "the replica");
        primary.kill9();
        primary.start_again();
        assert_eq!(primary.client().digest(), digest, "the log as written");
        primary.rewrite_log();
        primary.kill9();
        primary.start_again();
        assert_eq!(primary.client().digest(), digest, "the log rewritten");
    }
}

/// Most of them come in the same ms as the one before, and are replicated without a time of their own.
#[test]
fn touches_in_a_hurry_replay_alike() {
    for retain in [0, 600_000] {
        let (mut primary, replica) = pair("yes");
        let mut client = primary.client();
        client.cmd(&args!["PRESENCE.CONFIG", "room", "RETAIN", retain]);
        let mut random = Random::new();
        for _ in 0..COMMANDS {
            let mut member = || format!("user:{}", random.below(MEMBERS));
            let (one, two) = (member(), member());
            let line = match random.below(100) {
                0..90 => format!("TOUCH room {one}"),
                90..94 => format!("TOUCH room {one} {two}"),
                94..97 => format!("LEAVE room {one}"),
                _ => format!("FORGET room {one}"),
            };
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            client.send(&[vec![format!("PRESENCE.{}", words[0])], words[1..].to_vec()].concat());
        }
        for _ in 0..COMMANDS {
            let reply = client.receive(LIMIT);
            assert!(matches!(reply, redis::Value::Int(_)), "{reply:?}");
        }
        let digest = client.digest();
        wait_caught_up(&primary, &replica);
        assert_eq!(replica.client().digest(), digest, "the replica");
        let log = primary.aof();
        for form in ["PRESENCE.T ", "PRESENCE.TOUCH "] {
            let count = log.iter().filter(|line| line.starts_with(form)).count();
            assert!(count > COMMANDS / 100, "{count} times {form}");
        }
        primary.kill9();
        primary.start_again();
        let mut client = primary.client();
        assert_eq!(client.digest(), digest, "the log as written");
        // Not only at the start: a server that has run commands of clients takes those of a log for what they are.
        client.cmd(&["PRESENCE.TOUCH", "room", "ann"]);
        let digest = client.digest();
        client.cmd(&["DEBUG", "LOADAOF"]);
        assert_eq!(
            client.digest(),
            digest,
            "the log, loaded by a running server"
        );
        assert!(!primary.log().contains("is for replication only"));
    }
}
