//! Dumps that are cut short, altered or made up, each with the right checksum: refused as Redis refuses one, with nothing
//! changed, or taken where what they say happens to be valid, and then a key that works.

use std::fs;

use super::payload::{
    MAX_DURATION, Payload, group, leb, member, string, string_claiming, unsigned,
};
use super::{THEN, dump, offer, server_with_old};
use crate::common::{Client, LIMIT, Server, wait_until};

/// The most memory that the process has ever had, in KiB.
fn peak_memory(server: &Server) -> u64 {
    let path = format!("/proc/{}/status", server.pid());
    let status = fs::read_to_string(path).expect("a process");
    let mut lines = status.lines();
    let peak = lines.find_map(|line| line.strip_prefix("VmHWM:"));
    let digits = peak.expect("a peak").trim().trim_end_matches(" kB");
    digits.parse().expect("a number")
}

/// Whatever was offered, the server has not run out of bounds.
fn assert_unharmed(server: &Server, run_id: &str, memory: u64) {
    server.assert_sound(run_id);
    assert!(!server.log().contains("panicked"));
    let peak = peak_memory(server);
    assert!(
        peak < memory + 50_000,
        "{memory} KiB before, {peak} KiB at the most"
    );
}

#[test]
fn a_dump_cut_short_is_refused() {
    let (server, mut client, payload) = server_with_old();
    let (run_id, memory) = (server.run_id(), peak_memory(&server));
    let whole = payload.body.len();
    for length in 1..whole {
        let mut cut = payload.clone();
        cut.body.truncate(length);
        let taken = offer(&mut client, &cut, &format!("cut to {length}"));
        // Where the last time and the end mark are missing, the footer's RDB version stands for them: a number and a
        // zero. Nobody can tell.
        assert!(!taken || length == whole - 2, "cut to {length} of {whole}");
    }
    assert_unharmed(&server, &run_id, memory);
}

/// The type of the value, the first byte, is left: with another it is none of the module's dumps.
fn alter(payload: &Payload, server: &Server, client: &mut Client) {
    let (run_id, memory) = (server.run_id(), peak_memory(server));
    let (mut taken, mut refused) = (0, 0);
    for position in 1..payload.body.len() {
        for change in [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff] {
            let mut altered = payload.clone();
            altered.body[position] ^= change;
            match offer(client, &altered, &format!("{change:#x} at {position}")) {
                true => taken += 1,
                false => refused += 1,
            }
        }
    }
    assert!(
        taken > 100 && refused > 100,
        "{taken} taken, {refused} refused"
    );
    assert_unharmed(server, &run_id, memory);
}

#[test]
fn an_altered_dump_is_refused_or_works() {
    let (server, mut client, payload) = server_with_old();
    alter(&payload, &server, &mut client);
}

#[test]
fn an_altered_dump_that_is_compressed_is_refused_or_works() {
    let (server, mut client, _) = server_with_old();
    client.cmd(&["CONFIG", "SET", "rdbcompression", "yes"]);
    client.cmd(&["PRESENCE.TOUCH", "old", &"y".repeat(1000)]);
    let payload = Payload::new(&dump(&mut client, "old"));
    assert!(payload.body.len() < 900, "it is not compressed");
    alter(&payload, &server, &mut client);
}

