//! Refreshes, which nearly all touches are: members' new entries are the last of the only lane, and their old ones die there.
//!
//! The lane stays queued as it is: it holds others that are due no later than these, and of which not all have expired at the
//! frontier.

use super::chunk::Entry;
use super::log::Timeline;
use crate::core::refs::{EntryId, HashPrefix};
use crate::core::touch::Touch;

impl Timeline {
    /// Members of these prefixes, one after the other, get the same touch. `replace` is given the position of each and the id of
    /// its new entry, and returns that of the old one, which is removed. No other entry moves; what that costs later is to be
    /// [paid](Self::compact_some). Returns `false` where nothing was done, since it may take more: then each new entry is to be
    /// [inserted](Self::insert), and the old one [killed](Self::kill).
    #[inline]
    pub fn refresh(
        &mut self,
        touch: Touch,
        prefixes: impl ExactSizeIterator<Item = HashPrefix>,
        mut replace: impl FnMut(usize, EntryId) -> EntryId,
    ) -> bool {
        let more = prefixes.len();
        let Some(first) = self.append_all(touch, prefixes) else {
            return false;
        };
        for position in 0..more {
            self.take_out(replace(position, first.plus(position)));
        }
        true
    }

    /// Writes entries of one touch behind all others. Returns the id of the first; those of the others follow it.
    #[inline]
    fn append_all(
        &mut self,
        touch: Touch,
        prefixes: impl ExactSizeIterator<Item = HashPrefix>,
    ) -> Option<EntryId> {
        let more = prefixes.len();
        let [lane] = self.tree.lanes.as_mut_slice() else {
            return None;
        };
        if lane.ttl != touch.ttl || lane.mixed || lane.alive == lane.expired {
            return None;
        }
        let root = lane.root.back_mut()?;
        let link = self.tree.blocks.get_mut(root.block).links.last_mut()?;
        let chunk = self.tree.chunks.get_mut(link.chunk);
        if !chunk.has_room_for(more) || !chunk.spans(touch.at) || touch.at < chunk.last_time() {
            return None;
        }
        let first = EntryId::new(link.chunk, chunk.len());
        let mut entry = Entry {
            time: touch.at,
            prefix: HashPrefix::default(),
            extra: 0,
            timeout_reported: false,
        };
        for prefix in prefixes {
            entry.prefix = prefix;
            chunk.push(entry);
        }
        link.alive += more as u32;
        root.alive += more as u32;
        lane.alive += more;
        self.alive += more;
        self.latest = 0;
        self.note_timeout(0, entry);
        Some(first)
    }
}
