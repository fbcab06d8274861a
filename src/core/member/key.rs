//! A member that a command is about, with what is found out about it before it is looked for.

use super::packed::Packed;
use crate::core::refs::Home;

/// A member by its name.
#[derive(Clone, Copy)]
pub struct Sought<'a> {
    name: &'a [u8],
    packed: Packed<'a>,
    /// Once it is known; small sets do without.
    hash: Option<u64>,
}

impl<'a> Sought<'a> {
    #[inline(always)]
    pub(in crate::core) fn new(name: &'a [u8]) -> Sought<'a> {
        Sought {
            name,
            packed: Packed::new(name),
            hash: None,
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
    pub(in crate::core) fn home(&self) -> Home {
        Home::new(self.packed.form(), self.hash())
    }

    /// The same, with its hash at hand.
    #[inline]
    pub(in crate::core) fn hashed(mut self) -> Sought<'a> {
        self.hash = Some(self.hash());
        self
    }
}
