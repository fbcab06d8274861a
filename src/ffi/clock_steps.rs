//! Whether the wall clock has stepped since the server's last cron, beside the monotonic clock, which never does.

/// By how much the wall clock was ahead of the monotonic clock since the last cron, in µs.
#[derive(Clone, Copy)]
pub struct ClockSteps {
    least: i64,
    most: i64,
}

/// Steps forward of up to so many µs are ignored: they are a clock that is being adjusted, and delay a timer by as much.
const SLACK: i64 = 500_000;

impl ClockSteps {
    /// Before the first cron.
    pub const NONE: ClockSteps = ClockSteps {
        least: i64::MAX,
        most: i64::MIN,
    };

    /// None since now, when the wall clock is ahead by so many µs.
    pub fn since(ahead: i64) -> ClockSteps {
        ClockSteps {
            least: ahead,
            most: ahead,
        }
    }

    /// Takes note of how far ahead the wall clock is now.
    pub fn note(&mut self, ahead: i64) {
        self.least = self.least.min(ahead);
        self.most = self.most.max(ahead);
    }

    /// Whether a timer of so many ms may be armed now, when the wall clock is ahead by so many µs, of which this takes
    /// note. The server reads the clock once, then fires all timers that are due by it, and sleeps until the next one is.
    /// After a step back, a timer that is armed meanwhile is due by that time already, and so is the one that it arms:
    /// the server would fire timers and do nothing else until the clock has caught up. After a step forward, a timer that
    /// is armed meanwhile seems to be due as much later, and so would be fired late.
    pub fn allow(&mut self, ahead: i64, millis: i64) -> bool {
        self.note(ahead);
        ahead + millis * 1000 > self.most && ahead < self.least.saturating_add(SLACK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    #[test]
    fn a_steady_clock_allows_every_timer() {
        let mut steps = ClockSteps::since(HOUR);
        for jitter in [0, 400, -500, 300] {
            assert!(steps.allow(HOUR + jitter, 1));
        }
    }

    #[test]
    fn a_step_back_allows_only_timers_that_are_longer() {
        let mut steps = ClockSteps::since(HOUR);
        assert!(!steps.allow(HOUR - 5000, 5));
        assert!(steps.allow(HOUR - 5000, 6));
    }

    #[test]
    fn a_step_forward_allows_none() {
        let mut steps = ClockSteps::since(0);
        assert!(steps.allow(SLACK - 1, 1));
        assert!(!steps.allow(SLACK, 60_000));
        // Nor a second one, that is armed in the same run.
        assert!(!steps.allow(HOUR, 60_000));
    }

    #[test]
    fn what_was_noted_counts_after_the_clock_is_back() {
        let mut steps = ClockSteps::since(0);
        steps.note(HOUR);
        assert!(!steps.allow(0, 1));
    }

    #[test]
    fn before_the_first_cron_the_first_timer_is_allowed() {
        let mut steps = ClockSteps::NONE;
        assert!(steps.allow(HOUR, 1));
        assert!(!steps.allow(0, 1));
    }

    #[test]
    fn a_cron_forgets_the_steps_before_it() {
        let mut steps = ClockSteps::since(0);
        assert!(!steps.allow(HOUR, 1));
        steps = ClockSteps::since(HOUR);
        assert!(steps.allow(HOUR, 1));
    }
}
