//! A member as it leaves the core: in lists, walks, scans, dumps, removals and reports of time-outs.

use crate::core::touch::Touch;

/// A member, seen from outside. What members carry besides comes here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberView<'a> {
    /// The name, byte for byte as it came.
    pub name: &'a [u8],
    /// The newest touch.
    pub touch: Touch,
    /// The metadata, where it has any and is looked up with it.
    pub meta: Option<&'a [u8]>,
}

impl<'a> MemberView<'a> {
    #[inline]
    pub(in crate::core) fn new(name: &'a [u8], touch: Touch) -> MemberView<'a> {
        MemberView {
            name,
            touch,
            meta: None,
        }
    }
}
