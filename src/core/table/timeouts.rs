//! Reporting the members of a table whose time was up.

use super::store::Table;
use crate::core::index::{Names, Spot};
use crate::core::time::Millis;
use crate::core::timeline::First;
use crate::core::touch::Touch;

impl Table {
    /// See [`PresenceSet::tell`](crate::core::PresenceSet::tell).
    pub fn tell(
        &mut self,
        now: Millis,
        limit: usize,
        mut f: impl FnMut(&Names, Spot, Touch),
    ) -> usize {
        let mut told = 0;
        while told < limit
            && let Some((time, first)) = self.timeline.next_untold()
            && time <= now
        {
            let left = limit - told;
            let names = &self.names;
            let f = |touch: Touch, address| f(names, names.at(address), touch);
            told += match first {
                First::OfLane(lane) => self.timeline.tell(lane, now, left, f),
                First::OfChunk(chunk) => self.timeline.tell_chunk(chunk, now, left, f),
            };
        }
        if told > 0 {
            self.timeline.keep_up(now);
        }
        told
    }
}