#[test]
fn a_dump_made_up_is_refused() {
    let (server, mut client, payload) = server_with_old();
    let (run_id, memory) = (server.run_id(), peak_memory(&server));
    let numbers = |numbers: [u64; 7]| numbers.map(unsigned).to_vec();
    let good = [60_000, 0, 0, 1, THEN, THEN, 1];
    let ann = [group(60_000, THEN), member("ann", 0)].concat();
    let make = |numbers: Vec<Vec<u8>>, blocks: &[Vec<u8>]| {
        payload.with(&[numbers, blocks.to_vec()].concat())
    };
    assert!(offer(
        &mut client,
        &make(numbers(good), &[string(&ann)]),
        "a good one"
    ));

    let max = u64::MAX;
    for (index, number) in [
        (0, 0),
        (0, MAX_DURATION + 1),
        (0, max),
        (1, MAX_DURATION + 1),
        (1, max),
        (2, MAX_DURATION + 2),
        (2, max),
        (3, 1 << 63),
        (3, max),
        (4, 1 << 47),
        (4, max),
        (5, 1 << 49),
        (5, max),
        (6, 0),
        (6, 2),
        (6, 1_000_000),
        (6, u64::from(u32::MAX)),
        (6, 1 << 32),
        (6, max),
    ] {
        let mut numbers_now = good;
        numbers_now[index] = number;
        let bad = make(numbers(numbers_now), &[string(&ann)]);
        let what = format!("number {index} is {number}");
        assert!(!offer(&mut client, &bad, &what), "{what}");
    }

    let long = |length: u64| {
        [
            group(1, THEN),
            vec![18],
            leb(length),
            vec![b'x'; length as usize],
            leb(0),
        ]
        .concat()
    };
    let mut blocks = vec![
        ("no block", vec![]),
        ("an empty block", vec![string(b"")]),
        (
            "an empty block and the members",
            vec![string(b""), string(&ann)],
        ),
        ("empty blocks for ever", vec![string(b""); 1000]),
        ("a number for a block", vec![unsigned(1)]),
        (
            "two members and one counted",
            vec![string(&[&ann[..], &member("bob", 0)].concat())],
        ),
        ("a member twice", vec![string(&ann), string(&ann)]),
        ("no group", vec![string(&member("ann", 0))]),
        ("a group and no member", vec![string(&group(1, THEN))]),
        (
            "a ttl too long",
            vec![string(
                &[group(MAX_DURATION + 1, THEN), member("ann", 0)].concat(),
            )],
        ),
        (
            "a time too late",
            vec![string(&[group(1, 1 << 47), member("ann", 0)].concat())],
        ),
        (
            "a time that grows too late",
            vec![string(
                &[group(1, THEN), member("ann", (1 << 47) - 1)].concat(),
            )],
        ),
        (
            "a time that overflows",
            vec![string(&[group(1, THEN), member("ann", max)].concat())],
        ),
        (
            "a number of eleven bytes",
            vec![string(&[vec![19], vec![0xff; 10], vec![1]].concat())],
        ),
        ("a name too long", vec![string(&long(65_536))]),
        (
            "a block too long",
            vec![string(&[long(65_535), long(65_535)].concat())],
        ),
    ];
    for claimed in [ann.len() as u64 + 1, 1 << 20, 1 << 31, 1 << 40, max] {
        blocks.push((
            "a block that claims to be longer",
            vec![string_claiming(claimed, &ann)],
        ));
    }
    for form in 20..=255 {
        blocks.push((
            "an unknown form",
            vec![string(&[group(1, THEN), vec![form; 40]].concat())],
        ));
    }
    for (what, blocks) in blocks {
        assert!(
            !offer(&mut client, &make(numbers(good), &blocks), what),
            "{what}"
        );
    }
    let mut two = good;
    two[6] = 2;
    let both_forms = [group(1, THEN), vec![16, 42, 0], member("42", 0)].concat();
    for (what, block) in [
        ("a member twice", [&ann[..], &ann].concat()),
        ("one number in two forms", both_forms),
    ] {
        assert!(
            !offer(&mut client, &make(numbers(two), &[string(&block)]), what),
            "{what}"
        );
    }
    assert_unharmed(&server, &run_id, memory);
}

/// Beside the time since when there are no members: fields follow.
const FIELDS: u64 = 1 << 63;

