//! Which of many names are online, each once.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use super::members::PresenceSet;
use crate::core::time::Millis;

impl PresenceSet {
    /// Calls `f` for those of the members who are online, where each is named first. Returns how many.
    pub fn filter<'a>(
        &mut self,
        members: impl Iterator<Item = &'a [u8]>,
        now: Millis,
        mut f: impl FnMut(&'a [u8]),
    ) -> usize {
        let mut online = HashSet::with_hasher(BuildHasherDefault::<HashAtHand>::default());
        self.in_batches(members, false, |set, member| {
            let (hash, name) = (member.hash(), member.name());
            if set.is_online(member, now) && online.insert(Hashed { hash, name }) {
                f(name);
            }
        });
        online.len()
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
