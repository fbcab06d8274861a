//! Which of a change's members were changed. Mostly all of them were, so nothing is stored before one was not.

use crate::ffi::args::Args;

/// Those of its members that a change has changed, noted in order.
#[derive(Default)]
pub struct Changed<'a> {
    /// So many are the first ones.
    first: usize,
    /// Those after one that was not changed.
    later: Vec<&'a [u8]>,
}

impl<'a> Changed<'a> {
    /// The member at this position was changed.
    #[inline]
    pub fn note(&mut self, position: usize, members: Args<'a>) {
        if position == self.first && self.later.is_empty() {
            self.first += 1;
        } else {
            self.later.push(members.string(position).bytes());
        }
    }

    /// Their names, given the change's members.
    pub fn names(&self, members: Args<'a>) -> impl ExactSizeIterator<Item = &'a [u8]> {
        (0..self.first + self.later.len()).map(move |at| match at.checked_sub(self.first) {
            None => members.string(at).bytes(),
            Some(at) => self.later[at],
        })
    }
}
