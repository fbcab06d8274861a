//! A member is any string of up to 65,535 bytes and comes back byte for byte, whichever way it is stored.

use std::collections::BTreeSet;

use crate::common::commands::COMMANDS;
use crate::common::{Client, Server, text, touchex};

use redis::Value;

/// Names that something might take for a number, an option, an end of a string or an identifier to be shortened.
fn odd_names() -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = [
        &b""[..],
        b"EX",
        b"WINDOW",
        b"MEMBERS",
        b"LIMIT",
        b"\0",
        b"\0\0",
        b"a\0b",
        b"\xff\xfe",
        b"\r\n",
        b" ",
        b"k\xc3\xa4se",
        b"0",
        b"00",
        b"007",
        b"7",
        b"-0",
        b"-1",
        b"-7",
        b"+7",
        b"7.0",
        b"9223372036854775807",
        b"9223372036854775808",
        b"-9223372036854775808",
        b"18446744073709551614",
        b"18446744073709551615",
        b"18446744073709551616",
        b"018446744073709551615",
        b"340282366920938463463374607431768211455",
        b"550E8400-E29B-41D4-A716-446655440000",
        b"550e8400-e29b-41d4-a716-446655440000",
        b"550e8400-E29B-41d4-a716-446655440000",
        b"550e8400e29b41d4a716446655440000",
        b"550E8400E29B41D4A716446655440000",
        b"{550e8400-e29b-41d4-a716-446655440000}",
        b"00000000-0000-0000-0000-000000000000",
        b"ffffffff-ffff-ffff-ffff-ffffffffffff",
        b"550e8400-e29b-41d4-a716-44665544000g",
        b"550e8400_e29b_41d4_a716_446655440000",
        b"507f1f77bcf86cd799439011",
        b"507F1F77BCF86CD799439011",
        b"01ARZ3NDEKTSV4RRFFQ69G5FAV",
        b"deadbeef",
        b"DEADBEEF",
        b"0xdeadbeef",
        b"1e3",
        b"nil",
    ]
    .iter()
    .map(|name| name.to_vec())
    .collect();
    // The eight and the sixteen bytes that a packed number and a packed identifier would be.
    names.push(7_u64.to_le_bytes().to_vec());
    names.push((0..16).collect());
    for length in [
        2, 7, 8, 9, 15, 16, 17, 23, 24, 31, 32, 36, 63, 64, 127, 128, 255, 256, 257,
    ] {
        names.push(vec![b'x'; length]);
        names.push(
            (0..length)
                .map(|at| u8::try_from(at * 37 % 256).expect("a byte"))
                .collect(),
        );
    }
    names.push(vec![0; 4096]);
    names.push(vec![b'n'; 65_535]);
    names.push((0..65_535_u32).map(|at| at.to_le_bytes()[0]).collect());
    names
}

/// A whole scan: each member once.
fn scanned(client: &mut Client, key: &str) -> BTreeSet<Vec<u8>> {
    let (mut found, mut cursor) = (BTreeSet::new(), String::from("0"));
    loop {
        let Value::Array(parts) = client.cmd(&["PRESENCE.SCAN", key, &cursor]) else {
            panic!("SCAN answers an array");
        };
        let Value::Array(members) = &parts[1] else {
            panic!("{parts:?}")
        };
        for member in members {
            let Value::BulkString(bytes) = member else {
                panic!("{member:?}")
            };
            found.insert(bytes.clone());
        }
        cursor = text(parts[0].clone());
        if cursor == "0" {
            return found;
        }
    }
}

