//! Members' metadata in a dump: blocks of a name and its metadata, each with its length before it.

use super::codec::Corrupt;
use crate::core::leb128;
use crate::core::member::{LookupKey, MAX_MEMBER, MAX_META};
use crate::core::set::PresenceSet;

/// A block is given out when it has this many bytes.
const BLOCK: usize = 32 * 1024;

impl PresenceSet {
    /// Calls `f` with blocks of all the metadata that there is.
    pub(super) fn encode_metadata(&self, mut f: impl FnMut(&[u8])) {
        if !self.has_metadata() {
            return;
        }
        let mut block = Vec::new();
        self.each_in_order(|member| {
            let Some(meta) = member.meta else { return };
            for bytes in [member.name, meta] {
                leb128::write(&mut block, bytes.len() as u64);
                block.extend_from_slice(bytes);
            }
            if block.len() >= BLOCK {
                f(&block);
                block.clear();
            }
        });
        if !block.is_empty() {
            f(&block);
        }
    }

    /// Adds the metadata of a block, whose members are there. What comes twice is corrupt, as is what is empty.
    pub(super) fn restore_metadata(&mut self, mut block: &[u8]) -> Result<(), Corrupt> {
        while !block.is_empty() {
            let name = LookupKey::with_hash(take(&mut block, MAX_MEMBER)?);
            let meta = take(&mut block, MAX_META)?;
            let is_there = self.get(&name).is_some();
            let has_any = self
                .table()
                .is_some_and(|table| table.meta(&name).is_some());
            if meta.is_empty() || !is_there || has_any {
                return Err(Corrupt);
            }
            self.set_meta(&name, meta);
        }
        Ok(())
    }
}

/// Takes a length, which is at most `max`, and so many bytes.
pub fn take<'a>(rest: &mut &'a [u8], max: usize) -> Result<&'a [u8], Corrupt> {
    let len = leb128::read(rest).ok_or(Corrupt)?;
    let len = usize::try_from(len).map_err(|_| Corrupt)?;
    match len > max {
        true => Err(Corrupt),
        false => leb128::take(rest, len).ok_or(Corrupt),
    }
}
