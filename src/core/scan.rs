//! Walking over the members in pieces, while others come and go.

use super::set::{Form, PresenceSet};
use super::time::Millis;

/// What one call of [`PresenceSet::scan`] leaves for the next: 0 when all has been seen.
pub type ScanCursor = u64;

impl PresenceSet {
    /// Part of a walk over the members online at `now`: visits about `count` members from `cursor` on (0 to begin) and
    /// returns the cursor to go on with, 0 when all have been visited. Who is online throughout the walk is visited at
    /// least once: slots are walked downwards, and members move downwards only.
    pub fn scan(
        &self,
        cursor: ScanCursor,
        count: usize,
        now: Millis,
        mut f: impl FnMut(&[u8]),
    ) -> ScanCursor {
        let table = match &self.form {
            Form::Small(small) => {
                for (_, name, kept) in small.iter() {
                    if kept.seen.is_online(now) {
                        f(name);
                    }
                }
                return 0;
            }
            Form::Table(table) => table,
        };
        let mut from = match u32::try_from(cursor) {
            Ok(0) | Err(_) => u32::MAX,
            Ok(cursor) => cursor - 1,
        };
        for _ in 0..count {
            let Some(slot) = table.slots.live_at_or_below(from) else {
                return 0;
            };
            if table.seen(slot).is_online(now) {
                table.slots.with_name(slot, &mut f);
            }
            match slot.checked_sub(1) {
                Some(below) => from = below,
                None => return 0,
            }
        }
        match table.slots.live_at_or_below(from) {
            Some(slot) => ScanCursor::from(slot) + 1,
            None => 0,
        }
    }
}