#[test]
fn fields_made_up_are_refused() {
    let (server, mut client, payload) = server_with_old();
    let (run_id, memory) = (server.run_id(), peak_memory(&server));
    let ann = string(&[group(60_000, THEN), member("ann", 0)].concat());
    let make = |fields: &[Vec<u8>]| {
        let numbers = [60_000, 0, 0, 1, THEN, FIELDS, 1].map(unsigned);
        payload.with(&[&numbers[..], std::slice::from_ref(&ann), fields].concat())
    };
    let resolution = |ms: u64| vec![unsigned(1), string(&leb(ms))];
    let end = || vec![unsigned(0)];
    for good in [
        end(),
        [resolution(1), end()].concat(),
        [resolution(30_000), end()].concat(),
        [vec![unsigned(2), string(&leb(7))], end()].concat(),
        [vec![unsigned(3), string(b"\x03ann\x01x")], end()].concat(),
        [
            resolution(1),
            vec![unsigned(2), string(&leb(u32::MAX.into()))],
            end(),
        ]
        .concat(),
    ] {
        assert!(offer(&mut client, &make(&good), "a good one"));
    }
    let more = |bytes: &[u8]| vec![unsigned(1), string(bytes)];
    let meta = |bytes: &[u8]| vec![unsigned(3), string(bytes)];
    for (what, fields) in [
        ("more than half of the ttl", resolution(30_001)),
        ("the largest number", resolution(u64::MAX)),
        ("none, which is not written", resolution(0)),
        ("two of them", [resolution(5), resolution(5)].concat()),
        ("nothing in it", more(b"")),
        ("half a number", more(&[0xff])),
        ("a number of eleven bytes", more(&[0xff; 11])),
        ("more than a number", more(&[5, 5])),
        ("a megabyte", more(&vec![0x80; 1 << 20])),
        ("a number for the content", vec![unsigned(1), unsigned(5)]),
        ("a string for the tag", vec![string(b"1"), string(&leb(5))]),
        (
            "a content that claims to be longer",
            vec![unsigned(1), string_claiming(1 << 40, &leb(5))],
        ),
        ("a cap of nothing", vec![unsigned(2), string(b"")]),
        ("a cap of none", vec![unsigned(2), string(&leb(0))]),
        ("too large a cap", vec![unsigned(2), string(&leb(1 << 32))]),
        ("metadata of nobody", meta(&[3, b'b', b'o', b'b', 1, b'x'])),
        ("metadata that is empty", meta(&[3, b'a', b'n', b'n', 0])),
        (
            "metadata that comes twice",
            meta(&[3, b'a', b'n', b'n', 1, b'x'].repeat(2)),
        ),
        (
            "metadata that is cut short",
            meta(&[3, b'a', b'n', b'n', 5, b'x']),
        ),
        ("metadata without a name", meta(&[0, 1, b'x'])),
        (
            "metadata that is too long",
            meta(
                &[
                    &[3, b'a', b'n', b'n'][..],
                    &leb(65_536),
                    &vec![b'x'; 65_536],
                ]
                .concat(),
            ),
        ),
        ("a tag of a newer version", vec![unsigned(6), string(b"")]),
        (
            "the largest tag",
            [resolution(5), vec![unsigned(u64::MAX), string(b"")]].concat(),
        ),
    ] {
        let bad = make(&[fields, end()].concat());
        assert!(!offer(&mut client, &bad, what), "{what}");
    }
    assert!(!offer(&mut client, &make(&resolution(5)), "no end"));
    server.wait_log("a dump has a field of a newer version (tag 6), and was refused");
    assert_unharmed(&server, &run_id, memory);
}

#[test]
fn an_altered_dump_with_a_field_is_refused_or_works() {
    let (server, mut client, _) = server_with_old();
    client.answer("PRESENCE.CONFIG old RESOLUTION 43200000");
    let payload = Payload::new(&dump(&mut client, "old"));
    alter(&payload, &server, &mut client);
}

/// What is due when no clock comes is kept, and the eviction goes on beside it.
#[test]
fn a_member_from_the_end_of_time_is_no_work() {
    const END: u64 = (1 << 47) - 1;
    let server = Server::start();
    let mut client = server.client();
    client.cmd(&["PRESENCE.TOUCH", "old", "any"]);
    let payload = Payload::new(&dump(&mut client, "old"));
    let numbers = [60_000, 0, 0, 1, END, END << 1, 1].map(unsigned).to_vec();
    let block = [group(MAX_DURATION, END), member("last", 0)].concat();
    let last = payload.with(&[numbers, vec![string(&block)]].concat());
    client.cmd(&args!["RESTORE", "end", 0, last.dump()]);
    client.cmd(&["COPY", "end", "copy"]);
    client.cmd(&["RENAME", "copy", "renamed"]);
    for key in ["end", "renamed"] {
        assert_eq!(client.ints(&["PRESENCE.SEEN", key, "last"]), [END as i64]);
        let watched = client.int(&["MEMORY", "USAGE", key]);
        for round in 0..20 {
            let evicted = server.presence("evicted");
            client.touchex(key, 1, None, ["ann"]);
            wait_until(LIMIT, format!("ann is evicted from {key}, {round}"), || {
                server.presence("evicted") == evicted + 1
            });
        }
        assert_eq!(client.int(&["MEMORY", "USAGE", key]), watched);
        assert_eq!(client.strings(&["PRESENCE.LIST", key]), ["last"]);
        assert_eq!(client.int(&["PRESENCE.COUNT", key]), 1);
    }
    // Nothing is due, so nothing is swept.
    let sweeps = server.presence("sweeps");
    let runs = |server: &Server| server.presence("sweeps");
    client.touchex("other", 1, None, ["bob"]);
    wait_until(LIMIT, "bob is evicted", || runs(&server) > sweeps);
    assert_eq!(runs(&server), sweeps + 1);
    // And where such a time is the key's own: the linger of one that has been empty since then.
    let numbers = [60_000, 0, MAX_DURATION + 1, 0, 0, END << 1, 0].map(unsigned);
    let empty = payload.with(&numbers);
    client.cmd(&args!["RESTORE", "empty", 0, empty.dump()]);
    assert_eq!(client.int(&["PRESENCE.TOUCH", "empty", "ann"]), 1);
    assert_eq!(client.int(&["PRESENCE.LEAVE", "empty", "ann"]), 1);
    assert_eq!(client.int(&["EXISTS", "empty"]), 1);
    server.assert_clean_log();
}

