//! Names, each once.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use crate::core::member::LookupKey;

/// The names that were inserted.
#[derive(Default)]
pub struct Distinct<'a>(HashSet<Hashed<'a>, BuildHasherDefault<HashAtHand>>);

impl<'a> Distinct<'a> {
    /// Returns whether it was not there yet.
    pub fn insert(&mut self, member: &LookupKey<'a>) -> bool {
        let (hash, name) = (member.hash(), member.name());
        self.0.insert(Hashed { hash, name })
    }

    /// How many different ones there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// A name with the hash by which the set looks for it, so that it is not hashed again.
#[derive(PartialEq, Eq)]
struct Hashed<'a> {
    hash: u64,
    name: &'a [u8],
}

impl Hash for Hashed<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// Hashes what is a hash already.
#[derive(Default)]
struct HashAtHand(u64);

impl Hasher for HashAtHand {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _bytes: &[u8]) {
        unreachable!("a hash is one word");
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
