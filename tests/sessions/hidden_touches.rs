//! A member's own touch that is hidden behind a session which lasts longer. It counts again when that is gone.

use super::{Client, LIMIT, Server, Subscriber, dialog, wait_until};

/// Waits until the subscriber hears this.
#[track_caller]
fn wait_told(subscriber: &mut Subscriber, what: &str) {
    let mut told = Vec::new();
    wait_until(LIMIT, format!("{what} is told"), || {
        told.extend(subscriber.heard());
        told.iter().any(|line| line == what)
    });
}

/// The eviction has looked at the key meanwhile, and found nothing due before the end of the session.
fn time_out_after(end: impl Fn(&mut Client)) {
    let server = Server::builder()
        .module_args("sweep-interval 10 events t")
        .start();
    let mut client = server.client();
    let mut subscriber = Subscriber::new(server.client3(), &["__presence@*"]);
    dialog(
        &mut client,
        &[
            ("TOUCHEX room PX 4000 MEMBERS 1 ann", "1"),
            ("ATTACH room ann phone EX 9000", "0"),
            ("TOUCHEX room PX 1 MEMBERS 1 bob", "1"),
        ],
    );
    wait_told(&mut subscriber, "timeout:room bob");
    end(&mut client);
    assert_eq!(client.answer("PRESENCE.ISONLINE room ann"), "[1]");
    wait_told(&mut subscriber, "timeout:room ann");
}

#[test]
fn it_times_out_after_the_session_was_detached() {
    time_out_after(|client| dialog(client, &[("DETACH room SESSIONS 1 phone", "0")]));
}

#[test]
fn it_times_out_after_the_session_moved_to_another_member() {
    time_out_after(|client| dialog(client, &[("ATTACH room cid phone EX 9000", "1")]));
}

#[test]
fn it_times_out_after_the_group_of_the_session_was_dropped() {
    time_out_after(|client| {
        dialog(
            client,
            &[
                ("ATTACH room ann phone EX 9000 GROUP gateway", "0"),
                ("DROP room gateway", "1"),
            ],
        );
    });
}
