//! A member that a command is about, with what is found out about it before it is looked for.

use super::packed::Packed;
use crate::core::refs::HashPrefix;

/// A member by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookupKey<'a> {
    name: &'a [u8],
    packed: Packed<'a>,
    /// Once it is known; small sets do without.
    hash: Option<u64>,
}

impl<'a> LookupKey<'a> {
    #[inline(always)]
    pub(in crate::core) fn new(name: &'a [u8]) -> LookupKey<'a> {
        LookupKey {
            name,
            packed: Packed::new(name),
            hash: None,
        }
    }

    /// With its hash at hand.
    #[inline]
    pub(in crate::core) fn with_hash(name: &'a [u8]) -> LookupKey<'a> {
        let packed = Packed::new(name);
        LookupKey {
            name,
            packed,
            hash: Some(packed.hash()),
        }
    }

    /// The name as it came.
    #[inline]
    pub fn name(&self) -> &'a [u8] {
        self.name
    }

    #[inline]
    pub(in crate::core) fn packed(&self) -> &Packed<'a> {
        &self.packed
    }

    #[inline]
    pub(in crate::core) fn hash(&self) -> u64 {
        self.hash.unwrap_or_else(|| self.packed.hash())
    }

    /// Where its name is looked for.
    #[inline]
    pub(in crate::core) fn prefix(&self) -> HashPrefix {
        HashPrefix::new(self.packed.form(), self.hash())
    }

    /// The same, with its hash at hand.
    #[inline]
    pub(in crate::core) fn hashed(mut self) -> LookupKey<'a> {
        self.hash = Some(self.hash());
        self
    }
}
