//! Compacted chunks are the same with less memory.

use super::*;

fn entry(number: u32) -> Entry {
    Entry {
        time: 1000 + u64::from(number) / 2,
        prefix: HashPrefix::from_bits(number),
        extra: 0,
        timeout_reported: number.is_multiple_of(7),
    }
}

/// The same in a mixed lane, with a ttl of its own.
fn mixed_entry(number: u32) -> Entry {
    Entry {
        extra: number.wrapping_mul(2_654_435_761) >> 1,
        ..entry(number)
    }
}

/// A chunk of entries of which every third is dead.
fn chunk(entries: u32) -> Chunk {
    let mut chunk = Chunk::new(entries as usize, 1000, false);
    for i in 0..entries {
        assert_eq!(chunk.push(entry(i)), i as usize);
    }
    for i in (0..entries as usize).step_by(3) {
        chunk.kill(i);
    }
    chunk
}

fn check_rank_and_select(chunk: &Chunk, living: &[usize]) {
    assert_eq!(chunk.alive(), living.len());
    for from in [0, 1, 99, 100, 256, chunk.len()] {
        let expected = living.iter().filter(|i| **i >= from).count();
        assert_eq!(chunk.count_from(from), expected);
    }
    assert!(
        living
            .iter()
            .enumerate()
            .all(|(rank, i)| chunk.select(rank) == *i)
    );
    let entries: Vec<_> = living.iter().map(|i| (*i, entry(*i as u32))).collect();
    assert_eq!(chunk.living_from(0).collect::<Vec<_>>(), entries);
    let before = living.iter().copied().rfind(|i| *i < 100);
    assert_eq!(chunk.alive_before(100), before);
}

#[test]
fn sizes_waste_nothing() {
    let room = |entries| Chunk::new(entries, 0, false).capacity();
    assert_eq!([0, 1, 4, 5].map(room), [4, 4, 4, 8]);
    assert_eq!(room(MAX_ENTRIES), MAX_ENTRIES);
    assert_eq!(size_of::<Chunk>(), 64);
}

#[test]
fn rank_and_select_see_the_living() {
    let mut chunk = chunk(200);
    assert_eq!(chunk.after(1049), 100);
    let living: Vec<usize> = (0..200).filter(|i| i % 3 != 0).collect();
    check_rank_and_select(&chunk, &living);
    chunk.truncate(100);
    assert_eq!((chunk.len(), chunk.alive()), (100, 66));
    assert_eq!(chunk.count_from(0), 66);
}

#[test]
fn a_compacted_chunk_is_the_same_with_less_memory() {
    for sealed in [false, true] {
        let mut chunk = chunk(600);
        chunk.sealed = sealed;
        let mut living: Vec<usize> = (0..600).filter(|i| i % 3 != 0).collect();
        for round in 0..3 {
            chunk.compact(chunk.alive());
            assert_eq!(chunk.capacity(), chunk.alive().next_power_of_two());
            check_rank_and_select(&chunk, &living);
            assert_eq!(
                chunk.last_time(),
                1000 + living[living.len() - 1] as u64 / 2
            );
            // Those beyond 1,099 ms: entries 200 and later, the first of which may be gone.
            let first = chunk.after(1099);
            assert!(living.iter().all(|i| (*i < first) == (*i < 200)));
            for (at, index) in std::mem::take(&mut living).into_iter().enumerate() {
                if at % 2 == round % 2 {
                    chunk.kill(index);
                } else {
                    living.push(index);
                }
            }
            if !sealed && !chunk.is_full() {
                living.push(chunk.push(entry(chunk.len() as u32)));
            }
        }
        check_rank_and_select(&chunk, &living);
    }
}

#[test]
fn own_ttls_stay_with_their_entries() {
    let mut chunk = Chunk::new(1, 1000, true);
    assert!(chunk.is_mixed() && !Chunk::default().is_mixed());
    for number in 100..700 {
        if chunk.is_full() {
            chunk.grow();
        }
        chunk.push(mixed_entry(number));
    }
    assert_eq!((chunk.capacity(), chunk.bytes()), (1024, 8 * (1536 + 16)));
    let entries =
        |chunk: &Chunk| -> Vec<Entry> { chunk.living_from(0).map(|(_, entry)| entry).collect() };
    // One earlier than the base comes before all others.
    let early = Entry {
        time: 900,
        ..mixed_entry(1)
    };
    chunk.insert(0, early);
    let mut expected: Vec<_> = [early]
        .into_iter()
        .chain((100..700).map(mixed_entry))
        .collect();
    assert!(entries(&chunk) == expected);
    chunk.truncate(500);
    chunk.shrink();
    expected.truncate(500);
    assert_eq!(chunk.capacity(), 512);
    assert!(entries(&chunk) == expected);
    for index in (0..500).step_by(2) {
        chunk.kill(index);
    }
    chunk.compact(250);
    let expected: Vec<_> = expected.into_iter().skip(1).step_by(2).collect();
    assert!(entries(&chunk) == expected && chunk.capacity() == 256);

    let ttl = 1 << 31;
    let ends: Vec<Millis> = expected
        .iter()
        .map(|entry| entry.time + ttl + u64::from(entry.extra))
        .collect();
    for now in [0, ttl + 1000, ttl + (1 << 30), 1 << 33] {
        let later = ends.iter().filter(|end| **end > now);
        let (online, next) = chunk.online(ttl, now);
        assert_eq!(online, later.clone().count());
        match next {
            // Where nobody's time can be up, it is not after the first.
            Some(next) if now < 900 + ttl => assert!(next <= *later.min().unwrap()),
            next => assert_eq!(next, later.min().copied()),
        }
        let unreported = expected
            .iter()
            .zip(&ends)
            .filter(|(entry, end)| !entry.timeout_reported && **end <= now);
        assert_eq!(chunk.unreported_ends(ttl, now).len(), unreported.count());
    }
    assert_eq!(chunk.last_end(ttl), *ends.iter().max().unwrap());
    let first = chunk
        .front(ttl, 0)
        .pop()
        .map(|index| chunk.due(index.into(), ttl, 0).0);
    assert_eq!(first, ends.iter().min().copied());
}
