//! What a resolution does to times, by a clock that is set: a member's time ends up to that much too early, and never
//! late.

use super::{CONFIG, seen};
use crate::common::{Client, LIMIT, Server, Subscriber, wait_until};

const MINUTE: i64 = 60_000;

/// A server whose clock a test sets, and which evicts nothing by itself.
struct Clocked {
    server: Server,
    client: Client,
    /// When it began.
    start: i64,
}

impl Clocked {
    fn start() -> Self {
        let server = Server::builder()
            .clock("+0s")
            .module_args("sweep-interval 60000 events A")
            .start();
        let mut client = server.client();
        client.answer(&format!("PRESENCE.CONFIG room {CONFIG}"));
        assert_eq!(client.answer("PRESENCE.TOUCH room ann"), "1");
        let start = seen(&mut client, "room", "ann");
        Self {
            server,
            client,
            start,
        }
    }

    /// It is so many minutes after the start, give or take what the test has taken.
    fn set_minutes(&mut self, minutes: i64) {
        self.server.set_clock(&format!("{minutes:+}m"));
        let (client, start) = (&mut self.client, self.start);
        wait_until(LIMIT, "the clock is set", || {
            let passed = client.now_ms() - start;
            (minutes * MINUTE..(minutes + 1) * MINUTE).contains(&passed)
        });
    }

    /// Touches her, and says whether that was recorded and whether she joined.
    fn touch(&mut self) -> (bool, bool) {
        let before = seen(&mut self.client, "room", "ann");
        let joined = self.client.int(&["PRESENCE.TOUCH", "room", "ann"]) == 1;
        let after = seen(&mut self.client, "room", "ann");
        (after != before, joined)
    }

    fn is_online(&mut self) -> bool {
        self.client.answer("PRESENCE.ISONLINE room ann") == "[1]"
    }
}

#[test]
fn a_members_time_ends_early_but_never_late() {
    let mut clocked = Clocked::start();
    clocked.set_minutes(4);
    assert_eq!(clocked.touch(), (false, false));
    // By the touch of minute 4 she would be online until minute 14.
    clocked.set_minutes(9);
    assert!(clocked.is_online());
    clocked.set_minutes(10);
    assert!(!clocked.is_online());
}

#[test]
fn who_comes_regularly_stays_online() {
    let mut clocked = Clocked::start();
    let mut recorded = 0;
    for minute in (0..60).step_by(4) {
        clocked.set_minutes(minute);
        assert!(clocked.is_online(), "in minute {minute}");
        recorded += usize::from(clocked.touch().0);
    }
    // Every second time: the one of minute 0 comes too soon.
    assert_eq!(recorded, 7);
}

#[test]
fn a_touch_after_the_time_is_up_joins_and_is_an_event() {
    let mut clocked = Clocked::start();
    let mut subscriber = Subscriber::new(clocked.server.client(), &["__presence@*__:*:room"]);
    clocked.set_minutes(3);
    assert_eq!(clocked.touch(), (false, false));
    assert_eq!(subscriber.heard(), Vec::<String>::new());
    clocked.set_minutes(11);
    assert_eq!(clocked.client.int(&["PRESENCE.TOUCH", "room", "ann"]), 1);
    assert_eq!(subscriber.heard(), ["timeout:room ann", "join:room ann"]);
}

#[test]
fn a_short_ttl_of_its_own_ends_by_half_too_early_at_most() {
    let mut clocked = Clocked::start();
    let touch = "PRESENCE.TOUCHEX room EX 240 MEMBERS 1 bob";
    assert_eq!(clocked.client.answer(touch), "1");
    for (minute, recorded) in [(1, false), (3, true)] {
        clocked.set_minutes(minute);
        let before = seen(&mut clocked.client, "room", "bob");
        assert_eq!(clocked.client.answer(touch), "0");
        let after = seen(&mut clocked.client, "room", "bob");
        assert_eq!(after != before, recorded, "in minute {minute}");
    }
}

#[test]
fn a_touch_after_the_clock_was_set_back_is_recorded() {
    let mut clocked = Clocked::start();
    clocked.set_minutes(-2);
    assert_eq!(clocked.touch(), (true, false));
    assert!(seen(&mut clocked.client, "room", "ann") < clocked.start);
    // And counts from then on.
    clocked.set_minutes(1);
    assert_eq!(clocked.touch(), (false, false));
    clocked.set_minutes(4);
    assert_eq!(clocked.touch(), (true, false));
}
