//! A dump with sessions, groups and metadata as version 1 of the encoding wrote it first. It is never to be written again.

use redis::Value;

use super::payload::{Payload, leb};
use super::{THEN, digest, dump};
use crate::common::{Client, Server, encode};

const GOLDEN: &[u8] = include_bytes!("../golden/v1-sessions.dump");

const MINUTE: u64 = 60_000;

/// More sessions of one member than end at once, and than stand in one part of a group.
const CROWD: usize = 1001;

/// A change of sessions as a log has it, at `after` ms from [`THEN`].
fn change(kind: &str, after: u64, ttl: u64, names: &[&str]) -> Vec<u8> {
    let mut packed = [leb(THEN + after), leb(ttl << 1)].concat();
    for name in names {
        packed.extend(leb(name.len() as u64));
        packed.extend(name.as_bytes());
    }
    encode(&args!["PRESENCE.S", "made", kind, packed])
}

/// A command of words, of which two spaces make an empty one.
fn command(line: &str) -> Vec<u8> {
    encode(&line.split(' ').collect::<Vec<_>>())
}

/// The log that the key of the golden dump is made from.
fn making() -> Vec<u8> {
    let attach = |after, ttl, names: &[&str]| change("A", after, ttl, names);
    let mut log = vec![
        command(
            "PRESENCE.CONFIG made TTL 60000 RETAIN 315360000000 LINGER 600000 RESOLUTION 10000 CAP 5000 AT 4102444800000",
        ),
        command("PRESENCE.TOUCHEX made PX 70000 AT 4102444800000 MEMBERS 2 touched plain"),
        // A member, a session, its group or an empty name, and metadata.
        attach(1, MINUTE, &["sole", "phone", ""]),
        attach(
            1,
            5 * MINUTE,
            &["sole-with-all", "1", "leased", "k\u{e4}se\r\n\0"],
        ),
        attach(2, MINUTE, &["several", "laptop", "gateway:1"]),
        attach(
            3,
            2 * MINUTE,
            &[
                "several",
                "0b5e55ed-1234-4000-8000-00c0ffee0000",
                "leased",
                "ios",
            ],
        ),
        attach(3, 100, &["several", "over-soon", ""]),
        attach(4, MINUTE, &["touched", "18446744073709551616", "gateway:1"]),
        attach(5, MINUTE, &["dropped", "old:1", "old"]),
        attach(5, MINUTE, &["dropped", "old:2", "old", "to end"]),
        attach(5, MINUTE, &["dropped", "old:3", "old"]),
        attach(6, MINUTE, &["dropped", "older:1", "older"]),
        change("B", 7, MINUTE, &["phone", "laptop"]),
        change("D", 8, 30_000, &["phone"]),
    ];
    for number in 0..CROWD {
        let id = number.to_string();
        log.push(attach(
            9,
            9 * MINUTE,
            &["left", &format!("tab:{id}"), "tabs"],
        ));
    }
    log.extend([
        change("L", 10, 3 * MINUTE, &["leased", "without-sessions"]),
        change("X", 11, 1, &["old"]),
        change("X", 12, 0, &["older"]),
        command("PRESENCE.TOUCHEX made PX 0 AT 4102444800013 MEMBERS 1 left"),
        command("PRESENCE.SETMETA made several away"),
        command("PRESENCE.SETMETA made left gone"),
        command("PRESENCE.SETMETA made several android SESSION laptop"),
        command("PRESENCE.SETMAX made 1234567 4102444799999"),
    ]);
    log.concat()
}

/// The answers of one client about two keys, which have to be equal, or about both at one instant.
struct Pair {
    client: Client,
}

impl Pair {
    /// Gives the answer of both to a command, `KEY` standing for each.
    #[track_caller]
    fn answer(&mut self, line: &str) -> String {
        let [golden, made] = ["golden", "made"].map(|key| line.replace("KEY", key));
        let answers = self.client.together(&[&golden, &made]);
        assert_eq!(answers[0], answers[1], "{line}");
        answers[0].clone()
    }

    #[track_caller]
    fn assert_same(&mut self, when: &str) {
        let digests = ["golden", "made"].map(|key| digest(&mut self.client, key));
        assert_eq!(digests[0], digests[1], "{when}");
    }
}

/// The ids of the sessions that are answered, the one seen last first.
fn ids(sessions: &str) -> Vec<&str> {
    let after = sessions.split(r#"["session", ""#).skip(1);
    after
        .map(|rest| rest.split('"').next().unwrap_or_default())
        .collect()
}

#[test]
fn the_golden_dump_with_sessions_has_them() {
    let server = Server::builder().start_replaying(&making());
    let mut client = server.client();
    assert_eq!(Payload::new(GOLDEN).version(), 1);
    client.cmd(&args!["RESTORE", "golden", 0, GOLDEN]);
    assert_eq!(dump(&mut client, "golden"), dump(&mut client, "made"));
    let info = client.fields(&["PRESENCE.INFO", "golden"]);
    let fields = ["resolution", "cap", "dropping", "online", "peak"];
    let expected = [10_000, 5000, 3, 6, 1_234_567];
    for (field, number) in fields.into_iter().zip(expected) {
        assert_eq!(info[field], Value::Int(number), "{field}");
    }
    let mut pair = Pair { client };
    pair.assert_same("as it was restored");
    let several = pair.answer("PRESENCE.SESSIONS KEY several");
    let uuid = "0b5e55ed-1234-4000-8000-00c0ffee0000";
    assert_eq!(ids(&several), ["laptop", uuid, "over-soon"]);
    for part in [
        "\"group\", \"gateway:1\", \"meta\", \"android\"",
        "\"leased\", \"meta\", \"ios\"",
    ] {
        assert!(several.contains(part), "{several}");
    }
    let dropped = pair.answer("PRESENCE.SESSIONS KEY dropped");
    assert_eq!(ids(&dropped), ["older:1", "old:2", "old:3"]);
    assert_eq!(
        pair.answer("PRESENCE.META KEY several left sole"),
        r#"["away", "gone", nil]"#
    );
    for member in ["sole", "sole-with-all", "touched", "plain", "left"] {
        pair.answer(&format!("PRESENCE.SESSIONS KEY {member}"));
    }
    pair.answer("PRESENCE.LIST KEY WITHSEEN WITHTTL WITHMETA");
}

/// What happens to it afterwards happens as it would have then.
#[test]
fn a_golden_dump_with_sessions_goes_on() {
    let server = Server::builder().start_replaying(&making());
    let mut client = server.client();
    client.cmd(&args!["RESTORE", "golden", 0, GOLDEN]);
    let mut pair = Pair { client };
    for (line, answer) in [
        ("PRESENCE.DETACH KEY SESSIONS 2 laptop phone", "1"),
        // It is found by its group, and so are those that were dropped, whose turn comes first.
        ("PRESENCE.DROP KEY leased gateway:1", "3"),
        ("PRESENCE.COUNT KEY", "3"),
        (
            "PRESENCE.BEAT KEY SESSIONS 2 old:2 over-soon",
            r#"["old:2"]"#,
        ),
        ("PRESENCE.LEASE KEY without-sessions EX 5", "OK"),
        ("PRESENCE.ATTACH KEY left tab:1", "1"),
        ("PRESENCE.DROP KEY tabs", "1000"),
        ("PRESENCE.LIST KEY WITHMETA", ""),
    ] {
        let answered = pair.answer(line);
        assert!(
            answer.is_empty() || answered == answer,
            "{line}: {answered}"
        );
        pair.assert_same(line);
    }
    server.assert_clean_log();
}
