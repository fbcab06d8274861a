//! Walking over the members in pieces, while others come and go.

use super::members::{Form, PresenceSet};
use crate::core::member::MemberView;
use crate::core::refs::HashPrefix;
use crate::core::time::Millis;

/// What one call of [`PresenceSet::scan`] leaves for the next: 0 when all has been seen.
pub type ScanCursor = u64;

impl PresenceSet {
    /// Part of a walk over the members online at `now`: visits about `count` members from `cursor` on (0 to begin) and
    /// returns the cursor to go on with, 0 when all have been visited. Who is online throughout the walk is visited at
    /// least once: the cursor is a hash prefix, and a member's never changes.
    pub fn scan(
        &self,
        cursor: ScanCursor,
        count: usize,
        now: Millis,
        mut f: impl FnMut(MemberView),
    ) -> ScanCursor {
        let table = match &self.form {
            Form::Small(small) => {
                let members = small.iter();
                members
                    .filter(|member| member.touch.is_online(now))
                    .for_each(f);
                return 0;
            }
            Form::Table(table) => table,
        };
        let mut from = HashPrefix::from_bits(u32::try_from(cursor).unwrap_or(0));
        let mut visited = 0;
        // A bucket may be empty, so buckets are counted as well: ten for each member, as the server's own scans do.
        for _ in 0..count.saturating_mul(10) {
            let next = table.visit(from, |member| {
                visited += 1;
                if member.touch.is_online(now) {
                    f(member);
                }
            });
            match next {
                None => return 0,
                Some(next) => from = next,
            }
            if visited >= count {
                break;
            }
        }
        ScanCursor::from(from.bits())
    }
}
