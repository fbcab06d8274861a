//! The reporting epoch: since when this server reports the time-outs of members who are still remembered.
//!
//! Whether a time-out was reported is neither saved nor replicated, so a server cannot know what was reported by the
//! primary before it or before its data was loaded. It counts the time-outs since then, and publishes those since
//! somebody has asked for events.

use crate::core::Touch;
use crate::core::time::Millis;

/// Steps back of up to so many ms are ignored: the clock is only being adjusted.
const SLACK: Millis = 500;

/// The moments of the wall clock, in Unix ms, that an epoch depends on.
pub struct Epoch {
    /// When this server had its data loaded, or became a primary.
    begun: Millis,
    /// On a replica whose link is down: when its primary was last heard.
    primary_lost: Option<Millis>,
    /// The last run at which nobody had asked for time-outs; 0 if somebody has since the start.
    silent_until: Millis,
    /// The last run, by the wall clock and by one that does not step.
    last_run: Millis,
    last_steady: Millis,
}

impl Epoch {
    /// The epoch of a server that has just started.
    pub const fn new() -> Epoch {
        Epoch {
            begun: 0,
            primary_lost: None,
            silent_until: 0,
            last_run: 0,
            last_steady: 0,
        }
    }

    /// The eviction runs. `steady` is a monotonic clock in ms, and `wanted` says whether the settings ask for time-outs:
    /// it is polled, since that depends on two settings, one of them the server's own.
    pub fn run(&mut self, now: Millis, steady: Millis, wanted: bool) {
        self.follow_clock(now, steady);
        if !wanted {
            self.silent_until = now;
        }
    }

    /// Sets the epoch back with a clock that has stepped back since the last run: otherwise nothing would be reported
    /// until the clock caught up.
    fn follow_clock(&mut self, now: Millis, steady: Millis) {
        let passed = steady - self.last_steady;
        let back = (self.last_run + passed).saturating_sub(now);
        (self.last_run, self.last_steady) = (now, steady);
        if back > SLACK {
            self.begun = self.begun.saturating_sub(back);
            self.silent_until = self.silent_until.saturating_sub(back);
        }
    }

    /// The data is loaded.
    pub fn loaded(&mut self, now: Millis) {
        self.begun = now;
    }

    /// This server has become a primary. Its epoch begins when the previous one was last heard.
    pub fn promoted(&mut self, now: Millis) {
        self.begun = self.primary_lost.take().unwrap_or(now);
    }

    /// This server has become a replica, which has yet to hear its primary.
    pub fn demoted(&mut self, now: Millis) {
        self.primary_lost = Some(now);
    }

    /// The link to the primary is up.
    pub fn link_up(&mut self) {
        self.primary_lost = None;
    }

    /// The link to the primary went down. If the primary hung or was unreachable, it may have been silent for long
    /// before: `silence` says for how many whole seconds, if the server knows.
    ///
    /// A server that is promoted fires this event twice, the second time without knowing its primary any more, so only
    /// the first counts.
    pub fn link_down(&mut self, now: Millis, silence: Option<u64>) {
        // The end of that second: nothing may be reported twice.
        let heard = (now / 1000 + 1).saturating_sub(silence.unwrap_or(0)) * 1000;
        self.primary_lost.get_or_insert(heard.min(now));
    }

    /// Whether this server counts the time-out of a member with this touch, in a key with this `retain`.
    pub fn counts(&self, touch: Touch, retain: Millis) -> bool {
        is_after(self.begun, touch, retain)
    }

    /// Whether it also publishes it, if the settings ask for that.
    pub fn publishes(&self, touch: Touch, retain: Millis) -> bool {
        is_after(self.begun.max(self.silent_until), touch, retain)
    }
}

