//! When an announcement is due: every so many seconds, and when a client connects or disconnects, but at most once a
//! second. All times are µs of the monotonic clock.

/// When announcements are made.
pub struct Pace {
    /// When the last one was begun, or the frequency was set.
    pub begun: u64,
    /// When the last one was published.
    published: Option<u64>,
    /// The times of the first and the last change since then.
    pub changes: Option<(u64, u64)>,
}

impl Pace {
    const SECOND: u64 = 1_000_000;
    /// How long a change settles: clients set their names right after they have connected, and often many connect at
    /// once.
    const SETTLE: u64 = 100_000;

    pub const fn new() -> Pace {
        Pace {
            begun: 0,
            published: None,
            changes: None,
        }
    }

    /// A client has connected or disconnected.
    pub fn change(&mut self, now: u64) {
        let first = self.changes.map_or(now, |(first, _)| first);
        self.changes = Some((first, now));
    }

    /// An announcement was published. Changes that have not settled will be announced once more.
    pub fn publish(&mut self, now: u64) {
        self.published = Some(now);
        self.changes = self
            .changes
            .filter(|(_, last)| last + Self::SETTLE > now)
            .map(|(_, last)| (last, last));
    }

    /// When the next one is to be begun; `frequency` is the longest interval, in s.
    pub fn due(&self, frequency: u64) -> u64 {
        let regular = self.begun + frequency * Self::SECOND;
        let change = self.changes.map(|(first, _)| first + Self::SETTLE);
        let earliest = self.published.map(|published| published + Self::SECOND);
        let due = change.map_or(regular, |change| change.min(regular));
        earliest.map_or(due, |earliest| earliest.max(due))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1000;
    const SECOND: u64 = 1000 * MS;

    /// A pace whose frequency was set at a time that is not 0.
    fn pace() -> (u64, Pace) {
        let start = 77 * SECOND;
        let pace = Pace {
            begun: start,
            ..Pace::new()
        };
        (start, pace)
    }

    #[test]
    fn without_changes_it_is_due_every_so_many_seconds() {
        let (start, mut pace) = pace();
        assert_eq!(pace.due(10), start + 10 * SECOND);
        // One that takes long does not delay the next.
        pace.begun = start + 10 * SECOND;
        pace.publish(start + 10 * SECOND + 300 * MS);
        assert_eq!(pace.due(10), start + 20 * SECOND);
        // But there is never more than one a second.
        assert_eq!(pace.due(1), start + 11 * SECOND + 300 * MS);
    }

    #[test]
    fn a_change_is_announced_at_once() {
        let (start, mut pace) = pace();
        pace.change(start + 500 * MS);
        assert_eq!(pace.due(10), start + 600 * MS);
        // Later changes do not delay it.
        pace.change(start + 550 * MS);
        assert_eq!(pace.due(10), start + 600 * MS);
    }

    #[test]
    fn changes_are_announced_once_a_second_at_the_most() {
        let (start, mut pace) = pace();
        pace.change(start);
        pace.publish(start + 110 * MS);
        assert_eq!(pace.due(10), start + 10 * SECOND);
        pace.change(start + 111 * MS);
        assert_eq!(pace.due(10), start + 1110 * MS);
        pace.change(start + 1105 * MS);
        assert_eq!(pace.due(10), start + 1110 * MS);
    }

    #[test]
    fn a_change_that_has_not_settled_is_announced_again() {
        let (start, mut pace) = pace();
        pace.change(start);
        pace.change(start + 99 * MS);
        pace.publish(start + 101 * MS);
        assert_eq!(pace.due(10), start + 1101 * MS);
        pace.publish(start + 1102 * MS);
        assert_eq!(pace.due(10), start + 10 * SECOND);
    }

    #[test]
    fn a_change_never_puts_off_what_is_due() {
        let (start, mut pace) = pace();
        pace.begun = start + SECOND;
        pace.publish(start + SECOND + 500 * MS);
        pace.change(start + 2 * SECOND + 950 * MS);
        assert_eq!(pace.due(2), start + 3 * SECOND);
    }
}
