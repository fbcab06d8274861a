//! Dumps as they once were written: they load as what they were made of, and are still what is written of it.
//!
//! `golden/` has them as text: a number a line, or `0x` and a string of bytes in hexadecimal.

use super::witness::apply;
use crate::core::dump::{Item, Items};
use crate::core::{Attachment, Change, Peak, PresenceSet, Settings, Touch, TouchMode};

const NOW: u64 = 1_764_000_000_000;

fn settings(resolution: u64, cap: u64) -> Settings {
    Settings {
        ttl: 30_000,
        retain: 3_600_000,
        linger: Some(60_000),
        resolution,
        cap,
    }
}

/// So many members with names of all forms, of whom some have left, with so many ttls.
fn set_of(members: u64, ttls: u64, resolution: u64) -> PresenceSet {
    let mut set = PresenceSet::new(settings(resolution, 0), NOW);
    for member in 0..members {
        let name = match member % 4 {
            0 => member.to_string(),
            1 => format!("user:{member}"),
            2 => format!("0f8fad5b-d9cb-469f-a165-{member:012x}"),
            _ => format!("a name of more than fifteen letters {member}"),
        };
        let touch = Touch {
            at: NOW + member * 37 % 1000,
            ttl: (30_000 + member % ttls * 1000) * u64::from(member % 7 > 0),
        };
        let name = [name.as_bytes()].into_iter();
        set.touch(name, touch, TouchMode::Replayed, NOW, |_, _| {})
            .expect("there is room");
    }
    set.set_peak(Peak {
        count: members * 2,
        at: NOW - 1000,
    });
    set
}

fn parse(text: &str) -> Items {
    let byte = |hex: &[u8]| {
        let hex = std::str::from_utf8(hex).expect("hexadecimal digits");
        u8::from_str_radix(hex, 16).expect("hexadecimal digits")
    };
    let item = |line: &str| match line.strip_prefix("0x") {
        Some(hex) => Item::Bytes(hex.as_bytes().chunks(2).map(byte).collect()),
        None => Item::Number(line.parse().expect("a number")),
    };
    Items(text.lines().map(item).collect())
}

/// All that is stored of members, by name.
fn members(set: &PresenceSet) -> Vec<(Vec<u8>, Touch, Option<Vec<u8>>)> {
    let mut members = Vec::new();
    set.each_in_order(|member| {
        let meta = member.meta.map(<[u8]>::to_vec);
        members.push((member.name.to_vec(), member.touch, meta));
    });
    members.sort_by(|one, other| one.0.cmp(&other.0));
    members
}

/// All that is stored of sessions and groups, in order.
fn sessions_and_groups(set: &PresenceSet) -> Vec<String> {
    let mut all = Vec::new();
    set.each_session(|session| all.push(format!("{session:?}")));
    set.each_group(|group| all.push(format!("{group:?}")));
    all
}

/// The dump loads as the set, and both are saved as it. Returns what was loaded.
fn assert_is_of(golden: &str, set: PresenceSet) -> PresenceSet {
    let golden = parse(golden);
    let mut rest = golden.clone();
    let loaded = PresenceSet::load(&mut rest, NOW).expect("it is no corrupt dump");
    assert!(rest.0.is_empty());
    loaded.check();
    assert_eq!(loaded.settings(), set.settings());
    assert_eq!(loaded.peak(), set.peak());
    assert_eq!(loaded.empty_since(), set.empty_since());
    assert_eq!(loaded.is_untouched(), set.is_untouched());
    assert_eq!(members(&loaded), members(&set));
    assert_eq!(sessions_and_groups(&loaded), sessions_and_groups(&set));
    for set in [&set, &loaded] {
        let mut saved = Items::default();
        set.save(&mut saved);
        assert_eq!(saved, golden);
    }
    loaded
}

#[test]
fn old_dumps_load() {
    for (golden, count, ttls, resolution) in [
        (include_str!("golden/empty.txt"), 0, 1, 0),
        (include_str!("golden/small.txt"), 5, 1, 0),
        (include_str!("golden/table.txt"), 100, 3, 0),
        (include_str!("golden/mixed.txt"), 100, 40, 0),
        (include_str!("golden/resolution.txt"), 5, 1, 15_000),
        (include_str!("golden/resolution_empty.txt"), 0, 1, 100),
    ] {
        let loaded = assert_is_of(golden, set_of(count, ttls, resolution));
        assert_eq!(loaded.mixes_ttls(), ttls == 40);
    }
}

/// A session: its member, its id, how long it lasts in ms, its group, and its metadata.
type Session = (
    &'static str,
    &'static str,
    u64,
    Option<&'static str>,
    Option<&'static str>,
);

