//! Dumps with fields, and dumps that are none.

use super::super::items::{Item, Items};
use super::*;
use crate::core::{Touch, TouchMode};

fn settings() -> Settings {
    Settings {
        ttl: 1000,
        retain: 0,
        linger: None,
        resolution: 0,
        cap: 0,
    }
}

fn saved() -> Items {
    saved_with(settings())
}

fn saved_with(settings: Settings) -> Items {
    let mut set = PresenceSet::new(settings, 5);
    let touch = Touch { at: 10, ttl: 1000 };
    let members = [&b"ann"[..], b"bob"].into_iter();
    set.touch(members, touch, TouchMode::Now, 10, |_, _| {})
        .expect("there is room");
    let mut items = Items::default();
    set.save(&mut items);
    items
}

/// A dump that says that it has fields, and these.
fn with_fields(fields: &[(u64, &[u8])]) -> Items {
    let mut items = saved();
    items.0[5] = Item::Number(FIELDS);
    for (tag, content) in fields {
        items.write_number(*tag);
        items.write_bytes(content);
    }
    items.write_number(END);
    items
}

fn load(mut items: Items) -> Result<usize, Refused> {
    let loaded = PresenceSet::load(&mut items, 20);
    loaded.map(|set| {
        assert!(items.0.is_empty(), "all of it is read");
        set.len()
    })
}

#[test]
fn a_field_of_an_unknown_tag_is_refused() {
    assert_eq!(load(saved()), Ok(2));
    assert_eq!(load(with_fields(&[])), Ok(2));
    let fields = [(7, &b"of a newer version"[..])];
    assert_eq!(load(with_fields(&fields)), Err(Refused::UnknownField(7)));
}

#[test]
fn a_known_field_is_read_and_may_be_refused() {
    let mut items = Items::default();
    items.write_number(3);
    items.write_bytes(b"known");
    items.write_number(9);
    items.write_bytes(b"unknown");
    items.write_number(END);
    let mut taken = Vec::new();
    let read = read_fields(&mut items, |tag, content| {
        taken.push((tag, content.to_vec()));
        Ok(tag == 3)
    });
    assert_eq!(read, Err(Refused::UnknownField(9)));
    assert_eq!(taken[0], (3, b"known".to_vec()));
    let mut items = Items::default();
    items.write_number(3);
    items.write_bytes(b"corrupt");
    let read = read_fields(&mut items, |_, _| Err(Corrupt));
    assert_eq!(read, Err(Refused::Corrupt));
}

#[test]
fn a_resolution_is_a_field() {
    for resolution in [1, 127, 128, 500] {
        let settings = Settings {
            resolution,
            ..settings()
        };
        let mut dump = saved_with(settings);
        let Some(Item::Bytes(content)) = dump.0.iter().nth_back(1) else {
            panic!("no field: {dump:?}");
        };
        let fields = [(RESOLUTION, &content[..])];
        assert_eq!(dump, with_fields(&fields));
        let loaded = PresenceSet::load(&mut dump, 20).expect("it is a dump");
        assert_eq!(loaded.settings(), settings);
    }
    let half = &[0xf4, 0x03][..];
    assert_eq!(load(with_fields(&[(RESOLUTION, half)])), Ok(2));
    let more_than_half = [(RESOLUTION, &[0xf5, 0x03][..])];
    for corrupt in [
        &more_than_half[..],
        &[(RESOLUTION, &[0xff; 9])],
        // 0 is not written, and one is all there is.
        &[(RESOLUTION, &[0])],
        &[(RESOLUTION, &[5]), (RESOLUTION, &[5])],
        &[(RESOLUTION, &[5, 5])],
        &[(RESOLUTION, &[0xf4])],
        &[(RESOLUTION, &[])],
    ] {
        assert_eq!(load(with_fields(corrupt)), Err(Refused::Corrupt));
    }
}

#[test]
fn a_cap_is_a_field() {
    for cap in [1, 127, 128, Settings::MAX_CAP] {
        for resolution in [0, 300] {
            let settings = Settings {
                cap,
                resolution,
                ..settings()
            };
            let mut dump = saved_with(settings);
            let loaded = PresenceSet::load(&mut dump, 20).expect("it is a dump");
            assert_eq!(loaded.settings(), settings);
        }
    }
    // The dump does not say who may be online: more may be than the cap allows.
    assert_eq!(load(with_fields(&[(CAP, &[1])])), Ok(2));
    for corrupt in [
        &[(CAP, &[0x80, 0x80, 0x80, 0x80, 0x10][..])][..],
        &[(CAP, &[0])],
        &[(CAP, &[5]), (CAP, &[5])],
        &[(CAP, &[5, 5])],
        &[(CAP, &[])],
    ] {
        assert_eq!(load(with_fields(corrupt)), Err(Refused::Corrupt));
    }
}

#[test]
fn what_is_cut_short_or_out_of_bounds_is_corrupt() {
    for dump in [saved(), with_fields(&[(RESOLUTION, &[5]), (7, b"")])] {
        for len in 0..dump.0.len() {
            let mut cut = dump.clone();
            cut.0.truncate(len);
            // Fields that are cut short may end in one that is unknown, which is found first.
            let refused = load(cut);
            let unknown = Err(Refused::UnknownField(7));
            assert!(
                refused == Err(Refused::Corrupt) || refused == unknown,
                "{len}"
            );
        }
    }
    for (at, number) in [
        (0, 0),
        (0, MAX_DURATION + 1),
        (1, MAX_DURATION + 1),
        (2, MAX_DURATION + 2),
        (3, Peak::MAX_COUNT + 1),
        (4, MAX_TIME + 1),
        (5, 1),
        (5, (MAX_TIME + 1) << 1),
        (5, 1 << 62),
        (6, 1),
        (6, 3),
        (6, 1 << 32),
    ] {
        let mut dump = saved();
        dump.0[at] = Item::Number(number);
        assert_eq!(load(dump), Err(Refused::Corrupt), "{at} {number}");
    }
}