/// Whether a touch timed out after a moment. If the key retains for no longer than the touch lasts, the member is
/// removed when its time-out is reported, so it cannot have been reported before.
fn is_after(moment: Millis, touch: Touch, retain: Millis) -> bool {
    touch.ttl >= retain || touch.due(0) > moment
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Longer than the touches of these tests last.
    const RETAIN: Millis = 1_000_000;

    /// The touch of a member who timed out then.
    fn timed_out(at: Millis) -> Touch {
        Touch {
            at: at - 10,
            ttl: 10,
        }
    }

    /// From when on time-outs are counted and published.
    #[track_caller]
    fn assert_reports(epoch: &Epoch, counted: Millis, published: Millis) {
        for (from, is_reported) in [
            (counted, Epoch::counts as fn(&Epoch, Touch, Millis) -> bool),
            (published, Epoch::publishes),
        ] {
            assert!(!is_reported(epoch, timed_out(from), RETAIN), "at {from}");
            let next = timed_out(from + 1);
            assert!(is_reported(epoch, next, RETAIN), "after {from}");
        }
    }

    #[test]
    fn what_timed_out_before_the_data_was_loaded_is_not_reported() {
        let mut epoch = Epoch::new();
        epoch.loaded(50_000);
        assert_reports(&epoch, 50_000, 50_000);
    }

    #[test]
    fn what_is_not_remembered_any_longer_is_reported_whenever_it_was() {
        let mut epoch = Epoch::new();
        epoch.loaded(50_000);
        epoch.run(60_000, 0, false);
        let touch = timed_out(1000);
        assert!(epoch.counts(touch, 0) && epoch.publishes(touch, 10));
        assert!(!epoch.counts(touch, 11) && !epoch.publishes(touch, 11));
    }

    #[test]
    fn what_nobody_asked_for_is_counted_and_not_published() {
        let mut epoch = Epoch::new();
        epoch.loaded(50_000);
        epoch.run(60_000, 10_000, true);
        assert_reports(&epoch, 50_000, 50_000);
        epoch.run(61_000, 11_000, false);
        epoch.run(62_000, 12_000, true);
        assert_reports(&epoch, 50_000, 61_000);
    }

    #[test]
    fn a_promoted_replica_goes_on_where_its_primary_was_last_heard() {
        let mut epoch = Epoch::new();
        epoch.demoted(40_000);
        epoch.link_up();
        // Three whole seconds of silence: the last word came after 57,000 and not after 58,000.
        epoch.link_down(60_500, Some(3));
        epoch.link_down(60_600, None);
        epoch.promoted(61_000);
        assert_reports(&epoch, 58_000, 58_000);
        epoch.promoted(62_000);
        assert_reports(&epoch, 62_000, 62_000);
    }

    #[test]
    fn a_link_that_went_down_just_now_was_heard_until_now() {
        let mut epoch = Epoch::new();
        epoch.link_down(60_500, None);
        epoch.promoted(90_000);
        assert_reports(&epoch, 60_500, 60_500);
    }

    #[test]
    fn a_replica_that_never_heard_its_primary_goes_on_from_when_it_became_one() {
        let mut epoch = Epoch::new();
        epoch.demoted(40_000);
        epoch.promoted(50_000);
        assert_reports(&epoch, 40_000, 40_000);
    }

    #[test]
    fn a_promotion_whose_link_is_up_reports_from_then_on() {
        let mut epoch = Epoch::new();
        epoch.demoted(40_000);
        epoch.link_up();
        epoch.promoted(50_000);
        assert_reports(&epoch, 50_000, 50_000);
    }

    #[test]
    fn moments_follow_a_clock_that_steps_back() {
        let mut epoch = Epoch::new();
        epoch.loaded(50_000);
        epoch.run(60_000, 1000, false);
        // What an adjustment takes back is no step.
        epoch.run(60_600, 2000, true);
        assert_reports(&epoch, 50_000, 60_000);
        // 100 ms on, and 20 s back.
        epoch.run(40_700, 2100, true);
        assert_reports(&epoch, 30_000, 40_000);
        // A step ahead leaves them.
        epoch.run(90_000, 2200, true);
        assert_reports(&epoch, 30_000, 40_000);
    }
}
