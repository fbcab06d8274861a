//! A heartbeat and a question ask for no memory: arguments are borrowed from the client, replies go straight into its
//! buffer, and a refreshed member's memory is there already. The log of touches is the one thing that a refresh makes
//! longer: once in a hundred times a chunk of it is opened or squeezed, and as many are given back.

mod host;

use crate::common::commands::COMMANDS;
use host::{Host, Outcome};

/// Members of a key in its compact form, and of one with an index and a timeline.
const FEW: usize = 30;
const MANY: usize = 20_000;
/// How many refreshes are looked at.
const REFRESHES: usize = 100_000;
/// At most one refresh in so many asks for memory.
const ONE_IN: usize = 80;

/// Members of each form in which names are stored: a decimal, a UUID, up to 15 bytes, and anything else.
fn name(number: usize) -> Vec<u8> {
    let text = match number % 4 {
        0 => format!("{number}"),
        1 => format!("{number:08x}-1111-4222-8333-444455556666"),
        2 => format!("user:{number:010}"),
        _ => format!("a name that fits no slot, number {number}"),
    };
    text.into_bytes()
}

/// A key in which so many members were touched one after the other.
fn fill(host: &mut Host, key: &str, members: usize) {
    for number in 0..members {
        host.run(&[b"PRESENCE.TOUCH", key.as_bytes(), &name(number)]);
    }
    let count = host.run(&[b"PRESENCE.COUNT", key.as_bytes()]);
    assert_eq!(count.integer, members as i64);
}

/// Another member each time, in no order.
fn pick(round: usize, members: usize) -> Vec<u8> {
    name(round.wrapping_mul(7_919) % members)
}

#[test]
fn a_refresh_in_a_small_key_allocates_nothing() {
    let mut host = Host::get();
    fill(&mut host, "small", FEW);
    for round in 0..1_000 {
        let outcome = host.run(&[b"PRESENCE.TOUCH", b"small", &pick(round, FEW)]);
        let nothing = Outcome {
            allocations: 0,
            strings: 0,
            integer: 0,
            replies: 1,
        };
        assert_eq!(outcome, nothing, "round {round}");
    }
}

#[test]
fn a_refresh_in_a_large_key_allocates_a_chunk_now_and_then() {
    let mut host = Host::get();
    fill(&mut host, "large", MANY);
    refresh(&mut host, |host, member, _| {
        host.run(&[b"PRESENCE.TOUCH", b"large", member])
    });
}

#[test]
fn a_refresh_with_one_of_several_ttls_allocates_no_more() {
    let mut host = Host::get();
    fill(&mut host, "ttls", MANY);
    let hours: Vec<String> = (1..=16)
        .map(|hours| (hours * 3_600_000).to_string())
        .collect();
    refresh(&mut host, |host, member, round| {
        let ttl = hours[round % hours.len()].as_bytes();
        host.run(&[
            b"PRESENCE.TOUCHEX",
            b"ttls",
            b"PX",
            ttl,
            b"MEMBERS",
            b"1",
            member,
        ])
    });
}

/// Refreshes members at random: all but few of the refreshes allocate nothing at all, none more than a chunk's two blocks,
/// and in the end no more memory is held than before.
fn refresh(host: &mut Host, mut touch: impl FnMut(&mut Host, &[u8], usize) -> Outcome) {
    for round in 0..REFRESHES {
        touch(host, &pick(round, MANY), round);
    }
    let held = host.blocks();
    let mut asked = 0;
    for round in 0..REFRESHES {
        let outcome = touch(host, &pick(round, MANY), round);
        assert_eq!(outcome.integer, 0, "nobody comes online");
        assert!(outcome.allocations <= 2, "round {round}: {outcome:?}");
        asked += usize::from(outcome.allocations > 0);
    }
    let left = host.blocks();
    println!("{asked} of {REFRESHES} refreshes asked for memory; of {held} blocks {left} are left");
    assert!(asked <= REFRESHES / ONE_IN);
    assert!(left <= held + held / 100);
}