/// A second passes between two of them.
const SESSIONS: [Session; 22] = [
    ("sole", "phone", 30_000, None, None),
    ("sole in a group", "17", 30_000, Some("leased"), None),
    ("0", "sole with metadata", 30_000, None, Some("ios")),
    ("several", "laptop", 60_000, None, None),
    (
        "several",
        "tablet",
        10_000,
        Some("gateway:1"),
        Some("\0\u{e4}\r\n"),
    ),
    (
        "several",
        "0f8fad5b-d9cb-469f-a165-70867728950e",
        30_000,
        Some("leased"),
        None,
    ),
    ("touched before", "tv", 10_000, None, None),
    ("touched after", "car", 300_000, Some("gateway:1"), None),
    (
        "touched after",
        "watch",
        30_000,
        Some("gateway:1"),
        Some("steps"),
    ),
    // More than one part of a group.
    (
        "ann",
        "a session whose id is kept elsewhere, as it is long",
        30_000,
        Some("gateway:1"),
        None,
    ),
    (
        "bob",
        "18446744073709551615",
        30_000,
        Some("gateway:1"),
        None,
    ),
    (
        "cid",
        "18446744073709551616",
        30_000,
        Some("gateway:1"),
        None,
    ),
    ("dan", "007", 30_000, Some("gateway:1"), None),
    // Two groups that are dropped.
    ("eve", "old:1", 30_000, Some("old"), None),
    (
        "fay",
        "old:2",
        30_000,
        Some("old"),
        Some("of a group that ends"),
    ),
    ("gil", "old:3", 30_000, Some("old"), None),
    ("gil", "older:1", 30_000, Some("older"), None),
    // More sessions of one who leaves than end at once.
    ("left", "tab:1", 60_000, Some("gateway:1"), None),
    ("left", "tab:2", 60_000, None, None),
    ("left", "tab:3", 60_000, None, Some("tab")),
    ("left", "tab:4", 60_000, None, None),
    ("remembered", "gone", 30_000, None, None),
];

fn attach(set: &mut PresenceSet, (member, session, ttl, group, meta): Session, at: u64) {
    let attachment = Attachment::new(
        session.as_bytes(),
        group.map(str::as_bytes),
        meta.map(str::as_bytes),
    );
    let change = Change::Attach {
        attachment,
        at: Some(at),
        ttl: Some(ttl),
        mode: TouchMode::Replayed,
    };
    apply(set, change, &[member.into()], at);
}

/// All that a dump knows of sessions and groups, beside a touch of a member's own, members' metadata and all settings.
fn set_with_sessions() -> PresenceSet {
    let names = |names: &[&str]| -> Vec<Vec<u8>> {
        names.iter().map(|name| name.as_bytes().to_vec()).collect()
    };
    let touch = |at, ttl| Change::Touch {
        at: Some(at),
        ttl: Some(ttl),
        mode: TouchMode::Replayed,
        sets_peak: true,
    };
    let mut set = PresenceSet::new(settings(10_000, 100), NOW);
    let mut at = NOW;
    apply(&mut set, touch(at, 37_000), &names(&["touched before"]), at);
    for session in SESSIONS {
        at += 1000;
        attach(&mut set, session, at);
    }
    let at = at + 1000;
    let set_meta = |blob| Change::SetMeta {
        session: None,
        blob,
        judged: false,
    };
    for (change, about) in [
        (touch(at, 50_000), &["touched after"][..]),
        (set_meta(b"away"), &["several"]),
        (set_meta(b"\xff"), &["remembered"]),
        (Change::Leave, &["left", "remembered"]),
        (
            Change::Lease {
                at: Some(at),
                ttl: 60_000,
            },
            &["leased", "without sessions"],
        ),
        (
            Change::Drop {
                at: Some(at),
                limit: 1,
            },
            &["old"],
        ),
        (
            Change::Drop {
                at: Some(at),
                limit: 0,
            },
            &["older"],
        ),
    ] {
        let (effects, _) = apply(&mut set, change, &names(about), at);
        assert!(effects.changed, "{change:?}");
    }
    set
}

#[test]
fn old_dumps_with_sessions_load() {
    let loaded = assert_is_of(include_str!("golden/sessions.txt"), set_with_sessions());
    assert_eq!(loaded.dropping(), 3);
    let mut leased = PresenceSet::new(settings(0, 0), NOW);
    let lease = Change::Lease {
        at: Some(NOW),
        ttl: 60_000,
    };
    apply(&mut leased, lease, &[b"gateway".to_vec()], NOW);
    assert_is_of(include_str!("golden/leased.txt"), leased);
}

/// Where nobody is remembered, sessions that are all their members have are joint with them.
#[test]
fn old_dumps_with_joint_sessions_load() {
    let settings = Settings {
        retain: 0,
        ..settings(0, 0)
    };
    let mut set = PresenceSet::new(settings, NOW);
    for (after, session) in (0..).zip(SESSIONS) {
        attach(&mut set, session, NOW + after);
    }
    let mut joint = 0;
    set.each_session(|session| joint += usize::from(session.touch.is_none()));
    assert_eq!(joint, 11);
    assert_is_of(include_str!("golden/joint.txt"), set);
}
