//! Touches and imports of any mixture of ttls leave the same state wherever they are replayed: on a replica, from a log as
//! it was written, and from one that was rewritten in either form. Logs of an earlier version do, too.

use crate::common::{Client, LIMIT, Random, Server, touchex, wait_caught_up};

/// What one key holds after `STREAM` was written: its dump by the version that wrote the logs.
const DUMP: &[u8] = include_bytes!("golden/v1-replayed.dump");
/// Touches, imports, leaves and peaks, as replicated before imports said that they raise no peak: each touch is judged
/// at its own time, and `SETMAX` follows. All of it happens on 1 January 2100.
const STREAM: &[u8] = include_bytes!("golden/v1-stream.aof");
/// The same key in a log that the same version has rewritten.
const REWRITTEN: &[u8] = include_bytes!("golden/v1-rewritten.aof");

#[test]
fn logs_of_the_first_version_are_understood() {
    for log in [STREAM, REWRITTEN] {
        let server = Server::builder().start_replaying(log);
        let mut client = server.client();
        client.cmd(&args!["RESTORE", "expected", 0, DUMP]);
        let digests = client.strings(&["DEBUG", "DIGEST-VALUE", "room", "expected"]);
        assert_eq!(digests[0], digests[1]);
        assert_eq!(client.ints(&["PRESENCE.MAX", "room"])[0], 59);
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
        let mut primary = Server::builder()
            .arg("appendonly yes")
            .arg(&format!("aof-use-rdb-preamble {preamble}"))
            .module_args("sweep-interval 60000")
            .start();
        let replica = Server::builder()
            .module_args("sweep-interval 60000")
            .start_replica_of(&primary);
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