/// What is replicated is packed where the last touch was.
#[test]
fn another_millisecond_allocates_nothing_for_the_replicas() {
    let mut host = Host::get();
    fill(&mut host, "time", FEW);
    for kept in [true, false] {
        host.log(kept);
        host.run(&[b"PRESENCE.TOUCH", b"time", &pick(0, FEW)]);
        for round in 0..1_000 {
            host.pass(1);
            let outcome = host.run(&[b"PRESENCE.TOUCH", b"time", &pick(round, FEW)]);
            let nothing = Outcome {
                allocations: 0,
                strings: 0,
                integer: 0,
                replies: 1,
            };
            assert_eq!(outcome, nothing, "round {round}");
        }
    }
}

/// It has its own times, and a server that does not hand its time out (Redis 7.0) takes ten times as long to tell it as a
/// touch takes.
#[test]
fn a_replayed_command_asks_for_no_time() {
    let mut host = Host::get();
    let asked = host.times_when_replayed(|host| {
        for line in [
            "CONFIG replayed TTL 60000 RETAIN 0 LINGER -1 AT 1700000000000",
            "TOUCHEX replayed PX 60000 AT 1700000000000 MEMBERS 2 ann bob",
            "TOUCHEX replayed NOMAX PX 60000 AT 1600000000000 MEMBERS 1 cid",
            "TOUCHEX replayed PX 0 AT 1700000000001 MEMBERS 1 ann",
            "SETMAX replayed 2 1700000000000",
            "CONFIG replayed TTL 60000 RETAIN 5 LINGER -1",
            "EVICT replayed 1700000000000 LIMIT 1",
            "TOUCHEX replayed:new PX 60000 AT 1700000000000 MEMBERS 1 ann",
        ] {
            let line = format!("PRESENCE.{line}");
            let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
            host.run(&words);
        }
        // At 1,700,000,000,000, for a minute.
        let packed = b"\x80\xd0\x95\xff\xbc\x31\xc0\xa9\x07\x03dan";
        host.run(&[b"PRESENCE.T", b"replayed", packed]);
        host.run(&[b"PRESENCE.TOUCH", b"replayed", b"eve"]);
    });
    assert_eq!(asked, 0);
    let count = host.run(&[b"PRESENCE.COUNT", b"replayed"]);
    assert_eq!(count.integer, 3, "bob, dan and eve");
}

#[test]
fn a_question_allocates_nothing() {
    let mut host = Host::get();
    let members: Vec<Vec<u8>> = (0..500).map(name).collect();
    for (key, size) in [("few", FEW), ("many", MANY)] {
        fill(&mut host, key, size);
        for command in ["PRESENCE.ISONLINE", "PRESENCE.SEEN"] {
            let mut args = vec![command.as_bytes(), key.as_bytes()];
            args.extend(members.iter().map(Vec::as_slice));
            let outcome = host.run(&args);
            assert_eq!(outcome.allocations, 0, "{command}");
            assert_eq!(outcome.replies, members.len(), "{command}");
        }
        host.run(&[b"PRESENCE.TOUCH", key.as_bytes(), b"ann"]);
        let commands = COMMANDS
            .iter()
            .filter(|it| it.has_flag("readonly") && it.has_flag("fast"));
        for command in commands {
            let allowed = match command.name {
                // Counts are gathered first, since a later key may be of another type.
                "MCOUNT" => 1,
                // Members that are named twice are answered once.
                "FILTER" => 1,
                _ => 0,
            };
            for call in command.calls {
                let line = call.on(key);
                let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
                let outcome = host.run(&words);
                assert_eq!(outcome.allocations, allowed, "{line}");
                assert!(outcome.replies > 0 || call.on_missing == "[]", "{line}");
            }
        }
    }
}

/// Where each ttl's members begin is found out first, and kept in a few blocks; the members themselves are replied from
/// where they are.
#[test]
fn a_list_allocates_no_more_for_more_members() {
    let mut host = Host::get();
    fill(&mut host, "short", FEW);
    fill(&mut host, "long", MANY);
    for (key, members) in [("short", FEW), ("long", MANY)] {
        for option in [&[][..], &[&b"REV"[..]], &[&b"WITHTTL"[..]]] {
            let args = [&[&b"PRESENCE.LIST"[..], key.as_bytes()], option].concat();
            let outcome = host.run(&args);
            assert!(outcome.allocations <= 5, "{key}: {outcome:?}");
            assert!(outcome.replies >= members, "{key}: {outcome:?}");
        }
    }
}
