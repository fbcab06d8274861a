//! The programs of docs/events.md do what it says, and the live page is right again after whatever happens to its
//! connection.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{Client, LIMIT, Program, Server, wait_until};

/// The Python blocks of the page, made to speak to the server.
fn blocks(server: &Server) -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/events.md");
    let page = fs::read_to_string(page).expect("the page is there");
    let connect = format!("redis.Redis(port={})", server.port());
    let blocks = page.split("```python\n").skip(1);
    let code = |rest: &str| rest.split("```").next().expect("its end").to_owned();
    blocks
        .map(|rest| code(rest).replace("redis.Redis()", &connect))
        .collect()
}

/// Waits until somebody listens to a pattern.
fn wait_listening(client: &mut Client) {
    wait_until(LIMIT, "somebody listens", || {
        client.int(&["PUBSUB", "NUMPAT"]) > 0
    });
}

#[test]
fn the_programs_of_the_documentation_show_what_comes() {
    let server = Server::builder().module_args("events jlt").start();
    let mut client = server.client();
    let [one_key, timeouts] = &blocks(&server)[..] else {
        panic!("not two programs in Python")
    };
    let program = Program::python(&["-c", one_key]);
    wait_listening(&mut client);
    client.dialog(&[
        ("PRESENCE.TOUCH other dan", "1"),
        ("PRESENCE.TOUCH online ann", "1"),
        ("PRESENCE.TOUCHEX online PX 20 MEMBERS 1 bob", "1"),
        ("PRESENCE.LEAVE online ann", "1"),
    ]);
    let shown: Vec<String> = (0..4).map(|_| program.line()).collect();
    assert_eq!(
        shown,
        [
            "join b'ann'",
            "join b'bob'",
            "leave b'ann'",
            "timeout b'bob'"
        ]
    );
    drop(program);
    wait_until(LIMIT, "nobody listens", || {
        client.int(&["PUBSUB", "NUMPAT"]) == 0
    });

    let program = Program::python(&["-c", timeouts]);
    wait_listening(&mut client);
    client.dialog(&[
        ("SELECT 3", "OK"),
        ("PRESENCE.TOUCHEX room:7:x PX 20 MEMBERS 1 ann", "1"),
    ]);
    assert_eq!(program.line(), "b'room:7:x' b'ann'");
}

/// Waits until the page says this.
#[track_caller]
fn shows(page: &Program, expected: &str) {
    page.until(|line| line == expected);
}

/// The live page of a key.
fn live_page(server: &Server, key: &str) -> Program {
    let script: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/live_page.py");
    let script = script.to_str().expect("a path in UTF-8");
    Program::python(&[script, key, "--port", &server.port().to_string()])
}

#[test]
fn the_live_page_follows_its_key() {
    let server = Server::builder().module_args("events jlt").start();
    let mut client = server.client();
    client.answer("PRESENCE.TOUCH online ann");
    // What would have to be escaped in a pattern, and be a line of its own on the page.
    client.cmd(&args!["PRESENCE.TOUCH", "on*[line", "evil\nb'name'"]);
    let page = live_page(&server, "online");
    shows(&page, "1 online: b'ann'");
    client.answer("PRESENCE.TOUCH online bob ann");
    shows(&page, "2 online: b'ann' b'bob'");
    client.answer("PRESENCE.TOUCHEX online PX 20 MEMBERS 1 ann");
    shows(&page, "1 online: b'bob'");
    client.answer("PRESENCE.LEAVE online bob");
    shows(&page, "0 online:");
    let other = live_page(&server, "on*[line");
    shows(&other, r#"1 online: b"evil\nb'name'""#);
    client.cmd(&args!["PRESENCE.TOUCH", "on*[line", "cid"]);
    shows(&other, r#"2 online: b'cid' b"evil\nb'name'""#);
}

#[test]
fn the_live_page_is_right_after_a_reconnection() {
    let mut server = Server::builder()
        .arg("appendonly yes")
        .arg("appendfsync always")
        .module_args("events jlt")
        .start();
    let mut client = server.client();
    client.answer("PRESENCE.TOUCH online ann bob");
    let page = live_page(&server, "online");
    shows(&page, "2 online: b'ann' b'bob'");
    // What happens at the moment the connection is cut reaches nobody.
    client.together(&[
        "CLIENT KILL TYPE pubsub",
        "PRESENCE.TOUCH online cid",
        "PRESENCE.LEAVE online ann",
    ]);
    shows(&page, "2 online: b'bob' b'cid'");
    client.answer("PRESENCE.TOUCH online dan");
    shows(&page, "3 online: b'bob' b'cid' b'dan'");
    // Nor what happens while there is no server: a time-out, here.
    client.answer("PRESENCE.TOUCHEX online PX 1500 MEMBERS 1 bob");
    let end = client.now_ms() + 1500;
    server.kill9();
    super::wait_for_clock(end);
    server.start_again();
    shows(&page, "2 online: b'cid' b'dan'");
    server.client().answer("PRESENCE.TOUCH online eve");
    shows(&page, "3 online: b'cid' b'dan' b'eve'");
}

#[test]
fn messages_that_are_older_than_the_list_do_no_harm() {
    let server = Server::builder().module_args("events jlt").start();
    let mut client = server.client();
    let page = live_page(&server, "online");
    shows(&page, "0 online:");
    client.answer("PRESENCE.TOUCH online ann");
    shows(&page, "1 online: b'ann'");
    // Members come and go while the page connects again, subscribes and reads the list.
    client.answer("CLIENT KILL TYPE pubsub");
    for _ in 0..200 {
        client.answer("PRESENCE.LEAVE online ann");
        client.answer("PRESENCE.TOUCH online ann bob");
        client.answer("PRESENCE.LEAVE online bob");
    }
    client.answer("PRESENCE.TOUCH online cid");
    shows(&page, "2 online: b'ann' b'cid'");
}