#[test]
fn sessions_and_groups_made_up_are_refused() {
    let (server, mut client, payload) = server_with_old();
    let (run_id, memory) = (server.run_id(), peak_memory(&server));
    let ann = string(&[group(60_000, THEN), member("ann", 0)].concat());
    let make = |fields: &[Vec<u8>]| {
        let numbers = [60_000, 0, 0, 1, THEN, FIELDS, 1].map(unsigned);
        let fields = [fields, &[unsigned(0)]].concat();
        payload.with(&[&numbers[..], std::slice::from_ref(&ann), &fields].concat())
    };
    let text = |text: &str| [&[text.len() as u8], text.as_bytes()].concat();
    let session = |flags: u8, member: &str, id: &str, ttl: u64| {
        [vec![flags], text(member), text(id), leb(THEN), leb(ttl)].concat()
    };
    let joint = |flags: u8, id: &str| [vec![flags], text("ann"), text(id)].concat();
    let sessions = |sessions: &[Vec<u8>]| vec![unsigned(4), string(&sessions.concat())];
    let phone = || sessions(&[session(0, "ann", "phone", 60_000)]);
    let groups = |bytes: &[u8]| [phone(), vec![unsigned(5), string(bytes)]].concat();
    for good in [
        phone(),
        sessions(&[
            session(0, "ann", "phone", 5),
            session(2, "ann", "tab", 7),
            leb(THEN),
            leb(60_000),
        ]),
        sessions(&[session(4, "ann", "phone", 5), text("blob")]),
        sessions(&[session(1, "", "phone", 5)]),
        sessions(&[joint(8, "phone")]),
        sessions(&[joint(12, "phone"), text("blob")]),
        groups(b"\x00\x02g1\x01\x05phone"),
        groups(b"\x02\x02g1\x63\x00"),
        groups(b"\x01\x00\x01\x05phone"),
    ] {
        assert!(offer(&mut client, &make(&good), "a good one"));
    }
    for (what, fields) in [
        (
            "a session of nobody",
            sessions(&[session(0, "bob", "phone", 5)]),
        ),
        (
            "a session without an id",
            sessions(&[session(0, "ann", "", 5)]),
        ),
        ("no time at all", sessions(&[session(0, "ann", "phone", 0)])),
        (
            "longer than its member",
            sessions(&[session(0, "ann", "phone", 60_001)]),
        ),
        (
            "its member itself longer than that",
            sessions(&[session(2, "ann", "phone", 5), leb(THEN), leb(60_001)]),
        ),
        ("unknown flags", sessions(&[session(16, "ann", "phone", 5)])),
        (
            "joint with nobody",
            sessions(&[[vec![8], text("bob"), text("phone")].concat()]),
        ),
        ("joint with who is gone", sessions(&[joint(9, "phone")])),
        (
            "joint beside a touch",
            sessions(&[joint(10, "phone"), leb(THEN), leb(5)]),
        ),
        (
            "joint beside another",
            sessions(&[joint(8, "tab"), joint(8, "phone")]),
        ),
        (
            "of a member who is gone and is not",
            sessions(&[session(1, "ann", "phone", 5)]),
        ),
        ("cut short", sessions(&[b"\x00\x03ann\x05pho".to_vec()])),
        ("twice", [phone(), phone()].concat()),
        ("a group of nothing", groups(b"\x00\x02g1\x00")),
        ("a group without a name", groups(b"\x00\x00\x01\x05phone")),
        (
            "a dropped one with a name",
            groups(b"\x01\x02g1\x01\x05phone"),
        ),
        ("a group of a stranger", groups(b"\x00\x02g1\x01\x03tab")),
        (
            "a session twice",
            groups(b"\x00\x02g1\x02\x05phone\x05phone"),
        ),
        (
            "a group twice",
            groups(b"\x02\x02g1\x63\x00\x02\x02g1\x63\x00"),
        ),
        ("one that was not begun", groups(b"\x04\x02g1\x01\x05phone")),
        (
            "many, and one is there",
            groups(b"\x00\x02g1\xff\xff\xff\x7f\x05phone"),
        ),
    ] {
        assert!(!offer(&mut client, &make(&fields), what), "{what}");
    }
    assert_unharmed(&server, &run_id, memory);
}
