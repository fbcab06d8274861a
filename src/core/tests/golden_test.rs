//! Dumps as they once were written: they load as what they were made of, and are still what is written of it.
//!
//! `golden/` has them as text: a number a line, or `0x` and a string of bytes in hexadecimal.

use crate::core::dump::{Item, Items};
use crate::core::{Peak, PresenceSet, Settings, Touch, TouchMode};

const NOW: u64 = 1_764_000_000_000;

/// So many members with names of all forms, of whom some have left, with so many ttls.
fn set_of(members: u64, ttls: u64, resolution: u64) -> PresenceSet {
    let settings = Settings {
        ttl: 30_000,
        retain: 3_600_000,
        linger: Some(60_000),
        resolution,
        cap: 0,
    };
    let mut set = PresenceSet::new(settings, NOW);
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

/// All that is stored, by name.
fn members(set: &PresenceSet) -> Vec<(Vec<u8>, Touch)> {
    let mut members = Vec::new();
    set.each_in_order(|member| members.push((member.name.to_vec(), member.touch)));
    members.sort_by(|(one, _), (other, _)| one.cmp(other));
    members
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
        let golden = parse(golden);
        let set = set_of(count, ttls, resolution);
        let mut rest = golden.clone();
        let loaded = PresenceSet::load(&mut rest, NOW).expect("it is no corrupt dump");
        assert!(rest.0.is_empty());
        loaded.check();
        assert_eq!(loaded.mixes_ttls(), ttls == 40);
        assert_eq!(loaded.settings(), set.settings());
        assert_eq!(loaded.peak(), set.peak());
        assert_eq!(loaded.empty_since(), set.empty_since());
        assert_eq!(loaded.is_untouched(), set.is_untouched());
        assert_eq!(members(&loaded), members(&set));
        for set in [set, loaded] {
            let mut saved = Items::default();
            set.save(&mut saved);
            assert_eq!(saved, golden);
        }
    }
}
