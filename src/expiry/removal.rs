//! Removing what is due from a set, in batches: what the eviction, `PRESENCE.EVICT` and the members of keys that are gone
//! have in common.

use crate::core::PresenceSet;
use crate::core::time::Millis;
use crate::events::Batch;
use crate::metrics;

/// Members removed or reported between two looks at the clock.
pub const BATCH: usize = 64;

/// Removes what is due at `cutoff`, oldest first, and counts it as this server's doing. Those whose time was up without
/// anybody having noticed are added to `batch`.
pub fn evict(
    set: &mut PresenceSet,
    cutoff: Millis,
    now: Millis,
    limit: usize,
    batch: &mut Batch,
) -> usize {
    let retain = set.settings().retain;
    let evicted = set.evict(cutoff, limit, |name, kept| {
        if kept.is_unreported(cutoff) && batch.timeout(name, kept.touch, retain) {
            metrics::TIMEOUT_LAG.set(now.saturating_sub(kept.touch.due(0)));
        }
    });
    metrics::EVICTED.add(evicted);
    evicted
}

/// Notes of members whose time was up and who are still remembered that it was. Returns how many.
pub fn report_timeouts(
    set: &mut PresenceSet,
    now: Millis,
    limit: usize,
    batch: &mut Batch,
) -> usize {
    if set.next_timeout().is_none_or(|time| time > now) {
        return 0;
    }
    let retain = set.settings().retain;
    set.report_timeouts(now, limit, |name, seen| {
        if batch.timeout(name, seen, retain) {
            metrics::TIMEOUT_LAG.set(now.saturating_sub(seen.due(0)));
        }
    })
}
