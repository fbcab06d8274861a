//! Squeezed chunks are the same with less memory.

use super::*;

fn entry(number: u32) -> Entry {
    Entry {
        time: 1000 + u64::from(number) / 2,
        home: Home::from_bits(number),
        told: number.is_multiple_of(7),
    }
}

/// A chunk of entries of which every third is dead.
fn chunk(entries: u32) -> Chunk {
    let mut chunk = Chunk::new(entries as usize, 1000);
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
    let room = |entries| Chunk::new(entries, 0).capacity();
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
fn a_squeezed_chunk_is_the_same_with_less_memory() {
    for sealed in [false, true] {
        let mut chunk = chunk(600);
        chunk.sealed = sealed;
        let mut living: Vec<usize> = (0..600).filter(|i| i % 3 != 0).collect();
        for round in 0..3 {
            chunk.squeeze(chunk.alive());
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
