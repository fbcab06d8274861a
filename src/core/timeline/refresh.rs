//! Refreshes, which nearly all touches are: members' new entries are the last of their lane, and their old ones die.
//!
//! The lane stays queued as it is: it has others that are due no later, and of which not all have expired at the frontier.

use super::chunk::Entry;
use super::log::Timeline;
use crate::core::refs::{EntryId, HashPrefix};
use crate::core::touch::Touch;

/// The chunk that a lane ends with.
struct Tail {
    lane: u32,
    chunk: u32,
}

impl Timeline {
    /// Whether so many members can be [refreshed](Self::refresh) with this touch.
    #[inline]
    pub fn can_refresh(&self, touch: Touch, members: usize) -> bool {
        self.tail_for(touch, members).is_some()
    }

    /// Members of these prefixes, one after the other, get the same touch. `replace` is given the position of each and the
    /// id of its new entry, and returns that of the old one, which is removed. No other entry moves; what that costs later
    /// is to be [paid](Self::compact_some). Returns `false` where that is not possible, and nothing was changed: then each
    /// new entry is to be [inserted](Self::insert), and the old one [killed](Self::kill).
    #[inline]
    pub fn refresh(
        &mut self,
        touch: Touch,
        prefixes: impl ExactSizeIterator<Item = HashPrefix>,
        mut replace: impl FnMut(usize, EntryId) -> EntryId,
    ) -> bool {
        let members = prefixes.len();
        let Some(tail) = self.tail_for(touch, members) else {
            return false;
        };
        let first = self.append_all(tail, touch, prefixes);
        for position in 0..members {
            let emptied = self.take_out(replace(position, first.plus(position)));
            if let Some(lane) = emptied {
                self.remove_lane(lane);
            }
        }
        true
    }

    /// The end of this touch's lane, if so many entries can be written there with nothing else to be done.
    #[inline]
    fn tail_for(&self, touch: Touch, more: usize) -> Option<Tail> {
        let id = match self.tree.lanes.as_slice() {
            [only] if only.ttl == touch.ttl => 0,
            _ => *self.by_ttl.get(&touch.ttl)?,
        };
        let lane = &self.tree.lanes[id as usize];
        if lane.mixed || lane.alive == lane.expired {
            return None;
        }
        let links = &self.tree.blocks.get(lane.root.back()?.block).links;
        let tail = links.last()?.chunk;
        let chunk = self.tree.chunks.get(tail);
        let fits = chunk.has_room_for(more) && chunk.spans(touch.at);
        (fits && touch.at >= chunk.last_time()).then_some(Tail {
            lane: id,
            chunk: tail,
        })
    }

    /// Writes entries of one touch at the end of its lane. Returns the id of the first; those of the others follow it.
    #[inline]
    fn append_all(
        &mut self,
        tail: Tail,
        touch: Touch,
        prefixes: impl ExactSizeIterator<Item = HashPrefix>,
    ) -> EntryId {
        let more = prefixes.len();
        let chunk = self.tree.chunks.get_mut(tail.chunk);
        let first = EntryId::new(tail.chunk, chunk.len());
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
        let (block, link) = (chunk.block, chunk.link);
        self.tree.add_alive(block, link, more as i32);
        self.tree.lanes[tail.lane as usize].alive += more;
        self.alive += more;
        self.latest = tail.lane;
        self.note_timeout(tail.lane, entry);
        first
    }
}