/// The whole of `expected` is what every command that gives names gives.
fn assert_there(client: &mut Client, key: &str, expected: &[Vec<u8>]) {
    let whole: BTreeSet<Vec<u8>> = expected.iter().cloned().collect();
    assert_eq!(whole.len(), expected.len());
    let command = |name: &str| {
        let mut words = args![name, key].to_vec();
        words.extend(expected.iter().cloned());
        words
    };
    let listed: BTreeSet<_> = client
        .bytes_list(&["PRESENCE.LIST", key])
        .into_iter()
        .collect();
    assert!(listed == whole, "LIST");
    assert!(scanned(client, key) == whole, "SCAN");
    assert!(
        client.bytes_list(&command("PRESENCE.FILTER")) == expected,
        "FILTER"
    );
    assert_eq!(
        client.ints(&command("PRESENCE.ISONLINE")),
        vec![1; expected.len()]
    );
    let count = i64::try_from(expected.len()).expect("some");
    assert_eq!(client.int(&["PRESENCE.COUNT", key]), count);
    // None is taken for another.
    assert_eq!(client.int(&command("PRESENCE.TOUCH")), 0);
}

#[test]
fn every_name_comes_back_byte_for_byte() {
    let server = Server::start();
    let mut client = server.client();
    let odd = odd_names();
    let crowd: Vec<Vec<u8>> = (0..3000)
        .map(|number| format!("crowd {number}").into_bytes())
        .collect();
    // Small sets of a few odd names each, in all their mixtures of kinds, and a large one.
    let mut keys = Vec::new();
    for (number, names) in odd.chunks(20).chain([&odd[..45]]).enumerate() {
        keys.push((format!("small:{number}"), names.to_vec()));
    }
    keys.push(("large".to_string(), [crowd, odd].concat()));
    for (key, names) in &keys {
        for name in names {
            let joined = client.int(&args!["PRESENCE.TOUCH", key, name]);
            assert_eq!(
                joined,
                1,
                "{key}: {}",
                name[..name.len().min(99)].escape_ascii()
            );
        }
        assert_there(&mut client, key, names);
    }
    let digest = client.digest();
    client.cmd(&["DEBUG", "RELOAD"]);
    assert_eq!(
        client.answer("PRESENCE.COUNT large"),
        keys.last().expect("one").1.len().to_string()
    );
    let reloaded = client.digest();
    assert_eq!(reloaded, digest);
    for (key, names) in &keys {
        assert_there(&mut client, key, names);
    }
    // And each can leave, or be forgotten.
    for (key, names) in &keys {
        for (number, name) in names.iter().enumerate() {
            let command = ["PRESENCE.LEAVE", "PRESENCE.FORGET"][number % 2];
            assert_eq!(client.int(&args![command, key, name]), 1);
        }
        assert_eq!(client.int(&["PRESENCE.COUNT", key]), 0);
    }
}

#[test]
fn a_name_of_65_536_bytes_is_refused_and_nothing_changes() {
    let server = Server::start();
    let mut client = server.client();
    let long = vec![b'x'; 65_536];
    client.answer("PRESENCE.TOUCH room ann");
    let digest = client.digest();
    for key in ["room", "missing"] {
        let long_last = COMMANDS.iter().flat_map(|command| {
            let names_members = command.arguments.ends_with("member:string [member ...]");
            let calls = command.calls.iter().filter(move |_| names_members);
            calls.map(|call| {
                let line = call.on(key);
                let mut words: Vec<_> = line.split(' ').map(|word| word.into()).collect();
                *words.last_mut().expect("a member") = long.clone();
                words
            })
        });
        let more = [
            args!["PRESENCE.TOUCH", key, "bob", &long].to_vec(),
            args!["PRESENCE.TOUCH", key, &long, "bob"].to_vec(),
            touchex(key, 5, 1_700_000_000_000, [&long]),
            args!["PRESENCE.LEAVE", key, "ann", &long].to_vec(),
            args!["PRESENCE.FORGET", key, "ann", &long].to_vec(),
        ];
        for command in long_last.chain(more) {
            assert_eq!(
                client.err(&command),
                "ERR member is longer than 65535 bytes"
            );
            assert_eq!(client.digest(), digest);
        }
    }
}
